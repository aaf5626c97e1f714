/**
 * Finished and dropped training runs, kept by the browser until the tab is closed, as run files. Only storage; adapters and
 * unfinished runs are checkpoints, which the lab keeps.
 */
const PREFIX = 'stratascope train ';

interface Kept {
  from: string;
  text: string;
}

/**
 * Storage that is missing, forbidden or full is no reason to fail: then a reload forgets, and this gives false.
 * @param text the run file
 * @param from where it comes from, in words
 */
export function rememberRun(startedAt: string, name: string, text: string, from: string): boolean {
  try {
    const kept: Kept = { from, text };
    sessionStorage.setItem(`${PREFIX}${startedAt} ${name}`, JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

export interface RememberedFile extends Kept {
  forget(): void;
}

/** In the order in which they began. */
export function rememberedFiles(): RememberedFile[] {
  try {
    return Object.keys(sessionStorage)
      .filter((key) => key.startsWith(PREFIX))
      .sort()
      .map((key) => ({
        ...(JSON.parse(sessionStorage.getItem(key)!) as Kept),
        forget: () => sessionStorage.removeItem(key),
      }));
  } catch {
    return [];
  }
}

export function forgetRun(startedAt: string, name: string): void {
  try {
    sessionStorage.removeItem(`${PREFIX}${startedAt} ${name}`);
  } catch {
    // Nothing was kept.
  }
}
