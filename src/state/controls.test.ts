/** The Controls section's state: settings as text, requests, runs that lend the lab, stop, and go on where they were. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlCard, ControlParams, ControlRow } from '@/protocol/controls.ts';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { controlsOfFile, runFileOfControl } from './control-file.ts';
import { controlRequest } from './control-request.ts';
import { loadControlCards, startControl, stopControl } from './control-runner.ts';
import { decodeControlSettings, encodeControlSettings, openControl, withOption } from './control-settings.ts';
import { useControls } from './control-store.ts';
import { Session } from './session.ts';
import { setSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { INITIAL_STATE, putResults, setConfig, useApp } from './store.ts';
import {
  FAKE_CALIBRATION,
  FAKE_SOURCE,
  fakePools,
  recordedCalibration,
  settle,
} from './testing/fake-bench.ts';
import { FakeLab } from './testing/fake-lab.ts';

const card: ControlCard = {
  name: 'random-ranges',
  title: 'Random ranges',
  explanation: '',
  reference: '',
  needs: { pools: ['counted'], range: true, calibration: true, adapter: false },
  options: [
    { key: 'draws', label: '', description: '', kind: 'integer', default: 19, min: 1, max: 99 },
    { key: 'alphas', label: '', description: '', kind: 'numbers', default: '0.9,1.1', min: 0, max: 4 },
  ],
};
const reading: ControlCard = {
  ...card,
  name: 'probes',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [],
};

describe('settings in the address', () => {
  it('come back as they were', () => {
    const option = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[0-9][0-9.,]{0,9}$/));
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,6}(-[a-z]{1,6})?$/), fc.array(option), (name, options) => {
        const settings = { name, options: Object.fromEntries(options) };
        expect(decodeControlSettings(encodeControlSettings(settings))).toEqual(settings);
      }),
    );
  });

  it('of nothing, nonsense and unknown names open the first control', () => {
    for (const text of ['', '!', 'nowhere', 'UPPER_x-1', '_draws-3']) {
      expect(openControl([card, reading], decodeControlSettings(text))).toBe(card);
    }
    expect(openControl([card, reading], decodeControlSettings('probes'))).toBe(reading);
    expect(openControl([], decodeControlSettings('probes'))).toBeNull();
  });

  it('hold what differs from the defaults, of one control at a time', () => {
    const set = withOption(card, { name: null, options: {} }, 'draws', 5);
    expect(encodeControlSettings(set)).toBe('random-ranges_draws-5');
    expect(withOption(card, set, 'draws', '19')).toEqual({ name: 'random-ranges', options: {} });
    expect(withOption(reading, set, 'x', 1).options).toEqual({ x: '1' });
  });
});

const pools = fakePools(20);
const calibration = FAKE_CALIBRATION;
const source = FAKE_SOURCE;
const row = (label: string): ControlRow => ({
  measure: 'refused',
  series: 's',
  label,
  x: 1,
  value: 1,
  low: null,
  high: null,
  n: 8,
});
const result = (rows: ControlRow[]) => ({
  name: 'random-ranges',
  axis: { kind: 'layer' as const, label: 'layer', layerCount: 12 },
  measures: [],
  rows,
  findings: ['Found.'],
});

describe('a control on the bench', () => {
  let lab: FakeLab;
  let session: Session;
  const situation = () => currentSituation(useApp.getState())!;
  const asked = () => lab.asked.filter(({ kind }) => kind === 'control');

  beforeEach(async () => {
    useApp.setState({ ...INITIAL_STATE, pools, source, config: { ...DEFAULT_CONFIG, promptCount: 8 } }, true);
    useControls.setState({ cards: [], outcomes: {}, running: null, problem: null });
    lab = new FakeLab();
    lab.cards = [card, reading];
    session = new Session({ createLab: () => lab, schedule: (run) => void setTimeout(run, 0), settleMs: 5 });
    setSession(session);
    await session.open(source);
  });
  afterEach(() => session.close());
  const knowCalibration = () => putResults('recorded', [recordedCalibration(situation())]);

  it('takes its list from the lab, once', async () => {
    await loadControlCards();
    lab.cards = [];
    await loadControlCards();
    expect(useControls.getState().cards).toEqual([card, reading]);
  });

  it('that counts takes the bench’s numbers of prompts and its range; one that reads takes whole pools', () => {
    const counting = controlRequest(situation(), card, { name: null, options: {} }, calibration).params;
    expect(counting).toMatchObject({
      range: { first: 8, last: 11, alpha: 1.1 },
      setting: { adapters: ['safety'], scale: [] },
      normal: [],
      malicious: [],
    });
    expect(counting.counted).toHaveLength(8);
    expect(counting.harmless).toHaveLength(4);
    const read = controlRequest(situation(), reading, { name: null, options: {} }, calibration).params;
    expect(read).toMatchObject({ range: null, calibration: null, counted: [], harmless: [] });
    expect(read.normal).toHaveLength(20);
    setConfig({ alpha: 1 });
    expect(
      controlRequest(situation(), card, { name: null, options: {} }, calibration).params.range?.alpha,
    ).toBe(1.1);
  });

  it('has the lab to itself, is stopped with its rows kept, and is given them back', async () => {
    knowCalibration();
    const first = startControl(card);
    await settle();
    expect(useApp.getState().lentTo).toBe('A control is running.');
    asked()[0]!.emit({ type: 'partial', partial: row('one') });
    asked()[0]!.emit({
      type: 'progress',
      progress: { phase: 'x', done: 1, total: 2, unit: 'prompts', elapsedMs: 1 },
    });
    expect(useControls.getState().running?.work.fraction).toBe(0.5);
    stopControl();
    asked()[0]!.fail(new Error('aborted'));
    await first;
    expect(useControls.getState()).toMatchObject({ running: null, problem: null });
    expect(useApp.getState().lentTo).toBeNull();

    const second = startControl(card);
    await settle();
    expect((asked()[1]!.params as ControlParams).done).toEqual([row('one')]);
    asked()[1]!.emit({ type: 'partial', partial: row('two') });
    asked()[1]!.answer(result([row('one'), row('two')]));
    await second;
    const [outcome] = Object.values(useControls.getState().outcomes);
    expect(outcome).toMatchObject({ result: { findings: ['Found.'] }, origin: 'live', modelName: 'fake' });
    expect(outcome!.params.done).toBeUndefined();
  });

  it('learns the refusing tokens first where the bench has not, and says so where there are none', async () => {
    const running = startControl(card);
    await settle();
    const learning = lab.asked.filter(({ kind }) => kind === 'calibrate').at(-1)!;
    learning.answer({ calibration: { ...calibration, tokenIds: [] }, outcomes: [] });
    await running;
    expect(asked()).toHaveLength(0);
    expect(useControls.getState().problem?.happened).toMatch(/hardly ever refuses/);
  });

  it('shows what went wrong and lets the bench go on', async () => {
    knowCalibration();
    const running = startControl(card);
    await settle();
    asked()[0]!.fail(new Error('boom'));
    await running;
    expect(useControls.getState().problem?.happened).toContain('boom');
    expect(useApp.getState().lentTo).toBeNull();
  });

  it('goes into a run file and comes back from it', async () => {
    knowCalibration();
    const running = startControl(card);
    await settle();
    asked()[0]!.answer(result([row('one')]));
    await running;
    const [outcome] = Object.values(useControls.getState().outcomes);
    const known = [{ name: 'safety', sha256: 'a'.repeat(64) }];
    const file = parseRunFile(writeRunFile(runFileOfControl(outcome!, card.title, known, '1')!));
    expect(file.warnings).toEqual([]);
    const [back] = controlsOfFile(file.run, 'x.json');
    expect(back).toEqual({ ...outcome, origin: 'recorded', from: 'x.json', backend: expect.anything() });
  });
});
