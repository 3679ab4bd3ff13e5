package token

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
)

func TestVerifyReturnsTheContentOfTheToken(t *testing.T) {
	v := verifier(t, pool(t))
	got, err := v.Verify(t.Context(), sign(t, testKey(), claims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"issuer": poolURL, "kid": testKey().ID, "alg": "RS256", "sub": "0190aab2-7c1e-7d3f-8a51-0123456789ab",
		"username": "alice", "client": clientID, "use": "access", "jti": "4a0e4a9c-4c55-4c1f-a9c8-cb9a2b6a7e30",
		"origin": "6f1e7c3a-0d2b-4a55-9d39-5f2f4d5b8a11", "groups": "[editors readers]",
		"scopes": "[aws.cognito.signin.user.admin notes/read]", "iat": noon.Unix() - 60, "exp": noon.Unix() + 3540,
		"auth": noon.Unix() - 60, "deadline": noon.Add(3540 * time.Second),
	}
	have := map[string]any{
		"issuer": got.Issuer.URL, "kid": got.KeyID, "alg": got.Algorithm, "sub": got.Subject, "username": got.Username,
		"client": got.ClientID, "use": got.TokenUse, "jti": got.JTI, "origin": got.OriginJTI,
		"groups": fmt.Sprint(got.Groups), "scopes": fmt.Sprint(got.Scopes), "iat": got.IssuedAt, "exp": got.ExpiresAt,
		"auth": got.AuthTime, "deadline": got.Deadline().UTC(),
	}
	if !maps.Equal(have, want) {
		t.Errorf("got  %v\nwant %v", have, want)
	}
	if values, ok := got.Claims.Values("version"); !ok || !slices.Equal(values, []string{"2"}) {
		t.Errorf("version is %v", values)
	}
}

func TestCheapChecksComeBeforeTheKeyIsLookedUp(t *testing.T) {
	kid := fmt.Sprintf(`"kid":%q`, testKey().ID)
	for name, raw := range map[string]string{
		"unknown issuer":  sign(t, testKey(), claims(map[string]any{"iss": "https://evil.example"})),
		"expired":         sign(t, testKey(), claims(map[string]any{"exp": 1})),
		"wrong algorithm": signWith(t, `{"alg":"PS256",`+kid+`}`, claims(nil), testKey().Private, "PS256"),
		"malformed":       "a.b.c",
	} {
		t.Run(name, func(t *testing.T) {
			issuer := pool(t)
			trap := &trapKeys{KeySet: issuer.Keys}
			issuer.Keys = trap
			if _, err := verifier(t, issuer).Verify(t.Context(), raw); err == nil || trap.lookups != 0 {
				t.Errorf("%v after %d lookups", err, trap.lookups)
			}
		})
	}
}

func TestAForgedTokenIsNotCheckedForAudienceOrUse(t *testing.T) {
	forged := sign(t, testKey(), claims(map[string]any{"client_id": "x", "token_use": "id"}))
	forged = forged[:len(forged)-20] + strings.Repeat("A", 20)
	_, err := verifier(t, pool(t)).Verify(t.Context(), forged)
	if got := reasonOf(t, err); got != BadSignature {
		t.Errorf("got %s", got)
	}
}

// A token may name keys and certificates (jku, x5u) or include them (jwk, x5c). The verifier must neither use nor fetch
// them.
func TestKeysNamedByTheTokenAreNeverUsed(t *testing.T) {
	requests := 0
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	defer trap.Close()
	own := otherKey().Public()
	jwks, err := MarshalJWKS(own)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	for name, field := range map[string]string{
		"jku": fmt.Sprintf(`"jku":%q`, trap.URL), "x5u": fmt.Sprintf(`"x5u":%q`, trap.URL),
		"jwk": `"jwk":` + string(set.Keys[0]), "x5c": `"x5c":["MIIB"]`,
	} {
		t.Run(name, func(t *testing.T) {
			for kid, want := range map[string]Reason{testKey().ID: BadSignature, own.ID: UnknownKey} {
				header := fmt.Sprintf(`{"alg":"RS256","kid":%q,%s}`, kid, field)
				_, err := verifier(t, pool(t)).Verify(t.Context(), signWith(t, header, claims(nil), otherKey().Private, "RS256"))
				if got := reasonOf(t, err); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	if requests != 0 {
		t.Errorf("%d requests to the address that the token named", requests)
	}
}

func TestEveryAlgorithmVerifiesWithItsKeyOnly(t *testing.T) {
	_, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaPrivate := testKey().Private
	private := map[string]crypto.Signer{
		"RS256": rsaPrivate, "RS384": rsaPrivate, "RS512": rsaPrivate, "PS256": rsaPrivate, "PS384": rsaPrivate, "PS512": rsaPrivate,
		"ES256": ecKey(t, elliptic.P256()), "ES384": ecKey(t, elliptic.P384()), "ES512": ecKey(t, elliptic.P521()), "EdDSA": edPrivate,
		"Ed25519": edPrivate,
	}
	for _, alg := range Algorithms() {
		for _, keyAlg := range Algorithms() {
			t.Run(alg+" token, "+keyAlg+" key", func(t *testing.T) {
				keys := &StaticKeys{}
				if err := keys.Set(PublicKey{ID: "k", Algorithm: keyAlg, Key: private[keyAlg].Public()}); err != nil {
					t.Fatal(err)
				}
				issuer := pool(t)
				issuer.Keys, issuer.Algorithms = keys, Algorithms()
				raw := signWith(t, `{"kid":"k","alg":"`+alg+`"}`, claims(nil), private[alg], alg)
				_, err := verifier(t, issuer).Verify(t.Context(), raw)
				same := alg == keyAlg || strings.HasPrefix(alg, "Ed") && strings.HasPrefix(keyAlg, "Ed") // RFC 9864: two names of one algorithm
				if want := map[bool]Reason{true: "", false: Algorithm}[same]; reasonOf(t, err) != want {
					t.Errorf("got %v, want %q", err, want)
				}
			})
		}
	}
}

// CVE-2022-21449: a signature of zeros was valid for every message.
func TestZeroAndOutOfRangeECDSASignaturesAreRefused(t *testing.T) {
	private := ecKey(t, elliptic.P256())
	keys := &StaticKeys{}
	if err := keys.Set(PublicKey{ID: "k", Key: &private.PublicKey}); err != nil {
		t.Fatal(err)
	}
	issuer := pool(t)
	issuer.Keys, issuer.Algorithms = keys, []string{"ES256"}
	v := verifier(t, issuer)
	good := signWith(t, `{"kid":"k","alg":"ES256"}`, claims(nil), private, "ES256")
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	signed := good[:strings.LastIndexByte(good, '.')+1]
	signature, _ := decodeStrict(good[len(signed):])
	order := elliptic.P256().Params().N
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	pair := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	zero := new(big.Int)
	for name, forged := range map[string][]byte{
		"both zero": pair(zero, zero), "r zero": pair(zero, s), "s zero": pair(r, zero), "both the order": pair(order, order),
		"r the order": pair(order, s), "s the order": pair(r, order), "too short": signature[:63], "too long": append(signature, 0),
		"all ones": []byte(strings.Repeat("\xff", 64)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := v.Verify(t.Context(), signed+b64(forged)); reasonOf(t, err) != BadSignature {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLeewayBoundsTheClocks(t *testing.T) {
	issuer := pool(t)
	issuer.Leeway = 30 * time.Second
	v := verifier(t, issuer)
	for name, tc := range map[string]struct {
		changes map[string]any
		want    Reason
	}{
		"expired within the leeway":       {map[string]any{"exp": noon.Unix() - 29}, ""},
		"expired beyond the leeway":       {map[string]any{"exp": noon.Unix() - 30}, Expired},
		"issued ahead within the leeway":  {map[string]any{"iat": noon.Unix() + 30}, ""},
		"issued ahead beyond the leeway":  {map[string]any{"iat": noon.Unix() + 31}, NotYetValid},
		"not before, within the leeway":   {map[string]any{"nbf": noon.Unix() + 30}, ""},
		"not before, beyond the leeway":   {map[string]any{"nbf": noon.Unix() + 31}, NotYetValid},
		"times with fractions and powers": {map[string]any{"exp": json.RawMessage("1.9e9"), "iat": json.RawMessage("1700000000.25")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), sign(t, testKey(), claims(tc.changes)))
			if got := reasonOf(t, err); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestATokenDatedOneSecondAheadIsAccepted(t *testing.T) {
	if _, err := verifier(t, pool(t)).Verify(t.Context(), sign(t, testKey(), claims(map[string]any{"iat": noon.Unix() + 1}))); err != nil {
		t.Error(err)
	}
}

func TestAnUnavailableKeySetIsReportedAsUnavailable(t *testing.T) {
	issuer := pool(t)
	issuer.Keys = &StaticKeys{} // never set
	_, err := verifier(t, issuer).Verify(t.Context(), sign(t, testKey(), claims(nil)))
	if !errors.Is(err, &Error{Reason: KeysUnavailable}) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, %s", err, fault.KindOf(err))
	}
}

func TestNewRefusesUnsafeConfigurations(t *testing.T) {
	for name, change := range map[string]func(*Issuer){
		"no URL":                      func(i *Issuer) { i.URL = "" },
		"no keys":                     func(i *Issuer) { i.Keys = nil },
		"a symmetric algorithm":       func(i *Issuer) { i.Algorithms = []string{"RS256", "HS256"} },
		"the algorithm none":          func(i *Issuer) { i.Algorithms = []string{"none"} },
		"no clients":                  func(i *Issuer) { i.ClientIDs = nil },
		"any client and a list":       func(i *Issuer) { i.AnyClient = true },
		"an empty client":             func(i *Issuer) { i.ClientIDs = []string{""} },
		"leeway below zero":           func(i *Issuer) { i.Leeway = -time.Second },
		"leeway of more than minutes": func(i *Issuer) { i.Leeway = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			issuer := pool(t)
			change(&issuer)
			if _, err := New(Options{Issuers: []Issuer{issuer}, Now: clock}); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := New(Options{Issuers: []Issuer{pool(t), pool(t)}, Now: clock}); err == nil {
		t.Error("one issuer twice was accepted")
	}
	if _, err := New(Options{Issuers: []Issuer{pool(t)}, Now: clock, MaxTokenBytes: 1 << 20}); err == nil {
		t.Error("a megabyte as the limit was accepted")
	}
}

// Google's tokens name it with and without a scheme.
func TestAnIssuerCanHaveSeveralNames(t *testing.T) {
	from := pool(t)
	from.Aliases = []string{"accounts.google.com"}
	v := verifier(t, from)
	for iss, want := range map[string]bool{poolURL: true, "accounts.google.com": true, "https://accounts.google.com": false, "accounts.google.com/": false} {
		got, err := v.Verify(t.Context(), sign(t, testKey(), claims(map[string]any{"iss": iss})))
		if (err == nil) != want || err == nil && got.Issuer.URL != poolURL {
			t.Errorf("%s: %v", iss, err)
		}
	}
	other := pool(t)
	other.URL = "accounts.google.com"
	if _, err := New(Options{Issuers: []Issuer{from, other}, Now: clock}); err == nil {
		t.Error("a name of two issuers was accepted")
	}
}

func TestACancelledRequestVerifiesWithPresentKeys(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verifier(t, pool(t)).Verify(ctx, sign(t, testKey(), claims(nil))); err != nil {
		t.Error(err)
	}
}
