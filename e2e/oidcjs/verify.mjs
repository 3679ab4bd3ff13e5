// aws-jwt-verify checks tokens: as those of any issuer, or as Cognito's if the issuer has AWS's form.
import assert from 'node:assert/strict';
import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';
import { settings } from './visitor.mjs';

const { issuer, pool, client: clientId, access, id } = settings;
const jwks = await (await fetch(settings.jwks)).json();
const verifier = issuer
  ? JwtVerifier.create({ issuer, audience: null, jwksUri: 'https://unused.example.com' })
  : CognitoJwtVerifier.create({ userPoolId: pool, clientId });
verifier.cacheJwks(jwks); // it fetches keys by https only

const check = (token, options) => verifier.verify(token, options);
const of = (tokenUse, more) => ({ tokenUse, ...more });
if (issuer) {
  assert.equal((await check(id, { audience: clientId })).token_use, 'id');
  assert.equal((await check(access, { audience: null })).token_use, 'access');
  await assert.rejects(check(id, { audience: 'another' }), /Audience not allowed/);
} else {
  assert.equal((await check(id, of('id'))).aud, clientId);
  assert.equal((await check(access, of('access', { scope: 'aws.cognito.signin.user.admin' }))).client_id, clientId);
  await assert.rejects(check(id, of('access')), /Token use not allowed/);
  await assert.rejects(check(access, of('access', { clientId: 'another' })), /Client ID not allowed/);
}
const [header, payload, signature] = access.split('.');
const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url')), username: 'root' })).toString('base64url');
await assert.rejects(check([header, forged, signature].join('.'), of('access', { audience: null })), /Invalid signature/);
