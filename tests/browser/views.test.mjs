// The list of claims: views that a person saves under a name, and the filter that they used last.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { POSTGRESQL } from './support/offerings.mjs';

describe('views of the list of claims', { timeout: 120_000 }, () => {
  let demo, browser, dana;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana');
    await dana.page.goto('/claims');
    await dana.page.getByRole('link', { name: 'orders', exact: true }).first().waitFor({ timeout: 60_000 });
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  const views = (page) => page.getByRole('navigation', { name: 'Views' });
  const query = (page) => new URL(page.url()).search;

  it('shows the version of what has one, and sorts by it', async () => {
    const { page } = dana;
    await page.goto(`/claims?offering=${POSTGRESQL}`);
    // Some say nothing of their version.
    const versions = async () => (await page.locator('td[data-label="Version"]').allInnerTexts()).filter(Boolean);
    const some = await versions();
    assert.ok(some.length > 1 && some.every((version) => /^\d+$/.test(version)), some.join());
    await page.getByRole('link', { name: 'Version' }).click();
    await page.waitForURL(/sort=version/);
    const sorted = (await versions()).map(Number);
    assert.deepEqual(sorted, [...sorted].sort((one, other) => one - other));
  });

  it('saves the filters under a name, picks them again and deletes them, by keys', async () => {
    const { page } = dana;
    await page.goto('/claims?mine=true&sort=name');
    await page.locator('html[data-alive]').waitFor();
    await views(page).locator('summary', { hasText: 'Save this view' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Mine by name', { delay: 20 });
    await page.keyboard.press('Enter');
    const chip = views(page).getByRole('link', { name: 'Mine by name' });
    await chip.waitFor();
    assert.equal(query(page), '?mine=true&sort=name');
    assert.equal(await chip.getAttribute('aria-current'), 'true');

    await page.goto('/claims');
    await chip.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/mine=true&sort=name/);

    // It belongs to the person, not to the browser, and another person has none of it.
    const elsewhere = await signedIn(browser, demo, 'dana');
    await elsewhere.page.goto('/claims');
    await views(elsewhere.page).getByRole('link', { name: 'Mine by name' }).waitFor();
    const ada = await signedIn(browser, demo, 'ada');
    await ada.page.goto('/claims');
    assert.equal(await ada.page.getByRole('link', { name: 'Mine by name' }).count(), 0);
    await Promise.all([elsewhere.context.close(), ada.context.close()]);

    await views(page).getByRole('button', { name: 'Delete view Mine by name' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/claims' && url.search === '');
    assert.equal(await page.getByRole('link', { name: 'Mine by name' }).count(), 0);
  });

  it('offers the filter that was used last, and does not force it', async () => {
    const { page } = dana;
    await page.goto('/claims');
    await page.locator('html[data-alive]').waitFor();
    await page.getByRole('searchbox', { name: 'Search by name' }).pressSequentially('ord', { delay: 30 });
    await page.waitForURL(/q=ord/);
    await page.goto('/claims');
    assert.equal(query(page), '');
    await views(page).getByRole('link', { name: 'Last used: “ord”' }).click();
    await page.waitForURL(/q=ord/);
    // An address with a query wins.
    await page.goto('/claims?sort=age');
    assert.equal(await page.getByRole('searchbox', { name: 'Search by name' }).inputValue(), '');
    // A page that refreshes itself is not a choice.
    await page.goto('/claims?mine=true');
    const ord = await dana.context.newPage();
    await ord.goto('/claims?q=ord');
    const refreshed = page.waitForResponse((response) => response.url() === page.url());
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await refreshed;
    await ord.goto('/claims');
    await views(ord).getByRole('link', { name: 'Last used: “ord”' }).waitFor();
    await ord.close();
  });

  it('does all of it without scripts', async () => {
    const { page, context } = await signedIn(browser, demo, 'dana', { javaScriptEnabled: false });
    await page.goto('/claims?mine=true');
    await views(page).locator('summary', { hasText: 'Save this view' }).click();
    await page.getByRole('textbox', { name: 'Name of the view' }).fill('Mine');
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.waitForURL(/mine=true/);
    await page.goto('/claims');
    await views(page).getByRole('link', { name: 'Last used: only mine' }).waitFor();
    await views(page).getByRole('link', { name: 'Mine', exact: true }).click();
    await page.waitForURL(/mine=true/);
    await page.getByRole('button', { name: 'Delete view Mine' }).click();
    await page.waitForURL((url) => url.search === '');
    await context.close();
  });

  it('logs no errors', () => assertQuiet(dana));
});
