/**
 * The methods of fine-tuning that are compared (paper, section 4 and appendices A.4.4, A.4.5): which layers of each stay
 * frozen, and what its published description leaves open. Weights of NFFT: attacks-nfft.ts; steps of Lisa: attacks-lisa.ts;
 * the paper's numbers: attacks-paper.ts. Nothing here trains.
 */
import type { AttackMethod } from '@/protocol/training.ts';
import { createRandom, randomBelow } from './random.ts';

export interface AttackMethodInfo {
  key: AttackMethod;
  name: string;
  /** What it does, one sentence. */
  definition: string;
  source: string;
  /** What the published description leaves open, and what is done here. */
  openChoices: string;
  /** What the paper reports, in words; numbers in attacks-paper.ts. */
  paper: string;
  /** True where safety rows are needed beside the person's data. */
  needsSafetyRows: boolean;
  /** False where single weights are held, which LoRA does not have. */
  worksWithLora: boolean;
}

const FREEZE_OPEN =
  'The paper trains all parameters, and its code leaves norms of the band, embeddings and head trainable, which full parameters can do here as well; with LoRA a frozen layer has no adapter at all.';

export const ATTACK_METHOD_INFO: Record<AttackMethod, AttackMethodInfo> = {
  full: {
    key: 'full',
    name: 'full tuning',
    definition: 'Every layer trains.',
    source: 'Section 4.2, Full_finetuning.py.',
    openChoices:
      'The paper trains all parameters; here all layers with LoRA, their matrices themselves, or all parameters with norms, embeddings and head, as chosen. Equal data, seed, order and steps as the methods it is compared with.',
    paper: 'R_h on D_I rises to 42.7, 58.9, 54.0 and 87.7 % (Table 2).',
    needsSafetyRows: false,
    worksWithLora: true,
  },
  sppft: {
    key: 'sppft',
    name: 'SPPFT, band frozen',
    definition: 'The located safety layers stay as they are, all other layers train.',
    source: 'Section 4.1, SPPFT.py.',
    openChoices: `${FREEZE_OPEN} Fewer parameters train at the same learning rate, which frozen bands elsewhere control for.`,
    paper:
      'R_h on D_I stays at 6.2, 6.7, 6.4 and 3.3 % (Table 2); on D_H with p = 0.2 it rises to 68.3 and 78.8 % (Table 3).',
    needsSafetyRows: false,
    worksWithLora: true,
  },
  'band-before': {
    key: 'band-before',
    name: 'band before it frozen',
    definition: 'The layers just before the located band, as many as it has, stay frozen instead.',
    source: 'After appendix A.4.5, Table 8.',
    openChoices:
      'Table 8 freezes everything before the band, whatever its width. Here the width is the same, as far as there are layers.',
    paper:
      'R_h on D_I 65.8, 71.0, 57.9 and 65.6 %: more than full tuning for three of four models (Table 8).',
    needsSafetyRows: false,
    worksWithLora: true,
  },
  'band-after': {
    key: 'band-after',
    name: 'band after it frozen',
    definition: 'The layers just after the located band, as many as it has, stay frozen instead.',
    source: 'After appendix A.4.5, Table 8.',
    openChoices:
      'Table 8 freezes everything after the band, up to 19 of 32 layers. Here the width is the same, as far as there are layers.',
    paper: 'R_h on D_I 33.7, 50.6, 44.4 and 58.7 % (Table 8).',
    needsSafetyRows: false,
    worksWithLora: true,
  },
  'band-random': {
    key: 'band-random',
    name: 'random band frozen',
    definition: 'A band of the same width at a place drawn by the seed stays frozen instead.',
    source: 'Not in the paper: the control that Table 8 lacks.',
    openChoices:
      'Drawn among the bands that share the fewest layers with the located one, none where there is room; contiguous, as the located one is.',
    paper: 'Not measured there.',
    needsSafetyRows: false,
    worksWithLora: true,
  },
  'only-band': {
    key: 'only-band',
    name: 'only the band trains',
    definition: 'The reverse of SPPFT, an attack aimed at the located band: all other layers stay frozen.',
    source: 'Not in the paper.',
    openChoices:
      'None published. At equal steps it has the fewest trained parameters, so it is to be compared with a random band trained alone before it is called aimed.',
    paper: 'Not measured there.',
    needsSafetyRows: false,
    worksWithLora: true,
  },
  nfft: {
    key: 'nfft',
    name: 'NFFT, single weights frozen',
    definition:
      'As many weights as SPPFT freezes stay as they are, but single ones spread over all layers: those that matter most for refusing and not for usefulness.',
    source: 'Section 4.2; the choice of weights after Wei et al. 2024 (wandg_set_difference).',
    openChoices:
      'Score, p, q and data of the authors are not stated. Here: |weight x gradient|, per matrix, the top p of usefulness left out, then the highest safety scores up to the share. Needs the weights themselves to train; LoRA has no single weights to hold.',
    paper: 'R_h on D_I 41.9, 58.1, 54.8 and 81.4 %: about as full tuning (Table 2).',
    needsSafetyRows: true,
    worksWithLora: false,
  },
  lisa: {
    key: 'lisa',
    name: 'Lisa',
    definition:
      "Phases of steps on safety rows and on the person's rows alternate, and a proximal term rho/2 |w - w_switch|^2 holds each phase near the weights it began with.",
    source: 'Section 4.3, Table 3; Huang et al. 2024 (git-disl/Lisa).',
    openChoices:
      'The paper says "default settings". Lisa\'s text has 100 safety and 900 user steps and rho = 1, its script 500 and 500; alignment steps use up steps of the total, and its code leaves the term out in the first tenth. Here the cycle of 1 to 9 is shortened to the length of the run.',
    paper:
      'R_h on D_H at p = 0.1: 41.4 % (Llama-2) and 61.3 % (Phi-3), between full tuning and SPPFT (Table 3).',
    needsSafetyRows: true,
    worksWithLora: true,
  },
};

