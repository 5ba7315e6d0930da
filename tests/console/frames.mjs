// How long the frames of a page take while it works.

import assert from "node:assert/strict";

/** Milliseconds of the longest frame that a reader may see. */
const BUDGET = 100;
const STRETCHES = 8;

/**
 * Holds the page to the budget, in stretches of some seconds, until one of them has no frame that is too long: on a machine that
 * does something else as well one is late now and then, on a page that is slow one is late in each. Where none holds, the
 * page's own work between two frames decides, as its thread counts it: the rest was waiting for a processor. `work` is what
 * the page does in a stretch; it gives false when the stretch does not count.
 */
export async function holdsFrames(page, about, what, work) {
  const seen = [];
  for (let stretch = 0; stretch < STRETCHES && !seen.some(({ wall }) => wall <= BUDGET); stretch += 1) {
    const { counts, ...longest } = await longestFrame(page, work);
    if (counts) seen.push(longest);
  }
  assert.notEqual(seen.length, 0, `in no stretch the page did what was asked while ${what}`);
  about.diagnostic(`longest frame while ${what}: ${seen.map(({ wall, own }) => `${wall} ms, work ${own} ms`).join("; ")}`);
  assert.ok(seen.some(({ wall, own }) => Math.min(wall, own) <= BUDGET), `a frame over ${BUDGET} ms in each stretch while ${what}`);
}

/** Milliseconds between two frames, by the clock and by the page's thread, at most. */
async function longestFrame(page, work) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ["devtools.timeline"] });
  await page.evaluate(() => {
    globalThis.isWatched = true;
    const next = () => globalThis.isWatched && requestAnimationFrame(next);
    next();
  });
  const counts = (await work()) !== false;
  await page.evaluate(() => { globalThis.isWatched = false; });
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const frames = traceEvents.filter(({ name }) => name === "FireAnimationFrame").sort((one, other) => one.ts - other.ts);
  const longest = (clock) => Math.round(Math.max(...frames.slice(1).map((frame, place) => frame[clock] - frames[place][clock])) / 1000);
  return { counts: counts && frames.length > 1, wall: longest("ts"), own: longest("tts") };
}
