// The OIDC provider that stands for Google: whom it signs in, the browser says in the cookie `person`.
// usage: provider.mjs PORT
import { createRequire } from 'node:module';

const { OAuth2Server } = createRequire(new URL('../../tools/package.json', import.meta.url))('oauth2-mock-server');

const people = {
  alice: { sub: '1001', email: 'alice@example.com', email_verified: true, hd: 'example.com' },
  bob: { sub: '1002', email: 'bob@example.com', email_verified: true, hd: 'example.com' },
  mallory: { sub: '666', email: 'mallory@evil.example', email_verified: true, hd: 'evil.example' },
};

const port = Number(process.argv[2]);
const server = new OAuth2Server();
server.issuer.url = `http://127.0.0.1:${port}`;
await server.issuer.keys.generate('RS256');

const personOfCode = new Map();
const bySub = (sub) => Object.values(people).find((person) => person.sub === sub);
const cookie = (request, name) => new RegExp(`(?:^|; *)${name}=([^;]*)`).exec(request.headers.cookie ?? '')?.[1];

server.service.on('beforeAuthorizeRedirect', (answer, request) => {
  const { searchParams } = answer.url;
  const name = cookie(request, 'person');
  if (people[name]) return personOfCode.set(searchParams.get('code'), people[name]);
  searchParams.delete('code');
  searchParams.set('error', 'login_required');
});
server.service.on('beforeTokenSigning', (token, request) => {
  Object.assign(token.payload, personOfCode.get(request.body.code));
});
server.service.on('beforeUserinfo', (answer, request) => {
  const [, claims] = request.headers.authorization.split('.');
  answer.body = bySub(JSON.parse(Buffer.from(claims, 'base64url')).sub);
});

await server.start(port, '127.0.0.1');
