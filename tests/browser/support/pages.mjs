// Every kind of page that a signed-in person can come to, with something on it. `as` is who looks;
// `at` is the address, or a function that finds it.

import { BUCKET, POSTGRESQL, QUEUE } from './offerings.mjs';

const orders = `/claims/eu-shared/${POSTGRESQL}/payments-dev/orders`;

/** The address of the newest request in a list. */
async function aRequest(page) {
  await page.goto('/requests');
  return page.locator('main a[href^="/requests/"]').first().getAttribute('href');
}

/** The page of tokens, with one on it that was made just now. */
async function aToken(page) {
  await page.goto('/tokens');
  await page.locator('input[name="_name"]').fill('deploy pipeline');
  await page.getByRole('button', { name: 'Make token' }).click();
  await page.getByText('is made').waitFor();
  return '/tokens';
}

/** The usage of a tenant, with the numbers of each chart. */
async function usageNumbers(page) {
  await page.goto('/usage?days=7');
  for (const numbers of await page.locator('main details > summary').all()) await numbers.click();
}

/** One person, with what may be ended. */
async function aPerson(page) {
  await page.goto('/admin/people');
  return page.locator('main th a[href^="/admin/people/"]').first().getAttribute('href');
}

/** A control plane that takes no new claims. */
async function aCordonedPlane(page) {
  const address = '/admin/control-planes/us-shared';
  await page.goto(address);
  const cordon = page.getByRole('button', { name: 'Cordon', exact: true });
  if (await cordon.isVisible()) {
    await page.getByLabel('Why').fill('It is rebuilt on Friday.');
    await cordon.click();
    await page.getByText('Cordoned by').waitFor();
  }
  return address;
}

/** A form that was looked through before it is sent. */
async function reviewedForm(page) {
  await page.goto(`/catalog/${BUCKET}/request`);
  await page.locator('input[name="_name"]').fill('to-be-reviewed');
  await page.getByRole('button', { name: 'Review' }).first().click();
  await page.getByRole('complementary', { name: 'Summary' }).waitFor();
}

/** A form in which nothing is right. */
async function formWithErrors(page) {
  await page.goto(`/catalog/${POSTGRESQL}/request`);
  await page.locator('input[name="_name"]').fill('Not A Name');
  await page.locator('input[name="/spec/storage/size"]').fill('plenty');
  await page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name: 'Request PostgreSQL' }).click();
  await page.getByRole('alert').first().waitFor();
}

/** A form's tab for those who would rather write YAML. */
async function yamlTab(page) {
  await page.goto(`/catalog/${POSTGRESQL}/request`);
  await page.getByRole('button', { name: 'YAML' }).first().click();
  await page.locator('textarea[name="_yaml"]').waitFor();
}

/** A password where it stands. */
async function aRevealedSecret(page) {
  await page.goto(orders);
  await page.locator('html[data-alive]').waitFor();
  const alerts = [];
  const dismiss = (dialog) => alerts.push(dialog.message()) && dialog.dismiss();
  page.on('dialog', dismiss);
  await page.getByRole('button', { name: /^Reveal password/i }).click();
  try {
    await page.locator('[data-keep="password"] .revealed').waitFor();
  } catch (error) {
    const main = await page.locator('main').innerText();
    throw new Error(`at ${page.url()}, alerts ${JSON.stringify(alerts)}, the page says: ${main}`, { cause: error });
  } finally {
    page.off('dialog', dismiss);
  }
}

/** Search everywhere, with what it found. */
async function openPalette(page) {
  await page.goto('/claims');
  await page.locator('html[data-alive]').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search everywhere' }).fill('or');
  await page.locator('dialog.palette li').first().waitFor();
}

export const PAGES = [
  { name: 'home', as: 'dana', at: '/' },
  { name: 'catalog', as: 'dana', at: '/catalog' },
  { name: 'compare', as: 'dana', at: `/catalog/compare?offering=${POSTGRESQL}&offering=${BUCKET}&offering=${QUEUE}` },
  { name: 'catalog-searched', as: 'dana', at: '/catalog?q=postgres' },
  { name: 'catalog-nothing-found', as: 'dana', at: '/catalog?q=zeppelin' },
  { name: 'offering', as: 'dana', at: `/catalog/${POSTGRESQL}` },
  { name: 'request-form', as: 'dana', at: `/catalog/${POSTGRESQL}/request` },
  { name: 'request-form-bucket', as: 'dana', at: `/catalog/${BUCKET}/request` },
  { name: 'request-form-reviewed', as: 'dana', at: reviewedForm },
  { name: 'request-form-errors', as: 'dana', at: formWithErrors },
  { name: 'request-form-yaml', as: 'dana', at: yamlTab },
  { name: 'claims', as: 'dana', at: '/claims' },
  { name: 'claim', as: 'dana', at: orders },
  { name: 'claim-revealed', as: 'dana', at: aRevealedSecret },
  { name: 'palette', as: 'dana', at: openPalette },
  { name: 'claim-degraded', as: 'dana', at: '/claims/eu-shared/queues.messaging.demo.portico.dev/payments-dev/refunds' },
  { name: 'claim-expired', as: 'dana', at: '/claims/eu-shared/caches.databases.demo.portico.dev/payments-production/sessions' },
  { name: 'claim-change', as: 'dana', at: `${orders}/change` },
  { name: 'claim-delete', as: 'dana', at: `${orders}/delete` },
  { name: 'claims-delete', as: 'dana', at: `/claims/several?action=delete&claim=${orders.replace('/claims/', '')}&claim=eu-shared/queues.messaging.demo.portico.dev/payments-dev/refunds` },
  { name: 'requests', as: 'dana', at: '/requests' },
  { name: 'request', as: 'dana', at: aRequest },
  { name: 'approvals', as: 'ada', at: '/approvals' },
  { name: 'request-to-decide', as: 'ada', at: aRequest },
  { name: 'usage', as: 'dana', at: '/usage' },
  { name: 'usage-numbers', as: 'dana', at: usageNumbers },
  { name: 'usage-of-all', as: 'pat', at: '/usage?days=90' },
  { name: 'kubectl', as: 'dana', at: '/kubectl' },
  { name: 'tokens', as: 'dana', at: aToken },
  { name: 'sessions', as: 'dana', at: '/sessions' },
  { name: 'admin-control-planes', as: 'pat', at: '/admin/control-planes' },
  { name: 'admin-control-plane', as: 'pat', at: '/admin/control-planes/eu-shared' },
  { name: 'admin-control-plane-cordoned', as: 'pat', at: aCordonedPlane },
  { name: 'admin-try-definition', as: 'pat', at: '/admin/try-definition' },
  { name: 'admin-health', as: 'pat', at: '/admin/health/caches.databases.demo.portico.dev' },
  { name: 'admin-tenants', as: 'pat', at: '/admin/tenants' },
  { name: 'admin-tenant', as: 'pat', at: '/admin/tenants/payments' },
  { name: 'admin-people', as: 'pat', at: '/admin/people' },
  { name: 'admin-person', as: 'pat', at: aPerson },
  { name: 'admin-record', as: 'pat', at: '/admin/record' },
  { name: 'admin-configuration', as: 'pat', at: '/admin/configuration' },
  { name: 'not-found', as: 'dana', at: '/claims/eu-shared/nothing.example/none/nobody' },
];

/** Goes there: to an address, or by a function that says the address or is there already when it ends. */
export async function open(page, at) {
  const address = typeof at === 'function' ? await at(page) : at;
  if (address) await page.goto(address);
  await page.locator('main').first().waitFor();
}
