// Every page, light and dark: axe-core finds nothing, nothing is loaded from elsewhere, nothing overflows a
// narrow screen. Screenshots are in target/screenshots for review.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { violations } from './support/axe.mjs';
import { launch, signedIn, window, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { QUEUE } from './support/offerings.mjs';
import { PAGES, open } from './support/pages.mjs';

const screenshots = process.env.PORTICO_SCREENSHOTS ?? fileURLToPath(new URL('../../target/screenshots', import.meta.url));
const widths = [360, 1280, 1920];

describe('every page', { timeout: 420_000 }, () => {
  let demo, browser;
  const windows = new Map();

  /** One window a person and colour scheme. */
  async function windowOf(who, colorScheme) {
    const key = `${who} ${colorScheme}`;
    if (!windows.has(key)) windows.set(key, await signedIn(browser, demo, who, { colorScheme }));
    return windows.get(key);
  }

  before(async () => {
    await mkdir(screenshots, { recursive: true });
    demo = await startDemo();
    browser = await launch();
    // A request for the approver.
    const { page } = await windowOf('dana', 'light');
    await workIn(page, 'Payments', 'production');
    await page.goto(`/catalog/${QUEUE}/request`);
    await page.locator('input[name="_name"]').fill('to-be-decided');
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request / }).click();
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    await workIn(page, 'Payments', 'dev');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const scheme of ['light', 'dark']) {
    it(`sign-in, ${scheme}`, async () => {
      const opened = await window(browser, demo, { colorScheme: scheme });
      await judge(opened, 'sign-in', '/sign-in', scheme);
    });
    for (const { name, as, at } of PAGES) {
      it(`${name}, ${scheme}`, async () => judge(await windowOf(as, scheme), name, at, scheme));
    }
  }

  async function judge({ page }, name, at, scheme) {
    const strangers = [];
    const watch = (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== new URL(demo.portal).origin) strangers.push(request.url());
    };
    page.on('request', watch);
    await open(page, at);
    page.off('request', watch);
    assert.deepEqual(strangers, [], 'loads nothing from other origins');
    const found = [];
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(() => document.fonts?.ready.then(() => undefined));
      await page.screenshot({ path: join(screenshots, `${name}-${scheme}-${width}.png`), fullPage: true });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (beyond > 1) found.push(`at ${width} px it is ${beyond} px too wide`);
      if (width !== 1920) found.push(...(await violations(page)).map((line) => `${width} px: ${line}`));
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    assert.deepEqual([...new Set(found)], []);
  }
});
