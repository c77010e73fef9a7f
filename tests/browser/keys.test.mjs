// Keyboard shortcuts: the approval queue by j, k, a and r; the command palette by Ctrl-K; the theme; Back.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { POSTGRESQL, QUEUE } from './support/offerings.mjs';

describe('by the keyboard', { timeout: 180_000 }, () => {
  let demo, browser, dana, ada;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    [dana, ada] = [await signedIn(browser, demo, 'dana'), await signedIn(browser, demo, 'ada')];
    await workIn(dana.page, 'Payments', 'production');
    const token = await dana.page.locator('input[name="_csrf"]').first().inputValue();
    for (const name of ['first', 'second']) {
      const data = { offering: QUEUE, name };
      const sent = await dana.page.request.post('/api/v1/requests', { data, headers: { 'x-portico-csrf': token, origin: demo.portal } });
      assert.equal(sent.status(), 201, await sent.text());
    }
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  async function alive(page, at) {
    await page.goto(at);
    await page.locator('html[data-alive]').waitFor();
  }

  it('goes through the approval queue, and decides by Enter only', async () => {
    const { page } = ada;
    await alive(page, '/approvals');
    const opened = () => page.locator('details.approval[open] summary strong').last().innerText();
    await page.keyboard.press('j');
    assert.equal(await opened(), 'first');
    await page.keyboard.press('j');
    assert.equal(await opened(), 'second');
    await page.keyboard.press('k');
    assert.equal(await opened(), 'first');
    await page.keyboard.press('r');
    assert.equal(await page.evaluate(() => document.activeElement.value), 'reject');
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    assert.equal(await page.evaluate(() => document.activeElement.value), 'approve');
    assert.equal(await page.locator('details.approval').count(), 2, 'nothing is decided yet');
    await page.keyboard.press('Enter');
    await page.getByText('You approved the request.').waitFor();
    await page.locator('details.approval', { hasText: 'second' }).waitFor({ state: 'detached' });
    assert.equal(await page.locator('details.approval', { hasText: 'first' }).count(), 1);
  });

  it('ignores shortcuts in text fields', async () => {
    const { page } = ada;
    await alive(page, '/approvals');
    const comment = page.getByRole('textbox', { name: /^Comment/ }).first();
    await comment.fill('');
    await comment.pressSequentially('jar');
    assert.equal(await comment.inputValue(), 'jar');
  });

  /** Opens search everywhere and types. */
  async function palette(page, words) {
    await page.keyboard.press('Control+k');
    const input = page.getByRole('combobox', { name: 'Search everywhere' });
    await input.fill(words);
    return page.locator('dialog.palette li');
  }

  it('finds a page by Ctrl-K, and opens it by Enter', async () => {
    const { page } = dana;
    await alive(page, '/claims');
    const hits = await palette(page, 'request postgres');
    await hits.filter({ hasText: 'Request PostgreSQL' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/catalog/${POSTGRESQL}/request$`));
    await alive(page, '/claims');
    const found = await palette(page, 'second');
    await found.filter({ hasText: /request/i }).first().waitFor();
    await found.filter({ hasText: 'production' }).first().click();
    await page.waitForURL(/\/(requests|claims)\//);
  });

  it('goes back to the previous position', async () => {
    const { page } = dana;
    await alive(page, '/claims');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click();
    await page.waitForURL(/catalog$/);
    await page.goBack();
    await page.waitForURL(/claims$/);
    await page.getByRole('heading', { level: 1, name: /claims/i }).waitFor();
    const hits = await palette(page, 'orders');
    await hits.first().waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog.palette[open]').waitFor({ state: 'detached' });
  });

  it('remembers the theme, by its button and by Ctrl-K', async () => {
    const { page } = dana;
    await alive(page, '/');
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), undefined);
    await page.getByRole('button', { name: /^Theme/ }).click();
    assert.equal(await theme(), 'light');
    const hits = await palette(page, 'theme');
    await hits.filter({ hasText: 'Switch theme' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
    const served = await page.request.get('/catalog');
    assert.match(await served.text(), /<html lang="en" data-theme="dark">/, 'the server renders the next page with the theme');
    await page.goto('/catalog');
    assert.equal(await theme(), 'dark');
  });

  it('signs out by Ctrl-K', async () => {
    const { page } = dana;
    await alive(page, '/');
    const hits = await palette(page, 'sign out');
    await hits.filter({ hasText: 'Sign out' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/signed-out|sign-in|logout/);
  });

  it('logs no errors', () => assertQuiet(dana, ada));
});
