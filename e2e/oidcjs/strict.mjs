// oauth4webapi validates every answer, and takes apart what openid-client hides: headers, types, errors.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { allow, settings, visit } from './visitor.mjs';

const http = { [oauth.allowInsecureRequests]: true }; // the test's Sluice speaks http
const issuer = new URL(settings.issuer);
const web = { client_id: settings.web };
const secret = oauth.ClientSecretBasic(settings.secret);

// Discovery, by both names.
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oidc' }));
assert.deepEqual(as, await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })));

const request = async (client, parameters) => {
  const verifier = oauth.generateRandomCodeVerifier();
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: client.client_id, redirect_uri: settings.callback, response_type: 'code', scope: 'openid email', state: 's1', nonce: 'n1',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...parameters,
  });
  return { back: await visit(address), verifier };
};
const redeem = (client, authentication, callback, verifier) =>
  oauth.authorizationCodeGrantRequest(as, client, authentication, callback, settings.callback, verifier, http);
const fails = (run, code, status = 400) =>
  assert.rejects(run, (error) => {
    assert.deepEqual([error.error, error.status], [code, status]);
    return true;
  });

// The code flow. validateAuthResponse demands iss, because discovery announces it.
const { back, verifier } = await request(web, {});
const callback = oauth.validateAuthResponse(as, web, back, 's1');
const response = await redeem(web, secret, callback, verifier);
assert.match(response.headers.get('cache-control'), /no-store/);
const tokens = await oauth.processAuthorizationCodeResponse(as, web, response, { expectedNonce: 'n1', requireIdToken: true, maxAge: 300 });
await oauth.validateApplicationLevelSignature(as, response, http);
const { sub } = oauth.getValidatedIdTokenClaims(tokens);
assert.equal(tokens.token_type, 'bearer');

// Errors come to the redirect URI with state and iss.
for (const [parameters, code] of [
  [{ scope: 'openid admin' }, 'invalid_scope'],
  [{ response_type: 'token' }, 'unauthorized_client'],
  [{ code_challenge_method: 'plain' }, 'invalid_request'],
  [{ request: 'a.b.c' }, 'request_not_supported'],
  [{ prompt: 'none', id_token_hint: 'x' }, 'invalid_request'],
]) {
  const wrong = await request(web, parameters);
  const answer = wrong.back.hash ? new URLSearchParams(wrong.back.hash.slice(1)) : wrong.back;
  assert.throws(() => oauth.validateAuthResponse(as, web, answer, 's1'), (error) => error.error === code || assert.fail(`${error.error} instead of ${code}`));
}

// Codes are bound to their client and their verifier.
const publicClient = { client_id: settings.public };
const stolen = await request(web, {});
const code = oauth.validateAuthResponse(as, web, stolen.back, 's1');
await fails(async () => oauth.processAuthorizationCodeResponse(as, publicClient, await redeem(publicClient, oauth.None(), code, stolen.verifier)), 'invalid_grant');
await fails(async () => oauth.processAuthorizationCodeResponse(as, web, await redeem(web, secret, code, verifier)), 'invalid_grant');
await fails(async () => oauth.processAuthorizationCodeResponse(as, web, await redeem(web, secret, code, stolen.verifier)), 'invalid_grant'); // the wrong verifier ended it

// UserInfo, refresh, introspection, revocation.
const info = await oauth.processUserInfoResponse(as, web, sub, await oauth.userInfoRequest(as, web, tokens.access_token, http));
assert.equal(info.email, 'rita@example.com');
const refresh = async (token) => oauth.processRefreshTokenResponse(as, web, await oauth.refreshTokenGrantRequest(as, web, secret, token, http));
const renewed = await refresh(tokens.refresh_token);
assert.equal(oauth.getValidatedIdTokenClaims(renewed).sub, sub);
const introspect = async (token) => oauth.processIntrospectionResponse(as, web, await oauth.introspectionRequest(as, web, secret, token, http));
const seen = await introspect(renewed.access_token);
assert.deepEqual([seen.active, seen.iss, seen.sub, seen.token_type], [true, as.issuer, sub, 'Bearer']);
assert.equal((await introspect(tokens.id_token)).active, false);
await oauth.processRevocationResponse(await oauth.revocationRequest(as, web, secret, tokens.refresh_token, http));
await oauth.processRevocationResponse(await oauth.revocationRequest(as, web, secret, 'unknown', http));
await fails(() => refresh(tokens.refresh_token), 'invalid_grant');

