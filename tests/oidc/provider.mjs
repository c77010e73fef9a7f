// An OpenID provider that is not Portico's own: npm's certified `oidc-provider`, with one person
// in it, so that signing in is judged by somebody else's reading of the standard.
//
// node provider.mjs --redirect URI --client ID [--secret SECRET | --public] [--logout URI]
//   [--certificate FILE --key FILE]
// Prints one line of JSON when it listens: {"issuer": "http://127.0.0.1:PORT"}, with https if it
// has a certificate. Ends with its standard input, so that it never outlives the test that
// started it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { parseArgs } from 'node:util';
import { Provider } from 'oidc-provider';

const { values } = parseArgs({
  options: {
    redirect: { type: 'string' },
    logout: { type: 'string' },
    client: { type: 'string', default: 'portico' },
    secret: { type: 'string', default: 'a-secret-for-tests' },
    public: { type: 'boolean', default: false },
    certificate: { type: 'string' },
    key: { type: 'string' },
    port: { type: 'string', default: '0' },
  },
});

/** Who can sign in: the login name decides the groups. */
const people = {
  olga: { name: 'Olga Other', email: 'olga@example.test', groups: ['payments-developers'] },
  stan: { name: 'Stan Stranger', email: 'stan@example.test', groups: [] },
};

const tls = values.certificate && {
  cert: readFileSync(values.certificate),
  key: readFileSync(values.key),
};
const server = tls ? createTlsServer(tls) : createServer();
await new Promise((listening) => server.listen(Number(values.port), '127.0.0.1', listening));
const issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: values.client,
      ...(values.public
        ? { token_endpoint_auth_method: 'none', application_type: 'native' }
        : { client_secret: values.secret }),
      redirect_uris: [values.redirect],
      post_logout_redirect_uris: values.logout ? [values.logout] : [],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
  // Claims of the scopes asked for stand in the ID token, where Portico reads them.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ['only-for-tests'] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...(people[id] ?? { name: id, groups: [] }) }),
  }),
});
provider.on('server_error', (_ctx, error) => console.error('server_error', error));

server.on('request', provider.callback());
console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
