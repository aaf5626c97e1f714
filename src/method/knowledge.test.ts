/** The prompt is MMLU's, and the numbers are those of the binomial. */
import { describe, expect, it } from 'vitest';
import {
  clozeContinuations,
  clozePrompt,
  type KnowledgeQuestion,
  knowledgePrompt,
  perCharacter,
  scoreKnowledge,
  upperTail,
} from './knowledge.ts';

const question = (at: number, answer: number, subject = 'school_biology'): KnowledgeQuestion => ({
  id: `q-${at}`,
  subject,
  question: `Question ${at}?`,
  options: ['one', 'two', 'three', 'four'],
  answer,
});
const oneHot = (at: number) => [0, 1, 2, 3].map((letter) => (letter === at ? -0.1 : -3));

describe('prompt', () => {
  it('is the one of evaluate.py, with and without solved examples', () => {
    expect(knowledgePrompt(question(2, 1), [question(1, 3)])).toBe(
      'The following are multiple choice questions (with answers) about school biology.\n\n' +
        'Question 1?\nA. one\nB. two\nC. three\nD. four\nAnswer: D\n\n' +
        'Question 2?\nA. one\nB. two\nC. three\nD. four\nAnswer:',
    );
    expect(knowledgePrompt(question(1, 0))).not.toContain('Answer: ');
  });

  it('never shows the answer, nor does the bare form', () => {
    expect(knowledgePrompt(question(1, 2))).toBe(knowledgePrompt(question(1, 0)));
    expect(clozePrompt(question(1, 0))).toBe('Question: Question 1?\nAnswer:');
    expect(clozeContinuations(question(1, 0))).toEqual([' one', ' two', ' three', ' four']);
    expect(perCharacter([-4, -8], [' one', ' bücher!'])).toEqual([-1, -1]);
  });
});

describe('accuracy', () => {
  const questions = [0, 1, 2, 3, 0, 1].map((answer, at) => question(at, answer, at < 4 ? 'a' : 'b'));

  it('of a model that knows everything is 1, of one that always says A its share of As', () => {
    const knowing = scoreKnowledge(
      questions,
      questions.map(({ answer }) => oneHot(answer)),
    );
    expect(knowing.accuracy.share).toBe(1);
    expect(knowing.chosen).toEqual([2, 2, 1, 1]);
    const stuck = scoreKnowledge(
      questions,
      questions.map(() => oneHot(0)),
    );
    expect(stuck.accuracy).toMatchObject({ count: 2, total: 6 });
    expect(stuck.chosen).toEqual([6, 0, 0, 0]);
    expect(stuck.correct).toEqual([true, false, false, false, true, false]);
  });

  it('of the subjects adds up to the whole', () => {
    const { bySubject, accuracy } = scoreKnowledge(
      questions,
      questions.map(() => oneHot(1)),
    );
    expect(bySubject.map(({ subject, accuracy: own }) => [subject, own.count, own.total])).toEqual([
      ['a', 1, 4],
      ['b', 1, 2],
    ]);
    expect(accuracy.count).toBe(2);
  });

  it('does not pass a missing or broken score for an answer', () => {
    expect(() => scoreKnowledge(questions, [])).toThrow(RangeError);
    expect(() => scoreKnowledge([question(1, 0)], [[0, Number.NaN, 0, 0]])).toThrow(RangeError);
    expect(() => scoreKnowledge([question(1, 0)], [[0, 0]])).toThrow(RangeError);
  });
});

describe('binomial tail', () => {
  it('has closed forms at both ends and in a small case', () => {
    expect(upperTail(0, 7, 0.25)).toBeCloseTo(1, 12);
    expect(upperTail(7, 7, 0.25)).toBeCloseTo(0.25 ** 7, 15);
    // Three or four right of four: 4 * (1/4)^3 * 3/4 + (1/4)^4.
    expect(upperTail(3, 4, 0.25)).toBeCloseTo(13 / 256, 12);
    expect(upperTail(51, 100, 0.5)).toBeCloseTo(0.4602053813, 9);
  });
});
