/** A person's own multiple-choice questions in the place of those that ship: MMLU's CSV files, one or several. */
import { useState } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import { type KnowledgeFile, parseKnowledgeFile } from '@/data/finetune-knowledge.ts';
import { decodeFile } from '@/data/text-input.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import { useTrain } from '@/state/train-store.ts';

export function OwnQuestions() {
  const own = useTrain((state) => state.ownQuestions);
  const shipped = useTrain((state) => state.questions.length);
  const [read, setRead] = useState<KnowledgeFile[]>([]);
  const [problem, setProblem] = useState<ProblemWords | null>(null);
  const open = async (list: FileList | null) => {
    const files = [...(list ?? [])];
    if (files.length === 0) return;
    setProblem(null);
    try {
      const parsed = await Promise.all(
        files.map(async (file) =>
          parseKnowledgeFile(file.name, decodeFile(file.name, new Uint8Array(await file.arrayBuffer()))),
        ),
      );
      const name = files.map((file) => file.name).join(', ');
      setRead(parsed);
      useTrain.setState({ ownQuestions: { name, questions: parsed.flatMap(({ questions }) => questions) } });
    } catch (error) {
      setProblem(wordsFor(error));
    }
  };
  const rejected = read.flatMap((file) => file.rejected.map((row) => ({ ...row, subject: file.subject })));
  return (
    <div className="train-own">
      <p className="hint">
        {own
          ? `${own.questions.length} questions of ${own.name}.`
          : `${shipped} questions ship with the page; MMLU’s CSV files can take their place.`}
      </p>
      <FileTrigger acceptedFileTypes={['.csv']} allowsMultiple onSelect={(files) => void open(files)}>
        <Button className="quiet-button">Choose question files …</Button>
      </FileTrigger>
      {own && (
        <Button
          className="quiet-button"
          onPress={() => {
            setRead([]);
            useTrain.setState({ ownQuestions: null });
          }}
        >
          Use those that ship
        </Button>
      )}
      {problem && (
        <p role="alert">
          {problem.happened} {problem.todo}
        </p>
      )}
      {rejected.length > 0 && (
        <details>
          <summary>{rejected.length} rows are left out: why?</summary>
          <ul className="train-sample">
            {rejected.slice(0, 200).map(({ row, why, subject }) => (
              <li key={`${subject} ${row}`}>
                {subject}, row {row} {why}.
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
