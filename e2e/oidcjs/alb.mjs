// aws-jwt-verify checks x-amzn-oidc-data as applications behind an Application Load Balancer do.
import assert from 'node:assert/strict';
import { AlbJwtVerifier } from 'aws-jwt-verify';
import { AlbJwksCache } from 'aws-jwt-verify/alb-cache';
import { settings } from './visitor.mjs';

const { issuer, client: clientId, arn: albArn, data, keys, identity, username, email } = settings;
const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() }; // its own fetches by https only
const verifier = (more) =>
  AlbJwtVerifier.create({ issuer, clientId, albArn, jwksUri: keys, ...more }, { jwksCache: new AlbJwksCache({ fetcher }) });

const { exp, ...claims } = await verifier().verify(data);
assert.ok(exp > Date.now() / 1000);
assert.deepEqual(claims, { sub: identity, email_verified: 'true', email, username, iss: issuer });

const other = albArn.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
await assert.rejects(verifier({ albArn: other }).verify(data), /ALB ARN not allowed/);
await assert.rejects(verifier({ clientId: 'another' }).verify(data), /Client ID not allowed/);
await assert.rejects(verifier({ issuer: 'https://another.example.com' }).verify(data), /Issuer not allowed/i);
const [header, payload, signature] = data.split('.');
for (const part of [header, payload, signature]) assert.equal(part.length % 4, 0, 'padding');
const forged = Buffer.from(JSON.stringify({ ...claims, exp, sub: 'mallory' })).toString('base64url');
await assert.rejects(verifier().verify([header, forged, signature].join('.')), /Invalid signature/);
