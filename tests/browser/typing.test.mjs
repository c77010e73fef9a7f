// Typing key by key with pauses, through valid and invalid values: while the page updates, the field keeps the
// focus, the caret, its position and every key.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { BUCKET, POSTGRESQL, QUEUE } from './support/offerings.mjs';
import { controlPlane } from './support/planes.mjs';
import { assertHeld, atRest, hold, letters, press, slowDown } from './support/typing.mjs';

const back = (times) => Array(times).fill('Backspace');

/** Opens the fold around a field. */
async function unfold(page, selector) {
  await page.evaluate((selector) => {
    for (let fold = document.querySelector(selector)?.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  }, selector);
}

const input = (name) => `:is(input:not([type=hidden]), select, textarea)[name="${name}"]`;

/** A row more in a list or map, by its button. */
async function addTo(page, name) {
  const button = page.locator(`button[value="add:${name}"]`);
  await unfold(page, `button[value="add:${name}"]`);
  await button.click();
}

/** What is typed into what: the keys go from what is right to what is wrong and back. `value` is what is there then. */
const CASES = [
  { kind: 'a name', at: POSTGRESQL, field: '_name', keys: [...letters('ab-C'), ...back(1), ...letters('d')], value: 'ab-d' },
  { kind: 'a quantity', at: POSTGRESQL, field: '/spec/storage/size', keys: ['Control+a', ...letters('9000Gi'), ...back(5), ...letters('0Gi')], value: '90Gi' },
  { kind: 'a text that must match', at: POSTGRESQL, field: '/spec/backup/schedule', keys: ['Control+a', ...letters('0 3 * *'), ...letters(' *')], value: '0 3 * * *' },
  { kind: 'an address', at: POSTGRESQL, field: '/spec/contact', keys: letters('me@example.org'), value: 'me@example.org' },
  { kind: 'a number', at: POSTGRESQL, field: '/spec/maintenance/hour', keys: ['Control+a', ...letters('99'), ...back(1)], value: '9' },
  { kind: 'a choice of many', at: POSTGRESQL, field: '/spec/maintenance/day', keys: ['ArrowUp', 'ArrowUp', 'ArrowUp'], value: 'thursday' },
  { kind: 'a choice of few', at: POSTGRESQL, field: '/spec/version', check: '16', keys: ['ArrowDown', 'ArrowUp', 'ArrowUp'], radio: '15' },
  { kind: 'yes or no', at: POSTGRESQL, field: '/spec/backup/enabled', keys: ['Space', 'Space', 'Space'], checked: false },
  { kind: 'a row of a list', at: POSTGRESQL, add: '/spec/databases', field: '/spec/databases/0/name', keys: [...letters('orD'), ...back(1), ...letters('d_1')], value: 'ord_1' },
  { kind: 'a key of a map', at: POSTGRESQL, add: '/spec/parameters', field: '/spec/parameters/@0/key', keys: letters('port_x'), value: 'port_x' },
  { kind: 'a value of a map', at: POSTGRESQL, add: '/spec/parameters', field: '/spec/parameters/@0/value', keys: letters('on of'), value: 'on of' },
  { kind: 'a reference to a secret', at: BUCKET, field: '/spec/replication/credentialsSecretRef/name', keys: [...letters('a-'), ...letters('b')], value: 'a-b' },
  { kind: 'whole number or text', at: POSTGRESQL, query: '?_plan=large', field: '/spec/resources/cpu', keys: ['Control+a', ...letters('1x'), ...back(1), ...letters('0')], value: '10' },
  { kind: 'the YAML', at: POSTGRESQL, yaml: true, field: '_yaml', keys: ['Control+a', 'Delete', ...letters('spec: {version: "99"'), ...back(3), ...letters('16", storage: {size: 20Gi}}')], value: 'spec: {version: "16", storage: {size: 20Gi}}' },
  { kind: 'a note', at: QUEUE, production: true, field: '_note', keys: letters('for pay-outs'), value: 'for pay-outs' },
];

describe('typing', { timeout: 420_000 }, () => {
  let demo, browser, dev, production;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
    dev = await signedIn(browser, demo, 'dana');
    await workIn(dev.page, 'Payments', 'dev');
    production = await signedIn(browser, demo, 'dana');
    await workIn(production.page, 'Payments', 'production');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  /** Opens the form of a case in a tab of its own and goes to its field. */
  async function open(one) {
    const page = await (one.production ? production : dev).context.newPage();
    page.on('pageerror', (error) => dev.complaints.push(`${one.kind}: ${error}`));
    await page.goto(`/catalog/${one.at}/request${one.query ?? ''}`);
    await page.locator('html[data-alive]').waitFor();
    // Input of earlier tests is irrelevant here.
    await page.evaluate(() => sessionStorage.clear());
    if (one.yaml) {
      await page.getByRole('button', { name: 'YAML', exact: true }).click();
      await page.locator('textarea[name=_yaml]').waitFor();
    }
    if (one.add) {
      await addTo(page, one.add);
      await page.locator(input(one.field)).waitFor();
    }
    const field = page.locator(input(one.field) + (one.check ? `[value="${one.check}"]` : '')).last();
    await unfold(page, input(one.field));
    if (one.check) {
      await field.check();
      await atRest(page);
    }
    return { page, field };
  }

  async function typed(one, pause, latency = 0) {
    const { page, field } = await open(one);
    if (latency) await slowDown(page, latency);
    await hold(page, field);
    await press(page, one.keys, pause);
    await page.waitForTimeout(latency * 2);
    await atRest(page);
    const what = `${one.kind}, ${pause} ms${latency ? `, over ${latency} ms` : ''}`;
    const end = one.radio ? page.locator(`${input(one.field)}[value="${one.radio}"]`) : field;
    await assertHeld(page, end, { value: one.value ?? one.checked ?? true, what });
    await page.close();
  }

  for (const pause of [0, 150, 400, 600, 1200]) {
    it(`keeps focus, caret, place and every key, with ${pause} ms between the keys`, async () => {
      // Only a few fast ones at a time, so that the machine keeps up.
      const together = pause < 400 ? 5 : CASES.length;
      for (let index = 0; index < CASES.length; index += together) {
        await Promise.all(CASES.slice(index, index + together).map((one) => typed(one, pause)));
      }
    });
  }

  it('keeps them on a slow link', async () => {
    const some = CASES.filter((one) => ['a name', 'a quantity', 'the YAML', 'a row of a list'].includes(one.kind));
    await Promise.all(some.map((one) => typed(one, 450, 700)));
  });

  it('keeps the input while another request is running', async () => {
    const { page, field } = await open(CASES[0]);
    await slowDown(page, 900);
    await page.getByRole('radio', { name: /^Medium/ }).check();
    await hold(page, field);
    await press(page, letters('typed-meanwhile'), 60);
    await page.locator('.sentence', { hasText: 'medium' }).waitFor();
    await atRest(page);
    await assertHeld(page, field, { value: 'typed-meanwhile', what: 'a plan chosen before' });
    assert.ok(await page.getByRole('radio', { name: /^Medium/ }).isChecked());
    // Every quick click counts once.
    const add = page.locator('button[value="add:/spec/databases"]');
    await add.click();
    await add.click();
    await page.locator(input('/spec/databases/1/name')).waitFor();
    await atRest(page);
    assert.equal(await page.locator(input('/spec/databases/2/name')).count(), 0);
    assert.equal(await field.inputValue(), 'typed-meanwhile');
    await page.close();
  });

  it('shows no errors in the middle of a word, all of them after a pause, and removes them at once', async () => {
    const { page, field } = await open(CASES[0]);
    const problem = page.locator('#name-problems');
    await field.focus();
    await press(page, letters('Or'), 300);
    await page.waitForTimeout(450);
    assert.equal(await problem.count(), 0, 'no error in the middle of a word');
    await problem.waitFor({ timeout: 5000 });
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    const begun = Date.now();
    await press(page, [...back(2), ...letters('or')], 0);
    await problem.waitFor({ state: 'detached' });
    assert.ok(Date.now() - begun < 3000, `it took ${Date.now() - begun} ms`);
    // Leaving the field ends the word.
    await press(page, letters('-'), 0);
    await page.keyboard.press('Tab');
    await problem.waitFor();
    await page.close();
  });

  it('does not jump when the quota is exceeded, and shows that in view', async () => {
    const { page, field } = await open(CASES[1]);
    await hold(page, field);
    const scrolled = await page.evaluate(() => scrollY);
    await press(page, ['Control+a', ...letters('9000Gi')], 60);
    const said = page.getByRole('complementary', { name: 'Summary' }).getByText(/quota|more than/i).last();
    await said.waitFor();
    await atRest(page);
    await assertHeld(page, field, { value: '9000Gi', what: 'too much' });
    assert.equal(await page.evaluate(() => scrollY), scrolled);
    assert.equal(await page.locator('.request-main #problems').count(), 0);
    const seen = await page.locator('.send .problem').last().evaluate((said) => {
      const place = said.getBoundingClientRect();
      return place.top >= 0 && place.bottom <= innerHeight;
    });
    assert.ok(seen, 'the problem is in view');
    await page.close();
  });

  it('understands an amount as people write it, once they leave the field', async () => {
    const { page, field } = await open(CASES[1]);
    await hold(page, field);
    await press(page, ['Control+a', ...letters('30 gib')], 60);
    await atRest(page);
    await assertHeld(page, field, { value: '30 gib', what: 'an amount' });
    await page.keyboard.press('Tab');
    assert.equal(await field.inputValue(), '30');
    await atRest(page);
    assert.equal(await field.getAttribute('aria-invalid'), null);
    await page.getByText('The exact manifest').click();
    await page.locator('#manifest', { hasText: 'size: 30Gi' }).waitFor();
    await page.close();
  });

  it('keeps everything while messages arrive', async () => {
    const { page } = dev;
    const plane = await controlPlane(demo, 'eu-shared');
    const object = '/apis/databases.demo.portico.dev/v1/namespaces/payments-dev/postgresqlinstances/orders';
    let count = 0;
    let stop = false;
    const messages = (async () => {
      while (!stop) {
        count += 1;
        await plane.merge(object, { metadata: { annotations: { 'example.org/count': `${count}` } } });
        await new Promise((done) => setTimeout(done, 120));
      }
    })();
    try {
      await page.goto('/claims');
      await page.locator('html[data-alive]').waitFor();
      const search = page.getByRole('searchbox').first();
      for (const pause of [0, 150, 600]) {
        await search.fill('');
        await hold(page, search);
        await press(page, letters('orders'), pause);
        await page.waitForTimeout(800);
        await assertHeld(page, search, { value: 'orders', what: `search, ${pause} ms` });
      }
      const sent = await production.page.request.post('/api/v1/requests', {
        data: { offering: QUEUE, name: 'to-comment' },
        headers: { 'x-portico-csrf': await production.page.locator('input[name="_csrf"]').first().inputValue(), origin: demo.portal },
      });
      assert.equal(sent.status(), 201, await sent.text());
      await production.page.goto(`/requests/${(await sent.json()).id}`);
      await production.page.locator('html[data-alive]').waitFor();
      const comment = production.page.locator('textarea[name="_comment"]').first();
      await hold(production.page, comment);
      await press(production.page, letters('till Friday'), 400);
      await assertHeld(production.page, comment, { value: 'till Friday', what: 'comment' });
    } finally {
      stop = true;
      await messages;
    }
  });

  it('logs no errors', () => assertQuiet(dev, production));
});
