/** What the exit status of the command line means. Documented in `--help`; stable. */
import type { ErrorCode } from '@/model/app-error.ts';

export const EXIT_CODES = {
  ok: 0,
  /** A defect of this program. */
  defect: 1,
  /** Unknown option, missing value, input that makes no sense. */
  usage: 2,
  /** A file that is missing, damaged, or does not fit. */
  file: 3,
  /** A model or machine that is not supported. */
  unsupported: 4,
  /** Memory, device, or this program's own installation. */
  resources: 5,
  network: 6,
  /** `replay`: numbers differ beyond what is allowed. */
  differs: 7,
  /** Ctrl-C, as shells have it: 128 + SIGINT. */
  cancelled: 130,
} as const;

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'bad-input':
      return EXIT_CODES.usage;
    case 'bad-file':
    case 'not-found':
    case 'hash-mismatch':
    case 'adapter-mismatch':
      return EXIT_CODES.file;
    case 'unsupported-model':
    case 'no-backend':
      return EXIT_CODES.unsupported;
    case 'device-lost':
    case 'out-of-memory':
    case 'worker-crashed':
      return EXIT_CODES.resources;
    case 'network':
      return EXIT_CODES.network;
    case 'differs':
      return EXIT_CODES.differs;
    case 'cancelled':
      return EXIT_CODES.cancelled;
    default:
      return code satisfies never;
  }
}

export const EXIT_CODE_HELP = `Exit codes:
  0 done · 1 defect of this program · 2 bad usage or input · 3 missing, damaged or unfitting file
  4 unsupported model or machine · 5 memory, device or installation · 6 network · 7 replay differs · 130 cancelled (Ctrl-C)`;
