// Every link works for the person who sees it, and one that carries a choice leads to a form with that choice.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, people, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { POSTGRESQL } from './support/offerings.mjs';

/** So many pages of a kind are looked at: those of one kind have the same links. */
const ALIKE = 4;

/** The links of a page, as addresses. */
function linksOf(html) {
  return [...html.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)].map(([, href]) => href.replaceAll('&amp;', '&'));
}

/** Which kind of page it is: the path without names, and which choices it carries. */
function kindOf(address) {
  const url = new URL(address, 'http://portal');
  const path = url.pathname.replace(/^\/(claims|requests|admin\/control-planes)\/[^?]*?(\/(change|delete))?$/, '/$1/…$2').replace(/^\/catalog\/[^/]+/, '/catalog/…');
  return `${path}?${[...url.searchParams.keys()].sort().join('&')}`;
}

describe('links', { timeout: 240_000 }, () => {
  let demo, browser;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const who of Object.keys(people)) {
    it(`all work for ${who}`, async () => {
      const { context, page } = await signedIn(browser, demo, who);
      const waiting = ['/'];
      const seen = new Set(waiting);
      const kinds = new Map();
      const dead = [];
      while (waiting.length) {
        const address = waiting.shift();
        const answer = await page.request.get(address);
        if (answer.status() >= 400) dead.push(`${answer.status()} ${address}`);
        if (!(answer.headers()['content-type'] ?? '').startsWith('text/html')) continue;
        for (const href of linksOf(await answer.text())) {
          if (!href.startsWith('/') || href.startsWith('/auth/') || seen.has(href)) continue;
          const kind = kindOf(href);
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
          if (kinds.get(kind) > ALIKE) continue;
          seen.add(href);
          waiting.push(href);
        }
      }
      for (const words of ['admin', 'control', 'orders', 'request', 'record', 'tenants']) {
        const found = await (await page.request.get(`/api/v1/search?q=${words}`)).json();
        const hits = Array.isArray(found) ? found : found.items;
        for (const { href } of hits.filter(({ href }) => href?.startsWith('/'))) {
          const answer = await page.request.get(href);
          if (answer.status() >= 400) dead.push(`${answer.status()} ${href}, found by ${words}`);
        }
      }
      assert.deepEqual(dead, []);
      assert.ok(seen.size > 8, 'too few links were followed');
      await context.close();
    });
  }

  it('keep the choice', async () => {
    const { page } = await signedIn(browser, demo, 'dana');
    await workIn(page, 'Payments', 'dev');
    await page.goto(`/catalog/${POSTGRESQL}`);
    for (const plan of ['Small', 'Medium', 'Large']) {
      await page.goto(`/catalog/${POSTGRESQL}`);
      await page.getByRole('link', { name: `Choose ${plan}` }).click();
      assert.ok(await page.getByRole('radio', { name: new RegExp(`^${plan}`) }).isChecked(), plan);
    }
    // The form has the values of the link.
    const answer = await page.request.get(`/catalog/${POSTGRESQL}`);
    const carrying = linksOf(await answer.text()).filter((href) => /\/(request|change)\?/.test(href));
    assert.ok(carrying.length >= 3);
    for (const href of carrying) {
      await page.goto(href);
      for (const [name, value] of new URL(href, demo.portal).searchParams) {
        const chosen = await page.evaluate((name) => new FormData(document.querySelector('form[data-form]')).get(name), name);
        assert.equal(chosen, value, `${href}: ${name}`);
      }
    }
  });
});
