// oidc-client-ts in a browser: functions that the test calls one by one.
import { UserManager, WebStorageStateStore } from 'oidc-client-ts';

const { authority, client, renewEarly } = await (await fetch('/settings.json')).json();
const page = (name) => `${location.origin}/${name}`;
const manager = new UserManager({
  authority,
  client_id: client,
  redirect_uri: page('callback'),
  silent_redirect_uri: page('silent'),
  post_logout_redirect_uri: page('bye'),
  scope: 'openid email',
  loadUserInfo: true,
  automaticSilentRenew: false,
  accessTokenExpiringNotificationTimeInSeconds: renewEarly,
  revokeTokenTypes: ['refresh_token'], // Cognito does not revoke access tokens alone
  userStore: new WebStorageStateStore({ store: localStorage }),
});

// outcome runs a call and gives its result, or its error.
const outcome = async (run) => {
  try {
    return (await run()) ?? {};
  } catch (error) {
    return { error: error.error ?? error.message };
  }
};
const shown = (user) => user && { access: user.access_token, refresh: user.refresh_token, id: user.id_token, email: user.profile.email, state: user.state };

if (location.pathname === '/silent') {
  await manager.signinSilentCallback();
}

Object.assign(window, {
  // enter and leave go to another page. Their calls return before that.
  enter: () => void manager.signinRedirect({ state: { deep: '/a?b=c' } }),
  leave: () => void manager.signoutRedirect({ state: 'farewell' }),
  arrive: () => outcome(async () => shown(await manager.signinCallback())),
  left: () => outcome(async () => ({ state: (await manager.signoutCallback()).userState })),
  user: () => outcome(async () => shown(await manager.getUser())),
  // renew gets new tokens with the refresh token, or, without one, from the session in a frame.
  renew: () => outcome(async () => shown(await manager.signinSilent())),
  forgetRefreshToken: async () => {
    const user = await manager.getUser();
    user.refresh_token = undefined;
    await manager.storeUser(user);
  },
  // automatic waits until the library renews the tokens of its own accord.
  automatic: () =>
    outcome(async () => {
      const { promise, resolve, reject } = Promise.withResolvers();
      const { access_token } = await manager.getUser();
      manager.events.addUserLoaded((user) => user.access_token === access_token || resolve(shown(user)));
      manager.events.addSilentRenewError(reject);
      manager.startSilentRenew();
      await manager.getUser(true); // starts the timers
      return promise.finally(() => manager.stopSilentRenew());
    }),
  revoke: () => outcome(() => manager.revokeTokens()),
});
