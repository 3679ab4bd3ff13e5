// Amplify's sign-in with the login pages: functions that the test calls one by one.
import { Amplify } from 'aws-amplify';
import { fetchAuthSession, fetchUserAttributes, getCurrentUser, signInWithRedirect, signOut } from 'aws-amplify/auth';
import 'aws-amplify/auth/enable-oauth-listener';
import { Hub } from 'aws-amplify/utils';

const events = [];
Hub.listen('auth', ({ payload }) => events.push({ event: payload.event, data: typeof payload.data === 'string' ? payload.data : payload.data?.error?.message }));

const { pool, client, domain } = await (await fetch('settings.json')).json();
const here = [`${location.origin}/browser/`];
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: pool,
      userPoolClientId: client,
      userPoolEndpoint: location.origin,
      loginWith: {
        oauth: {
          domain,
          scopes: ['openid', 'email', 'aws.cognito.signin.user.admin'],
          redirectSignIn: here,
          redirectSignOut: here,
          responseType: 'code',
        },
      },
    },
  },
});

const outcome = async (run) => {
  try {
    return (await run()) ?? {};
  } catch (error) {
    return { error: error.name, message: error.message };
  }
};
const tokens = async (options) => {
  const session = await fetchAuthSession(options);
  return { access: session.tokens?.accessToken.toString() };
};

Object.assign(window, {
  // enter and leave go to another page. Their calls return before that.
  enter: (options, provider) => void signInWithRedirect({ customState: 'deep/link?a=b', provider, options }),
  leave: () => void signOut(),
  user: () => outcome(async () => ({ ...(await getCurrentUser()), email: (await fetchUserAttributes()).email })),
  session: () => outcome(() => tokens()),
  renew: () => outcome(() => tokens({ forceRefresh: true })),
  // event waits for an event of Amplify.
  event: async (name) => {
    for (;;) {
      const found = events.find(({ event }) => event === name);
      if (found) return found;
      await new Promise((resume) => setTimeout(resume, 50));
    }
  },
});
