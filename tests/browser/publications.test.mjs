// A platform admin decides on what a tenant asks for, by the keyboard alone: one permission accepted, one refused, and both
// still so after a reload.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { tabTo } from './support/typing.mjs';

describe('permissions of a publication', { timeout: 120_000 }, () => {
  let demo, browser, pat;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    pat = await signedIn(browser, demo, 'pat');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  it('are accepted and refused one by one', async () => {
    const { page } = pat;
    await page.goto('/');
    await tabTo(page, page.getByRole('link', { name: 'Research wants to publish Queue' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What it asks for' }).waitFor();

    const permission = (id) => page.locator(`#${id}`);
    await tabTo(page, permission('takeClaims').getByRole('button', { name: 'Accept' }));
    await page.keyboard.press('Enter');
    await page.getByText('You accepted the permission.').waitFor();
    await permission('takeClaims').getByText('Pat Novak accepted it').waitFor();
    // The keyboard goes on from where it was.
    assert.equal(new URL(page.url()).hash, '#takeClaims');
    await tabTo(page, permission('readNotes').getByRole('button', { name: 'Refuse' }));
    await page.keyboard.press('Space');
    await page.getByText('You refused the permission.').waitFor();

    await page.reload();
    assert.equal(await permission('takeClaims').locator('.badge').innerText(), 'Accepted');
    assert.equal(await permission('readNotes').locator('.badge').innerText(), 'Refused');
    assert.equal(await permission('decide').locator('.badge').innerText(), 'Not decided');
    await page.getByText('In nobody’s', { exact: true }).waitFor();
    assertQuiet(pat);
  });
});
