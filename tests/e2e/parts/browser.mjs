// A real browser with JavaScript switched off: opens the authorize URL, clicks Allow, waits for the client's callback.
// usage: browser.mjs AUTHORIZE_URL PERSON SCREENSHOT
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../tools/package.json', import.meta.url))('playwright-core');

const [authorizeUrl, person, screenshot] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
const context = await browser.newContext({ javaScriptEnabled: false });
await context.addCookies([{ name: 'person', value: person, url: 'http://127.0.0.1/' }]);
const page = await context.newPage();
await page.goto(authorizeUrl);
await page.screenshot({ path: screenshot, fullPage: true });
const asked = { url: page.url(), title: await page.title(), text: await page.locator('body').innerText() };
await page.getByRole('button', { name: 'Allow' }).click();
await page.waitForURL((url) => url.pathname === '/callback');
const answered = { url: page.url(), text: await page.locator('body').innerText() };
const cookies = (await context.cookies()).map(({ name, value }) => ({ name, value }));
await browser.close();
console.log(JSON.stringify({ asked, answered, cookies }));
