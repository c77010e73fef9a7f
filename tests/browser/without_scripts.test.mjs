// With scripts off, everything except live updates works.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';

const patience = 60_000;

/** Reloads until a thing is there: without scripts that is what people do. */
async function reloadUntil(page, locator) {
  for (const begun = Date.now(); !(await locator.isVisible()); ) {
    assert.ok(Date.now() - begun < patience, `${page.url()} never showed it:\n${await page.locator('main').innerText()}`);
    await page.waitForTimeout(200);
    await page.reload();
  }
}

describe('with scripts off', { timeout: 180_000 }, () => {
  let demo, browser, dana, ada;
  const off = { javaScriptEnabled: false };

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana', off);
    ada = await signedIn(browser, demo, 'ada', off);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  it('searches by a button', async () => {
    const { page } = dana;
    await page.goto('/catalog');
    await page.getByRole('searchbox', { name: 'Search the catalog' }).fill('rabbit');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/q=rabbit/);
    assert.equal(await page.locator('.cards h2').count(), 1);
  });

  it('shows errors beside the field, and keeps the input', async () => {
    const { page } = dana;
    await workIn(page, 'Payments', 'dev');
    await page.goto('/catalog/postgresqlinstances.databases.demo.portico.dev/request');
    await page.locator('input[name="_name"]').fill('Not A Name');
    await page.locator('input[name="/spec/storage/size"]').fill('plenty');
    await page.getByRole('button', { name: 'Request PostgreSQL' }).click();
    const size = page.locator('input[name="/spec/storage/size"]');
    assert.equal(await page.locator('input[name="_name"]').inputValue(), 'Not A Name');
    assert.equal(await size.inputValue(), 'plenty');
    assert.equal(await size.getAttribute('aria-invalid'), 'true');
    assert.ok((await page.getByRole('alert').first().innerText()).length > 10);
  });

  it('shows a broken rule beside the field', async () => {
    const { page } = dana;
    await page.goto('/catalog/buckets.storage.demo.portico.dev/request');
    await page.locator('input[name="_name"]').fill('ruled');
    await page.locator('summary', { hasText: 'More options' }).click();
    await page.getByRole('radio', { name: 'kms' }).check();
    await page.getByRole('button', { name: 'Request Object bucket' }).click();
    const field = page.locator('[data-field="/spec/encryption/key"]');
    await field.getByText('kms needs a key', { exact: false }).waitFor();
    assert.equal(await page.locator('input[name="/spec/encryption/key"]').getAttribute('aria-invalid'), 'true');
    assert.ok(await page.getByRole('radio', { name: 'kms' }).isChecked(), 'the choice is kept');
    await page.goto('/catalog/postgresqlinstances.databases.demo.portico.dev/request');
  });

  it('requests a database, sees it ready, reveals its password', async () => {
    const { page } = dana;
    await page.locator('input[name="_name"]').fill('plain-db');
    await page.locator('input[name="/spec/storage/size"]').fill('30Gi');
    await page.getByRole('button', { name: 'Request PostgreSQL' }).click();
    await page.waitForURL(/\/claims\/[^?]*\/plain-db$/);
    await reloadUntil(page, page.locator('.verdict', { hasText: /It works/ }));
    await page.locator('label.tab', { hasText: 'Kubernetes' }).click();
    assert.match(await page.locator('.panel:visible').innerText(), /kind: Secret/);
    await page.locator('label.tab', { hasText: 'Values' }).click();
    await page.getByRole('button', { name: /^Reveal password/i }).click();
    assert.ok((await page.locator('pre.revealed').innerText()).trim().length > 8);
  });

  it('approves', async () => {
    const { page } = dana;
    await workIn(page, 'Payments', 'production');
    await page.goto('/catalog/buckets.storage.demo.portico.dev/request');
    await page.locator('input[name="_name"]').fill('plain-bucket');
    await page.getByRole('button', { name: /^Request / }).last().click();
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    await ada.page.goto(page.url());
    await ada.page.getByRole('button', { name: 'Approve' }).click();
    await reloadUntil(page, page.locator('.state-line', { hasText: 'Applied' }));
  });
});
