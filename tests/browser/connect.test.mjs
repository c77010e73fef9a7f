// The connection page: public values are shown, secrets are hidden, copied without being shown, or revealed, and
// snippets are complete.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { POSTGRESQL } from './support/offerings.mjs';

const orders = `/claims/eu-shared/${POSTGRESQL}/payments-dev/orders`;
const host = /orders\.payments-dev\.eu-shared/;

describe('connecting', { timeout: 180_000 }, () => {
  let demo, browser, dana, vic, password;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dana = await signedIn(browser, demo, 'dana');
    await dana.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.portal });
    vic = await signedIn(browser, demo, 'vic');
    await dana.page.goto(orders);
    await dana.page.locator('.verdict', { hasText: /It works/ }).waitFor({ timeout: 60_000 });
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  const connect = () => dana.page.getByRole('region', { name: 'Connect' });
  const clipboard = () => dana.page.evaluate(() => navigator.clipboard.readText());
  const row = (key) => connect().locator(`[data-keep="${key}"]`);

  async function open() {
    await dana.page.goto(orders);
    await dana.page.locator('html[data-alive]').waitFor();
  }

  /** Opens the tab, and returns what it shows. */
  async function snippet(title) {
    await connect().locator('label.tab', { hasText: title }).click();
    return connect().locator('.panel:visible');
  }

  it('shows public values, and dots for secrets', async () => {
    await open();
    for (const [key, value] of [['host', host], ['port', /^5432$/], ['database', /^\w+$/], ['username', /^admin$/]]) {
      assert.match((await row(key).innerText()).trim(), value, key);
    }
    assert.match(await row('password').innerText(), /●+/);
    assert.match(await connect().locator('.address code').innerText(), /^postgresql:\/\/admin:●+@orders\.payments-dev\.eu-shared.*:5432\//);
    const seen = await dana.page.content();
    assert.doesNotMatch(seen, /admin:[^●<@]+@/);
    // The same for a viewer, without a way to reveal.
    await vic.page.goto(orders);
    const theirs = vic.page.getByRole('region', { name: 'Connect' });
    assert.match(await theirs.innerText(), host);
    assert.equal(await theirs.getByRole('button', { name: /Reveal/ }).count(), 0);
  });

  it('copies the connection string without showing it', async () => {
    await open();
    await connect().getByRole('button', { name: 'Copy connection string' }).click();
    await dana.page.locator('#announcements', { hasText: 'Copied' }).waitFor();
    const copied = new URL(await clipboard());
    assert.equal(copied.username, 'admin');
    assert.match(copied.hostname, host);
    password = decodeURIComponent(copied.password);
    assert.ok(password.length > 8);
    assert.ok(!(await dana.page.content()).includes(password), 'the page does not contain the password');
  });

  it('copies a hidden secret and a revealed one', async () => {
    await open();
    await row('password').getByRole('button', { name: 'Copy password' }).click();
    await dana.page.locator('#announcements', { hasText: 'Copied' }).waitFor();
    assert.equal(await clipboard(), password);
    await row('password').getByRole('button', { name: 'Reveal password' }).click();
    await row('password').getByText(password, { exact: true }).waitFor();
    await dana.page.evaluate(() => navigator.clipboard.writeText(''));
    await row('password').getByRole('button', { name: 'Copy', exact: true }).click();
    await dana.page.waitForFunction(async () => (await navigator.clipboard.readText()) !== '');
    assert.equal(await clipboard(), password);
    await row('password').getByRole('button', { name: 'Hide' }).click();
    assert.match(await row('password').innerText(), /●+/);
    assert.ok(!(await dana.page.content()).includes(password));
  });

  it('does what was pressed, even if the page is refreshed before the answer', async () => {
    await open();
    const { page } = dana;
    await page.route('**/reveal', async (route) => {
      await new Promise((answer) => setTimeout(answer, 1500));
      await route.continue();
    });
    await row('password').getByRole('button', { name: 'Reveal password' }).click();
    const refreshed = page.waitForResponse((response) => response.request().method() === 'GET' && response.url() === page.url());
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await refreshed;
    await row('password').getByText(password, { exact: true }).waitFor();
    assert.ok(await row('password').getByRole('button', { name: 'Copy', exact: true }).isVisible());
    await page.unroute('**/reveal');
  });

  it('has commands and code snippets', async () => {
    await open();
    const psql = await (await snippet('psql')).locator('pre').innerText();
    assert.match(psql, /^psql "host=orders\.payments-dev\.eu-shared\S* port=5432 dbname=\w+ user=admin"/);
    assert.match(await (await snippet('Python')).locator('pre').innerText(), /host="orders\.payments-dev\.eu-shared/);
    assert.match(await (await snippet('Kubernetes')).locator('pre').first().innerText(), /name: PGPASSWORD\n.*\n.*key: password/);
  });

  it('changes tabs with the arrow keys, and keeps the tab when the page is refreshed', async () => {
    await open();
    await connect().getByRole('radio', { name: 'Values' }).focus();
    await dana.page.keyboard.press('ArrowRight');
    await dana.page.keyboard.press('ArrowRight');
    assert.ok(await connect().getByRole('radio', { name: 'Environment file' }).isChecked());
    assert.match(await connect().locator('.panel:visible').innerText(), /PGHOST=/);
    const refreshed = dana.page.waitForResponse((response) => response.request().method() === 'GET' && response.url() === dana.page.url());
    await dana.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await refreshed;
    await dana.page.waitForTimeout(300);
    assert.ok(await connect().getByRole('radio', { name: 'Environment file' }).isChecked());
    assert.equal(await connect().locator('.panel:visible').count(), 1);
  });

  it('copies the Secret as a manifest with its values, which are strings of YAML', async () => {
    await open();
    const panel = await snippet('Kubernetes');
    const shown = await panel.locator('pre').nth(1).innerText();
    assert.match(shown, /kind: Secret\n[^]*password: ●+\n/);
    assert.ok(!shown.includes(password));
    await panel.getByRole('button', { name: /^Copy/ }).nth(1).click();
    await dana.page.locator('#announcements', { hasText: 'Copied' }).waitFor();
    const copied = await clipboard();
    assert.ok(copied.includes(`\n  password: ${JSON.stringify(password)}\n`), copied.replaceAll(password, '…'));
    assert.match(copied, /\n {2}port: "5432"\n/);
  });

  it('copies a complete environment file, and shows it when everything is revealed', async () => {
    await open();
    const file = await snippet('Environment file');
    await file.getByRole('button', { name: /^Copy/ }).click();
    await dana.page.locator('#announcements', { hasText: 'Copied' }).waitFor();
    const lines = Object.fromEntries((await clipboard()).trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    assert.match(lines.PGHOST, host);
    assert.equal(lines.PGPORT, '5432');
    assert.equal(lines.PGPASSWORD.replaceAll("'", ''), password);
    assert.match(lines.DATABASE_URL, /postgresql:\/\/admin:/);
    assert.ok(!('PORT' in lines) && !('HOST' in lines), Object.keys(lines).join());
    assert.match(await file.locator('pre').innerText(), /PGPASSWORD=●+/);
    await connect().getByRole('button', { name: 'Reveal all' }).click();
    await file.getByText(password).first().waitFor();
    await snippet('Values');
    await row('password').getByText(password, { exact: true }).waitFor();
    await snippet('Environment file');
    assert.ok((await file.locator('pre').innerText()).includes(password));
  });

  it('offers the certificate as a file', async () => {
    await open();
    const [download] = await Promise.all([dana.page.waitForEvent('download'), row('ca.crt').getByRole('link', { name: /^Download/ }).click()]);
    assert.match(download.suggestedFilename(), /ca\.crt$/);
  });

  it('records each reveal', async () => {
    const pat = await signedIn(browser, demo, 'pat');
    const record = await (await pat.page.request.get('/api/v1/record')).text();
    assert.match(record, /"key":\s*"password"/);
    assert.match(record, /"key":\s*"uri"/);
    assert.ok(!record.includes(password));
  });

  it('logs no errors', () => assertQuiet(dana, vic));
});
