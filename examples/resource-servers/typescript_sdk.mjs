// An MCP server on the official TypeScript SDK that verifies access tokens itself: one site for each issuer it is given.
// usage: typescript_sdk.mjs PORT JWKS_URI ISSUER...     e.g. 9000 http://127.0.0.1:8081/jwks https://mcp.example.com
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const [port, jwksUri, ...issuers] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwksUri));

const site = (issuer) => {
  const expected = { issuer, audience: `${issuer}/mcp`, algorithms: ['ES256'], typ: 'at+jwt', requiredClaims: ['exp'] };
  const verifyAccessToken = async (token) => {
    const { payload } = await jwtVerify(token, keys, expected).catch((error) => {
      throw error instanceof errors.JOSEError ? new InvalidTokenError('the token does not hold') : error;
    });
    const { client_id: clientId, exp: expiresAt, scope } = payload;
    return { token, clientId, expiresAt, scopes: scope.split(' '), extra: payload };
  };
  const resourceMetadataUrl = `${issuer}/.well-known/oauth-protected-resource/mcp`;
  const guard = requireBearerAuth({ verifier: { verifyAccessToken }, requiredScopes: ['mcp'], resourceMetadataUrl });
  // The SDK's challenge has an error even where there was no token (RFC 6750 §3).
  const challenge = `Bearer resource_metadata="${resourceMetadataUrl}", scope="mcp"`;
  return (request, response, next) => request.headers.authorization
    ? guard(request, response, next)
    : response.status(401).set('WWW-Authenticate', challenge).json({ error: 'invalid_token' });
};

const newServer = () => {
  const server = new McpServer({ name: 'example', version: '1.0.0' });
  const description = 'Who is calling, as the verified token says';
  server.registerTool('whoami', { description }, ({ authInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify(authInfo.extra) }],
    structuredContent: authInfo.extra,
  }));
  return server;
};

const sites = Object.fromEntries(issuers.map((issuer) => [new URL(issuer).host, site(issuer)]));
const [first] = Object.values(sites);
const guard = (request, response, next) => (sites[request.headers.host] ?? first)(request, response, next);

const app = express();
app.post('/mcp', guard, express.json(), async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await newServer().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all('/mcp', guard, (_, response) => response.status(405).set('Allow', 'POST').end()); // no stream of its own
app.listen(Number(port), '127.0.0.1');
