// Nothing is cut off at any width from a small phone to a wide screen.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { QUEUE } from './support/offerings.mjs';
import { PAGES, open } from './support/pages.mjs';

const WIDTHS = [320, 360, 414, 480, 600, 768, 900, 1024, 1280, 1440, 1920, 2560];

describe('at every width', { timeout: 240_000 }, () => {
  let demo, browser;
  const windows = new Map();

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    // A request for the approver.
    windows.set('dana', await signedIn(browser, demo, 'dana'));
    const { page } = windows.get('dana');
    await workIn(page, 'Payments', 'production');
    const sent = await page.request.post('/api/v1/requests', {
      data: { offering: QUEUE, name: 'to-be-decided' },
      headers: { 'x-portico-csrf': await page.locator('input[name="_csrf"]').first().inputValue(), origin: demo.portal },
    });
    assert.equal(sent.status(), 201, await sent.text());
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const { name, as, at } of PAGES) {
    it(`${name} shows all of its columns`, async () => {
      if (!windows.has(as)) windows.set(as, await signedIn(browser, demo, as));
      const { page } = windows.get(as);
      await page.setViewportSize({ width: 1280, height: 900 });
      await open(page, at);
      const cut = [];
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const found = await page.evaluate(() => {
          const wider = (element) => element.scrollWidth > element.clientWidth + 1;
          const lines = [];
          if (wider(document.documentElement)) lines.push('the page');
          for (const table of document.querySelectorAll('main table')) {
            // Up to the element that scrolls or clips: a table may be in something narrower.
            for (let around = table.parentElement; around && around.tagName !== 'MAIN'; around = around.parentElement) {
              if (getComputedStyle(around).overflowX !== 'visible' && wider(around)) {
                lines.push(`a table (${table.caption?.textContent || table.className}): ${around.scrollWidth} in ${around.clientWidth}`);
                break;
              }
            }
          }
          for (const row of document.querySelectorAll('main :is(.tabs, .chips, .search, .facts)')) {
            if (wider(row)) lines.push(`.${row.className}: ${row.scrollWidth} in ${row.clientWidth}`);
          }
          return lines;
        });
        cut.push(...found.map((line) => `${width} px: ${line}`));
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      assert.deepEqual(cut, []);
    });
  }
});
