// Typing as people do it: key by key, with pauses; and an eye on what the page does to them meanwhile.

import assert from 'node:assert/strict';

/** A line of text, in pixels: no field may move by more while one types in it. */
const LINE = 24;

/** The keys of a text, one by one. */
export const letters = (text) => [...text];

/** Presses the keys one after another, resting after each. */
export async function press(page, keys, pause) {
  for (const key of keys) {
    if (key.length === 1) await page.keyboard.type(key);
    else await page.keyboard.press(key);
    if (pause) await page.waitForTimeout(pause);
  }
}

/** Presses Tab until this has the focus. */
export async function tabTo(page, what) {
  for (let keys = 0; keys < 80; keys += 1) {
    if (await what.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${what}`);
}

/** Goes to a field, and from then on looks at each frame whether it keeps the focus and its place. */
export async function hold(page, field) {
  await field.scrollIntoViewIfNeeded();
  await field.focus();
  // Wait until the page has settled.
  await page.waitForTimeout(100);
  await page.evaluate(() => {
    const name = document.activeElement.name;
    const place = () => {
      const focus = document.activeElement;
      // Among radio buttons the focus moves within the group, so use the position of the group.
      const of = focus?.type === 'radio' ? focus.closest('fieldset') : focus;
      return of.getBoundingClientRect().top;
    };
    const seen = { lost: 0, worst: 0 };
    const begun = place();
    window.seen = seen;
    const look = () => {
      if (window.seen !== seen) return;
      if (document.activeElement?.name !== name) seen.lost += 1;
      else seen.worst = Math.max(seen.worst, Math.abs(place() - begun));
      requestAnimationFrame(look);
    };
    look();
  });
}

/** Fails unless the field has kept all of it: the focus at every moment, its place, the caret, and every key. */
export async function assertHeld(page, field, { value, what }) {
  const seen = await page.evaluate(() => window.seen);
  assert.equal(seen.lost, 0, `${what}: the focus was lost`);
  assert.ok(seen.worst <= LINE, `${what}: it moved by ${Math.round(seen.worst)} px`);
  assert.equal(await field.evaluate((field) => field === document.activeElement), true, `${what}: the focus is elsewhere`);
  if (typeof value === 'boolean') {
    assert.equal(await field.isChecked(), value, what);
    return;
  }
  assert.equal(await field.inputValue(), value, what);
  const caret = await field.evaluate((field) => (field.matches('textarea, input[type=text]') ? [field.selectionStart, field.selectionEnd] : null));
  if (caret) assert.deepEqual(caret, [value.length, value.length], `${what}: the caret`);
}

/** Nothing is asked of the server any more. */
export async function atRest(page) {
  await page.waitForTimeout(1100);
  await page.waitForLoadState('networkidle');
}

/** Has everything that goes over the network take so many milliseconds longer. */
export async function slowDown(page, latency) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, latency, downloadThroughput: -1, uploadThroughput: -1 });
}
