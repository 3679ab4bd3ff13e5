// The life of a device with Amplify: one JSON line per step on standard output.
import { Amplify } from 'aws-amplify';
import { fetchAuthSession, fetchDevices, forgetDevice, rememberDevice, signIn, signOut } from 'aws-amplify/auth';

// Amplify names the device after the browser, which Node before version 21 does not imitate.
globalThis.navigator ??= { userAgent: 'node' };

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

Amplify.configure({
  Auth: { Cognito: { userPoolId: env('SLUICE_POOL'), userPoolClientId: env('SLUICE_CLIENT'), userPoolEndpoint: env('SLUICE_URL') } },
});

const username = env('SLUICE_USERNAME');
const password = env('SLUICE_PASSWORD');
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));
const enter = async (authFlowType) => {
  const { nextStep } = await signIn({ username, password, options: { authFlowType } });
  if (nextStep.signInStep !== 'DONE') throw new Error(`asked ${nextStep.signInStep}`);
  return (await fetchAuthSession()).tokens.accessToken.payload.device_key;
};
const keys = async () => (await fetchDevices()).map((device) => device.id);

const made = await enter();
say('new device', { claim: made });
say('not remembered', { count: (await keys()).length });
await rememberDevice();
const listed = await keys();
say('remembered', { count: listed.length, key: listed[0], claim: made });
const fresh = await fetchAuthSession({ forceRefresh: true });
say('refreshed', { key: made, claim: fresh.tokens.accessToken.payload.device_key });
await signOut();

// Amplify proves the device that it keeps.
say('proved', { key: made, claim: await enter() });
await signOut();
say('proved after a plain password', { key: made, claim: await enter('USER_PASSWORD_AUTH') });

// Amplify keeps the device that is forgotten by its key only if it is another one; here it is its own.
await forgetDevice();
say('forgotten', { count: (await keys()).length });
await signOut();
const other = await enter();
say('another device', { claim: other, changed: other !== made });

// The administrator forgets the device; Amplify drops it and becomes another one.
await fetch(env('SLUICE_FORGET'), { method: 'POST', body: other });
await signOut();
const last = await enter();
say('forgotten elsewhere', { claim: last, changed: last !== other });
