/** A person's adapters on the open model: switched on and off, weighted, removed. Those that are on stack. */
import { useState } from 'react';
import { Button } from 'react-aria-components';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import type { Lab } from '@/protocol/lab.ts';
import { changeOwn, removeOwn, WEIGHT_MAX, WEIGHT_MIN, WEIGHT_STEP } from '@/state/own-adapters.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import { getSession } from '@/state/session-instance.ts';
import { useApp } from '@/state/store.ts';

export function OwnAdapters() {
  const own = useApp((state) => state.ownAdapters);
  const [problem, setProblem] = useState<ProblemWords | null>(null);
  if (own.length === 0) return null;
  const act = (work: (lab: Lab) => Promise<void>) => {
    const { lab } = getSession();
    if (!lab) return;
    setProblem(null);
    work(lab).catch((error: unknown) => setProblem(wordsFor(error)));
  };
  return (
    <section className="own-adapters" aria-labelledby="own-adapters-title">
      <h3 id="own-adapters-title">Your adapters</h3>
      <ul>
        {own.map(({ name, weight, isOn }) => (
          <li key={name}>
            <Toggle
              label={name}
              isOn={isOn}
              onChange={(isOn) => act((lab) => changeOwn(lab, name, { isOn }))}
            />
            <label className="hint">
              weight{' '}
              <input
                type="number"
                min={WEIGHT_MIN}
                max={WEIGHT_MAX}
                step={WEIGHT_STEP}
                defaultValue={weight}
                aria-label={`Weight of ${name}`}
                onBlur={(event) => {
                  const { value, validity } = event.target;
                  const wanted = Number(value);
                  if (value !== '' && validity.valid && wanted !== weight) {
                    act((lab) => changeOwn(lab, name, { weight: wanted }));
                  } else event.target.value = String(weight);
                }}
                onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
              />
            </label>
            <Button
              className="quiet-button"
              aria-label={`Remove the adapter ${name}`}
              onPress={() => act((lab) => removeOwn(lab, name))}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      <p className="hint">
        “Aligned” means the weights with those that are on, together; the weight multiplies an adapter’s
        update: 0 is none of it, 1 all, 2 twice.
      </p>
      <ProblemLine problem={problem} />
    </section>
  );
}
