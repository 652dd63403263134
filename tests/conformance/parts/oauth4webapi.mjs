// oauth4webapi as a strict client: every answer must be one that it accepts, every mistake must be named by the RFCs' word for it.
// usage: oauth4webapi.mjs ISSUER RESOURCE OTHER_RESOURCE; prints {accepted: [call], refused: [call and why], probes: [{mistake, expected, got}]}
import { createRequire } from 'node:module';

const oauth = createRequire(new URL('../../tools/package.json', import.meta.url))('oauth4webapi');

const [issuer, resource, otherResource] = process.argv.slice(2);
const plainHttp = { [oauth.allowInsecureRequests]: true };
const callback = 'http://127.0.0.1:53535/callback';
const results = { accepted: [], refused: [], probes: [] };

/** What the library makes of an answer; a refusal is noted, and ends the way it lies on. */
const accepts = async (call, answer) => {
  try {
    const accepted = await answer;
    results.accepted.push(call);
    return accepted;
  } catch (error) {
    results.refused.push(`${call}: ${error.message} ${JSON.stringify(error.cause ?? '')}`);
    throw error;
  }
};

const probe = async (mistake, expected, answer) => {
  const got = await answer().then(() => 'no error', wordOf);
  results.probes.push({ mistake, expected, got });
};

/** The `error` of a refusal, whichever way the library hands it on. */
const wordOf = async (error) => {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) return error.error;
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) return `${error.name}: ${error.message}`;
  const [challenge] = error.cause;
  return challenge.parameters.error ?? (await error.response.json()).error;
};

const discovered = async () => {
  const response = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...plainHttp });
  return accepts('processDiscoveryResponse', oauth.processDiscoveryResponse(new URL(issuer), response));
};

const resourceDiscovered = async () => {
  const response = await oauth.resourceDiscoveryRequest(new URL(resource), plainHttp);
  return accepts('processResourceDiscoveryResponse', oauth.processResourceDiscoveryResponse(new URL(resource), response));
};

const register = async (metadata) => {
  const response = await oauth.dynamicClientRegistrationRequest(server, metadata, plainHttp);
  return oauth.processDynamicClientRegistrationResponse(response);
};

/** The answer of the authorization endpoint to a request that is in order but for what `changes` says (undefined = left out). */
const authorize = async (changes = {}, headers = {}) => {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const request = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: callback,
    state,
    scope: 'mcp',
    resource,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changes,
  };
  const url = new URL(server.authorization_endpoint);
  for (const [name, value] of Object.entries(request)) if (value !== undefined) url.searchParams.set(name, value);
  const response = await fetch(url, { redirect: 'manual', headers });
  const answer = new URL(response.headers.get('location'));
  return { answer, verifier, state };
};

const validated = ({ answer, state }) => oauth.validateAuthResponse(server, client, answer, state);

const redeem = async (authorized, { as = client, redirectUri = callback, verifier, fields, auth = oauth.None() } = {}) => {
  const params = validated(authorized);
  const options = { additionalParameters: fields ?? { resource }, ...plainHttp };
  const response = await oauth.authorizationCodeGrantRequest(server, as, auth, params, redirectUri, verifier ?? authorized.verifier, options);
  return oauth.processAuthorizationCodeResponse(server, as, response);
};

const refresh = async (token, fields = { resource }) => {
  const options = { additionalParameters: fields, ...plainHttp };
  const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, options);
  return oauth.processRefreshTokenResponse(server, client, response);
};

const grant = async (type, fields) => {
  const response = await oauth.genericTokenEndpointRequest(server, client, oauth.None(), type, fields, plainHttp);
  return oauth.processGenericTokenEndpointResponse(server, client, response);
};

const revoke = async (token) => {
  const response = await oauth.revocationRequest(server, client, oauth.None(), token, plainHttp);
  return oauth.processRevocationResponse(response);
};

const bearing = (token) => new Request(resource, { headers: { authorization: `Bearer ${token}` } });

const validate = (token) => oauth.validateJwtAccessToken(server, bearing(token), resource, { signingAlgorithms: ['ES256'], ...plainHttp });

