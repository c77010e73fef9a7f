// Several claims at once: selected by mouse and by keyboard, deleted and renewed, with mistakes on the way.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { BUCKET } from './support/offerings.mjs';
import { press } from './support/typing.mjs';

describe('several claims at once', { timeout: 180_000 }, () => {
  let demo, browser, dana;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana');
    await workIn(dana.page, 'Payments', 'dev');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  /** Requests a bucket, and waits until its page is there. */
  async function makeBucket(page, name) {
    await page.goto(`/catalog/${BUCKET}/request`);
    await page.locator('html[data-alive]').waitFor();
    await page.getByRole('textbox', { name: /^Name/ }).first().click();
    await press(page, [...name], 10);
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request/ }).click();
    await page.waitForURL(new RegExp(`/claims/[^?]*/${name}$`));
  }

  const box = (page, name) => page.getByRole('checkbox', { name: `Select ${name}` });
  const bar = (page) => page.getByRole('group', { name: 'Selected claims' });

  it('shows what can be done once a row is selected, and how many are', async () => {
    const { page } = dana;
    for (const name of ['batch-one', 'batch-two', 'batch-three']) await makeBucket(page, name);
    await page.goto('/claims?q=batch&sort=name');
    await page.locator('html[data-alive]').waitFor();
    assert.equal(await bar(page).isVisible(), false);
    // In the order of names: one, three, two.
    await box(page, 'batch-one').click();
    await bar(page).getByText('1 selected').waitFor();
    await box(page, 'batch-two').click({ modifiers: ['Shift'] });
    await bar(page).getByText('3 selected').waitFor();
    assert.equal(await page.getByRole('checkbox', { name: 'Select all on this page' }).isChecked(), true);
    await page.getByRole('checkbox', { name: 'Select all on this page' }).press('Space');
    await bar(page).waitFor({ state: 'hidden' });
  });

  it('keeps the selection when the list changes by itself', async () => {
    const { page } = dana;
    await box(page, 'batch-one').check();
    await box(page, 'batch-two').check();
    const other = await dana.context.newPage();
    await makeBucket(other, 'batch-zero');
    await other.close();
    await box(page, 'batch-zero').waitFor();
    assert.equal(await box(page, 'batch-one').isChecked(), true);
    assert.equal(await box(page, 'batch-two').isChecked(), true);
    assert.equal(await box(page, 'batch-zero').isChecked(), false);
    await bar(page).getByText('2 selected').waitFor();
  });

  it('deletes what is selected, after its number is typed, and says what it left alone', async () => {
    const { page } = dana;
    await bar(page).getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('heading', { name: 'Delete 2 claims?' }).waitFor();
    // Back: the selection is still there.
    await page.goBack();
    await page.locator('html[data-alive]').waitFor();
    assert.equal(await box(page, 'batch-one').isChecked(), true);
    await page.goForward();

    const typed = page.getByLabel('Type the number of claims to confirm');
    await typed.click();
    await press(page, ['3', 'Enter'], 30);
    await page.getByText('Type 2 to delete them.').waitFor();
    assert.equal(await typed.getAttribute('aria-invalid'), 'true');
    await typed.click();
    await press(page, ['Backspace', '2', 'Enter'], 30);
    await page.getByRole('heading', { name: 'Delete: 2 claims' }).waitFor();
    assert.equal(await page.locator('main').getByRole('link', { name: 'Request', exact: true }).count(), 2);
    // Sent again by a reload: nothing new is made.
    await page.reload();
    await page.getByRole('heading', { name: 'Delete: 2 claims' }).waitFor();
    await page.getByRole('link', { name: 'Back to claims' }).click();
    await page.goto('/claims?q=batch&sort=name');
    await box(page, 'batch-one').waitFor({ state: 'detached', timeout: 30_000 });
    await box(page, 'batch-zero').waitFor();
    assertQuiet(dana);
  });

  it('renews what can be renewed', async () => {
    const { page } = dana;
    await page.goto('/claims?q=batch&sort=name');
    await page.locator('html[data-alive]').waitFor();
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
    await bar(page).getByRole('button', { name: 'Renew…' }).click();
    await page.getByRole('heading', { name: /^Renew/ }).waitFor();
    const said = await page.locator('main').innerText();
    assert.match(said, /It is kept until|It does not run out/);
  });

  it('exports the list as it is filtered', async () => {
    const { page } = dana;
    await page.goto('/claims?q=batch&sort=name');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export as CSV' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^claims-\d{4}-\d\d-\d\d\.csv$/);
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
    assert.match(lines[0], /^name,namespace,tenant,environment,/);
    assert.deepEqual(lines.slice(1).map((line) => line.split(',')[0]), ['batch-three', 'batch-zero']);
  });
});

describe('several claims without scripts', { timeout: 120_000 }, () => {
  it('works by links and forms alone', async () => {
    const demo = await startDemo();
    const browser = await launch();
    try {
      const { page } = await signedIn(browser, demo, 'dana', { javaScriptEnabled: false });
      await page.goto('/claims?environment=dev');
      await page.locator('tbody .pick input').first().check();
      await page.getByRole('button', { name: 'Delete…' }).click();
      await page.getByRole('heading', { name: /^Delete/ }).waitFor();
    } finally {
      await browser.close();
      await demo.stop();
    }
  });
});
