// Measures the time from a status change on a control plane to the screen, in Chromium.

import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { launch, signedIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';

const times = 100;
const widgets = '/apis/tests.portico.dev/v1/namespaces/payments-dev/widgets';
const page = '/claims/eu-shared/widgets.tests.portico.dev/payments-dev/measured';

const condition = (number) => ({
  status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Measured', message: `status number ${number}` }] },
});

/** A control plane over plain HTTPS, by what its kubeconfig says. */
async function controlPlane(kubeconfig) {
  const text = await readFile(kubeconfig, 'utf8');
  const word = (name) => text.match(new RegExp(`"?${name}"?: "?([^\\s",]+)`))[1];
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(word('certificate-authority-data'), 'base64') });
  return (method, path, type, body) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${word('token')}`, 'content-type': type };
      const call = request(word('server') + path, { method, agent, headers }, (answer) => {
        let said = '';
        answer.on('data', (part) => (said += part));
        answer.on('end', () => (answer.statusCode < 300 ? resolve(said) : reject(new Error(`${path}: ${said}`))));
      });
      call.on('error', reject);
      call.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
}

const demo = await startDemo();
const browser = await launch();
try {
  const ask = await controlPlane(demo.controlPlanes.find((plane) => plane.name === 'eu-shared').kubeconfig);
  const kind = {
    group: 'tests.portico.dev',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  };
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', 'application/json', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.tests.portico.dev', labels: { 'portico.dev/offered': 'true' } },
    spec: kind,
  });
  await ask('POST', widgets, 'application/json', {
    apiVersion: 'tests.portico.dev/v1',
    kind: 'Widget',
    metadata: { name: 'measured' },
  });
  const { page: screen } = await signedIn(browser, demo, 'dana');
  for (let tries = 0; (await screen.goto(page)).status() !== 200; tries += 1) {
    if (tries > 50) throw new Error('the claim does not show');
    await screen.waitForTimeout(100);
  }
  await screen.locator('html[data-alive]').waitFor();
  await screen.evaluate(() => {
    globalThis.seen = {};
    new MutationObserver(() => {
      const number = document.querySelector('main').textContent.match(/status number (\d+)/)?.[1];
      if (number) globalThis.seen[number] ??= Date.now();
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  const took = [];
  // Warm up.
  for (let number = 0; number < times + 5; number += 1) {
    const begun = Date.now();
    await ask('PATCH', `${widgets}/measured/status`, 'application/merge-patch+json', condition(number));
    await screen.waitForFunction((wanted) => globalThis.seen[wanted], number, { polling: 20 });
    const at = await screen.evaluate((wanted) => globalThis.seen[wanted], number);
    if (number >= 5) took.push(at - begun);
    await screen.waitForTimeout(50);
  }
  took.sort((one, other) => one - other);
  const share = (percent) => took[Math.min(took.length - 1, Math.floor((took.length * percent) / 100))];
  const what = 'status change on a control plane until the browser shows it'.padEnd(72);
  console.log(`${what} p50 ${share(50)} ms, p99 ${share(99)} ms of ${times}`);
} finally {
  await browser.close();
  await demo.stop();
}
