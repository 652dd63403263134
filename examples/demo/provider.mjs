// In Google's place: an OIDC provider that signs in whoever types an address, with any password.
// usage: provider.mjs PORT CLIENT_ID CLIENT_SECRET_FILE PROXY_ORIGIN...
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { Provider } = createRequire(new URL('../../tests/tools/package.json', import.meta.url))('oidc-provider');

const [port, clientId, secretFile, ...proxies] = process.argv.slice(2);

const findAccount = (_, login) => {
  const email = login.includes('@') ? login : `${login}@example.com`;
  const claims = { sub: login, email, email_verified: true, hd: email.split('@').pop() };
  return { accountId: login, claims: () => claims };
};

// Google does not ask the people of an organization whether its own proxy may know their address.
const loadExistingGrant = async ({ oidc: { provider, client, session } }) => {
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid email profile');
  await grant.save();
  return grant;
};

new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: clientId,
    client_secret: readFileSync(secretFile, 'utf8'),
    redirect_uris: proxies.map((origin) => `${origin}/oauth2/callback`),
  }],
  // oauth2-proxy hands on the ID token alone, so that is where the address has to be.
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], email: ['email', 'email_verified', 'hd'] },
  features: { devInteractions: { enabled: true } },
  findAccount,
  loadExistingGrant,
}).listen(Number(port), '127.0.0.1');
