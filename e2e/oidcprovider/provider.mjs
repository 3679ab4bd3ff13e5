// Runs oidc-provider as a provider of OpenID Connect, and shapes its endpoints like those of the four social providers. Its argument is
// JSON: redirect (the redirect URI of the clients), apple (the public key of Apple's client secrets as PEM), and settings of the clients.
// It writes its address, and runs until it is killed.
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import * as oidc from 'oidc-provider'

const { jwtVerify } = await import(createRequire(createRequire(import.meta.url).resolve('oidc-provider')).resolve('jose'))
const settings = JSON.parse(process.argv[2])
const secret = 'secret-of-the-client-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789'

const jwk = (type, options, more) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more })
const client = (id, more) => ({ client_id: id, client_secret: secret, redirect_uris: [settings.redirect], grant_types: ['authorization_code'],
  response_types: ['code'], token_endpoint_auth_method: 'client_secret_post', ...more })

const server = createServer()
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const issuer = `http://${settings.host ?? '127.0.0.1'}:${server.address().port}`

const provider = new oidc.Provider(issuer, {
  clients: [client('post'), client('basic', { token_endpoint_auth_method: 'client_secret_basic' }),
    client('jwt', { token_endpoint_auth_method: 'client_secret_jwt' }), client('mac', { id_token_signed_response_alg: 'HS256' }),
    client('elliptic', { id_token_signed_response_alg: 'ES256' }), ...(settings.clients ?? []).map((c) => client(c.client_id, c))],
  jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, { kid: 'r', alg: 'RS256' }), jwk('ec', { namedCurve: 'P-256' }, { kid: 'e', alg: 'ES256' })] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], name: ['name'] },
  scopes: ['openid', 'offline_access', 'email', 'profile', 'name', 'public_profile'],
  clientAuthMethods: ['client_secret_post', 'client_secret_basic', 'client_secret_jwt', 'private_key_jwt', 'none'],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'HS256'] },
  conformIdTokenClaims: false,
  pkce: { required: () => false },
  cookies: { keys: ['cookies of the test'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => person(id) }),
})

function person(id) {
  return { sub: id, email: `${id}@example.com`, email_verified: !id.startsWith('unverified'), name: `${id} Lovelace`, given_name: id, family_name: 'Lovelace' }
}

// asked is what the token requests had, for the test.
const asked = []

async function body(request) {
  let text = ''
  for await (const part of request) text += part
  return new URLSearchParams(text)
}

const json = (response, status, value) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

async function owner(request) {
  const token = await provider.AccessToken.find((request.headers.authorization ?? '').replace(/^Bearer /, ''))
  return token && person(token.accountId)
}

// grant makes an access token, as a client's SDK gets one.
async function grant(user, id) {
  const token = new provider.AccessToken({ accountId: user, client: await provider.Client.find(id), grantId: 'grant', gty: 'authorization_code', scope: 'openid' })
  return token.save()
}

const known = async (text) => text && provider.AccessToken.find(text)
const bearer = (request) => known((request.headers.authorization ?? '').replace(/^Bearer /, ''))

// Facebook's ids are of the application.
const facebookID = (user, app) => `${app.length}000${user.length}`

// signedFor is the user of a request that OAuth 1.0 signs, with the key "consumer" and the secret "consumer-secret"; the secret of a token is
// "secret-of-" and its user.
async function signedFor(request, url) {
  const escape = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase())
  const header = Object.fromEntries([...(request.headers.authorization ?? '').matchAll(/(oauth_[a-z_]+)="([^"]*)"/g)].map(([, k, v]) => [k, decodeURIComponent(v)]))
  const token = await known(header.oauth_token)
  if (!token || header.oauth_consumer_key !== 'consumer' || Math.abs(Date.now() / 1000 - header.oauth_timestamp) > 300) return undefined
  const { oauth_signature: signature, ...rest } = header
  const pairs = [...Object.entries(rest), ...url.searchParams].map(([k, v]) => `${escape(k)}=${escape(v)}`).sort()
  const text = ['GET', escape(url.origin + url.pathname), escape(pairs.join('&'))].join('&')
  const want = createHmac('sha1', `consumer-secret&${escape('secret-of-' + token.accountId)}`).update(text).digest('base64')
  return signature === want ? token.accountId : undefined
}

async function redeem(response, form) {
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body: form })
  json(response, answer.status, await answer.json())
}

