// Keyboard shortcuts: the approval queue by j, k, a, r and Ctrl-Enter; the command palette by Ctrl-K; the theme; Back.

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

  it('goes through the approval queue, rejects with a reason and approves', async () => {
    const { page } = ada;
    await alive(page, '/approvals');
    const opened = (name) => page.locator('#opened', { hasText: name }).waitFor();
    const focused = () => page.evaluate(() => document.activeElement.id);
    await opened('first');
    await page.keyboard.press('j');
    await opened('second');
    assert.match(page.url(), /request=/, 'the address is that of the open request');
    await page.keyboard.press('k');
    await opened('first');

    await page.getByRole('button', { name: 'Turn single-letter keys off' }).click();
    await page.reload();
    const on = page.getByRole('button', { name: 'Turn single-letter keys on' });
    await on.waitFor();
    // The key would ask for the next request at once.
    const asked = [];
    const ask = (request) => request.url().includes('request=') && asked.push(request.url());
    page.on('request', ask);
    await page.keyboard.press('j');
    await page.evaluate(() => new Promise(requestAnimationFrame));
    page.off('request', ask);
    assert.deepEqual(asked, []);
    await on.click();

    await page.keyboard.press('r');
    assert.match(await focused(), /^comment-/);
    await page.getByText('Ctrl Enter rejects').waitFor();
    await page.keyboard.press('Control+Enter');
    assert.equal(await page.locator('.inbox-row').count(), 2, 'a rejection needs a reason');
    await page.keyboard.type('jar: not this one');
    await page.keyboard.press('Control+Enter');
    await page.getByText('You rejected the request.').waitFor();
    await opened('second');
    assert.equal(await page.locator('.inbox-row').count(), 1);

    await alive(page, page.url());
    await page.keyboard.press('a');
    assert.match(await focused(), /^comment-/);
    await page.getByText('Ctrl Enter approves').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText('You approved the request.').waitFor();
    await page.getByText('Nobody waits for you').waitFor();
  });

  it('says that a request was withdrawn, and keeps what is typed', async () => {
    const { page } = ada;
    await alive(page, '/approvals');
    const token = await dana.page.locator('input[name="_csrf"]').first().inputValue();
    const headers = { 'x-portico-csrf': token, origin: demo.portal };
    const send = async (name) => {
      const sent = await dana.page.request.post('/api/v1/requests', { data: { offering: QUEUE, name }, headers });
      assert.equal(sent.status(), 201, await sent.text());
      return (await sent.json()).id;
    };
    const id = await send('regretted');
    await page.locator('#opened', { hasText: 'regretted' }).waitFor();
    await send('next-in-line');
    await page.locator('.inbox-row').nth(1).waitFor();
    await page.keyboard.press('a');
    await page.keyboard.type('Why not');
    const taken = await dana.page.request.post(`/api/v1/requests/${id}/withdrawal`, { data: {}, headers });
    assert.equal(taken.status(), 204, await taken.text());
    await page.getByText('Dana Okafor took it back').waitFor();
    assert.equal(await page.locator('#opened', { hasText: 'regretted' }).count(), 1);
    assert.equal(await page.locator('.decide textarea').inputValue(), 'Why not');
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
    const found = await palette(page, 'next-in-line');
    await found.filter({ hasText: /request/i }).first().waitFor();
    await found.filter({ hasText: 'production' }).first().click();
    await page.waitForURL(/\/(requests|claims)\//);
  });

  it('begins with what was opened last, and forgets it on sign-out', async () => {
    const { page } = dana;
    const bucket = '/catalog/buckets.storage.demo.portico.dev';
    await alive(page, `/catalog/${POSTGRESQL}`);
    await alive(page, bucket);
    await alive(page, '/claims');
    await page.keyboard.press('Control+k');
    const hits = page.locator('dialog.palette li');
    await hits.nth(1).waitFor();
    assert.match(await hits.nth(0).textContent(), /Object bucket/);
    assert.match(await hits.nth(1).textContent(), /PostgreSQL/);
    // What is typed key by key finds the one that was opened before others that are called so, once.
    for (const key of 'post') {
      await page.keyboard.press(key);
      await page.waitForTimeout(60);
    }
    await page.waitForFunction(() => /PostgreSQL/.test(document.querySelector('dialog.palette li')?.textContent ?? ''));
    assert.equal(await hits.filter({ hasText: /^offering.?PostgreSQL/i }).count(), 1);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`${POSTGRESQL}$`));
    // A page that is gone is forgotten once somebody has tried it.
    await page.goto('/claims/eu-shared/buckets.storage.demo.portico.dev/payments-dev/never-was');
    assert.equal(await page.evaluate(() => localStorage.getItem('recent').includes('never-was')), false);
    await alive(page, '/');
    await page.locator('.person summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/signed-out|sign-in|logout/);
    assert.equal(await page.evaluate(() => localStorage.getItem('recent')), null);
    await dana.context.close();
    dana = await signedIn(browser, demo, 'dana');
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
