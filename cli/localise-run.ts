/**
 * What `grid` and `locate` share: which prompts are counted, the calibration, the journal that a killed run goes on from,
 * the run file. Which experiments are run is theirs.
 */
import type { Command } from 'commander';
import { calibrationWarning } from '@/method/first-token.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import type { MatrixName } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type {
  CalibrateResult,
  ExperimentMap,
  ModelContext,
  PromptItem,
  RefusalCalibration,
} from '@/protocol/experiments.ts';
import { checkWritable } from './files.ts';
import { addModelOptions, type ModelOptions, matrixSet, templateOption, wholeNumber } from './options.ts';
import { choosePool, limited, shippedPool } from './pools.ts';
import { type Piece, resumedSearch, type SearchKind } from './resumed.ts';
import { RowJournal } from './row-journal.ts';
import { RunWriter } from './run-writer.ts';
import { type OpenSession, sayAlphaNotes, withModel } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Answers of this many tokens are decoded, as everywhere. */
const MAX_NEW_TOKENS = 16;

export interface LocaliseOptions extends ModelOptions {
  output: string;
  template: TemplateName;
  matrices: MatrixName[];
  prompts: string;
  limit?: number;
}

export function addLocaliseOptions(command: Command): Command {
  return addModelOptions(command.requiredOption('-o, --output <file>', 'run file to write'))
    .addOption(templateOption('chat'))
    .option('--matrices <set>', 'which matrices: a preset or a list', matrixSet, matrixSet('all'))
    .option('--prompts <pool>', 'prompts to count: a shipped pool or a file', 'over-rejection')
    .option('--limit <n>', 'at most so many prompts, spread evenly', wholeNumber(2, 100_000));
}

/** What every search is asked with. */
export interface Counted extends ModelContext {
  prompts: PromptItem[];
  calibration: RefusalCalibration;
  matrices: MatrixName[];
  rules: typeof DEFAULT_REFUSAL_RULES;
  maxNewTokens: number;
}

export interface Localising {
  session: OpenSession;
  counted: Counted;
  /** Runs one search, takes up what the journal holds of it, and keeps it for the file. */
  search<K extends SearchKind>(
    kind: K,
    label: string,
    params: ExperimentMap[K]['params'],
  ): Promise<ExperimentMap[K]['result']>;
}

/** @param request what the command was asked besides; a journal of another request is not taken up */
export async function localise(
  options: LocaliseOptions,
  terminal: Terminal,
  command: 'grid' | 'locate',
  request: Record<string, unknown>,
  work: (localising: Localising) => Promise<string>,
): Promise<void> {
  checkWritable(options.output);
  const chosen = await choosePool(options.prompts);
  const prompts = limited(chosen.prompts, options.limit);
  const side = async (pool: 'malicious' | 'control') =>
    limited(await shippedPool(pool), options.limit && Math.ceil(options.limit / 2));
  const pools = {
    'over-rejection': prompts,
    malicious: await side('malicious'),
    control: await side('control'),
  };
  await withModel(options, { terminal, hash: true }, async (session) => {
    for (const warning of chosen.warnings) session.display.say(`Note: ${warning}`);
    const { template, matrices } = options;
    sayAlphaNotes(session, matrices);
    const context = { template, setting: { adapters: session.adapters, scale: [] } };
    const settings = { command, prompts: chosen.origin, limit: options.limit ?? null, ...request };
    const head = {
      kind: 'locate' as const,
      template,
      seed: 0,
      settings: JSON.parse(JSON.stringify(settings)),
      pools,
    };
    const writer = new RunWriter(session, head, terminal.signal);
    const asked = {
      ...context,
      matrices,
      prompts,
      rules: DEFAULT_REFUSAL_RULES,
      maxNewTokens: MAX_NEW_TOKENS,
    };
    const journal = RowJournal.open<CalibrateResult, Piece>(options.output, [
      asked,
      request,
      session.card.sha256,
      session.adapterCards.map(({ sha256 }) => sha256),
    ]);
    if (journal.rows.length > 0) {
      session.display.say(`Going on after ${journal.rows.length} pieces of an earlier run.`);
    }
    const calibrated = await calibrate(writer, journal, {
      ...context,
      prompts: [...prompts, ...pools.malicious, ...pools.control],
      rules: DEFAULT_REFUSAL_RULES,
      maxNewTokens: MAX_NEW_TOKENS,
    });
    const text = await work({
      session,
      counted: { ...asked, calibration: calibrated.calibration },
      search: (kind, label, params) => search(writer, journal, kind, label, params),
    });
    writer.write(options.output);
    journal.remove();
    if (!options.quiet) terminal.stdout.write(text);
  });
}

async function calibrate(
  writer: RunWriter,
  journal: RowJournal<CalibrateResult, Piece>,
  params: ExperimentMap['calibrate']['params'],
): Promise<CalibrateResult> {
  const label = 'calibration';
  let result = journal.head;
  if (result) writer.keep({ kind: 'calibrate', label, params, result });
  else {
    result = await writer.run('calibrate', label, params);
    journal.begin(result);
  }
  const warning = calibrationWarning(result.calibration);
  if (warning) writer.session.display.say(`Note: ${warning}`);
  return result;
}

async function search<K extends SearchKind>(
  writer: RunWriter,
  journal: RowJournal<CalibrateResult, Piece>,
  kind: K,
  label: string,
  params: ExperimentMap[K]['params'],
): Promise<ExperimentMap[K]['result']> {
  const result = await resumedSearch(
    { ...writer.session, signal: writer.signal },
    journal,
    kind,
    label,
    params,
  );
  writer.keep({ kind, label, params, result } as Parameters<RunWriter['keep']>[0]);
  return result;
}
