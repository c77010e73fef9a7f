// Errors of a form: after a failed submit the focus is on the list, the title says so, each entry leads to its
// field, and the YAML editor names its errors.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { BUCKET, POSTGRESQL } from './support/offerings.mjs';
import { letters, press } from './support/typing.mjs';

describe('an error', { timeout: 180_000 }, () => {
  let demo, browser;

  before(async () => {
    demo = await startDemo();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? 'with scripts' : 'without scripts';

    async function form(offering) {
      const opened = await signedIn(browser, demo, 'dana', { javaScriptEnabled });
      await workIn(opened.page, 'Payments', 'dev');
      await opened.page.goto(`/catalog/${offering}/request`);
      if (javaScriptEnabled) await opened.page.locator('html[data-alive]').waitFor();
      return opened;
    }

    it(`in the list links to its field, ${how}`, async () => {
      const opened = await form(POSTGRESQL);
      const { page } = opened;
      await page.locator('input[name="_name"]').click();
      await press(page, letters('Not A Name'), 0);
      await page.locator('input[name="/spec/storage/size"]').click();
      await press(page, ['Control+a', ...letters('plenty')], 0);
      await page.getByRole('button', { name: 'Request PostgreSQL' }).click();
      const list = page.getByRole('alert').first();
      await list.waitFor();
      assert.match(await page.title(), /^Error: /);
      assert.equal(await page.evaluate(() => document.activeElement.id), 'problems', 'the list of errors has the focus');
      const entries = page.locator('#problems li');
      assert.ok((await entries.count()) >= 2);
      for (const entry of await entries.all()) {
        const link = entry.locator('a');
        assert.equal(await link.count(), 1, await entry.innerText());
        await link.focus();
        await page.keyboard.press('Enter');
        const target = (await link.getAttribute('href')).slice(1);
        // The target of the next Tab: the field or its container.
        const reached = await page.evaluate((id) => {
          const target = document.getElementById(decodeURIComponent(id));
          const place = target?.getBoundingClientRect();
          return Boolean(target) && target.contains(document.activeElement) && place.height > 0 && place.top < innerHeight && place.bottom > 0;
        }, target);
        assert.ok(reached, `${await entry.innerText()} leads to its field`);
      }
      if (javaScriptEnabled) assertQuiet(opened);
      await opened.context.close();
    });

    it(`does not appear after a review without problems, and the result has the focus, ${how}`, async () => {
      const { page, context } = await form(BUCKET);
      await page.locator('input[name="_name"]').click();
      await press(page, letters('reviewed'), 0);
      await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: 'Review' }).click();
      await page.getByText('The control plane would accept it').waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), 'dry-run');
      assert.doesNotMatch(await page.title(), /^Error/);
      await context.close();
    });
  }

  it('stays listed until it is fixed, and the list stays', async () => {
    const { page, context } = await signedIn(browser, demo, 'dana');
    await workIn(page, 'Payments', 'dev');
    await page.goto(`/catalog/${BUCKET}/request`);
    await page.locator('html[data-alive]').waitFor();
    await page.getByRole('button', { name: /^Request Object/ }).click();
    await page.locator('#problems', { hasText: 'problem to solve' }).waitFor();
    await page.locator('html[data-alive]').waitFor();
    const name = page.locator('input[name="_name"]');
    await name.click();
    const before = await name.evaluate((name) => name.getBoundingClientRect().top);
    await press(page, letters('solved'), 60);
    await page.getByText('Every problem is solved').waitFor();
    const moved = Math.abs((await name.evaluate((name) => name.getBoundingClientRect().top)) - before);
    const line = await page.evaluate(() => parseFloat(getComputedStyle(document.body).lineHeight));
    // Its own error was above it.
    assert.ok(moved <= line + 1, `the field moved by ${moved} px, and a line has ${line} px`);
    assert.equal(await name.inputValue(), 'solved');
    await context.close();
  });

  it('is shown at the YAML editor, with its line', async () => {
    const { page, context } = await signedIn(browser, demo, 'dana');
    await workIn(page, 'Payments', 'dev');
    await page.goto(`/catalog/${POSTGRESQL}/request`);
    await page.locator('html[data-alive]').waitFor();
    await page.getByRole('button', { name: 'YAML', exact: true }).click();
    const editor = page.locator('textarea[name="_yaml"]');
    await editor.click();
    await press(page, ['Control+a', 'Delete', ...letters('spec:\n  version: "99"\n  storage: {size: 20Gi}\nbogus: 1\n')], 10);
    const said = page.locator('#yaml-problems');
    await said.getByText(/^Line 2: .*version/).waitFor();
    await said.getByText(/^Line 4: .*bogus/).waitFor();
    assert.equal(await editor.getAttribute('aria-invalid'), 'true');
    assert.match(await editor.getAttribute('aria-describedby'), /yaml-problems/);
    // Unreadable input is reported with its line too.
    await press(page, ['Control+a', 'Delete', ...letters('spec:\n  version: [\n')], 10);
    await page.waitForFunction(() => document.querySelectorAll('#yaml-problems .problem').length === 1);
    assert.match(await said.innerText(), /^Line \d+: /);
    await context.close();
  });
});
