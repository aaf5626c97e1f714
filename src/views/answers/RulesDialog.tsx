/** The openings that count as a refusal, one per line, to read and to edit; and the first tokens learnt from answers. */
import { useState } from 'react';
import { Button } from 'react-aria-components';
import { editsOfText, rulesWithEdits } from '@/state/rules.ts';
import { useCalibration } from '@/state/select.ts';
import { resetConfig, setConfig, useApp } from '@/state/store.ts';

export function RulesDialog({ onClose }: { onClose: () => void }) {
  const config = useApp((state) => state.config);
  const [text, setText] = useState(() => rulesWithEdits(config).prefixes.join('\n'));
  const calibration = useCalibration()?.value ?? null;
  const save = () => {
    setConfig(editsOfText(text));
    onClose();
  };
  const reset = () => {
    resetConfig(['prefixesAdded', 'prefixesRemoved']);
    onClose();
  };
  return (
    <>
      <p>
        An answer that opens with one of these lines is a refusal; quotes, capitals and leading signs do not
        matter. Repetition, non-words and noise make it garbled. Every decision can be corrected in the list
        of answers.
      </p>
      <label className="field">
        Openings, one per line
        <textarea
          rows={12}
          value={text}
          onChange={(event) => setText(event.target.value)}
          spellCheck={false}
        />
      </label>
      {calibration && (
        <p className="hint">
          While alpha is dragged, a refusal is told from the first token:{' '}
          {calibration.tokenTexts.map((t) => `“${t}”`).join(', ')} above {calibration.threshold.toFixed(3)} in
          sum. On {calibration.sampleCount} decoded answers this agrees with the rules in{' '}
          {(100 * calibration.agreement).toFixed(0)} % (AUROC {calibration.auroc.toFixed(3)}).
        </p>
      )}
      <div className="dialog-actions">
        <Button className="main-button" onPress={save}>
          Use these rules
        </Button>
        <Button className="quiet-button" onPress={reset}>
          Shipped rules
        </Button>
        <Button className="quiet-button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </>
  );
}
