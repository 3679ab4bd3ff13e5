// openid-client as a relying party: every grant and endpoint that it speaks.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';
import { allow, settings, visit } from './visitor.mjs';

const issuer = new URL(settings.issuer);
const insecure = { execute: [client.allowInsecureRequests] }; // the test's Sluice speaks http
const discover = (id, authentication) => client.discovery(issuer, id, undefined, authentication, insecure);
const refused = (code) => (error) => error.error === code || error.cause?.error === code || assert.fail(`${error} instead of ${code}`);

// signIn runs the code flow with PKCE, state and nonce.
const signIn = async (config, more = {}, build = client.buildAuthorizationUrl) => {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const address = await build(config, {
    redirect_uri: settings.callback, scope: 'openid email', state: expectedState, nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256', ...more,
  });
  const back = await visit(address);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true, maxAge: more.max_age };
  return { address, back, checks, tokens: await client.authorizationCodeGrant(config, back, checks) };
};

const basic = await discover(settings.web, client.ClientSecretBasic(settings.secret));
assert.ok(basic.serverMetadata().supportsPKCE());
client.enableNonRepudiationChecks(basic); // checks signatures of ID tokens by the JWKS

const web = await signIn(basic, { max_age: 3600 });
const { sub, email } = web.tokens.claims();
assert.equal(email, 'rita@example.com');
assert.equal((await client.fetchUserInfo(basic, web.tokens.access_token, sub)).email, email);
await assert.rejects(client.fetchUserInfo(basic, 'no.access.token', sub), (error) => error.cause[0].parameters.error === 'invalid_token');

const renewed = await client.refreshTokenGrant(basic, web.tokens.refresh_token);
assert.equal(renewed.claims().sub, sub);
assert.equal(renewed.claims().auth_time, web.tokens.claims().auth_time);

const seen = await client.tokenIntrospection(basic, renewed.access_token);
assert.deepEqual([seen.active, seen.client_id, seen.sub, seen.scope], [true, settings.web, sub, 'openid email']);
assert.equal((await client.tokenIntrospection(basic, web.tokens.refresh_token)).active, true);
await client.tokenRevocation(basic, web.tokens.refresh_token, { token_type_hint: 'refresh_token' });
assert.deepEqual({ ...(await client.tokenIntrospection(basic, renewed.access_token)) }, { active: false });
await assert.rejects(client.refreshTokenGrant(basic, web.tokens.refresh_token), refused('invalid_grant'));

// The other way to send the secret; a session that answers at once; a code that is used twice.
const post = await discover(settings.web, client.ClientSecretPost(settings.secret));
const again = await signIn(post, { prompt: 'none' });
assert.equal(again.tokens.claims().sub, sub);
await assert.rejects(client.authorizationCodeGrant(post, again.back, again.checks), refused('invalid_grant'));
await assert.rejects(client.refreshTokenGrant(post, again.tokens.refresh_token), refused('invalid_grant'));

const wrong = await discover(settings.web, client.ClientSecretBasic('wrong'));
await assert.rejects(client.clientCredentialsGrant(wrong), (error) => error.status === 401 && error.cause[0].scheme === 'basic');

// A public client whose refresh tokens rotate.
const app = await discover(settings.public, client.None());
const first = await signIn(app);
const second = await client.refreshTokenGrant(app, first.tokens.refresh_token);
assert.notEqual(second.refresh_token, first.tokens.refresh_token);
await assert.rejects(client.refreshTokenGrant(app, first.tokens.refresh_token), refused('invalid_grant'));
await assert.rejects(client.refreshTokenGrant(app, second.refresh_token), refused('invalid_grant')); // the reuse ended the family
await assert.rejects(signIn(app, { code_challenge: '', code_challenge_method: '' }), refused('invalid_request'));

// A client that acts for itself and signs assertions.
const jwk = JSON.parse(await readFile(settings.key, 'utf8'));
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const signer = await discover(settings.signer, client.PrivateKeyJwt({ key, kid: jwk.kid }));
const machine = await client.clientCredentialsGrant(signer, { scope: 'api/read' });
assert.equal((await client.tokenIntrospection(signer, machine.access_token)).scope, 'api/read');
await assert.rejects(client.clientCredentialsGrant(signer, { scope: 'openid' }), refused('invalid_scope'));

// A device.
const television = await discover(settings.television, client.None());
const device = await client.initiateDeviceAuthorization(television, { scope: 'openid email' });
device.interval = 0; // seconds
await allow(device.verification_uri, device.user_code);
const shown = await client.pollDeviceAuthorizationGrant(television, device);
assert.equal(shown.claims().sub, sub);

// A service that passes a user's request on.
const exchanger = await discover(settings.exchanger, client.ClientSecretBasic(settings.secret));
const subject = await signIn(basic, { scope: 'openid api/read' });
const exchanged = await client.genericGrantRequest(exchanger, 'urn:ietf:params:oauth:grant-type:token-exchange', {
  subject_token: subject.tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', audience: settings.audience,
});
assert.equal(exchanged.scope, 'api/read');

// A client that registers itself.
const registered = await client.dynamicClientRegistration(
  issuer,
  { redirect_uris: [settings.callback], client_name: 'Registered', post_logout_redirect_uris: [settings.signed_out] },
  undefined,
  insecure,
);
assert.ok(registered.clientMetadata().client_secret);
assert.equal((await signIn(registered)).tokens.claims().sub, sub);

// A client that pushes its requests, and must.
const pusher = await client.dynamicClientRegistration(
  issuer,
  { redirect_uris: [settings.callback], require_pushed_authorization_requests: true },
  undefined,
  insecure,
);
await assert.rejects(signIn(pusher), refused('invalid_request'));
const pushed = await signIn(pusher, {}, client.buildAuthorizationUrlWithPAR);
assert.deepEqual([...pushed.address.searchParams.keys()], ['request_uri', 'client_id']);
assert.equal(pushed.tokens.claims().sub, sub);
await assert.rejects(signIn(pusher, { scope: 'admin' }, client.buildAuthorizationUrlWithPAR), refused('invalid_scope'));

// The end of the session.
const { back: left, tokens } = await signIn(basic);
assert.ok(left);
const bye = await visit(
  client.buildEndSessionUrl(basic, { id_token_hint: tokens.id_token, post_logout_redirect_uri: settings.signed_out, state: 'bye' }),
);
assert.equal(bye.href, `${settings.signed_out}?state=bye`);
await assert.rejects(signIn(basic, { prompt: 'none' }), refused('login_required'));
