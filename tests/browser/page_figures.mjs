// Measures what a person waits for on each page, on a desktop and on a slow phone: the largest paint (LCP), what moves
// (CLS), how long a key or a click takes to show (INP), and how much is loaded with an empty cache.

import { launch, signedIn } from './support/browser.mjs';
import { startDemo } from './support/demo.mjs';
import { POSTGRESQL } from './support/offerings.mjs';

const PAGES = [
  ['home', '/'],
  ['catalog', '/catalog'],
  ['offering', `/catalog/${POSTGRESQL}`],
  ['form', `/catalog/${POSTGRESQL}/request`],
  ['claim', `/claims/eu-shared/${POSTGRESQL}/payments-dev/orders`],
  ['claims', '/claims'],
  ['requests', '/requests'],
];

const DEVICES = [
  { name: 'desktop', options: {}, settles: 900 },
  {
    name: 'phone',
    options: { viewport: { width: 390, height: 780 }, hasTouch: true },
    // A slow one on a slow link.
    network: { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 },
    cpu: 4,
    settles: 2500,
  },
];

/** LCP and CLS so far, and the longest time that an interaction took (INP of a page with few of them), in milliseconds. */
const measured = () =>
  new Promise((done) => {
    const figures = { lcp: 0, cls: 0, inp: 0 };
    const observe = (type, take, options = {}) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...options });
    observe('largest-contentful-paint', (entry) => (figures.lcp = Math.round(entry.startTime)));
    observe('layout-shift', (entry) => entry.hadRecentInput || (figures.cls += entry.value));
    const interaction = (entry) => entry.interactionId && (figures.inp = Math.max(figures.inp, entry.duration));
    observe('event', interaction, { durationThreshold: 16 });
    setTimeout(() => done(figures), 300);
  });

const demo = await startDemo();
const browser = await launch();
try {
  for (const device of DEVICES) {
    const { context, page, complaints } = await signedIn(browser, demo, 'dana', device.options);
    const tools = await context.newCDPSession(page);
    await tools.send('Network.enable');
    if (device.network) await tools.send('Network.emulateNetworkConditions', device.network);
    if (device.cpu) await tools.send('Emulation.setCPUThrottlingRate', { rate: device.cpu });
    let bytes = 0;
    let requests = 0;
    tools.on('Network.loadingFinished', (loaded) => {
      bytes += loaded.encodedDataLength;
      requests += 1;
    });
    for (const [name, address] of PAGES) {
      await tools.send('Network.clearBrowserCache');
      bytes = 0;
      requests = 0;
      await page.goto(address, { waitUntil: 'load' });
      await page.locator('html[data-alive]').waitFor();
      await page.waitForTimeout(device.settles);
      const loaded = `${Math.round(bytes / 1024)} KB in ${requests} requests`;
      for (const key of ['Tab', 'Tab', 'Tab', 'Control+k', 'p', 'o', 's', 'ArrowDown', 'Escape']) {
        await page.keyboard.press(key);
        await page.waitForTimeout(200);
      }
      const { lcp, cls, inp } = await page.evaluate(measured);
      const figures = `LCP ${lcp} ms, INP ${inp < 16 ? '<16' : inp} ms, CLS ${cls.toFixed(3)}, ${loaded}`;
      console.log(`${`${name} on a ${device.name}`.padEnd(72)} ${figures}`);
    }
    for (const complaint of complaints) console.log(`complaint: ${complaint}`);
    await context.close();
  }
} finally {
  await browser.close();
  await demo.stop();
}
