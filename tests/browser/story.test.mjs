// The main flow in a real browser, developer and approver side by side. No page is reloaded: changes on a
// control plane appear by themselves.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';

describe('the main flow, developer and approver side by side', { timeout: 240_000 }, () => {
  let demo, browser, dana, ada;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana');
    ada = await signedIn(browser, demo, 'ada');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  it('finds a database by typing what it needs', async () => {
    const { page } = dana;
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click();
    const search = page.getByRole('searchbox', { name: 'Search the catalog' });
    await search.fill('postgres');
    await page.waitForURL(/q=postgres/);
    const titles = page.locator('.cards h2');
    await page.waitForFunction(() => document.querySelectorAll('.cards h2').length === 1);
    assert.equal(await titles.textContent(), 'PostgreSQL');
  });

  it('gets a ready database in dev, without approval', async () => {
    const { page } = dana;
    await page.getByRole('link', { name: 'PostgreSQL', exact: true }).click();
    await workIn(page, 'Payments', 'dev');
    await page.getByRole('link', { name: 'Request PostgreSQL' }).click();
    await page.getByRole('textbox', { name: /^Name/ }).first().fill('browser-db');
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: 'Request PostgreSQL' }).click();
    // Submitting leads to the claim, whose page updates to Ready.
    await page.waitForURL(/\/claims\/[^?]*\/browser-db$/);
    await page.locator('.verdict', { hasText: /It works/ }).waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('main a[href^="/requests/"]').count(), 1, 'the request stays within reach');
  });

  it('shows a broken rule beside the field while typing, and removes it when fixed', async () => {
    const { page } = dana;
    await page.goto('/catalog/buckets.storage.demo.portico.dev/request');
    await page.locator('html[data-alive]').waitFor();
    await page.getByRole('textbox', { name: /^Name/ }).first().fill('ruled');
    await page.locator('summary', { hasText: 'More options' }).click();
    await page.getByRole('radio', { name: 'kms' }).check();
    const field = page.locator('[data-field="/spec/encryption/key"]');
    await field.getByText('kms needs a key', { exact: false }).waitFor();
    const key = page.locator('input[name="/spec/encryption/key"]');
    assert.equal(await key.getAttribute('aria-invalid'), 'true');
    await key.fill('kms://payments/files');
    await page.waitForFunction(() => !document.querySelector('[data-field="/spec/encryption/key"] .problem'));
    assert.match(page.url(), /\/request$/, 'the form was not submitted');
    await page.goto('/claims?q=browser-db');
    await page.getByRole('link', { name: 'browser-db' }).first().click();
  });

  it('reveals a password in place, and only on request', async () => {
    const { page } = dana;
    await page.waitForURL(/\/claims\/.+\/browser-db$/);
    await page.locator('html[data-alive]').waitFor();
    const connect = page.getByRole('region', { name: 'Connect' });
    await connect.getByRole('button', { name: /^Reveal password/i }).click();
    const value = connect.locator('[data-keep="password"]');
    await value.locator('.revealed').waitFor();
    assert.match(page.url(), /\/claims\//);
    assert.ok((await value.locator('.revealed').textContent()).trim().length > 8);
  });

  it('waits for approval in production, and continues at once when approved', async () => {
    const { page } = dana;
    await ada.page.goto('/approvals');
    await page.goto('/catalog/queues.messaging.demo.portico.dev/request');
    await workIn(page, 'Payments', 'production');
    await page.goto('/catalog/queues.messaging.demo.portico.dev/request');
    await page.getByRole('textbox', { name: /^Name/ }).first().fill('browser-queue');
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request / }).click();
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    await page.locator('.state-line', { hasText: 'Awaiting approval' }).waitFor();

    // The approver's queue updates.
    const row = ada.page.locator('.inbox-row', { hasText: 'browser-queue' });
    await row.waitFor({ timeout: 15_000 });
    await row.click();
    const open = ada.page.getByRole('article', { name: /browser-queue/ });
    await open.getByRole('textbox', { name: /^Comment/ }).fill('Fine by me');
    await open.getByRole('button', { name: 'Approve' }).click();

    await page.locator('.state-line', { hasText: 'Applied' }).waitFor({ timeout: 30_000 });
    await page.getByText('Fine by me').waitFor();
  });

  it('deletes it after typing its name', async () => {
    const { page } = dana;
    await page.goto('/claims');
    await page.getByRole('link', { name: 'browser-db', exact: true }).first().click();
    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('textbox', { name: /Type the claim/ }).fill('browser-db');
    await page.getByRole('button', { name: 'Delete claim' }).click();
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    await page.locator('.state-line', { hasText: 'Applied' }).waitFor({ timeout: 30_000 });
  });

  it('catches up after the portal was down', async () => {
    const { page } = dana;
    await workIn(page, 'Payments', 'dev');
    await page.goto('/claims');
    await page.locator('html[data-alive]').waitFor();
    await demo.crash();
    await demo.restart();
    // Changed outside this page: it must catch up after its connection was lost.
    const other = await dana.context.newPage();
    await other.goto('/catalog/buckets.storage.demo.portico.dev/request');
    await other.getByRole('textbox', { name: /^Name/ }).first().fill('after-the-crash');
    await other.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request / }).click();
    await other.waitForURL(/\/claims\/[^?]*\/after-the-crash$/);
    await other.close();
    await page.getByRole('link', { name: 'after-the-crash' }).waitFor({ timeout: 30_000 });
    dana.complaints.length = 0;
  });

  it('logs no errors', () => assertQuiet(dana, ada));
});