// Assertions, and one that is used twice.
const jwk = JSON.parse(await readFile(settings.key, 'utf8'));
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const signer = { client_id: settings.signer };
const machine = async (jti, change = () => {}) => {
  const authentication = oauth.PrivateKeyJwt({ key, kid: jwk.kid }, {
    [oauth.modifyAssertion](_, payload) {
      payload.jti = jti;
      change(payload);
    },
  });
  const answer = await oauth.clientCredentialsGrantRequest(as, signer, authentication, { scope: 'api/write' }, http);
  return oauth.processClientCredentialsResponse(as, signer, answer);
};
await machine('j1');
await fails(() => machine('j1'), 'invalid_client');
await fails(() => machine('j2', (payload) => (payload.aud = 'https://other.example.com')), 'invalid_client');
await fails(() => machine('j3', (payload) => (payload.sub = settings.web)), 'invalid_client');
await fails(() => machine('j4', (payload) => (payload.exp = payload.iat - 60)), 'invalid_client');

// The device grant: pending, allowed, spent.
const television = { client_id: settings.television };
const asked = await oauth.deviceAuthorizationRequest(as, television, oauth.None(), { scope: 'openid' }, http);
const device = await oauth.processDeviceAuthorizationResponse(as, television, asked);
const poll = async () =>
  oauth.processDeviceCodeResponse(as, television, await oauth.deviceCodeGrantRequest(as, television, oauth.None(), device.device_code, http));
await fails(poll, 'authorization_pending');
await allow(device.verification_uri_complete, device.user_code);
await fails(poll, 'slow_down');
await setTimeout(2 * device.interval * 1000); // the interval, and what the early question added
assert.equal(oauth.getValidatedIdTokenClaims(await poll()).sub, sub);
await fails(poll, 'invalid_grant');

// Registration.
const register = async (metadata) => oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, metadata, http));
const made = await register({ redirect_uris: [settings.callback], token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] });
assert.equal(made.client_secret, undefined);
await fails(() => register({ redirect_uris: ['http://app.example.com/'] }), 'invalid_redirect_uri');
await fails(() => register({ redirect_uris: [settings.callback], grant_types: ['password'] }), 'invalid_client_metadata');

// A client that registers with a key pushes a request. The pages of the sign-in follow; the reference works once.
const { kty, crv, x, y, kid } = jwk;
const signing = await register({ redirect_uris: [settings.callback], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty, crv, x, y, kid }] } });
const assertion = () => oauth.PrivateKeyJwt({ key, kid });
const pushVerifier = oauth.generateRandomCodeVerifier();
const sent = await oauth.pushedAuthorizationRequest(as, signing, assertion(), {
  redirect_uri: settings.callback, response_type: 'code', scope: 'openid email', state: 's1', prompt: 'login',
  code_challenge: await oauth.calculatePKCECodeChallenge(pushVerifier), code_challenge_method: 'S256',
}, http);
const { request_uri, expires_in } = await oauth.processPushedAuthorizationResponse(as, signing, sent);
assert.equal(expires_in, 90);
const reference = new URL(as.authorization_endpoint);
reference.search = new URLSearchParams({ client_id: signing.client_id, request_uri });
const answered = oauth.validateAuthResponse(as, signing, await visit(reference), 's1');
const grant = await redeem(signing, assertion(), answered, pushVerifier);
assert.equal(oauth.getValidatedIdTokenClaims(await oauth.processAuthorizationCodeResponse(as, signing, grant)).sub, sub);
assert.equal((await fetch(reference, { redirect: 'manual' })).status, 400);
