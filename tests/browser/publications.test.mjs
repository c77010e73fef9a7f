// Services of tenants in the demo: one is accepted, so that its consumer finds it and has a claim of it; on another a platform
// admin decides by the keyboard alone, and what was decided is still so after a reload.

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

  it('are accepted for a service that its consumer has in the catalog', async () => {
    const dana = await signedIn(browser, demo, 'dana');
    const { page } = dana;
    await page.goto('/catalog?q=notebook');
    const card = page.locator('main article, main li').filter({ hasText: 'Notebook' }).first();
    await card.getByText('By team Research').waitFor();
    await page.goto('/claims?q=churn');
    await page.getByRole('link', { name: 'churn' }).first().click();
    await page.getByRole('heading', { name: 'churn' }).waitFor();
    const main = page.locator('main');
    await main.getByText('Ready', { exact: true }).first().waitFor({ timeout: 30_000 });
    await main.getByText('Research’s service').first().waitFor();
    await main.getByText('Research’s own').waitFor({ state: 'detached' });
    assertQuiet(dana);
  });

  it('let the publisher see whose claims are on its control plane', async () => {
    const ruth = await signedIn(browser, demo, 'ruth');
    const { page } = ruth;
    await page.goto('/admin/publications/research-notebooks');
    const row = page.getByRole('row').filter({ hasText: 'churn' });
    await row.getByText('Dana Okafor').waitFor();
    await page.getByRole('heading', { name: 'Payments' }).waitFor();
    await page.locator('#readNotes').getByText('Refused', { exact: true }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Accept' }).count(), 0);
    assertQuiet(ruth);
  });
});
