// jose looks at the tokens. usage: verify.mjs TOKENS.json; prints {library: {token: was it accepted?}}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const tool = createRequire(new URL('../../tools/package.json', import.meta.url));
const { createRemoteJWKSet, errors, jwtVerify } = tool('jose');
const { version } = JSON.parse(readFileSync(tool.resolve('jose/package.json')));

const { issuer, audience, jwks_uri: jwksUri, tokens } = JSON.parse(readFileSync(process.argv[2]));
const keys = createRemoteJWKSet(new URL(jwksUri));
const accepts = (token) => jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] }).then(
  () => true,
  (error) => {
    if (!(error instanceof errors.JOSEError)) throw error;
    return false;
  },
);

const verdicts = {};
for (const [kind, token] of Object.entries(tokens)) verdicts[kind] = await accepts(token);
console.log(JSON.stringify({ [`jose ${version}`]: verdicts }));