export interface BandPlace {
  /** The located band, both ends included. */
  band: readonly [first: number, last: number];
  layerCount: number;
  /** For the random band alone. */
  seed: number;
}

/** The layers that a method freezes, both ends included; null where it freezes no whole band. */
export function frozenBand(method: AttackMethod, place: BandPlace): [first: number, last: number] | null {
  checkPlace(place);
  const [first, last] = place.band;
  const width = last - first + 1;
  switch (method) {
    case 'full':
    case 'nfft':
    case 'lisa':
    case 'only-band':
      return null;
    case 'sppft':
      return [first, last];
    case 'band-before':
      return first === 0 ? null : [Math.max(0, first - width), first - 1];
    case 'band-after':
      return last === place.layerCount - 1 ? null : [last + 1, Math.min(place.layerCount - 1, last + width)];
    case 'band-random':
      return randomBand(place);
    default:
      return method satisfies never;
  }
}

/** Per layer: does it stay frozen? */
export function frozenLayers(method: AttackMethod, place: BandPlace): boolean[] {
  const band = frozenBand(method, place);
  const [first, last] = place.band;
  return Array.from({ length: place.layerCount }, (_, layer) => {
    if (method === 'only-band') return layer < first || layer > last;
    return band !== null && layer >= band[0] && layer <= band[1];
  });
}

/** Why a control is weaker than it sounds here, as a sentence for the person; null where it is what its name says. */
export function frozenBandWarning(method: AttackMethod, place: BandPlace): string | null {
  const width = place.band[1] - place.band[0] + 1;
  switch (method) {
    case 'band-before':
    case 'band-after': {
      const band = frozenBand(method, place);
      const side = method === 'band-before' ? 'before' : 'after';
      if (band === null)
        return `No layer lies ${side} the band, so nothing is frozen and this is full tuning.`;
      const count = band[1] - band[0] + 1;
      return count === width
        ? null
        : `Only ${count} layers lie ${side} the band of ${width}, so fewer are frozen.`;
    }
    case 'band-random': {
      const [first, last] = randomBand(place);
      const shared = Math.max(0, Math.min(last, place.band[1]) - Math.max(first, place.band[0]) + 1);
      if (shared === 0) return null;
      return `The drawn band shares ${shared} of ${width} layers with the located one; there is no room for one apart.`;
    }
    case 'full':
    case 'sppft':
    case 'only-band':
    case 'nfft':
    case 'lisa':
      return null;
    default:
      return method satisfies never;
  }
}

function randomBand({ band: [first, last], layerCount, seed }: BandPlace): [number, number] {
  const width = last - first + 1;
  const starts = Array.from({ length: layerCount - width + 1 }, (_, start) => start);
  const shared = (start: number) => Math.max(0, width - Math.abs(start - first));
  const fewest = Math.min(...starts.map(shared));
  const apart = starts.filter((start) => shared(start) === fewest);
  const start = apart[randomBelow(createRandom(seed), apart.length)]!;
  return [start, start + width - 1];
}

function checkPlace({ band: [first, last], layerCount }: BandPlace): void {
  const whole = [first, last, layerCount].every(Number.isInteger);
  if (!whole || first < 0 || last < first || last >= layerCount) {
    throw new RangeError(`[${first}, ${last}] is no band of a model with ${layerCount} layers`);
  }
}
