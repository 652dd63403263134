// npm's oidc-provider, with its memory as store and JWT access tokens (ES256), for somebody who is signed in.
// usage: oidc_provider.mjs PORT COOKIE_FILE   (writes the cookies of that session there when it is ready)
import { generateKeyPairSync } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { Provider } = createRequire(new URL('../../tests/tools/package.json', import.meta.url))('oidc-provider');
const [port, cookieFile] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const callback = 'http://127.0.0.1:1/cb';
const resource = `${issuer}/mcp`;
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

// Nobody is asked: what is compared asks once, and that is one request more.
const loadExistingGrant = async ({ oidc: { provider, client, session } }) => {
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addResourceScope(resource, 'mcp');
  await grant.save();
  return grant;
};

new Provider(issuer, {
  clients: [{
    client_id: 'bench', redirect_uris: [callback], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
  cookies: { keys: ['bench'] },
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'mcp', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  loadExistingGrant,
}).listen(Number(port), '127.0.0.1', signIn);

// Types a name into the provider's own form, as a browser would.
async function signIn() {
  const jar = new Map();
  const go = async (url, init = {}) => {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const answer = await fetch(url, { redirect: 'manual', ...init, headers: { cookie, ...init.headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      if (value) jar.set(name, value); else jar.delete(name);
    }
    await answer.text();
    return answer.headers.get('location') && new URL(answer.headers.get('location'), url).href;
  };
  const query = new URLSearchParams({
    response_type: 'code', client_id: 'bench', redirect_uri: callback, scope: 'mcp', code_challenge_method: 'S256',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  });
  const form = await go(`${issuer}/auth?${query}`);
  const back = await go(form, { method: 'POST', body: new URLSearchParams({ prompt: 'login', login: 'alice', password: 'x' }) });
  const end = await go(back);
  if (!end.startsWith(callback)) throw new Error(`no code: ${end}`);
  writeFileSync(`${cookieFile}.new`, [...jar].map((pair) => pair.join('=')).join('; '));
  renameSync(`${cookieFile}.new`, cookieFile);
}
