// Adopting a claim that was made with kubectl, by the keyboard alone, with a detour and a reload on the way.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { BUCKET } from './support/offerings.mjs';
import { press, tabTo } from './support/typing.mjs';

const CLAIM = `/claims/us-shared/${BUCKET}/payments-dev/receipts`;

describe('adopting a claim', { timeout: 120_000 }, () => {
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

  it('says what it does, and makes the claim Portico’s own', async () => {
    const { page } = dana;
    await page.goto('/claims');
    const row = page.locator('tr', { hasText: 'receipts' });
    await row.getByText('kubectl').waitFor();

    await page.goto(CLAIM);
    const adopt = page.locator('a[href$="/adopt"]').first();
    await tabTo(page, adopt);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Adopt receipts?' }).waitFor();
    await page.getByText('No value of its spec changes').waitFor();
    await page.goBack();
    await tabTo(page, adopt);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Adopt receipts?' }).waitFor();
    await page.reload();

    const why = page.getByLabel('Why');
    await tabTo(page, why);
    await press(page, [...'Made before Portico'], 30);
    assert.equal(await why.inputValue(), 'Made before Portico');
    await tabTo(page, page.getByRole('button', { name: 'Adopt claim' }));
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === CLAIM);
    // It is applied by the worker, and the page follows.
    await adopt.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Change', exact: true }).first().waitFor();
    await page.goto('/claims');
    await row.waitFor();
    assert.equal(await row.getByText('kubectl').count(), 0);
    assertQuiet(dana);
  });
});
