// axe-core's judgement of a page.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tookPart } from './report.mjs';

const require = createRequire(import.meta.url);
const source = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
tookPart('playwright-core and axe-core', `axe ${require('axe-core/package.json').version}`);

/** What axe finds against it, as lines to read: rule, why, where. */
export async function violations(page) {
  // Through the debugger: the page's content security policy allows no foreign script.
  await page.evaluate(source);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    }),
  );
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.failureSummary.split('\n').slice(1).join('; ').trim()} ${node.html.slice(0, 200)}`),
  );
}

/** The text whose contrast with what is behind it is below 7:1 (WCAG 1.4.6), each pair of colours once. */
export async function contrastBelowSevenToOne(page) {
  await page.evaluate(source);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['color-contrast-enhanced'] }));
  const lines = found.violations.flatMap((rule) => rule.nodes.map(({ any, html }) => {
    const { fgColor, bgColor, contrastRatio } = any[0].data;
    return [`${fgColor} on ${bgColor}`, `${contrastRatio}:1, ${fgColor} on ${bgColor}: ${html.slice(0, 100)}`];
  }));
  return [...new Map(lines).values()];
}
