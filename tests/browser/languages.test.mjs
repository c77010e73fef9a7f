// The translated pages in German, over the gallery: they say their language, have no English words but those of the samples,
// and fit. And every page from right to left: nothing sticks out. Then somebody uses a running portal in German.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertQuiet, launch, window } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { missing, startGallery } from './support/gallery.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const samples = join(root, 'frontend/examples/gallery');
const screenshots = process.env.PORTICO_SCREENSHOTS ?? join(root, 'target/screenshots');

/** English that is no leftover: names, dates and code that both languages have, by what they look like. */
const neutral = [
  /^\d{4}-\d{2}-\d{2} [\d:]+ UTC$/, // exact times
  /^[-+] /, // a line of a diff
  /^apiVersion: /, // a manifest
  /^(Ctrl|Ctrl K|Enter|SHA-256)$/,
  /^claim-\d+$/,
  /^\d+ EUR$/,
  /^in [a-z-]+$/, // the region of a control plane, with the word that both languages have
  /^Storage GiB$/, // names of quotas are not translated
];

/** What people read or hear of a page: its texts, and the attributes that hold words. */
function wordsOf() {
  const words = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const within = walker.currentNode.parentElement.closest('script, style, svg, textarea, pre, code, .mono');
    if (!within) words.add(walker.currentNode.textContent.trim());
  }
  for (const name of ['title', 'placeholder', 'aria-label', 'data-label', 'data-none', 'data-off', 'data-on']) {
    for (const element of document.querySelectorAll(`[${name}]`)) words.add(element.getAttribute(name).trim());
  }
  return [...words].filter((text) => /[A-Za-z]{3}/.test(text));
}

describe('languages', { timeout: 240_000, skip: missing }, () => {
  let gallery, browser, german, known;

  before(async () => {
    await mkdir(screenshots, { recursive: true });
    gallery = await startGallery();
    browser = await launch();
    german = (await readdir(join(root, 'target/gallery/de'))).filter((file) => file.endsWith('.html'));
    const sources = await Promise.all((await readdir(samples)).map((file) => readFile(join(samples, file), 'utf8')));
    known = sources.join('\n').replaceAll(/\\\n\s*/g, '');
  });
  after(async () => {
    await browser?.close();
    gallery?.stop();
  });

  it('German pages say so, and have English words only where the samples do', async () => {
    assert.ok(german.length > 20, `only ${german.length} pages`);
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    const found = [];
    for (const file of german) {
      await page.goto(`${gallery.base}/${file}`);
      const english = new Set(await page.evaluate(wordsOf));
      await page.goto(`${gallery.base}/de/${file}`);
      assert.equal(await page.getAttribute('html', 'lang'), 'de', file);
      // Texts are put together of several pieces of data, with these between them.
      const isKnown = (text) => text.split(/ · |: |, | \/ |\u00a0\/ |; /).every((part) => known.includes(part.replace(/^[\s·/]+|[\s.:·/]+$/g, '')));
      for (const text of await page.evaluate(wordsOf)) {
        if (english.has(text) && !isKnown(text) && !neutral.some((pattern) => pattern.test(text))) found.push(`${file}: ${text}`);
      }
    }
    assert.deepEqual(found, []);
  });

  for (const { name, width, colorScheme } of [
    { name: '1280-light', width: 1280, colorScheme: 'light' },
    { name: '390-dark', width: 390, colorScheme: 'dark' },
  ]) {
    it(`German words fit at ${name}`, async () => {
      const page = await (await browser.newContext({ viewport: { width, height: 900 }, colorScheme })).newPage();
      const wide = [];
      for (const file of german) {
        await page.goto(`${gallery.base}/de/${file}`);
        if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)) wide.push(file);
        await page.screenshot({ path: join(screenshots, `de-${file.replace('.html', '')}-${name}.png`), fullPage: true });
      }
      assert.deepEqual(wide, []);
    });

    it(`nothing sticks out from right to left at ${name}`, async () => {
      const page = await (await browser.newContext({ viewport: { width, height: 900 }, colorScheme })).newPage();
      const wide = [];
      for (const file of gallery.pages) {
        await page.goto(`${gallery.base}/${file}.html`);
        const sticksOut = await page.evaluate(() => {
          document.documentElement.dir = 'rtl';
          return document.documentElement.scrollWidth > document.documentElement.clientWidth;
        });
        if (sticksOut) wide.push(file);
      }
      assert.deepEqual(wide, []);
    });
  }
});

describe('a portal in German', { timeout: 120_000 }, () => {
  let demo, browser;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    const file = join(demo.configuration, 'portal.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('spec:\n', 'spec:\n  languages: [en, de]\n'));
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const javaScriptEnabled of [true, false]) {
    it(`is used in the language of the browser until somebody chooses, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async () => {
      const opened = await window(browser, demo, { locale: 'de-AT', javaScriptEnabled });
      const { page } = opened;
      const language = () => page.getAttribute('html', 'lang');
      // The configuration is read again within seconds.
      for (let tries = 0; tries < 100; tries += 1) {
        await page.goto('/');
        if ((await language()) === 'de') break;
        await page.waitForTimeout(200);
      }
      await page.getByRole('link', { name: /^Weiter mit/ }).click();
      await page.getByRole('button', { name: 'Dana Okafor' }).click();
      await page.getByRole('link', { name: 'Katalog', exact: true }).click();
      const search = page.getByRole('searchbox', { name: 'Katalog durchsuchen' });
      await search.pressSequentially('datenbank gibt es nicht', { delay: 40 });
      await page.keyboard.press('Enter');
      await page.getByText('Nichts passt').waitFor();

      // Whoever chooses stays on the page with its query, and keeps the choice over Back and a reload.
      const menu = page.locator('details', { has: page.getByText('Dana Okafor') }).last();
      await menu.locator('summary').click();
      await menu.getByText('English').click();
      await page.getByText('Nothing matches').waitFor();
      assert.match(page.url(), /\?q=datenbank/);
      assert.equal(await language(), 'en');
      await page.getByRole('link', { name: 'Claims', exact: true }).click();
      await page.goBack();
      await page.reload();
      assert.equal(await language(), 'en');
      assertQuiet(opened);
      await opened.context.close();
    });
  }
});
