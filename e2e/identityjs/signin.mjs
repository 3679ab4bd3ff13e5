// Signs in by SRP and TOTP with amazon-cognito-identity-js, and prints what it saw as JSON.
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';

const env = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const Pool = new CognitoUserPool({ UserPoolId: env('SLUICE_POOL'), ClientId: env('SLUICE_CLIENT'), endpoint: env('SLUICE_URL') });
const Username = env('SLUICE_USERNAME');
const user = new CognitoUser({ Username, Pool });
let asked = '';

const session = await new Promise((resolve, reject) => {
  const callbacks = {
    onSuccess: resolve,
    onFailure: reject,
    totpRequired: (challenge) => {
      asked = challenge;
      user.sendMFACode(env('SLUICE_CODE'), callbacks, challenge);
    },
  };
  user.authenticateUser(new AuthenticationDetails({ Username, Password: env('SLUICE_PASSWORD') }), callbacks);
});
console.log(JSON.stringify({ asked, sub: session.getAccessToken().payload.sub }));
