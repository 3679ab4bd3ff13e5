// Amplify's side of choice-based sign-in: one JSON line per step on standard output.
import { readFileSync } from 'node:fs';
import { Amplify } from 'aws-amplify';
import { autoSignIn, confirmSignIn, confirmSignUp, getCurrentUser, signIn, signOut, signUp } from 'aws-amplify/auth';

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: env('SLUICE_POOL'),
      userPoolClientId: env('SLUICE_CLIENT'),
      userPoolEndpoint: env('SLUICE_URL'),
    },
  },
});

const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

// message waits for the nth message to an address and gives its code.
const message = async (to, nth) => {
  for (;;) {
    let lines = [];
    try {
      lines = readFileSync(env('SLUICE_OUTBOX'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    } catch {
      // the file or its last line is not complete yet
    }
    const found = lines.filter((line) => line.to === to)[nth - 1];
    if (found) return found.body.match(/\b\d{6,8}\b/)[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const choice = { authFlowType: 'USER_AUTH' };
const password = env('SLUICE_PASSWORD');
const next = (out) => ({ next: out.nextStep.signInStep, signedIn: out.isSignedIn });

// A user without a password: sign-up, at once signed in, and then by a code.
const username = 'ampo';
const email = 'ampo@example.com';
const made = await signUp({ username, options: { userAttributes: { email }, autoSignIn: choice } });
say('signUp', { next: made.nextStep.signUpStep });
const confirmed = await confirmSignUp({ username, confirmationCode: await message(email, 1) });
say('confirmSignUp', { next: confirmed.nextStep.signUpStep });
say('autoSignIn', next(await autoSignIn()));
say('currentUser', { username: (await getCurrentUser()).username });
await signOut();

const preferred = await signIn({ username, options: { ...choice, preferredChallenge: 'EMAIL_OTP' } });
say('preferred code', next(preferred));
const code = await message(email, 2);
try {
  await confirmSignIn({ challengeResponse: code === '00000000' ? '00000001' : '00000000' });
} catch (error) {
  say('wrong code', { error: error.name });
}
say('code', next(await confirmSignIn({ challengeResponse: code })));
await signOut();

// A user with a password, whom Go's SDK made.
const choose = async () => signIn({ username: 'ampw', options: choice });
const select = await choose();
say('select', { ...next(select), available: select.nextStep.availableChallenges });
say('selected code', next(await confirmSignIn({ challengeResponse: 'EMAIL_OTP' })));
say('selected code right', next(await confirmSignIn({ challengeResponse: await message('ampw@example.com', 1) })));
await signOut();
for (const kind of ['PASSWORD', 'PASSWORD_SRP']) {
  await choose();
  say(`selected ${kind}`, next(await confirmSignIn({ challengeResponse: kind })));
  say(`${kind} after the choice`, next(await confirmSignIn({ challengeResponse: password })));
  await signOut();
  say(`preferred ${kind}`, next(await signIn({ username: 'ampw', password, options: { ...choice, preferredChallenge: kind } })));
  await signOut();
}
say('unknown user', next(await signIn({ username: 'nobody-at-all', options: { ...choice, preferredChallenge: 'EMAIL_OTP' } })));
process.exit(0); // Amplify's timer of autoSignIn still runs
