// What axe-core cannot know or is not asked elsewhere: contrast of 7:1, the order in which a page is read, 400 % zoom,
// spaced text, forced colours, no motion. Over the gallery, which has every page in its states. The table of all criteria
// of WCAG 2.2 is in deploy/docs/accessibility.md.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { contrastBelowSevenToOne } from './support/axe.mjs';
import { launch } from './support/browser.mjs';
import { missing, startGallery } from './support/gallery.mjs';

const screenshots = process.env.PORTICO_SCREENSHOTS ?? fileURLToPath(new URL('../../target/screenshots', import.meta.url));

describe('access', { timeout: 420_000, skip: missing }, () => {
  let gallery, browser;

  before(async () => {
    await mkdir(screenshots, { recursive: true });
    gallery = await startGallery();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    gallery?.stop();
  });

  /** What `judge` finds on each page, as `page: finding`. */
  async function onEachPage(options, judge) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    const found = [];
    for (const name of gallery.pages) {
      await page.goto(`${gallery.base}/${name}.html`);
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
      found.push(...(await judge(page, name)).map((finding) => `${name}: ${finding}`));
    }
    await context.close();
    return found;
  }

  for (const colorScheme of ['light', 'dark']) {
    it(`text has a contrast of 7:1, ${colorScheme}`, async () => {
      assert.deepEqual(await onEachPage({ colorScheme }, contrastBelowSevenToOne), []);
    });
  }

  it('one title, levels without gaps, named controls', async () => {
    const found = await onEachPage({}, async (page) => {
      const lines = await page.evaluate(() => {
        const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
          .filter((heading) => heading.checkVisibility())
          .map((heading) => ({ level: Number(heading.tagName[1]), text: heading.textContent.trim() }));
        const lines = [];
        const titles = levels.filter(({ level }) => level === 1).length;
        if (titles !== 1) lines.push(`${titles} headings of level 1`);
        levels.forEach(({ level, text }, at) => {
          if (at > 0 && level > levels[at - 1].level + 1) lines.push(`“${text}” has level ${level} after ${levels[at - 1].level}`);
        });
        if (document.querySelectorAll('main').length !== 1) lines.push('not one main part');
        if (!document.title || !document.documentElement.lang) lines.push('no title or no language');
        return lines;
      });
      const tree = await page.locator('body').ariaSnapshot();
      // A control with a name is `- button "Save"`; one without has nothing behind its role.
      const nameless = tree.split('\n').filter((line) => /^\s*- (button|link|textbox|searchbox|combobox|checkbox|radio|spinbutton|img|meter|progressbar|table|dialog)(?=:|$| \[)/.test(line));
      return [...lines, ...nameless.map((line) => `without a name: ${line.trim()}`)];
    });
    assert.deepEqual(found, []);
  });

  it('what is read later stands below, on a phone', async () => {
    const found = await onEachPage({ viewport: { width: 390, height: 780 } }, (page) =>
      page.evaluate(() => {
        const lines = [];
        // A field that has the focus from the start may have scrolled the first ones out of sight.
        let before = { top: -Infinity, text: '' };
        for (const element of document.querySelectorAll('main :is(h1, h2, h3, legend, label, th[scope="row"])')) {
          const box = element.getBoundingClientRect();
          if (!element.checkVisibility() || box.width <= 1) continue;
          const here = { top: box.top, bottom: box.bottom, text: element.textContent.trim().slice(0, 40) };
          // Two in a line may differ by the alignment of their text.
          if (here.bottom < before.top) lines.push(`“${here.text}” stands above “${before.text}” but is read after it`);
          before = here;
        }
        return lines;
      }),
    );
    assert.deepEqual(found, []);
  });

  it('at 400 % nothing is cut off, and nothing covers what has the focus', async () => {
    // 1280 by 1024 pixels at 400 %.
    const found = await onEachPage({ viewport: { width: 320, height: 256 } }, async (page) => {
      const lines = [];
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 1) lines.push(`${wide} px too wide`);
      for (let pressed = 0; pressed < 40; pressed += 1) {
        await page.keyboard.press('Tab');
        const covered = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          const box = element.getBoundingClientRect();
          const left = Math.max(box.left, 0) + 2;
          const right = Math.min(box.right, innerWidth) - 2;
          const top = Math.max(box.top, 0) + 2;
          const bottom = Math.min(box.bottom, innerHeight) - 2;
          if (right < left || bottom < top) return `${element.outerHTML.slice(0, 80)} is off the screen`;
          const points = [[left, top], [right, top], [left, bottom], [right, bottom], [(left + right) / 2, (top + bottom) / 2]];
          const seen = points.some(([x, y]) => {
            const at = document.elementFromPoint(x, y);
            return at && (element.contains(at) || at.contains(element) || at.closest('label')?.control === element);
          });
          return seen ? null : `${element.outerHTML.slice(0, 80)} is covered`;
        });
        if (covered) lines.push(covered);
      }
      return [...new Set(lines)];
    });
    assert.deepEqual(found, []);
  });

  it('spaced text is not cut off', async () => {
    const found = await onEachPage({}, (page) =>
      page.evaluate(() => {
        const spaced = new CSSStyleSheet();
        spaced.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }');
        document.adoptedStyleSheets.push(spaced);
        const lines = [];
        const wide = document.documentElement.scrollWidth - innerWidth;
        if (wide > 1) lines.push(`${wide} px too wide`);
        for (const element of document.querySelectorAll('main *, nav *, header *')) {
          const style = getComputedStyle(element);
          const clips = style.overflowX === 'hidden' || style.overflowX === 'clip' || style.overflowY === 'hidden' || style.overflowY === 'clip';
          // Cut off by design, and whole where it leads to: names in the frame, summaries on cards.
          if (style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none' || element.closest('.unseen')) continue;
          if (!clips || !element.checkVisibility() || element.clientWidth <= 1 || !element.textContent.trim()) continue;
          if (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1) {
            lines.push(`cut off: ${element.outerHTML.slice(0, 80)}`);
          }
        }
        return lines;
      }),
    );
    assert.deepEqual(found, []);
  });

  it('with forced colours the focus shows, and so does what is chosen', async () => {
    const found = await onEachPage({ forcedColors: 'active' }, async (page, name) => {
      await page.screenshot({ path: join(screenshots, `forced-${name}.png`), fullPage: true });
      const lines = [];
      for (let pressed = 0; pressed < 25; pressed += 1) {
        await page.keyboard.press('Tab');
        const unseen = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          // The browser marks the part of a date that has the focus.
          if (element.type === 'date') return null;
          const around = [element, element.closest('label'), element.parentElement, element.nextElementSibling].filter(Boolean);
          const styles = [...around.map((each) => getComputedStyle(each)), getComputedStyle(element, '::after')];
          const outlined = styles.some((style) => style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0);
          return outlined ? null : `no outline: ${element.outerHTML.slice(0, 80)}`;
        });
        if (unseen) lines.push(unseen);
      }
      const unmarked = await page.evaluate(() =>
        [...document.querySelectorAll('[aria-current]:is(a, button)')]
          .filter((element) => element.checkVisibility())
          .filter((element) => {
            const style = getComputedStyle(element);
            const bar = ['::before', '::after'].some((part) => getComputedStyle(element, part).content !== 'none');
            const bordered = ['Top', 'Right', 'Bottom', 'Left'].some((side) =>
              style[`border${side}Style`] !== 'none' && Number.parseFloat(style[`border${side}Width`]) > 0);
            const heavier = Number(style.fontWeight) > Number(getComputedStyle(element.parentElement).fontWeight);
            return !(bar || bordered || heavier || style.outlineStyle !== 'none');
          })
          .map((element) => `not marked as current: ${element.outerHTML.slice(0, 80)}`));
      return [...new Set([...lines, ...unmarked])];
    });
    assert.deepEqual(found, []);
  });

  it('nothing moves for those who asked for no motion', async () => {
    const found = await onEachPage({}, (page) =>
      page.evaluate(() => document.getAnimations().map((animation) => `moves: ${animation.effect?.target?.outerHTML.slice(0, 80)}`)));
    assert.deepEqual(found, []);
  });
});
