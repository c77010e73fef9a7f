// The main job in a real browser over software that a Rust test has started: the portal's address and what is requested
// are in PORTICO_STORY. Developer and approver type and click as people do, and no page is reloaded but where they would.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertQuiet, launch, signedIn, workIn } from '../support/browser.mjs';
import { letters, press, tabTo } from '../support/typing.mjs';

/**
 * `portal`: its address. `offering`: its title. `kind`: its name. `name`: of the claim. `field`: `{name, before, after}` of a field that is
 * set and then changed. `parts`: texts that the claim's page shows of what it is composed of. `secret`: the value that
 * Reveal shows, if there is one.
 */
const story = JSON.parse(process.env.PORTICO_STORY);
const pause = 30;
const slow = { timeout: 90_000 };

describe(`the main job: ${story.offering}`, { timeout: 480_000 }, () => {
  let browser, dana, ada, claim;

  const type = async (field, text) => {
    await tabTo(dana.page, field);
    await press(dana.page, ['ControlOrMeta+a', ...letters(text)], pause);
  };
  const button = (name) => dana.page.getByRole('complementary', { name: 'Summary' }).getByRole('button', { name });
  /** Has Ada agree, if somebody has to. */
  const agreed = async () => {
    const state = dana.page.locator('.state-line, .verdict').first();
    await state.waitFor();
    if (!/Awaiting approval/.test(await state.textContent())) return;
    const row = ada.page.locator('.inbox-row', { hasText: story.name });
    await row.waitFor(slow);
    await row.click();
    const open = ada.page.getByRole('article', { name: new RegExp(story.name) });
    await open.getByRole('button', { name: 'Approve' }).click();
    await dana.page.locator('.state-line', { hasText: 'Applied' }).waitFor(slow);
  };

  before(async () => {
    browser = await launch();
    dana = await signedIn(browser, story, 'dana');
    ada = await signedIn(browser, story, 'ada');
    // Real control planes and their controllers run beside the browser.
    for (const { context } of [dana, ada]) context.setDefaultTimeout(slow.timeout);
    await ada.page.goto('/approvals');
  });
  after(() => browser?.close());

  it('is found in the catalog by typing', async () => {
    const { page } = dana;
    await workIn(page, 'Payments', 'production');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click();
    await page.locator('html[data-alive]').waitFor();
    await tabTo(page, page.getByRole('searchbox', { name: 'Search the catalog' }));
    await press(page, letters(story.offering.toLowerCase()), pause);
    await page.locator(`.cards a[href="/catalog/${story.kind}"]`).first().click();
    await page.getByRole('link', { name: `Request ${story.offering}` }).click();
  });

  it('is asked for in a form, and agreed to', async () => {
    const { page } = dana;
    await page.locator('html[data-alive]').waitFor();
    const name = page.getByRole('textbox', { name: /^Name/ }).first();
    await type(name, `${story.name}x`);
    await press(page, ['Backspace'], pause);
    const field = page.locator(`[name="${story.field.name}"]`);
    if (!(await field.isVisible())) await page.locator('summary', { hasText: 'More options' }).click();
    await type(field, story.field.before);
    assert.equal(await name.inputValue(), story.name, 'no key was lost');
    await button(/^Request /).click();
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    await agreed();
  });

  it('gets ready before the eyes of who asked for it, with its parts', async () => {
    const { page } = dana;
    await page.locator('.request-head a[href^="/claims/"]').click();
    await page.locator('.verdict', { hasText: 'It works' }).waitFor(slow);
    claim = new URL(page.url()).pathname;
    for (const part of story.parts) await page.getByRole('main').getByText(part).first().waitFor(slow);
    await page.reload();
    await page.locator('.verdict', { hasText: 'It works' }).waitFor();
  });

  it('gives its secret to who may have it, on request', async (test) => {
    if (!story.secret) return test.skip('it has none');
    const { page } = dana;
    await page.locator('html[data-alive]').waitFor();
    const connect = page.getByRole('region', { name: 'Connect' });
    await connect.getByRole('button', { name: /^Reveal/i }).first().click();
    await connect.locator('.revealed', { hasText: story.secret }).first().waitFor();
  });

  it('is changed', async () => {
    const { page } = dana;
    await page.getByRole('main').getByRole('link', { name: 'Change', exact: true }).first().click();
    await page.locator('html[data-alive]').waitFor();
    const field = page.locator(`[name="${story.field.name}"]`);
    if (!(await field.isVisible())) await page.locator('summary', { hasText: 'More options' }).click();
    await type(field, story.field.after);
    // Going away and coming back loses nothing.
    await page.waitForTimeout(1500);
    await page.goBack();
    await page.goForward();
    await page.waitForFunction(([name, text]) => document.getElementsByName(name)[0]?.value === text, [story.field.name, story.field.after], slow);
    await page.locator('html[data-alive]').waitFor();
    await button(/^(Request|Change|Send|Submit)/).click();
    await page.waitForURL((url) => url.pathname === claim || url.pathname.startsWith('/requests/'));
    await agreed();
    await page.goto(claim);
    await page.getByRole('main').getByText(story.field.after).first().waitFor(slow);
    await page.locator('.verdict', { hasText: 'It works' }).waitFor(slow);
  });

  it('is deleted with what it is composed of', async () => {
    const { page } = dana;
    await page.getByRole('link', { name: 'Delete' }).first().click();
    await page.locator('html[data-alive]').waitFor();
    await tabTo(page, page.getByRole('textbox', { name: /Type the claim/ }));
    await press(page, letters(story.name), pause);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/requests\/[0-9a-f-]{36}$/);
    await agreed();
    await page.locator('.state-line', { hasText: 'Applied' }).waitFor(slow);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Claims' }).click();
    await page.getByRole('heading', { name: 'Claims', level: 1 }).waitFor();
    assert.equal(await page.getByRole('link', { name: story.name, exact: true }).count(), 0);
  });

  it('logs no errors', () => assertQuiet(dana, ada));
});
