// Live pages: composed resources, after going back, in many tabs, and with a page from the browser's cache.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { POSTGRESQL } from './support/offerings.mjs';
import { controlPlane } from './support/planes.mjs';

const orders = `/claims/eu-shared/${POSTGRESQL}/payments-dev/orders`;
const object = '/apis/databases.demo.portico.dev/v1/namespaces/payments-dev/postgresqlinstances/orders';

describe('live pages', { timeout: 180_000 }, () => {
  let demo, browser, dana, plane, server;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana');
    plane = await controlPlane(demo, 'eu-shared');
    await dana.page.goto(orders);
    await dana.page.locator('.verdict', { hasText: /It works/ }).waitFor({ timeout: 60_000 });
    const claim = await plane.merge(object);
    server = `/apis/cloud.demo.portico.dev/v1/databaseservers/${claim.spec.resourceRef.name}-server/status`;
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  const failing = (message) => ({
    status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Failed', message, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });

  /** Has the claim's database server say something, and says how long the page took to show it. */
  async function shown(page, message) {
    const begun = Date.now();
    await plane.merge(server, failing(message));
    await page.locator('.tree', { hasText: message }).waitFor({ timeout: 10_000 });
    return Date.now() - begun;
  }

  async function alive(page, at) {
    await page.goto(at);
    await page.locator('html[data-alive]').waitFor();
    // The stream is open once the server has answered.
    await page.waitForTimeout(1000);
  }

  /** What a browser does to a page that it hides, or shows again. */
  const look = (page, hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);

  it('shows a failing composed resource within about a second', async () => {
    await alive(dana.page, orders);
    const took = await shown(dana.page, 'the disk is full');
    assert.ok(took < 2000, `it took ${took} ms`);
  });

  it('updates after going back', async () => {
    const { page } = dana;
    await alive(page, orders);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click();
    await page.waitForURL(/catalog$/);
    await page.goBack();
    await page.locator('.tree').waitFor();
    await page.waitForTimeout(1000);
    const took = await shown(page, 'after going back');
    assert.ok(took < 2000, `it took ${took} ms`);
    // The same with a cached page.
    for (const kind of ['pagehide', 'pageshow']) {
      await page.evaluate((kind) => dispatchEvent(new PageTransitionEvent(kind, { persisted: true })), kind);
    }
    await page.waitForTimeout(1000);
    const again = await shown(page, 'after being kept');
    assert.ok(again < 2000, `it took ${again} ms`);
  });

  it('opens in more tabs than a browser has connections', async () => {
    const tabs = [];
    for (let count = 0; count < 8; count += 1) {
      const tab = await dana.context.newPage();
      await alive(tab, orders);
      await look(tab, true);
      tabs.push(tab);
    }
    const [first] = tabs;
    await plane.merge(server, failing('unseen'));
    await look(first, false);
    await first.locator('.tree', { hasText: 'unseen' }).waitFor({ timeout: 5000 });
    await first.waitForTimeout(1000);
    const took = await shown(first, 'seen again');
    assert.ok(took < 2000, `it took ${took} ms`);
    for (const tab of tabs) await tab.close();
  });

  it('refreshes at once when the page comes from the cache', async () => {
    const { page } = dana;
    let first = true;
    await page.route('**/claims', async (route) => {
      if (!first) return route.continue();
      first = false;
      const answer = await route.fetch();
      const body = (await answer.text()).replace(/data-at="\d+"/, `data-at="${Date.now() - 60_000}"`).replaceAll('>orders<', '>as-it-was<');
      return route.fulfill({ response: answer, body });
    });
    await page.goto('/claims');
    await page.getByRole('link', { name: 'orders', exact: true }).first().waitFor({ timeout: 5000 });
    assert.equal(await page.getByText('as-it-was').count(), 0);
    await page.unroute('**/claims');
  });

  it('logs no errors', () => assertQuiet(dana));
});
