// Emptied, null and blank values are submitted as they are shown, with and without scripts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { controlPlane } from './support/planes.mjs';

const offering = '/catalog/gates.forms.tests.dev/request';
const spec = {
  type: 'object',
  properties: {
    ports: { type: 'array', default: ['web', 'rpc'], items: { type: 'string' } },
    ttl: { type: 'string', default: '60s', description: 'How long it lives. Empty means for ever.' },
    class: { type: 'string', nullable: true },
    mode: {
      type: 'object',
      properties: {
        off: { type: 'object', properties: { why: { type: 'string' } } },
        on: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      },
      oneOf: [{ required: ['off'] }, { required: ['on'] }],
    },
  },
  required: ['mode', 'ports'],
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gates.forms.tests.dev', labels: { 'portico.dev/offered': 'true' } },
  spec: {
    group: 'forms.tests.dev',
    scope: 'Namespaced',
    names: { plural: 'gates', singular: 'gate', kind: 'Gate', listKind: 'GateList' },
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } },
    ],
  },
};

/** Waits for a condition, without a script in the page. */
async function until(what, right) {
  for (const begun = Date.now(); !(await right()); await new Promise((resolve) => setTimeout(resolve, 100))) {
    assert.ok(Date.now() - begun < 30_000, what);
  }
}

for (const scripts of [true, false]) {
  describe(`a form with scripts ${scripts ? 'on' : 'off'}`, { timeout: 180_000 }, () => {
    let demo, browser, dana, plane;

    before(async () => {
      demo = await startDemo();
      browser = await launch();
      dana = await signedIn(browser, demo, 'dana', { javaScriptEnabled: scripts });
      plane = await controlPlane(demo, 'eu-shared');
      await plane.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    });
    after(async () => {
      await browser?.close();
      await demo?.stop();
    });

    it('submits exactly what was emptied and chosen', async () => {
      const { page } = dana;
      await workIn(page, 'Payments', 'dev');
      await until('the kind to be offered', async () => {
        await page.goto(offering);
        return page.locator('[data-field="/spec/ports"]').count();
      });
      // Required fields are shown even when they have a default.
      assert.ok(await page.locator('[data-field="/spec/ports"]').isVisible());
      if (scripts) await page.locator('html[data-alive]').waitFor();
      const field = (name) => page.locator(`[data-field="${name}"]`);

      for (let left = 2; left > 0; left--) {
        await field('/spec/ports').getByRole('button', { name: 'Remove port 1' }).click();
        const items = page.locator('[data-field^="/spec/ports/"]');
        await until('the item to be removed', async () => (await items.count()) < left);
      }
      assert.equal(await field('/spec/ports').getByLabel('If it has no items').inputValue(), 'empty');

      await page.getByRole('radio', { name: 'Off', exact: true }).check();
      if (!scripts) await field('/spec/mode').first().getByRole('button', { name: 'Show its fields' }).click();
      await page.locator('[name="/spec/mode/off/why"]').waitFor();

      const more = page.locator('summary', { hasText: 'More options' });
      if (!(await page.locator('[name="/spec/ttl"]').isVisible())) await more.click();
      const ttl = page.locator('[name="/spec/ttl"]');
      const means = field('/spec/ttl').getByLabel('If left empty');
      assert.equal(await means.isVisible(), false, 'no question while the field has a text');
      await ttl.focus();
      await page.keyboard.press('Control+A');
      await page.keyboard.press('Backspace');
      await means.waitFor();
      assert.equal(await means.inputValue(), 'empty', 'a cleared field is sent as empty');
      await field('/spec/class').getByLabel('If left empty').selectOption('null');
      await page.locator('input[name="_name"]').pressSequentially('emptied', { delay: 20 });

      const wish = { ports: [], ttl: '', class: null, mode: { off: {} } };
      if (scripts) {
        const manifest = page.locator('#manifest');
        await until('the manifest to show the choice', async () => (await manifest.textContent()).includes('class: null'));
        const shown = await manifest.textContent();
        for (const line of ['ports: []', 'class: null', '"off": {}']) assert.ok(shown.includes(line), `${line} in ${shown}`);
        assert.match(shown, /ttl: (''|"")/);
      }
      await page.getByRole('button', { name: 'Request Gate' }).last().click();
      // Without approval, submitting leads to the claim.
      await page.waitForURL(/\/claims\/[^?]*\/emptied$/);
      let made;
      await until('the object to be created', async () => {
        made = await plane.merge('/apis/forms.tests.dev/v1/namespaces/payments-dev/gates/emptied').catch(() => null);
        return made;
      });
      assert.deepEqual(made.spec, wish);
    });

    it('shows the fields of the branch that is checked after going back', async () => {
      const { page } = dana;
      await page.goto(offering);
      if (scripts) await page.locator('html[data-alive]').waitFor();
      await page.getByRole('radio', { name: 'On', exact: true }).check();
      if (!scripts) await page.getByRole('button', { name: 'Show its fields' }).click();
      await page.locator('[name="/spec/mode/on/name"]').waitFor();
      await page.goto('/catalog');
      await page.goBack();
      const checked = page.getByRole('radio', { name: 'On', exact: true });
      await checked.waitFor();
      const fields = page.locator('[name="/spec/mode/on/name"]');
      await until('the fields match the checked branch', async () => (await checked.isChecked()) === Boolean(await fields.count()));
    });
  });
}
