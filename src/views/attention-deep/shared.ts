/** What the deeper attention pictures are all given. */
import type { HeadChoice } from '@/method/attention-row.ts';
import type { WordMeasure } from '@/method/attention-word.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import type { FigureProps, LayerPictureProps } from '../props.ts';

export interface DeepProps extends LayerPictureProps, FigureProps {
  /** The two prompts, A and B; or one. */
  pictures: readonly AttentionPicture[];
  head: HeadChoice;
  measure: WordMeasure;
  /** The prompt's words are blurred. */
  isHidden: (picture: AttentionPicture) => boolean;
  revealed: boolean;
}

export const letterOf = (at: number): string => 'AB'[at] ?? String(at + 1);

export const headWords = (head: HeadChoice, headCount: number): string =>
  head === 'mean' ? `mean of ${headCount} heads` : `head ${head} of ${headCount}`;
