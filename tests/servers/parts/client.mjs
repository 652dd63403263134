// The official TypeScript SDK's client, which has a token already: lists and calls the tools of the tests.
// Reads a line of JSON for each server, {"url", "legacy", "token", "key", "name"}, and prints one.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const sdk = (path) => createRequire(new URL('../../tools/package.json', import.meta.url))(`@modelcontextprotocol/sdk/client/${path}.js`);
const { Client } = sdk('index');
const { SSEClientTransport } = sdk('sse');
const { StreamableHTTPClientTransport } = sdk('streamableHttp');

for await (const line of createInterface({ input: process.stdin })) {
  const { url, legacy, token, key, name } = JSON.parse(line);
  const options = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
  const Transport = legacy ? SSEClientTransport : StreamableHTTPClientTransport;
  const client = new Client({ name: 'servers', version: '0' });
  await client.connect(new Transport(new URL(url), options));
  const steps = [];
  const onprogress = ({ progress }) => {
    steps.push(progress);
    writeFileSync(`${key}.${progress}`, '');
  };
  const { tools } = await client.listTools();
  const added = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
  const counted = await client.callTool({ name: 'count', arguments: { key: name, steps: 3 } }, undefined, { onprogress });
  await client.close();
  console.log(JSON.stringify({
    tools: tools.map((tool) => tool.name).sort(),
    sum: added.content[0].text,
    counted: counted.content[0].text,
    steps,
  }));
}
