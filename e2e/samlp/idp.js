// A SAML identity provider on Auth0's samlp, for the end-to-end tests: it signs in whoever presses the button of its page.
//
// usage: node idp.js <port> <folder>
//
// The folder has key.pem and cert.pem, and may have encrypt.pem, the certificate to which assertions are encrypted.

import fs from 'node:fs';
import path from 'node:path';
import express from 'express';
import samlp from 'samlp';

const [port, folder] = process.argv.slice(2);
const base = `http://localhost:${port}`;
const file = (name) => path.join(folder, name);
const read = (name) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name)) : undefined);
const user = { id: 'Ana', emails: [{ value: 'ana@example.com' }], displayName: 'Ana', name: { givenName: 'Ana', familyName: 'Lima' } };

const options = {
  issuer: base,
  key: read('key.pem'),
  cert: read('cert.pem'),
  getPostURL: (audience, request, req, done) => done(null, request.documentElement.getAttribute('AssertionConsumerServiceURL')),
};
const app = express();
app.set('query parser', 'extended');
app.get('/metadata', samlp.metadata({ issuer: base, cert: options.cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso', logoutEndpointPaths: { redirect: '/slo' } }));
app.get('/sso', (req, res, next) => {
  if (req.query.sure !== undefined) return next();
  res.send(`<!DOCTYPE html><title>Corp</title><a id="sure" href="${req.originalUrl.replace(/&/g, '&amp;')}&amp;sure">Sign in as Ana</a>`);
}, (req, res, next) => {
  const encrypt = read('encrypt.pem');
  const recipient = decodeURIComponent(read('recipient')?.toString() ?? '');
  samlp.auth({
    ...options, recipient, destination: recipient, lifetimeInSeconds: 300, sessionIndex: '_session1',
    ...(encrypt && {
      encryptionCert: encrypt,
      encryptionPublicKey: read('encrypt-key.pem'),
      encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    }),
    getUserFromRequest: () => user,
  })(req, res, next);
});
app.use((error, req, res, next) => res.status(500).type('text').send(String(error.stack)));
app.listen(port, 'localhost');
