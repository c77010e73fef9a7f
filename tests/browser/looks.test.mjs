// How pages look: pictures of the gallery's pages, compared pixel by pixel with those in `looks/`, so that a change of look is
// seen and meant. `PORTICO_WRITE_LOOKS=1 node --test looks.test.mjs` takes new pictures.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './support/browser.mjs';
import { missing, startGallery } from './support/gallery.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const write = Boolean(process.env.PORTICO_WRITE_LOOKS);

const pages = [
  'parts',
  'sign-in', 'home', 'catalog', 'offering', 'form', 'form-problems', 'request', 'request-decide', 'approvals', 'approvals-undo',
  'claims', 'claims-filtered', 'claim', 'claim-in-the-making', 'claim-ill', 'claim-delete', 'claims-delete-several', 'usage', 'usage-new',
  'admin-planes', 'admin-plane', 'admin-record', 'admin-tenants', 'admin-try-definition-report',
];
const sizes = [
  { name: '1280-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: '390-dark', viewport: { width: 390, height: 780 }, colorScheme: 'dark' },
];

/** A colour channel that differs by no more is the same; letters are not drawn alike everywhere. */
const channelTolerance = 32;
/** The typeface of code in the pictures, whichever of the style's list a machine has. Other text has a font of our own. */
const code = 'Liberation Mono';
/** The share of a picture's pixels that may differ. */
const pixelTolerance = 0.005;

describe('looks', { timeout: 240_000, skip: missing }, () => {
  let gallery, browser, scale, foreign;

  before(async () => {
    gallery = await startGallery();
    browser = await launch();
    scale = await (await browser.newContext()).newPage();
    const version = browser.version().split('.')[0];
    const known = join(here, 'looks/chromium.txt');
    if (write) {
      await mkdir(join(here, 'looks'), { recursive: true });
      await writeFile(known, `${version}\n`);
    }
    const madeWith = (await readFile(known, 'utf8')).trim();
    // Another browser draws letters differently.
    if (madeWith !== version) foreign = `the pictures are from Chromium ${madeWith}, this is ${version}`;
    else if (!(await hasTypeface(code))) foreign = `the typeface of code in the pictures, ${code}, is missing`;
  });
  after(async () => {
    await browser?.close();
    gallery?.stop();
  });

  /** Whether the browser has a typeface: without it, text is as wide as in the one after it. */
  function hasTypeface(name) {
    return scale.evaluate((name) => {
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      const width = (typefaces) => {
        context.font = `100px ${typefaces}`;
        return context.measureText('illumination').width;
      };
      return width(`"${name}", serif`) !== width('serif') && width(`"${name}", serif`) === width(`"${name}", sans-serif`);
    }, name);
  }

  /** The share of pixels that differ; 1 if the pictures are not equally large. */
  function difference(one, other) {
    return scale.evaluate(
      async ([one, other, tolerance]) => {
        const pixels = async (png) => {
          const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
          const canvas = new OffscreenCanvas(image.width, image.height);
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          return context.getImageData(0, 0, image.width, image.height);
        };
        const [a, b] = [await pixels(one), await pixels(other)];
        if (a.width !== b.width || a.height !== b.height) return 1;
        let different = 0;
        for (let at = 0; at < a.data.length; at += 4) {
          const far = [0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > tolerance);
          if (far) different += 1;
        }
        return different / (a.width * a.height);
      },
      [one.toString('base64'), other.toString('base64'), channelTolerance],
    );
  }

  for (const { name: size, ...options } of sizes) {
    it(`are as meant at ${size}`, async (test) => {
      if (foreign) return test.skip(foreign);
      const context = await browser.newContext({ ...options, deviceScaleFactor: 0.5, reducedMotion: 'reduce' });
      const page = await context.newPage();
      const changed = [];
      for (const name of pages) {
        await page.goto(`${gallery.base}/${name}.html`);
        await page.addStyleTag({ content: `:root { --mono: "${code}" }` });
        await page.evaluate(() => document.fonts.ready);
        const now = await page.screenshot({ fullPage: true });
        const file = join(here, 'looks', `${name}-${size}.png`);
        if (write) {
          await writeFile(file, now);
          continue;
        }
        const share = await difference(await readFile(file), now);
        if (share > pixelTolerance) {
          changed.push(`${name}: ${(share * 100).toFixed(1)} % of the pixels`);
          const folder = process.env.PORTICO_SCREENSHOTS ?? fileURLToPath(new URL('../../target/screenshots', import.meta.url));
          await mkdir(folder, { recursive: true });
          await writeFile(join(folder, `look-${name}-${size}.png`), now);
        }
      }
      await context.close();
      assert.deepEqual(changed, [], 'look at them, and write new pictures if that is how they should look');
    });
  }
});
