// The life of a device with amazon-cognito-identity-js: one JSON line per step on standard output.
import {
  AuthenticationDetails,
  CognitoRefreshToken,
  CognitoUser,
  CognitoUserPool,
} from 'amazon-cognito-identity-js';

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

// Storage answers null for a key that it does not have, as the localStorage of a browser does.
class Storage {
  items = new Map();
  getItem(key) { return this.items.has(key) ? this.items.get(key) : null; }
  setItem(key, value) { this.items.set(key, String(value)); }
  removeItem(key) { this.items.delete(key); }
  clear() { this.items.clear(); }
}

const storage = new Storage();
const pool = new CognitoUserPool({
  UserPoolId: env('SLUICE_POOL'), ClientId: env('SLUICE_CLIENT'), endpoint: env('SLUICE_URL'), Storage: storage,
});
const Username = env('SLUICE_USERNAME');
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));
const user = () => new CognitoUser({ Username, Pool: pool, Storage: storage });

// call runs a method that takes a map of callbacks.
const call = (of, method, ...args) => new Promise((resolve, reject) => {
  of[method](...args, { onSuccess: resolve, onFailure: reject });
});

// signIn signs in and returns the key of the device and whether the user has to confirm it.
const signIn = (of, flow = 'USER_SRP_AUTH') => new Promise((resolve, reject) => {
  of.setAuthenticationFlowType(flow);
  const details = new AuthenticationDetails({ Username, Password: env('SLUICE_PASSWORD') });
  of.authenticateUser(details, {
    onSuccess: (session, necessary) => resolve({
      claim: session.getAccessToken().payload.device_key, necessary: necessary === true, session,
    }),
    onFailure: reject,
    mfaRequired: (challenge) => reject(new Error(`asked ${challenge}`)),
  });
});

// cached returns the device key that the library keeps.
const cached = () => {
  const key = [...storage.items.keys()].find((name) => name.endsWith('.deviceKey'));
  return key ? storage.getItem(key) : '';
};

const first = user();
const made = await signIn(first);
say('new device', { key: cached(), claim: made.claim, necessary: made.necessary });
say('not remembered', { count: (await call(first, 'listDevices', 10, null)).Devices.length });
await call(first, 'setDeviceStatusRemembered');
const listed = (await call(first, 'listDevices', 10, null)).Devices;
say('remembered', { count: listed.length, key: listed[0].DeviceKey });
say('get', { key: (await call(first, 'getDevice')).Device.DeviceKey });

// The library proves the device that it keeps.
const second = user();
say('proved', { key: cached(), claim: (await signIn(second)).claim });
say('proved after a plain password', { key: cached(), claim: (await signIn(user(), 'USER_PASSWORD_AUTH')).claim });
const refreshed = await new Promise((resolve, reject) => {
  second.refreshSession(new CognitoRefreshToken({ RefreshToken: second.getSignInUserSession().getRefreshToken().getToken() }),
    (err, session) => (err ? reject(err) : resolve(session)));
});
say('refreshed', { claim: refreshed.getAccessToken().payload.device_key });

// The device is forgotten elsewhere; the library drops it and becomes another one.
const before = cached();
await call(first, 'forgetSpecificDevice', before);
const third = user();
third.getCachedDeviceKeyAndPassword();
const other = await signIn(third);
say('forgotten elsewhere', { key: cached(), claim: other.claim, changed: cached() !== before });

await call(third, 'setDeviceStatusNotRemembered');
say('not remembered any more', { count: (await call(third, 'listDevices', 10, null)).Devices.length });
say('not proved', { key: cached(), claim: (await signIn(user())).claim });
await call(third, 'forgetDevice');
say('forgotten', { key: cached(), count: (await call(third, 'listDevices', 10, null)).Devices.length });
const refusal = await new Promise((resolve) => {
  third.refreshSession(third.getSignInUserSession().getRefreshToken(), (err) => resolve(err));
});
say('refresh of a forgotten device', { error: `${refusal?.code}: ${refusal?.message}` });
