// Custom challenges with Amplify and with amazon-cognito-identity-js: one JSON line per step on standard output.
import { Amplify } from 'aws-amplify';
import { confirmSignIn, fetchAuthSession, signIn, signOut, signUp } from 'aws-amplify/auth';
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const url = env('SLUICE_URL');
const userPoolId = env('SLUICE_POOL');
const userPoolClientId = env('SLUICE_CLIENT');
const password = env('SLUICE_PASSWORD');

Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint: url } } });

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

const username = 'carol';
const made = await signUp({ username, password, options: { userAttributes: { email: 'carol@example.com' } } });
say('signUp', { complete: made.isSignUpComplete });

const begin = (authFlowType) => signIn({ username, password: authFlowType === 'CUSTOM_WITH_SRP' ? password : undefined, options: { authFlowType } });

for (const flow of ['CUSTOM_WITHOUT_SRP', 'CUSTOM_WITH_SRP']) {
  const first = await begin(flow);
  say(`${flow} begins`, { next: first.nextStep.signInStep, captcha: first.nextStep.additionalInfo?.captchaUrl });
  const wrong = await confirmSignIn({ challengeResponse: 'wrong' });
  say(`${flow} wrong`, { next: wrong.nextStep.signInStep });
  const done = await confirmSignIn({ challengeResponse: '5', options: { clientMetadata: { step: 'answer' } } });
  const { tokens } = await fetchAuthSession();
  say(`${flow} done`, { next: done.nextStep.signInStep, tenant: tokens.idToken.payload.tenant });
  await signOut();
}

await begin('CUSTOM_WITHOUT_SRP');
await confirmSignIn({ challengeResponse: 'wrong' });
await confirmSignIn({ challengeResponse: 'wrong' });
say('three wrong answers', { error: await failure(() => confirmSignIn({ challengeResponse: 'wrong' })) });

// The older library: authenticateUser sends SRP_A, initiateAuth does not.
const pool = new CognitoUserPool({ UserPoolId: userPoolId, ClientId: userPoolClientId, endpoint: url });
for (const method of ['authenticateUser', 'initiateAuth']) {
  const user = new CognitoUser({ Username: username, Pool: pool });
  user.setAuthenticationFlowType('CUSTOM_AUTH');
  const details = new AuthenticationDetails({ Username: username, Password: password });
  const tenant = await new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: (session) => resolve(session.getIdToken().payload.tenant),
      onFailure: reject,
      customChallenge: (parameters) => user.sendCustomChallengeAnswer(parameters.captchaUrl === 'url/123.jpg' ? '5' : 'no', callbacks),
    };
    user[method](details, callbacks);
  });
  say(method, { tenant });
}