const call = async (token) => {
  const headers = new Headers({ accept: 'application/json, text/event-stream', 'content-type': 'application/json' });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  return oauth.protectedResourceRequest(token, 'POST', new URL(resource), headers, body, plainHttp);
};

const metadata = { client_name: 'oauth4webapi', redirect_uris: [callback], token_endpoint_auth_method: 'none' };

const isAccepted = async () => {
  const authorized = await authorize();
  await accepts('validateAuthResponse', (async () => validated(authorized))());
  const first = await accepts('processAuthorizationCodeResponse', redeem(authorized));
  await accepts('validateJwtAccessToken', validate(first.access_token));
  const second = await accepts('processRefreshTokenResponse', refresh(first.refresh_token));
  await accepts('validateJwtAccessToken of the refreshed token', validate(second.access_token));
  await accepts('processRevocationResponse', revoke(second.refresh_token));
  await accepts('processRevocationResponse for what is no token', revoke('nothing'));
  await probe('a refresh token after its revocation', 'invalid_grant', () => refresh(second.refresh_token));
};

const isRefused = async () => {
  const other = await register(metadata);
  const deny = { 'x-stand-in-answer': 'deny' };
  for (const [mistake, expected, changes, headers] of [
    ['an authorization request without code_challenge', 'invalid_request', { code_challenge: undefined, code_challenge_method: undefined }],
    ['code_challenge_method=plain', 'invalid_request', { code_challenge_method: 'plain' }],
    ['response_type=token', 'unsupported_response_type', { response_type: 'token' }],
    ['a resource that is none of the server', 'invalid_target', { resource: 'https://elsewhere.example/mcp' }],
    ['a request object', 'request_not_supported', { request: 'e30.e30.' }],
    ['the person says no', 'access_denied', {}, deny],
  ]) await probe(mistake, expected, async () => validated(await authorize(changes, headers)));

  const used = await authorize();
  await redeem(used);
  await probe('a code for the second time', 'invalid_grant', () => redeem(used));
  for (const [mistake, expected, changes] of [
    ['another code_verifier', 'invalid_grant', { verifier: oauth.generateRandomCodeVerifier() }],
    ['another redirect_uri', 'invalid_grant', { redirectUri: `${callback}2` }],
    ['another client', 'invalid_grant', { as: other }],
    ['an unknown client', 'invalid_client', { as: { client_id: 'nobody' } }],
    ['a public client with a secret', 'invalid_client', { auth: oauth.ClientSecretPost('secret') }],
    ['a code for another resource than at the token endpoint', 'invalid_target', { fields: { resource: otherResource } }],
  ]) await probe(mistake, expected, async () => redeem(await authorize(), changes));

  const { refresh_token: token } = await redeem(await authorize());
  await probe('a scope beyond the grant', 'invalid_scope', () => refresh(token, { scope: 'mcp files' }));
  await probe('a refresh token that is none', 'invalid_grant', () => refresh('nothing'));
  await probe('no code at all', 'invalid_request', () => grant('authorization_code', {}));
  await probe('an unknown grant_type', 'unsupported_grant_type', () => grant('client_credentials', {}));
  await probe('a redirect_uri that the site does not allow', 'invalid_redirect_uri', () => register({ ...metadata, redirect_uris: ['https://elsewhere.example/cb'] }));
  await probe('two sets of keys', 'invalid_client_metadata', () => register({ ...metadata, jwks: { keys: [] }, jwks_uri: 'https://elsewhere.example/jwks' }));
  await probe('a token that is none', 'invalid_token', () => call('nothing'));
  const narrow = await redeem(await authorize({ scope: 'files' }));
  await probe('a token without the scope that is needed', 'insufficient_scope', () => call(narrow.access_token));
};

let server;
let client;
try {
  server = await discovered();
  await resourceDiscovered();
  client = await accepts('processDynamicClientRegistrationResponse', register(metadata));
  await isAccepted();
  await isRefused();
} catch (error) {
  results.refused.push(`it went no further: ${error.message}`);
}
console.log(JSON.stringify(results));
