// Pages when they are empty, very full, with the longest names, with a control plane down, and with errors:
// nothing overflows a narrow screen and axe-core finds nothing. Screenshots are in target/screenshots for
// review.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { violations } from './support/axe.mjs';
import { launch, signedIn, workIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { BUCKET, CACHE } from './support/offerings.mjs';
import { open } from './support/pages.mjs';
import { controlPlane } from './support/planes.mjs';

const screenshots = process.env.PORTICO_SCREENSHOTS ?? fileURLToPath(new URL('../../target/screenshots', import.meta.url));
const widths = [360, 1280, 1920];
const buckets = '/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets';
// The longest names: fifty characters, with few and with no places for a line break.
const long = 'a-bucket-whose-name-is-as-long-as-names-may-ever-b';
const unbroken = 'x'.repeat(50);
const wide = 'offerings.with-a-group-that-is-as-long-as-they-come.states.portico.dev';

/** Takes the pictures, in both colour schemes, and says what is wrong with them. */
async function judge({ page }, name, at) {
  const found = [];
  await open(page, at);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(screenshots, `state-${name}-${colorScheme}-${width}.png`), fullPage: true });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (beyond > 1) found.push(`at ${width} px it is ${beyond} px too wide`);
      const judged = colorScheme === 'light' ? width !== 1920 : width === 1280;
      if (judged) found.push(...(await violations(page)).map((line) => `${width} px, ${colorScheme}: ${line}`));
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.deepEqual([...new Set(found)], []);
}

describe('empty pages', { timeout: 120_000 }, () => {
  let demo, browser, dana, ada;

  before(async () => {
    await mkdir(screenshots, { recursive: true });
    demo = await startDemo('--empty');
    browser = await launch();
    [dana, ada] = [await signedIn(browser, demo, 'dana'), await signedIn(browser, demo, 'ada')];
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const [name, at] of [['home', '/'], ['claims', '/claims'], ['requests', '/requests']]) {
    it(name, async () => judge(dana, `nothing-${name}`, at));
  }
  it('approvals', async () => judge(ada, 'nothing-approvals', '/approvals'));
});

describe('full pages, long names, a control plane that is down', { timeout: 420_000 }, () => {
  let demo, browser, dana, ada, pat, vic;

  before(async () => {
    demo = await startDemo();
    const tenants = join(demo.configuration, 'tenants.yaml');
    const text = await readFile(tenants, 'utf8');
    await writeFile(tenants, text.replaceAll(/^ {4}claims: \d+$/gm, '    claims: 100000').replaceAll(/^ {4}(cpu|memoryGiB|storageGiB): \d+$/gm, '    $1: 100000'));
    await addADeadControlPlane(demo.configuration);

    const plane = await controlPlane(demo, 'eu-shared');
    const offerings = Array.from({ length: 60 }, (_, number) => definition(number));
    await plane.createAll('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', offerings);
    const claims = Array.from({ length: 300 }, (_, number) => bucket(`bucket-${String(number).padStart(3, '0')}`));
    await plane.createAll(buckets, [...claims, bucket(long), bucket(unbroken)]);

    browser = await launch();
    [dana, ada, pat, vic] = await Promise.all(['dana', 'ada', 'pat', 'vic'].map((who) => signedIn(browser, demo, who)));
    await workIn(dana.page, 'Payments', 'production');
    const token = await dana.page.locator('input[name="_csrf"]').first().inputValue();
    const names = [...Array.from({ length: 38 }, (_, number) => `wanted-${number}`), long, unbroken];
    for (const name of names) {
      const data = { offering: CACHE, name, note: name === long ? 'For the migration. '.repeat(40) : undefined };
      const sent = await dana.page.request.post('/api/v1/requests', { data, headers: { 'x-portico-csrf': token, origin: demo.portal } });
      assert.equal(sent.status(), 201, await sent.text());
    }
    await workIn(dana.page, 'Payments', 'dev');
    for (const row of [unbroken, 'bucket-299']) {
      await dana.page.goto(`/claims?q=${row}`);
      await dana.page.getByRole('link', { name: row }).first().waitFor();
    }
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  const pages = [
    ['much-home', () => dana, '/'],
    ['much-catalog', () => dana, '/catalog'],
    ['much-claims', () => dana, '/claims'],
    ['much-requests', () => dana, '/requests'],
    ['much-approvals', () => ada, '/approvals'],
    ['long-claims', () => dana, `/claims?q=${unbroken.slice(0, 20)}`],
    ['long-claim', () => dana, `/claims/eu-shared/${BUCKET}/payments-dev/${unbroken}`],
    ['long-claim-delete', () => dana, `/claims/eu-shared/${BUCKET}/payments-dev/${long}/delete`],
    ['long-request', () => ada, async (page) => {
      await page.goto('/requests');
      return page.getByRole('link', { name: long }).first().getAttribute('href');
    }],
    ['long-offering', () => dana, `/catalog/${wide}`],
    ['long-form', () => dana, `/catalog/${wide}/request`],
    ['dead-control-planes', () => pat, '/admin/control-planes'],
    ['dead-control-plane', () => pat, '/admin/control-planes/dead'],
    ['dead-form', () => dana, `/catalog/${BUCKET}/request?_plane=dead`],
    ['refused', () => vic, `/catalog/${BUCKET}/request`],
  ];
  for (const [name, who, at] of pages) {
    it(name, async () => judge(who(), name, at));
  }
});

function bucket(name) {
  return { apiVersion: 'storage.demo.portico.dev/v1', kind: 'Bucket', metadata: { name, namespace: 'payments-dev' }, spec: {} };
}

/** One of many offerings; the first has the longest of everything. */
function definition(number) {
  const longest = number === 0;
  const plural = longest ? 'offerings' : `things${number}`;
  const group = longest ? wide.slice(wide.indexOf('.') + 1) : 'states.portico.dev';
  const kind = longest ? 'OfferingWithAKindAsLongAsTheyCome' : `Thing${number}`;
  const word = 'Anunusuallylongwordwithoutanyplacetobreaktheline';
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: { 'portico.dev/offered': 'true' },
      annotations: {
        'portico.dev/title': longest ? `Offering with a title of many words that goes on and on ${word}` : `Thing ${number}`,
        'portico.dev/category': ['databases', 'queues', 'storage', 'other'][number % 4],
        'portico.dev/summary': longest ? `${word} ${'and further words '.repeat(20)}` : 'One of many things.',
      },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{
        name: 'v1', served: true, storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', required: ['size'], properties: {
          size: { type: 'integer', description: 'How large.' },
          [`${word}field`]: { type: 'string', description: `${word} ${'more words '.repeat(30)}`, default: word.repeat(3) },
          choice: { type: 'string', enum: [`${word}one`, `${word}two`, 'three'] },
        } } } } },
      }],
    },
  };
}

/** A control plane whose port is closed, which each tenant of the shared ones may use. */
async function addADeadControlPlane(folder) {
  const kubeconfig = `apiVersion: v1
kind: Config
current-context: dead
clusters: [{ name: dead, cluster: { server: 'http://127.0.0.1:9' } }]
users: [{ name: dead, user: { token: none } }]
contexts: [{ name: dead, context: { cluster: dead, user: dead } }]
`;
  const document = `apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: { name: dead, labels: { shared: "true", region: eu-north } }
spec:
  title: A control plane with a long title that nobody has heard of for quite a while
  region: eu-north
  connection: { kubeconfig: { path: dead.kubeconfig } }
`;
  await writeFile(join(folder, 'dead.kubeconfig'), kubeconfig);
  await writeFile(join(folder, 'control-planes-dead.yaml'), document);
}
