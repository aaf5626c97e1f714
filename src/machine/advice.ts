/** What a browser lacks for this page, what follows from it, and how it is switched on there. Pure: facts in, sentences out. */
import type { MachineFacts } from './machine-facts.ts';

export interface Lack {
  /** What is missing and what that costs. */
  happened: string;
  /** How to have it in this browser. */
  todo: string;
}

type BrowserKind = 'chromium' | 'firefox' | 'safari' | 'other';

function kindOf(browser: string): BrowserKind {
  if (/^(Chrome|Edge)/.test(browser)) return 'chromium';
  if (browser.startsWith('Firefox')) return 'firefox';
  return browser.startsWith('Safari') ? 'safari' : 'other';
}

const WEBGPU: Record<BrowserKind, string> = {
  chromium: 'Use version 113 or newer; on Linux switch on chrome://flags/#enable-unsafe-webgpu.',
  firefox:
    'Use version 141 or newer on Windows, 145 on macOS; elsewhere set dom.webgpu.enabled in about:config.',
  safari: 'Use version 26 or newer; before it, Develop → Feature Flags → WebGPU.',
  other: 'Use a current Chrome, Edge, Firefox or Safari.',
};

const NO_ADAPTER: Record<BrowserKind, string> = {
  chromium:
    'chrome://gpu says why; a newer driver may help, and chrome://flags/#ignore-gpu-blocklist admits cards that are blocked.',
  firefox: 'about:support says why, under Graphics; a newer driver may help.',
  safari: 'A newer macOS may help.',
  other: 'A newer graphics driver may help.',
};

export function lacksOf(facts: MachineFacts): Lack[] {
  const kind = kindOf(facts.browser);
  const lacks: Lack[] = [];
  const add = (isMissing: boolean, happened: string, todo: string) => {
    if (isMissing) lacks.push({ happened, todo });
  };
  add(
    !facts.isSecure,
    'The page was not loaded over a secure connection: the browser gives it neither WebGPU, threads nor storage.',
    'Open it from https, or from localhost as “npm start” does.',
  );
  add(
    !facts.hasWebAssembly,
    'There is no WebAssembly: nothing can be computed without a graphics card.',
    'Use a current browser; some hardened modes (Lockdown Mode) switch it off.',
  );
  add(
    facts.isSecure && !facts.isIsolated,
    'The page is not cross-origin isolated: WebAssembly has one thread.',
    'Open it from “npm start”, whose server sends the headers that threads need (COOP and COEP).',
  );
  add(
    facts.isSecure && !facts.hasWebGpu,
    'There is no WebGPU: models run on WebAssembly, slower.',
    WEBGPU[kind],
  );
  add(
    facts.hasWebGpu && facts.graphics === null,
    'WebGPU is there, but no graphics adapter answers: models run on WebAssembly, slower.',
    NO_ADAPTER[kind],
  );
  add(
    facts.graphics?.isSoftware === true,
    'The graphics adapter computes on the processor, slower than WebAssembly does, so it is not taken.',
    NO_ADAPTER[kind],
  );
  add(
    !facts.hasPrivateFiles,
    'The browser gives this page no files of its own: downloads are kept in its cache, or in memory alone.',
    'Leave private browsing, or use a current browser.',
  );
  add(
    facts.hasPrivateFiles && !facts.storage.isPersistent,
    'The browser may clear what is kept when storage runs short.',
    'Ask it not to, below the list of kept downloads.',
  );
  add(
    facts.memoryGib === null,
    'The browser does not tell how much memory there is: whether a model fits is known only when it is loaded.',
    'Chrome and Edge tell it.',
  );
  return lacks;
}
