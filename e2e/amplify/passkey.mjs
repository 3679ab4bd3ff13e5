// Amplify in a browser: functions that the test calls one by one.
import { Amplify } from 'aws-amplify';
import {
  associateWebAuthnCredential,
  confirmSignIn,
  confirmSignUp,
  deleteWebAuthnCredential,
  fetchAuthSession,
  listWebAuthnCredentials,
  signIn,
  signOut,
  signUp,
} from 'aws-amplify/auth';

// outcome runs a call and gives its result, or the name of its error.
const outcome = async (run) => {
  try {
    return (await run()) ?? {};
  } catch (error) {
    return { error: error.name, message: error.message };
  }
};

Object.assign(window, {
  configure: async (userPoolId, userPoolClientId) => {
    Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint: location.origin } } });
  },
  join: (username, password, email) => outcome(() => signUp({ username, password, options: { userAttributes: { email } } })),
  confirm: (username, confirmationCode) => outcome(() => confirmSignUp({ username, confirmationCode })),
  enter: (username, password) => outcome(() => signIn({ username, password })),
  enterWith: (username, preferredChallenge) =>
    outcome(() => signIn({ username, options: { authFlowType: 'USER_AUTH', preferredChallenge } })),
  choose: (challengeResponse) => outcome(() => confirmSignIn({ challengeResponse })),
  associate: () => outcome(() => associateWebAuthnCredential()),
  list: () => outcome(() => listWebAuthnCredentials({ pageSize: 20 })),
  remove: (credentialId) => outcome(() => deleteWebAuthnCredential({ credentialId })),
  session: () => outcome(async () => ({ access: (await fetchAuthSession()).tokens?.accessToken.toString() })),
  leave: () => outcome(() => signOut()),
});
