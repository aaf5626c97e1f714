/** What is missing here, what that costs, and how to have it in this browser. */
import { lacksOf } from '@/machine/advice.ts';
import type { MachineFacts } from '@/machine/machine-facts.ts';

export function Lacks({ facts }: { facts: MachineFacts }) {
  const lacks = lacksOf(facts);
  return (
    <section aria-labelledby="machine-lacks">
      <h3 id="machine-lacks">What is missing</h3>
      {lacks.length === 0 ? (
        <p>Nothing that this page could use.</p>
      ) : (
        <ul className="lacks">
          {lacks.map(({ happened, todo }) => (
            <li key={happened}>
              {happened} <span className="hint">{todo}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
