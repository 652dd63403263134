// The tools of the tests on the official TypeScript SDK, version 1, which is told nothing of OAuth: streamable HTTP with
// sessions, and the older SSE below a path of its own.
// usage: typescript_sdk.mjs FOLDER PORT PATH LEGACY_PORT LEGACY_PATH
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const require = createRequire(new URL('../../tools/package.json', import.meta.url));
const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = require('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { SSEServerTransport } = require('@modelcontextprotocol/sdk/server/sse.js');
const { z } = require('zod');

const [folder, port, , legacyPort, legacyPath] = process.argv.slice(2);
const text = (text) => ({ content: [{ type: 'text', text }] });
const leave = (name) => writeFileSync(join(folder, name), '');

const count = async ({ key, steps }, { signal, sendNotification, _meta }) => {
  for (let step = 1; step <= steps; step += 1) {
    const params = { progressToken: _meta?.progressToken, progress: step, total: steps };
    await sendNotification({ method: 'notifications/progress', params });
    while (!signal.aborted && !existsSync(join(folder, `${key}.${step}`))) await pause(20);
    if (signal.aborted) leave(`${key}.cancelled`);
    signal.throwIfAborted();
  }
  leave(`${key}.done`);
  return text(`counted to ${steps}`);
};

const tools = () => {
  const mcp = new McpServer({ name: 'typescript-sdk', version: '1.0.0' });
  mcp.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => text(String(a + b)));
  mcp.registerTool('count', { inputSchema: { key: z.string(), steps: z.number() } }, count);
  mcp.registerTool('announce', {}, async () => {
    await mcp.server.sendToolListChanged();
    return text('announced');
  });
  return mcp;
};

// What may be asked for again; the SDK brings the interface alone.
const events = () => {
  const kept = [];
  return {
    storeEvent: async (stream, message) => String(kept.push({ stream, message }) - 1),
    replayEventsAfter: async (last, { send }) => {
      const { stream } = kept[Number(last)];
      for (const [at, event] of [...kept.entries()].slice(Number(last) + 1)) {
        if (event.stream === stream && event.message.jsonrpc) await send(String(at), event.message);
      }
      return stream;
    },
  };
};

const sessions = new Map();
const streamable = async (request, response) => {
  const known = request.headers['mcp-session-id'];
  if (known && !sessions.has(known)) return response.writeHead(404).end();
  if (known) return sessions.get(known).handleRequest(request, response);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: events(),
    onsessioninitialized: (id) => { sessions.set(id, transport); },
    onsessionclosed: (id) => { sessions.delete(id); },
  });
  await tools().connect(transport);
  return transport.handleRequest(request, response);
};

const listeners = new Map();
const legacy = async (request, response) => {
  if (request.method === 'GET') {
    const transport = new SSEServerTransport(`${legacyPath}/messages`, response);
    listeners.set(transport.sessionId, transport);
    response.on('close', () => listeners.delete(transport.sessionId));
    return tools().connect(transport);
  }
  if (request.method !== 'POST') return response.writeHead(405).end();
  const transport = listeners.get(new URL(request.url, 'http://localhost').searchParams.get('sessionId'));
  return transport ? transport.handlePostMessage(request, response) : response.writeHead(404).end();
};

createServer(streamable).listen(Number(port), '127.0.0.1');
createServer(legacy).listen(Number(legacyPort), '127.0.0.1');
