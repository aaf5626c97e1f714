/** The terms with their places in the paper, the keys, and what the numbers cannot say. */
import { Button } from 'react-aria-components';
import { TERMS } from '@/elements/terms.ts';

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <>
      <p>
        Drag alpha: the weights of the chosen layers are multiplied by it, and the count says how many
        harmless prompts the model then refuses. All pictures share the layers from left to right; hovering a
        layer lights it everywhere.
      </p>
      <p>
        Keys: Tab moves between controls, arrow keys move alpha and the range, Shift with an arrow stretches
        the range, the browser’s Back button is undo. The address bar holds every setting; send it to share
        what you see.
      </p>
      <dl className="terms">
        {Object.values(TERMS).map(({ term, definition, place }) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>
              {definition} <span className="hint">{place}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p className="hint">
        Places refer to “Safety Layers in Aligned Large Language Models” (Li et al., ICLR 2025, arXiv
        2408.17003). A small model, few prompts and one template: read the intervals, not only the counts, and
        look at the answers.
      </p>
      <div className="dialog-actions">
        <Button className="main-button" onPress={onClose} autoFocus>
          Close
        </Button>
      </div>
    </>
  );
}
