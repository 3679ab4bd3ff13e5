package token

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluicegate/sluice/authz/principal"
)

const foreignURL = "https://adfs.example.com/adfs"

func TestNullIsAbsentButForTheIssuerAndTheExpiry(t *testing.T) {
	for _, claim := range []string{"sub", "aud", "nbf", "iat", "jti", "auth_time", "origin_jti", "client_id", "azp", "scope", "scp", "username", "cognito:username",
		"cognito:roles", "cognito:preferred_role", "cognito:groups", "iss", "exp"} {
		issuer := pool(t)
		issuer.ClientIDs, issuer.AnyClient = nil, true
		text := strings.Replace(string(claims(map[string]any{claim: "NULL"})), `"NULL"`, "null", 1)
		_, err := verifier(t, issuer).Verify(t.Context(), sign(t, testKey(), []byte(text)))
		if refused := claim == "iss" || claim == "exp"; refused != (err != nil) {
			t.Errorf("%s: %v", claim, err)
		}
	}
}

func TestClaimsOfCognitoMayHaveAnotherMeaningInForeignTokens(t *testing.T) {
	for name, tc := range map[string]struct {
		claim   string
		value   any
		unknown principal.Unknown
	}{
		"auth_time of AD FS":  {"auth_time", "2026-05-01T11:59:00.000Z", 0},
		"origin_jti":          {"origin_jti", 7, 0},
		"username":            {"username", map[string]any{"a": 1}, principal.UnknownUsername},
		"cognito:username":    {"cognito:username", 7, principal.UnknownUsername},
		"roles":               {"cognito:roles", []any{1}, principal.UnknownRoles},
		"the role":            {"cognito:preferred_role", 1, principal.UnknownRoles},
		"a claim that counts": {"cognito:groups", []any{"a", 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			own, foreign := pool(t), pool(t)
			foreign.URL = foreignURL
			text := claims(map[string]any{tc.claim: tc.value})
			if _, err := verifier(t, own).Verify(t.Context(), sign(t, testKey(), text)); (err == nil) != (tc.claim == "cognito:groups") {
				t.Errorf("of a user pool: %v", err)
			}
			text = claims(map[string]any{tc.claim: tc.value, "iss": foreignURL})
			got, err := verifier(t, foreign).Verify(t.Context(), sign(t, testKey(), text))
			if err != nil {
				t.Fatal(err)
			}
			if got.Unknown != tc.unknown || tc.claim == "auth_time" && got.AuthTime != 0 || tc.claim == "origin_jti" && got.OriginJTI != "" {
				t.Errorf("%+v", got)
			}
		})
	}
	foreign := pool(t)
	foreign.URL = foreignURL
	for _, claim := range []string{"sub", "aud", "iat", "client_id", "scope"} {
		text := claims(map[string]any{claim: map[string]any{}, "iss": foreignURL})
		if _, err := verifier(t, foreign).Verify(t.Context(), sign(t, testKey(), text)); reasonOf(t, err) != Malformed {
			t.Errorf("%s, which others read too: %v", claim, err)
		}
	}
}

func TestAThumbprintSelectsAmongTheIssuersKeys(t *testing.T) {
	two := func(first, second string) string {
		text, err := MarshalJWKS(PublicKey{ID: "a", Key: testKey().Public().Key}, PublicKey{ID: "b", Key: otherKey().Public().Key})
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(`"kid":"a"`, first, `"kid":"b"`, second).Replace(string(text))
	}
	plain := two(`"kid":"a"`, `"kid":"b"`)
	for name, tc := range map[string]struct {
		keys, header string
		want         Reason
	}{
		"the kid is the thumbprint":  {plain, `"x5t":"b"`, ""},
		"x5t":                        {two(`"kid":"a","x5t":"p"`, `"kid":"b","x5t":"q"`), `"x5t":"q"`, ""},
		"x5t#S256":                   {two(`"kid":"a","x5t#S256":"p"`, `"kid":"b","x5t#S256":"q"`), `"x5t":"p","x5t#S256":"q"`, ""},
		"keys with one certificate":  {two(`"kid":"a","x5t":"q"`, `"kid":"b","x5t":"q"`), `"x5t":"q"`, UnknownKey},
		"a kid counts before":        {two(`"kid":"a","x5t":"p"`, `"kid":"b","x5t":"q"`), `"kid":"a","x5t":"q"`, BadSignature},
		"of another key":             {plain, `"x5t":"a"`, BadSignature},
		"of no key":                  {plain, `"x5t":"c"`, UnknownKey},
		"none, and there are two":    {plain, `"typ":"JWT"`, UnknownKey},
		"not a text":                 {plain, `"x5t":7`, UnknownKey},
		"a thumbprint that is long":  {plain, fmt.Sprintf(`"x5t":%q`, strings.Repeat("a", 300)), Malformed},
		"of the only key, not there": {setOf(t, PublicKey{ID: "b", Key: otherKey().Public().Key}), `"x5t":"zzz"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				issuer := pool(t)
				issuer.Keys = remote(t, &site{body: tc.keys}, &journal{}, nil)
				synctest.Wait()
				raw := signWith(t, `{"alg":"RS256",`+tc.header+`}`, claims(nil), otherKey().Private, "RS256")
				if _, err := verifier(t, issuer).Verify(t.Context(), raw); reasonOf(t, err) != tc.want {
					t.Errorf("got %v, want %q", err, tc.want)
				}
			})
		})
	}
}

func TestKeysForEncryptionAreNoReasonForAWarning(t *testing.T) {
	both := strings.Replace(setOf(t, testKey().Public()), `{"keys":[`, `{"keys":[{"kty":"RSA","use":"enc","kid":"e","alg":"RSA-OAEP","n":"AQAB","e":"AQAB"},`+
		`{"kty":"EC","key_ops":["deriveKey"],"kid":"d"},`, 1)
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		r := remote(t, &site{body: both}, log, nil)
		synctest.Wait()
		lookup(t, r, testKey().ID, nil)
		if log.lines("WARN") != 0 {
			t.Error(log.text.String())
		}
	})
	if set, err := ParseJWKS([]byte(`{"keys":[{"kty":"RSA","use":"enc","d":"x"}]}`), 9); err != nil || len(set.Skipped) != 1 {
		t.Errorf("a private key for encryption is not reported: %+v, %v", set, err)
	}
}
