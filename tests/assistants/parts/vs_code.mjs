// VS Code in Chromium, as a person uses it who has the landing page: puts its settings in, starts the server, allows, and looks.
// usage: vs_code.mjs ADDRESS; reads the settings and then the address to be led back to, a line each; writes what it sees as lines of JSON
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(new URL('../../tools/package.json', import.meta.url))('playwright-core');

const address = process.argv[2];
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);
const say = (seen) => console.log(JSON.stringify(seen));

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const context = await browser.newContext();
context.setDefaultTimeout(120_000);
await context.grantPermissions(['clipboard-read', 'clipboard-write']);
const page = await context.newPage();
await page.goto(address);
await page.locator('.monaco-workbench .editor-container, .monaco-workbench .editor-group-container').first().waitFor();

const settings = await heard();
await command('MCP: Open User Configuration');
await page.locator('.tab', { hasText: 'mcp.json' }).waitFor();
await page.locator('.editor-instance .view-lines').first().click();
await page.keyboard.press('Control+A');
await page.evaluate((text) => navigator.clipboard.writeText(text), settings);
await page.keyboard.press('Control+V');
await page.keyboard.press('Control+S');
await page.locator('.tab.dirty').waitFor({ state: 'detached' });

// The person signs in with another browser, which is the test's.
await context.route((url) => url.origin !== new URL(address).origin, (route) => route.abort());
const asked = context.waitForEvent('request', (request) => request.url().includes('/oauth/authorize'));
await command('MCP: List Servers');
await choose('tools');
await choose('Start Server');
const dialog = page.locator('.monaco-dialog-box');
say({ dialog: await dialog.innerText() });
await dialog.locator('.monaco-button', { hasText: 'Allow' }).click();
say({ authorize: (await asked).url() });

const back = await context.newPage();
await back.goto(await heard());
await page.bringToFront();
say({ server: await shownAsRunning() });
await choose('tools');
say({ menu: await list().innerText() });
await browser.close();
process.exit(0);

async function command(name) {
  await page.keyboard.press('Escape');
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input.input').first().waitFor();
  await page.keyboard.type(name);
  await choose(name);
}

async function choose(name) {
  await list().locator('.monaco-list-row', { hasText: name }).first().click();
}

function list() {
  return page.locator('.quick-input-widget .quick-input-list');
}

async function shownAsRunning() {
  for (;;) {
    await command('MCP: List Servers');
    const row = list().locator('.monaco-list-row', { hasText: 'tools' }).first();
    const text = await row.innerText();
    if (text.includes('Running')) return text;
    if (text.includes('Error')) return text;
    await page.waitForTimeout(500);
  }
}
