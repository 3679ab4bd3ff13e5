// Amplify's side of the story: one JSON line per step on standard output.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Amplify } from 'aws-amplify';
import {
  confirmSignUp,
  fetchAuthSession,
  fetchUserAttributes,
  getCurrentUser,
  signIn,
  signOut,
  signUp,
  updatePassword,
} from 'aws-amplify/auth';

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const url = env('SLUICE_URL');
const outbox = env('SLUICE_OUTBOX');

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: env('SLUICE_POOL'),
      userPoolClientId: env('SLUICE_CLIENT'),
      userPoolEndpoint: url,
      identityPoolId: env('SLUICE_IDENTITY_POOL'),
      identityPoolEndpoint: url,
      allowGuestAccess: true,
    },
  },
});

const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

// failure runs what must fail and gives the name of its error.
const failure = async (run) => {
  try {
    await run();
    return 'nothing';
  } catch (error) {
    return error.name;
  }
};

const session = async (options) => {
  const s = await fetchAuthSession(options);
  return {
    identity: s.identityId,
    access: s.tokens?.accessToken.toString(),
    id: s.tokens?.idToken?.toString(),
    key: s.credentials?.accessKeyId,
    secret: s.credentials?.secretAccessKey,
    token: s.credentials?.sessionToken,
  };
};

const code = (to) => {
  const lines = readFileSync(outbox, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const last = lines.filter((line) => line.to === to).at(-1);
  return last.body.match(/\b\d{6}\b/)[0];
};

const username = 'ampe';
const password = env('SLUICE_PASSWORD');
const email = 'ampe@example.com';

say('guest', await session());

const made = await signUp({ username, password, options: { userAttributes: { email } } });
say('signUp', { next: made.nextStep.signUpStep, complete: made.isSignUpComplete });
say('early', { error: (await signIn({ username, password })).nextStep.signInStep });
const confirmed = await confirmSignUp({ username, confirmationCode: code(email) });
say('confirmSignUp', { complete: confirmed.isSignUpComplete });

say('wrong password', { error: await failure(() => signIn({ username, password: `${password}x` })) });
say('unknown user', { error: await failure(() => signIn({ username: 'nobody-at-all', password })) });

// SRP is what signIn does when it is told nothing else.
const signed = await signIn({ username, password });
say('signIn', { signedIn: signed.isSignedIn, next: signed.nextStep.signInStep });
say('currentUser', await getCurrentUser());
say('attributes', await fetchUserAttributes());
const first = await session();
say('session', first);
const second = await session({ forceRefresh: true });
say('refreshed', { ...second, changed: second.access !== first.access });

// Whoever reads along uses the credentials now and says when the user may go.
await once(process.stdin, 'data');

const next = `${password}-next`;
await updatePassword({ oldPassword: password, newPassword: next });
await signOut();
say('signed out', await session());
const again = await signIn({ username, password: next, options: { authFlowType: 'USER_PASSWORD_AUTH' } });
say('signIn by password', { signedIn: again.isSignedIn });
await signOut({ global: true });
say('signed out everywhere', {});
process.stdin.destroy();
