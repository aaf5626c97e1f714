/**
 * The shipped page with a cold cache: when the first picture and the first live number are there, and whether the page stays
 * fluent while alpha is dragged and the engine works.
 */
import type { Browser } from 'playwright-core';

export interface PageFigures {
  /** From the navigation's start. */
  firstPictureMs: number;
  /** The first count that was computed here, not recorded, and says so: as it fills in, of the prompts done so far. */
  firstLiveNumberMs: number;
  /** The first one of all prompts, with its R0: from here on nothing recorded stands in its place. */
  firstWholeCountMs: number;
  /** While dragging: longest task of the main thread, and how many were over 50 ms. */
  longestTaskMs: number;
  tasksOver50Ms: number;
  framesPerSecond: number;
}

const DRAG_SECONDS = 5;

/** Notes in the page itself, frame by frame: polling from outside would measure the polling. */
function watchFromInside(): void {
  const seen: Record<string, number> = {};
  const frames: number[] = [];
  const tasks: Array<{ startMs: number; durationMs: number }> = [];
  const look = (now: number) => {
    frames.push(now);
    if (!seen.picture && document.querySelector('section.figure svg path')) seen.picture = now;
    const whole = '.big-number .number.truth-fast, .big-number .number.truth-exact';
    if (!seen.live && document.querySelector(`.live-so-far, ${whole}`)) seen.live = now;
    if (!seen.whole && document.querySelector(whole)) seen.whole = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      tasks.push({ startMs: startTime, durationMs: duration });
  }).observe({ type: 'longtask', buffered: true });
  Object.assign(window, { watched: { seen, frames, tasks } });
}

interface Watched {
  seen: { picture?: number; live?: number; whole?: number };
  frames: number[];
  tasks: Array<{ startMs: number; durationMs: number }>;
}

export async function watchPage(browser: Browser, url: string): Promise<PageFigures> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(180_000);
  // tsx wraps functions in a helper of its own, which the page does not have.
  await page.addInitScript('globalThis.__name ??= (value) => value');
  await page.addInitScript(watchFromInside);
  await page.goto(url);
  const watched = () => page.evaluate(() => (window as unknown as { watched: Watched }).watched);
  await page.waitForFunction(() => (window as unknown as { watched: Watched }).watched.seen.whole);
  const { seen } = await watched();

  const thumb = page.locator('.alpha-panel [role=slider], .alpha-panel input[type=range]').first();
  const track = page.locator('.alpha-panel .slider-track').first();
  const area = (await ((await track.count()) > 0 ? track : thumb.locator('..')).boundingBox())!;
  const dragStart = await page.evaluate(() => performance.now());
  const y = area.y + area.height / 2;
  await page.mouse.move(area.x + area.width * 0.6, y);
  await page.mouse.down();
  const until = Date.now() + DRAG_SECONDS * 1000;
  for (let i = 0; Date.now() < until; i++) {
    // There and back over alpha 0.9 to 1.3, as a speaker would.
    await page.mouse.move(area.x + area.width * (0.6 + 0.2 * Math.sin(i / 10)), y);
    await page.waitForTimeout(16);
  }
  await page.mouse.up();
  const dragEnd = await page.evaluate(() => performance.now());
  const { frames, tasks } = await watched();
  await context.close();
  const during = tasks.filter(({ startMs }) => startMs >= dragStart && startMs < dragEnd);
  const drawn = frames.filter((time) => time >= dragStart && time < dragEnd).length;
  return {
    firstPictureMs: Math.round(seen.picture!),
    firstLiveNumberMs: Math.round(seen.live!),
    firstWholeCountMs: Math.round(seen.whole!),
    longestTaskMs: Math.round(Math.max(0, ...during.map(({ durationMs }) => durationMs))),
    tasksOver50Ms: during.length,
    framesPerSecond: Math.round((drawn / (dragEnd - dragStart)) * 1000),
  };
}
