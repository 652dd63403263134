// The tools of the tests on the official TypeScript SDK, version 2, which is told nothing of OAuth: as its handler serves
// them, without sessions.
// usage: typescript_sdk_2.mjs FOLDER PORT PATH
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const require = createRequire(new URL('../../tools/package.json', import.meta.url));
const { McpServer, createMcpHandler } = require('@modelcontextprotocol/server');
const { toNodeHandler } = require('@modelcontextprotocol/node');
const { z } = require('zod');

const [folder, port] = process.argv.slice(2);
const text = (text) => ({ content: [{ type: 'text', text }] });
const leave = (name) => writeFileSync(join(folder, name), '');

const count = async ({ key, steps }, { mcpReq: { signal, notify, _meta } }) => {
  for (let step = 1; step <= steps; step += 1) {
    const params = { progressToken: _meta?.progressToken, progress: step, total: steps };
    await notify({ method: 'notifications/progress', params });
    while (!signal.aborted && !existsSync(join(folder, `${key}.${step}`))) await pause(20);
    if (signal.aborted) leave(`${key}.cancelled`);
    signal.throwIfAborted();
  }
  leave(`${key}.done`);
  return text(`counted to ${steps}`);
};

const announce = () => {
  handler.notify.toolsChanged();
  return text('announced');
};

const tools = () => {
  const mcp = new McpServer({ name: 'typescript-sdk-2', version: '1.0.0' });
  const numbers = z.object({ a: z.number(), b: z.number() });
  mcp.registerTool('add', { inputSchema: numbers }, ({ a, b }) => text(String(a + b)));
  mcp.registerTool('count', { inputSchema: z.object({ key: z.string(), steps: z.number() }) }, count);
  mcp.registerTool('announce', { inputSchema: z.object({}) }, announce);
  return mcp;
};

const handler = createMcpHandler(tools);
createServer(toNodeHandler(handler)).listen(Number(port), '127.0.0.1');
