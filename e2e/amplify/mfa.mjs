// MFA with Amplify and with amazon-cognito-identity-js: one JSON line per step on standard output.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Amplify } from 'aws-amplify';
import { confirmSignIn, fetchMFAPreference, setUpTOTP, signIn, signOut, updateMFAPreference, verifyTOTPSetup } from 'aws-amplify/auth';
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const url = env('SLUICE_URL');
const userPoolId = env('SLUICE_POOL');
const userPoolClientId = env('SLUICE_CLIENT');
const username = env('SLUICE_USER');
const password = env('SLUICE_PASSWORD');
const outbox = env('SLUICE_OUTBOX');

Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint: url } } });

const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

// totp gives the code of the newest step that the server accepts and that was not used yet (RFC 6238).
let used = 0;
const totp = async (secret) => {
  while (Math.floor(Date.now() / 30000) + 1 <= used) await sleep(500);
  used = Math.max(used + 1, Math.floor(Date.now() / 30000) - 1);
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(used));
  const sum = createHmac('sha1', key).update(counter).digest();
  return String((sum.readUInt32BE(sum.at(-1) & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
};

// sms waits for a new message and gives its code.
let seen = 0;
const sms = async () => {
  for (;;) {
    let lines = [];
    try {
      lines = readFileSync(outbox, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter((m) => m.medium === 'SMS');
    } catch {
      // there is no message yet
    }
    if (lines.length > seen) {
      seen = lines.length;
      return lines.at(-1).body.match(/[0-9]{6}/)[0];
    }
    await sleep(50);
  }
};

const first = await signIn({ username, password });
say('signIn', { next: first.nextStep.signInStep });
const setup = await setUpTOTP();
const secret = setup.sharedSecret;
await verifyTOTPSetup({ code: await totp(secret) });
await updateMFAPreference({ totp: 'PREFERRED', sms: 'ENABLED' });
const preference = await fetchMFAPreference();
say('preference', { preferred: preference.preferred, enabled: [...preference.enabled].sort().join(' ') });
await signOut();

const second = await signIn({ username, password });
say('TOTP', { next: second.nextStep.signInStep });
const done = await confirmSignIn({ challengeResponse: await totp(secret) });
say('TOTP confirmed', { next: done.nextStep.signInStep });
await updateMFAPreference({ sms: 'PREFERRED' });
await signOut();

const third = await signIn({ username, password });
say('SMS', { next: third.nextStep.signInStep, destination: third.nextStep.codeDeliveryDetails?.destination });
const confirmed = await confirmSignIn({ challengeResponse: await sms() });
say('SMS confirmed', { next: confirmed.nextStep.signInStep });
await updateMFAPreference({ totp: 'PREFERRED' });
await signOut();

// The older library.
const pool = new CognitoUserPool({ UserPoolId: userPoolId, ClientId: userPoolClientId, endpoint: url });
const user = new CognitoUser({ Username: username, Pool: pool });
const challenge = await new Promise((resolve, reject) => {
  const callbacks = {
    onSuccess: () => resolve('SUCCESS'),
    onFailure: reject,
    totpRequired: async (name) => user.sendMFACode(await totp(secret), { onSuccess: () => resolve(name), onFailure: reject }, name),
  };
  user.authenticateUser(new AuthenticationDetails({ Username: username, Password: password }), callbacks);
});
say('authenticateUser', { next: challenge });
