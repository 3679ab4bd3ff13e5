package cognitoidp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// options returns the options of a registration.
func options(b *table, answer []byte) []byte {
	b.t.Helper()
	var out struct{ CredentialCreationOptions json.RawMessage }
	must(b.t, json.Unmarshal(answer, &out))
	return out.CredentialCreationOptions
}

func passkeys(b *table) {
	b.play(step{"CreateUserPool", "with passkeys", `{"PoolName": "passkeys", "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}}`,
		map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"CreateUserPoolClient", "of passkeys", `{"UserPoolId": "{pool}", "ClientName": "web", "PreventUserExistenceErrors": "ENABLED",
		"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`, map[string]string{"client": "UserPoolClient.ClientId"}})
	b.play(step{"SignUp", "before a passkey", `{"ClientId": "{client}", "Username": "ada", "Password": "Correct-horse-7"}`, map[string]string{"sub": "UserSub"}})
	b.learn("handle", base64.RawURLEncoding.EncodeToString([]byte(b.vars["sub"])))
	b.play(step{"AdminConfirmSignUp", "before a passkey", `{"UserPoolId": "{pool}", "Username": "ada"}`, nil})
	b.play(step{"InitiateAuth", "before a passkey", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": {"USERNAME": "ada", "PASSWORD": "Correct-horse-7"}}`, map[string]string{"access": "AuthenticationResult.AccessToken"}})

	start := step{"StartWebAuthnRegistration", "no relying party", `{"AccessToken": "{access}"}`, nil}
	b.play(start)
	b.play(step{"SetUserPoolMfaConfig", "passkeys of a public suffix", `{"UserPoolId": "{pool}", "WebAuthnConfiguration": {"RelyingPartyId": "co.uk"}}`, nil})
	b.play(step{"SetUserPoolMfaConfig", "passkeys", `{"UserPoolId": "{pool}", "WebAuthnConfiguration": {"RelyingPartyId": "example.com", "UserVerification": "required"}}`, nil})
	b.play(step{"GetUserPoolMfaConfig", "passkeys", `{"UserPoolId": "{pool}"}`, nil})
	registrations(b, start)

	b.play(step{"DeleteWebAuthnCredential", "not there", `{"AccessToken": "{access}", "CredentialId": "AAAA"}`, nil})
	b.play(step{"DeleteWebAuthnCredential", "deleted", `{"AccessToken": "{access}", "CredentialId": "{credential id}"}`, nil})
	b.play(step{"ListWebAuthnCredentials", "none", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"ListWebAuthnCredentials", "too many", `{"AccessToken": "{access}", "MaxResults": 21}`, nil})
	b.play(step{"ListWebAuthnCredentials", "no token", `{"AccessToken": "a.b.c"}`, nil})

	b.play(step{"UpdateUserPool", "passkeys off", `{"UserPoolId": "{pool}", "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}}`, nil})
	start.name = "not enabled"
	b.play(start)
	b.play(step{"CompleteWebAuthnRegistration", "not enabled", `{"AccessToken": "{access}", "Credential": {}}`, nil})
}

// registrations plays what can become of a registration. One passkey remains.
func registrations(b *table, start step) {
	complete := step{op: "CompleteWebAuthnRegistration", request: `{"AccessToken": "{access}", "Credential": "{credential:json}"}`}
	var a *userpooltest.Authenticator
	play := func(name string, change func(*userpooltest.Authenticator)) {
		start.name = "started"
		a = userpooltest.NewAuthenticator(b.t, "https://login.example.com")
		a.ID = bytes.Repeat([]byte{7}, 32)
		change(a)
		b.learn("credential", string(a.Create(options(b, b.play(start)))))
		b.learn("credential id", base64.RawURLEncoding.EncodeToString(a.ID))
		complete.name = name
		b.play(complete)
	}
	play("another origin", func(a *userpooltest.Authenticator) { a.Origin = "https://example.org" })
	play("another relying party", func(a *userpooltest.Authenticator) { a.RP = "example.org" })
	play("user not verified", func(a *userpooltest.Authenticator) { a.Flags = userpooltest.UserPresent })
	play("another challenge", func(a *userpooltest.Authenticator) { a.Challenge = "AAAA" })
	play("completed", func(*userpooltest.Authenticator) {})
	complete.name = "completed before"
	b.play(complete)
	signInWith(b, a)
	b.play(step{"ListWebAuthnCredentials", "one", `{"AccessToken": "{access}", "MaxResults": 1}`, nil})
	start.name = "with a passkey"
	b.play(start)

	b.play(step{"CreateUserPoolClient", "another one of passkeys", `{"UserPoolId": "{pool}", "ClientName": "other", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}`,
		map[string]string{"other client": "UserPoolClient.ClientId"}})
	b.play(step{"InitiateAuth", "with another client", `{"ClientId": "{other client}", "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": {"USERNAME": "ada", "PASSWORD": "Correct-horse-7"}}`, map[string]string{"other access": "AuthenticationResult.AccessToken"}})
	b.play(step{"CompleteWebAuthnRegistration", "token of another client", `{"AccessToken": "{other access}", "Credential": "{credential:json}"}`, nil})
}

// signInWith plays a sign-in with the passkey, a repeated one, and one with a wrong answer.
func signInWith(b *table, a *userpooltest.Authenticator) {
	ask := step{"InitiateAuth", "passkey", `{"ClientId": "{client}", "AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ada", "PREFERRED_CHALLENGE": "WEB_AUTHN"}}`,
		map[string]string{"passkey session": "Session"}}
	answer := step{op: "RespondToAuthChallenge", request: `{"ClientId": "{client}", "ChallengeName": "WEB_AUTHN", "Session": "{passkey session}",
		"ChallengeResponses": {"USERNAME": "ada", "CREDENTIAL": "{assertion}"}}`}
	play := func(name string) {
		var out struct{ ChallengeParameters map[string]string }
		must(b.t, json.Unmarshal(b.play(ask), &out))
		quoted, err := json.Marshal(a.Get(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]))
		must(b.t, err)
		b.learn("assertion", string(quoted[1:len(quoted)-1]))
		answer.name = name
		b.play(answer)
	}
	play("passkey")
	answer.name = "passkey again"
	b.play(answer)
	a.Origin = "https://example.org"
	play("passkey of another origin")
	a.Origin = "https://login.example.com"
	b.play(step{"GetUserAuthFactors", "passkey", `{"AccessToken": "{access}"}`, nil})
}
