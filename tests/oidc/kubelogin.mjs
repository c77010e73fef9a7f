#!/usr/bin/env node
// A stand-in for kubelogin (`kubectl oidc-login get-token`) that signs in for real, as a person
// with a browser would: authorization code with PKCE at the issuer, whose certificate it checks.
// Understands the arguments that Portico writes, and refuses others. PORTICO_TEST_LOGIN is the
// login name that the person types.

import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'oidc-issuer-url': { type: 'string' },
    'oidc-client-id': { type: 'string' },
    'oidc-extra-scope': { type: 'string', multiple: true, default: [] },
    'certificate-authority-data': { type: 'string' },
  },
});
if (positionals.join(' ') !== 'get-token') throw new Error(`what is ${positionals}?`);

const redirect = 'http://localhost:8000';
const authority = values['certificate-authority-data'];
const cookies = new Map();

/** One HTTP exchange that keeps cookies: status, headers and text. */
function exchange(url, form) {
  const body = form && new URLSearchParams(form).toString();
  const options = {
    method: form ? 'POST' : 'GET',
    ca: authority && Buffer.from(authority, 'base64'),
    headers: {
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(body && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      }),
    },
  };
  return new Promise((done, failed) => {
    const sent = request(url, options, (answer) => {
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [name, value] = line.split(';', 1)[0].split('=');
        cookies.set(name, value);
      }
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on('error', failed);
    sent.end(body);
  });
}

const issuer = values['oidc-issuer-url'];
const discovered = JSON.parse((await exchange(`${issuer}/.well-known/openid-configuration`)).text);
if (discovered.issuer !== issuer) throw new Error(`the issuer is ${discovered.issuer}`);
const verifier = randomBytes(32).toString('base64url');
const asked = new URL(discovered.authorization_endpoint);
asked.search = new URLSearchParams({
  client_id: values['oidc-client-id'],
  response_type: 'code',
  redirect_uri: redirect,
  scope: ['openid', ...values['oidc-extra-scope']].join(' '),
  state: randomBytes(8).toString('hex'),
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
});

// Follows the pages and fills their forms in, until the browser would be back here.
let at = asked;
let answer = await exchange(at);
for (let steps = 0; steps < 20; steps += 1) {
  if (answer.headers.location) {
    at = new URL(answer.headers.location, at);
    if (at.href.startsWith(redirect)) break;
    answer = await exchange(at);
    continue;
  }
  const action = answer.text.match(/<form[^>]*action="([^"]+)"/)?.[1];
  if (!action) throw new Error(`${answer.status} ${at}: ${answer.text.slice(0, 300)}`);
  const prompt = answer.text.match(/name="prompt" value="([^"]+)"/)?.[1];
  const typed = prompt === 'login' && { login: process.env.PORTICO_TEST_LOGIN, password: 'any' };
  at = new URL(action, at);
  answer = await exchange(at, { prompt, ...typed });
}
const code = at.searchParams.get('code');
if (!code) throw new Error(`no code came back: ${at}`);
const tokens = await exchange(discovered.token_endpoint, {
  grant_type: 'authorization_code',
  client_id: values['oidc-client-id'],
  redirect_uri: redirect,
  code,
  code_verifier: verifier,
});
const token = JSON.parse(tokens.text).id_token;
if (!token) throw new Error(tokens.text);
console.log(
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token },
  }),
);
