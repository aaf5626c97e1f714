/** Facts beside what follows from them: lacks, models that fit, their speeds, what is kept. Only the arrangement. */
import { useEffect } from 'react';
import { readThisMachine } from '@/actions/machine.ts';
import { useMachine } from '@/state/machine.ts';
import { KeptDownloads } from '@/views/model/KeptDownloads.tsx';
import { Facts } from './Facts.tsx';
import { Lacks } from './Lacks.tsx';
import { ModelTable } from './ModelTable.tsx';
import { Speed } from './Speed.tsx';
import './machine.css';

export default function MachinePanel() {
  const facts = useMachine((state) => state.facts);
  useEffect(() => void readThisMachine(), []);
  if (!facts) return <p className="hint">Asking the browser …</p>;
  return (
    <div className="section-columns machine-panel">
      <div>
        <Facts facts={facts} />
        <section aria-labelledby="machine-kept">
          <h3 id="machine-kept">Downloads kept here</h3>
          <KeptDownloads />
        </section>
      </div>
      <div>
        <Lacks facts={facts} />
        <Speed />
        <ModelTable />
      </div>
    </div>
  );
}
