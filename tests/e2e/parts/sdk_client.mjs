// Claude Code's engine, the official SDK's client: registers with one loopback port, signs in on another, calls a tool, refreshes, calls again.
// usage: sdk_client.mjs MCP_URL REGISTERED_PORT SIGN_IN_PORT; prints the authorize URL, then reads the callback's URL
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline/promises';

const sdk = (path) => createRequire(new URL('../../tools/package.json', import.meta.url))(`@modelcontextprotocol/sdk/client/${path}.js`);
const { Client } = sdk('index');
const { StreamableHTTPClientTransport } = sdk('streamableHttp');
const { auth, UnauthorizedError } = sdk('auth');

const [serverUrl, registeredPort, signInPort] = process.argv.slice(2);
const tell = (message) => console.log(JSON.stringify(message));

const provider = {
  clientMetadata: {
    client_name: 'Claude Code (sdk)',
    redirect_uris: [`http://localhost:${registeredPort}/callback`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  redirectUrl: `http://localhost:${signInPort}/callback`,
  state: () => 'a state / with + signs & more',
  clientInformation: () => provider.client,
  saveClientInformation: (client) => { provider.client = client; },
  tokens: () => provider.current,
  saveTokens: (tokens) => { provider.current = tokens; },
  codeVerifier: () => provider.verifier,
  saveCodeVerifier: (verifier) => { provider.verifier = verifier; },
  redirectToAuthorization: (url) => tell({ authorize: url.href }),
};

const connect = async () => {
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider });
  const client = new Client({ name: 'e2e', version: '0' });
  return { transport, client, connected: client.connect(transport) };
};

const callTool = async () => {
  const { client, connected } = await connect();
  await connected;
  const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} });
  await client.close();
  tell({ whoami: structuredContent, tokens: provider.current, verifier: provider.verifier });
};

const { transport, connected } = await connect();
await connected.then(
  () => { throw new Error('connected without a token'); },
  (error) => { if (!(error instanceof UnauthorizedError)) throw error; },
);
const input = createInterface({ input: process.stdin });
const [callback] = await new Promise((heard) => input.once('line', (line) => heard([new URL(line)])));
input.close();
await transport.finishAuth(callback.searchParams.get('code'));
await callTool();

const outcome = await auth(provider, { serverUrl });
if (outcome !== 'AUTHORIZED') throw new Error(`the refresh ended as ${outcome}`);
await callTool();