// shapes are the endpoints that social providers have in another form than OpenID Connect.
const shapes = {
  // Facebook answers GET, and its users have an id.
  '/facebook/token': (request, response, url) => {
    const form = new URLSearchParams(url.search)
    asked.push(['facebook', request.method, form.get('client_id')])
    form.set('grant_type', 'authorization_code')
    return redeem(response, form)
  },
  '/facebook/me': async (request, response, url) => {
    const user = await owner(request)
    const all = { id: `1000${user.sub.length}`, email: user.email, name: user.name, first_name: user.given_name }
    json(response, 200, Object.fromEntries(url.searchParams.get('fields').split(',').filter((name) => name in all).map((name) => [name, all[name]])))
  },
  '/grant': async (request, response, url) => json(response, 200, { access_token: await grant(url.searchParams.get('user'), url.searchParams.get('client')) }),
  // What identity pools and STS ask about access tokens.
  '/graph/me': async (request, response) => {
    const token = await bearer(request)
    if (!token) return json(response, 400, { error: { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190 } })
    json(response, 200, { id: facebookID(token.accountId, token.clientId) })
  },
  '/graph/app': async (request, response) => {
    const token = await bearer(request)
    if (!token) return json(response, 400, { error: { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190 } })
    json(response, 200, { id: token.clientId })
  },
  '/amazon/auth/o2/tokeninfo': async (request, response, url) => {
    const token = await known(url.searchParams.get('access_token'))
    if (!token) return json(response, 400, { error: 'invalid_token', error_description: 'The request has an invalid parameter : access_token' })
    json(response, 200, { iss: 'https://www.amazon.com', user_id: `amzn1.account.${token.accountId}`, aud: `amzn1.application-oa2-client.${token.clientId}`,
      app_id: `amzn1.application.${token.clientId}`, exp: token.remainingTTL ?? 3600, iat: token.iat })
  },
  '/twitter/1.1/account/verify_credentials.json': async (request, response, url) => {
    const user = await signedFor(request, url)
    if (!user) return json(response, 401, { errors: [{ code: 89, message: 'Invalid or expired token.' }] })
    json(response, 200, { id: 7, id_str: `7000${user.length}`, screen_name: user })
  },
  '/amazon/profile': async (request, response) => {
    const user = await owner(request)
    json(response, 200, { user_id: `amzn1.account.${user.sub}`, email: user.email, name: user.name, postal_code: '10115' })
  },
  // Google's people API has lists, and refuses fields that it does not know.
  '/google/people': async (request, response, url) => {
    const fields = (url.searchParams.get('personFields') ?? '').split(',')
    if (!(await owner(request)) || fields.some((name) => !['genders', 'birthdays', 'phoneNumbers'].includes(name))) return json(response, 400, { error: { code: 400 } })
    json(response, 200, { resourceName: 'people/1', genders: [{ value: 'female', metadata: { primary: true } }],
      birthdays: [{ date: { year: 1815, month: 12, day: 10 } }], phoneNumbers: [{ value: '(020) 7946 0000', canonicalForm: '+442079460000' }] })
  },
  // Apple's clients prove themselves with a token that their key signs.
  '/apple/token': async (request, response) => {
    const form = await body(request)
    try {
      const { payload, protectedHeader } = await jwtVerify(form.get('client_secret'), createPublicKey(settings.apple), { algorithms: ['ES256'],
        issuer: 'TEAM123456', subject: form.get('client_id'), audience: 'https://appleid.apple.com', maxTokenAge: '10m' })
      if (protectedHeader.kid !== 'KEY1234567' || !payload.exp) throw new Error('kid or exp')
    } catch (e) {
      return json(response, 400, { error: 'invalid_client', error_description: e.message })
    }
    form.set('client_secret', secret)
    return redeem(response, form)
  },
}

const callback = provider.callback()
server.on('request', (request, response) => {
  const url = new URL(request.url, issuer)
  if (url.pathname === '/asked') return json(response, 200, asked)
  const shape = shapes[url.pathname]
  if (shape) return shape(request, response, url).catch?.((e) => json(response, 500, { error: 'server_error', error_description: String(e) }))
  if (url.pathname.startsWith('/auth')) addUser(url, response)
  callback(request, response)
})

// addUser adds what Apple's form has at the first consent.
function addUser(url, response) {
  const { end } = response
  response.end = function (text, ...rest) {
    if (typeof text === 'string' && text.includes('name="state"') && text.includes(settings.redirect)) {
      const user = JSON.stringify({ name: { firstName: 'Ada', lastName: 'Lovelace' }, email: 'forged@example.com' }).replaceAll('"', '&quot;')
      text = text.replace('</form>', `<input type="hidden" name="user" value="${user}"/></form>`)
      response.removeHeader('content-length')
    }
    return end.call(this, text, ...rest)
  }
}

console.log(issuer)
