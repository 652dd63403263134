// Chromium for the tests. Each line of standard input is a command in JSON; each gets one line back, with the same `id`.
// Ends when standard input closes.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../tools/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const SCREENS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
const launch = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};

const browser = await chromium.launch(launch);
const tabs = [];

const verbs = {
  // With `profile` the tab has a browser of its own, which keeps its settings there and opens applications by its `bin/xdg-open`.
  async open({ scripts, profile }) {
    const options = { javaScriptEnabled: scripts };
    const context = profile
      ? await chromium.launchPersistentContext(profile, {
        ...launch, ...options, env: { HOME: profile, PATH: `${profile}/bin:/usr/bin:/bin` },
      })
      : await browser.newContext(options);
    const page = await context.newPage();
    const log = [];
    page.on('console', (message) => log.push(message.text()));
    page.on('request', (request) => log.push(`${request.method()} ${request.url()}`));
    page.on('requestfailed', (request) => log.push(`failed: ${request.failure().errorText} ${request.url()}`));
    return tabs.push({ context, page, log });
  },
  async go({ page }, { url }) {
    const response = await page.goto(url);
    return response.status();
  },
  async press({ page }, { name, clicks }) {
    await page.getByRole('button', { name, exact: true }).click({ clickCount: clicks, noWaitAfter: true });
  },
  async arrive({ page }, { url }) {
    await page.waitForURL((at) => at.href.startsWith(url));
  },
  async back({ page }) {
    await page.goBack();
  },
  async shown({ page, log }) {
    const frames = page.frames().slice(1).map((frame) => frame.url());
    return { text: await page.locator('body').innerText(), frames, log };
  },
  async hit({ page }, { key }) {
    await page.keyboard.press(key);
  },
  // What has the focus after each press of the tab key, and whether one sees it.
  async tour({ page }, { stops }) {
    const places = [];
    for (let stop = 0; stop < stops; stop += 1) {
      await page.keyboard.press('Tab');
      places.push(await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        const seen = outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2;
        return `${document.activeElement.innerText}${seen ? ', outlined' : ''}`;
      }));
    }
    return places;
  },
  // The text of whatever a selector finds.
  async find({ page }, { selector }) {
    return page.locator(selector).allTextContents();
  },
  async look({ page }, { screen, scheme, file }) {
    await page.setViewportSize(SCREENS[screen]);
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: file, fullPage: true, scale: 'css' });
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
    return page.evaluate(async () => {
      const rules = { 'target-size': { enabled: true } };
      const { violations, incomplete } = await window.axe.run(document, { rules, resultTypes: ['violations', 'incomplete'] });
      const findings = [...violations, ...incomplete].map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' ')}`,
      );
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth ? [...findings, `wider than the screen: ${scrollWidth}`] : findings;
    });
  },
  async close({ context }) {
    await context.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line));
}
// Every browser ends with this process, also one that is just being started.
process.exit();

async function answer({ id, verb, tab, ...rest }) {
  try {
    const value = await (tab ? verbs[verb](tabs[tab - 1], rest) : verbs[verb](rest));
    console.log(JSON.stringify({ id, value: value ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ id, error: `${verb}: ${error.message}` }));
  }
}
