// A decision can be undone for some seconds: nothing is applied before they are over.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';

const seconds = 6;

describe('undoing a decision', { timeout: 180_000 }, () => {
  let demo, browser, dana, ada;

  before(async () => {
    demo = await startDemo('--undo-seconds', String(seconds));
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana');
    ada = await signedIn(browser, demo, 'ada');
    await workIn(dana.page, 'Payments', 'production');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  /** Requests a bucket that needs approval, and returns the address of the request. */
  async function request(name) {
    const { page } = dana;
    await page.goto('/catalog/buckets.storage.demo.portico.dev/request');
    await page.locator('input[name="_name"]').fill(name);
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request / }).click();
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    return new URL(page.url()).pathname;
  }
  const open = (page, address) => page.goto(`/approvals?request=${address.split('/').at(-1)}`);
  const state = async (address) => {
    await dana.page.goto(address);
    return dana.page.locator('.state-line').innerText();
  };
  const undo = (page) => page.getByRole('button', { name: 'Undo' });

  it('by keys: approves, undoes, and approves again; then it is applied', async () => {
    const { page } = ada;
    const address = await request('undone-bucket');
    await open(page, address);
    await page.locator('html[data-alive]').waitFor();
    await page.keyboard.press('a');
    await page.keyboard.press('Control+Enter');
    await undo(page).waitFor();
    assert.match(await page.locator('.notice.undoable').innerText(), /approved/);
    assert.match(await state(address), /can take it back/);
    await page.keyboard.press('u');
    await page.locator('.notice', { hasText: 'took your decision back' }).waitFor();
    assert.match(await state(address), /Awaiting approval/);
    // It is not applied by itself later.
    await page.waitForTimeout((seconds + 1) * 1000);
    assert.match(await state(address), /Awaiting approval/);
    assert.match(await dana.page.locator('.steps').innerText(), /Approved, and taken back/);

    await open(page, address);
    await page.locator('html[data-alive]').waitFor();
    await page.keyboard.press('a');
    await page.keyboard.press('Control+Enter');
    await undo(page).waitFor();
    await dana.page.goto(address);
    await dana.page.locator('.state-line', { hasText: 'Applied' }).waitFor({ timeout: 30_000 });
    // The button has gone with its time.
    await undo(page).waitFor({ state: 'detached' });
    await page.reload();
    assert.deepEqual(await page.locator('.notice').allTextContents(), []);
  });

  it('undoes a rejection, and loses nothing when Portico is killed meanwhile', async () => {
    const { page } = ada;
    const rejected = await request('rejected-bucket');
    await open(page, rejected);
    await page.getByRole('textbox', { name: 'Comment' }).fill('Not yet.');
    await page.getByRole('button', { name: 'Reject' }).click();
    // It is offered on whatever page comes next.
    await undo(page).waitFor();
    await page.reload();
    await undo(page).waitFor();
    await page.goto('/catalog');
    await undo(page).click();
    await page.locator('.notice', { hasText: 'took your decision back' }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await undo(page).waitFor();
    await demo.crash();
    await demo.restart();
    await dana.page.goto(rejected);
    await dana.page.locator('.state-line', { hasText: 'Applied' }).waitFor({ timeout: 40_000 });
  });

  it('works without scripts, and says when it is too late', async () => {
    const plain = await signedIn(browser, demo, 'ada', { javaScriptEnabled: false });
    const address = await request('late-bucket');
    await open(plain.page, address);
    await plain.page.getByRole('button', { name: 'Approve' }).click();
    await undo(plain.page).click();
    await plain.page.getByText('took your decision back').waitFor();
    await plain.page.getByRole('button', { name: 'Approve' }).click();
    await undo(plain.page).waitFor();
    await plain.page.waitForTimeout((seconds + 1) * 1000);
    await undo(plain.page).click();
    await plain.page.getByText('too late to undo').waitFor();
    await plain.context.close();
  });

  it('is in the record', async () => {
    const pat = await signedIn(browser, demo, 'pat');
    const record = await (await pat.page.request.get('/api/v1/record')).text();
    for (const verb of ['request.approved', 'request.rejected', 'request.decision-undone']) assert.ok(record.includes(verb), verb);
  });
});
