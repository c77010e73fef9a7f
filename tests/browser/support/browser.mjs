// Debian's Chromium, people who sign in with it, and an eye on what goes wrong meanwhile.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { tookPart } from './report.mjs';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** Names on the identity provider's buttons. */
export const people = {
  dana: /Dana Okafor/,
  devon: /Devon Reyes/,
  ada: /Ada Lindqvist/,
  ruth: /Ruth Abebe/,
  pat: /Pat Novak/,
  vic: /Vic Tran/,
  tess: /Tess Moreau/,
};

export async function launch() {
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--force-color-profile=srgb'],
  });
  tookPart('Chromium', browser.version());
  tookPart('Node.js', process.version);
  return browser;
}

/** A window of somebody's own. What its pages complain of is collected in `complaints`. */
export async function window(browser, demo, options = {}) {
  const context = await browser.newContext({
    baseURL: demo.portal,
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error}`));
  page.on('console', (message) => {
    // The browser logs responses such as 422; that is no fault of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  return { context, page, complaints };
}

/** A window in which somebody is signed in, by the way everybody goes. */
export async function signedIn(browser, demo, who, options = {}) {
  const opened = await window(browser, demo, options);
  const { page } = opened;
  await page.goto('/');
  await page.getByRole('link', { name: /^Continue with/ }).click();
  await page.getByRole('button', { name: people[who] }).click();
  await page.waitForURL((url) => url.origin === new URL(demo.portal).origin);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return opened;
}

/** Chooses where to work, by the menu at the head of the rail. */
export async function workIn(page, tenant, environment) {
  const menu = page.locator('details.switch');
  await menu.locator('summary').click();
  await menu.getByRole('group', { name: tenant }).getByRole('button', { name: environment }).click();
  await page.locator('details.switch summary', { hasText: environment }).waitFor();
}

/** Fails when a page complained: an exception, or something the content security policy stopped. */
export function assertQuiet(...windows) {
  assert.deepEqual(windows.flatMap((opened) => opened.complaints), []);
}
