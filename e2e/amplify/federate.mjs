// Logins of an identity pool without a user pool: fromCognitoIdentityPool of the AWS SDK, alone and as Amplify's source of credentials. POOL is
// the identity pool, LOGINS its logins as JSON. One JSON line per step on standard output.
import { Amplify } from 'aws-amplify';
import { fetchAuthSession } from 'aws-amplify/auth';
import { fromCognitoIdentity, fromCognitoIdentityPool } from '@aws-sdk/credential-providers';

const { SLUICE_URL: endpoint, POOL: identityPoolId, LOGINS } = process.env;
const logins = JSON.parse(LOGINS);
const clientConfig = { region: 'us-east-1', endpoint };
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

const first = await fromCognitoIdentityPool({ identityPoolId, logins, clientConfig })();
say('pool', { identity: first.identityId, key: first.accessKeyId, secret: first.secretAccessKey, token: first.sessionToken });
const again = await fromCognitoIdentity({ identityId: first.identityId, logins, clientConfig })();
say('identity', { identity: again.identityId, key: again.accessKeyId, secret: again.secretAccessKey, token: again.sessionToken });

// What Amplify's guide calls federating to an identity pool: the application's own source of credentials.
Amplify.configure({ Auth: { Cognito: { identityPoolId, identityPoolEndpoint: endpoint, allowGuestAccess: true } } }, {
  Auth: {
    credentialsProvider: {
      getCredentialsAndIdentityId: async () => {
        const credentials = await fromCognitoIdentityPool({ identityPoolId, logins, clientConfig })();
        return { credentials, identityId: credentials.identityId };
      },
      clearCredentialsAndIdentityId: () => {},
    },
  },
});
const session = await fetchAuthSession();
say('amplify', { identity: session.identityId, key: session.credentials.accessKeyId, secret: session.credentials.secretAccessKey, token: session.credentials.sessionToken });

try {
  await fromCognitoIdentityPool({ identityPoolId, logins: Object.fromEntries(Object.keys(logins).map((key) => [key, 'forged'])), clientConfig })();
  say('forged', { error: 'nothing' });
} catch (error) {
  say('forged', { error: `${error.name}: ${error.message}` });
}
