// Form input survives a reload, a switch of the environment, going back and the end of the session. It is
// discarded when it is submitted, thrown away, or its person signs out.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { launch, people, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { BUCKET, POSTGRESQL } from './support/offerings.mjs';
import { atRest, letters, press } from './support/typing.mjs';

const form = `/catalog/${POSTGRESQL}/request`;

describe('form input', { timeout: 240_000 }, () => {
  let demo, browser, page, context;
  const name = () => page.locator('input[name="_name"]');
  const size = () => page.locator('input[name="/spec/storage/size"]');
  const amount = async () => (await size().inputValue()) + (await page.locator('[name="/spec/storage/size/@unit"]').inputValue());
  const restored = () => page.getByText(/^Restored from /);

  before(async () => {
    demo = await startDemo();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });
  beforeEach(async () => {
    await context?.close();
    ({ page, context } = await signedIn(browser, demo, 'dana'));
    await workIn(page, 'Payments', 'dev');
  });

  async function open(at = form) {
    await page.goto(at);
    await page.locator('html[data-alive]').waitFor();
  }

  async function fillIn() {
    await open();
    await name().click();
    await press(page, letters('typed-before'), 0);
    await size().click();
    await press(page, ['Control+a', ...letters('40Gi')], 0);
    await page.getByRole('button', { name: 'Add database' }).click();
    await page.locator('input[name="/spec/databases/0/name"]').waitFor();
    await press(page, letters('ledger'), 0);
    await atRest(page);
  }

  async function assertThere() {
    await restored().waitFor();
    assert.equal(await name().inputValue(), 'typed-before');
    assert.equal(await amount(), '40Gi');
    assert.equal(await page.locator('input[name="/spec/databases/0/name"]').inputValue(), 'ledger');
  }

  async function signIn() {
    await page.getByRole('link', { name: /^Continue with/ }).click();
    await page.getByRole('button', { name: people.dana }).click();
    await page.waitForURL((url) => url.origin === new URL(demo.portal).origin);
  }

  it('survives a reload, until it is thrown away', async () => {
    await fillIn();
    await page.reload();
    await assertThere();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.waitForFunction(() => document.querySelector('input[name="_name"]')?.value === '');
    await page.locator('html[data-alive]').waitFor();
    await atRest(page);
    assert.equal(await restored().count(), 0);
    assert.equal(await name().inputValue(), '');
  });

  it('is gone once it was sent, also if one leaves the next page before its code has loaded', async () => {
    await open();
    await name().click();
    await press(page, letters('sent-once'), 0);
    await atRest(page);
    await context.route('**/*.wasm', (route) => route.abort());
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request/ }).click();
    await page.waitForURL(/\/claims\/[^?]*\/sent-once$/);
    await context.unroute('**/*.wasm');
    await open();
    await atRest(page);
    assert.equal(await restored().count(), 0);
    assert.equal(await name().inputValue(), '');
  });

  it('survives a switch of the environment', async () => {
    await fillIn();
    await workIn(page, 'Payments', 'production');
    await assertThere();
    assert.match(await page.locator('main').innerText(), /payments\/production/);
  });

  it('survives going elsewhere and back', async () => {
    await fillIn();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click();
    await page.waitForURL(/catalog$/);
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('input[name="_name"]')?.value === 'typed-before');
  });

  it('is neither submitted nor lost by who submits before it is back', async () => {
    await fillIn();
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    await page.route('**/request', async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue();
    });
    await open();
    await name().click();
    await press(page, letters('meanwhile'), 30);
    await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: /^Request/ }).click();
    await page.locator('#toast', { hasText: 'Nothing was sent' }).waitFor();
    assert.equal(new URL(page.url()).pathname, form);
    await page.reload();
    await page.locator('html[data-alive]').waitFor();
    letGo();
    await assertThere();
    await page.unroute('**/request');
  });

  it('is overridden by the choice of a link', async () => {
    await fillIn();
    await page.goto(`/catalog/${POSTGRESQL}`);
    await page.getByRole('link', { name: 'Choose Medium' }).click();
    await restored().waitFor();
    assert.ok(await page.getByRole('radio', { name: /^Medium/ }).isChecked());
    assert.equal(await name().inputValue(), 'typed-before');
  });

  it('survives the end of the session when submitting, and is discarded once it is submitted', async () => {
    await fillIn();
    await context.clearCookies();
    await page.getByRole('button', { name: 'Request PostgreSQL' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await signIn();
    await workIn(page, 'Payments', 'dev');
    await assertThere();
    await page.getByRole('button', { name: 'Request PostgreSQL' }).click();
    await page.waitForURL(/\/(requests|claims)\//);
    await page.locator('html[data-alive]').waitFor();
    await open();
    await atRest(page);
    assert.equal(await restored().count(), 0);
    assert.equal(await name().inputValue(), '');
  });

  it('survives the end of the session while typing', async () => {
    await fillIn();
    await context.clearCookies();
    await name().click();
    await page.keyboard.press('End');
    await press(page, letters('x'), 0);
    const word = page.locator('#toast');
    await word.getByText('Your session has ended').waitFor();
    assert.equal(await name().inputValue(), 'typed-beforex');
    await word.getByRole('link', { name: 'Sign in' }).click();
    await signIn();
    await restored().waitFor();
    assert.equal(await name().inputValue(), 'typed-beforex');
  });

  it('is marked as unsaved without a network', async () => {
    await fillIn();
    await context.setOffline(true);
    await name().click();
    await press(page, letters('y'), 0);
    await page.locator('#toast', { hasText: 'cannot be reached' }).waitFor();
    await context.setOffline(false);
    await press(page, letters('z'), 0);
    await page.locator('#toast').waitFor({ state: 'detached' });
  });

  it('is discarded at sign-out, and no other person sees it', async () => {
    await fillIn();
    await page.getByLabel(/^Signed in as/).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/sign-in|logout|signed-out/);
    await page.goto('/sign-in');
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('draft:'))), []);
  });

  it('contains no secrets', async () => {
    await open();
    await page.evaluate(() => {
      const secret = Object.assign(document.createElement('input'), { type: 'password', name: '/spec/secret', value: 'hunter2' });
      document.querySelector('form[data-form]').append(secret);
    });
    await name().click();
    await press(page, letters('a'), 0);
    const kept = await page.evaluate(() => JSON.stringify(sessionStorage));
    assert.match(kept, /_name=a/);
    assert.doesNotMatch(kept, /hunter2|_csrf/);
  });

  it('survives the end of the session without scripts, too', async () => {
    const still = await signedIn(browser, demo, 'dana', { javaScriptEnabled: false });
    await workIn(still.page, 'Payments', 'dev');
    await still.page.goto(`/catalog/${BUCKET}/request`);
    await still.page.locator('input[name="_name"]').fill('typed-before');
    await still.context.clearCookies();
    await still.page.getByRole('button', { name: /^Request Object/ }).click();
    await still.page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    const [other] = await Promise.all([still.context.waitForEvent('page'), still.page.getByRole('link', { name: /^Sign in/ }).click()]);
    await other.getByRole('link', { name: /^Continue with/ }).click();
    await other.getByRole('button', { name: people.dana }).click();
    await other.getByRole('navigation', { name: 'Main' }).waitFor();
    await still.page.getByRole('button', { name: 'Back to what I typed' }).click();
    await still.page.getByText('You signed in again').waitFor();
    assert.equal(await still.page.locator('input[name="_name"]').inputValue(), 'typed-before');
    await still.page.getByRole('button', { name: /^Request Object/ }).click();
    await still.page.waitForURL(/\/(requests|claims)\//);
    await still.context.close();
  });
});
