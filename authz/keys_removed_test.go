package authz

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
)

// countedKeys counts lookups, each of which is a verification.
type countedKeys struct {
	token.StaticKeys
	lookups int
}

func (k *countedKeys) Lookup(ctx context.Context, kid string) (*token.PublicKey, error) {
	k.lookups++
	return k.StaticKeys.Lookup(ctx, kid)
}

func TestARefusedSignatureIsVerifiedAgainAfterAKeyChanged(t *testing.T) {
	e, keys, _ := countedGate(t)
	other := must(token.GenerateKey(rand.Reader, "RS256")).Public()
	if err := keys.Set(token.PublicKey{ID: testKey().ID, Key: other.Key}); err != nil {
		t.Fatal(err)
	}
	raw := bearerToken("alice", nil)
	for range 3 {
		want(t, e, get("GET", "/api/x", raw), Unauthenticated, TokenSignature)
	}
	if keys.lookups != 1 {
		t.Errorf("%d verifications of one bad signature", keys.lookups)
	}
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	want(t, e, get("GET", "/api/x", raw), Allowed)
}

func TestATokenOfAKeyThatWasRemovedIsRefusedAtOnce(t *testing.T) {
	e, keys, _ := countedGate(t)
	raw := bearerToken("alice", nil)
	for range 3 {
		want(t, e, get("GET", "/api/x", raw), Allowed)
	}
	if keys.lookups != 1 {
		t.Fatalf("%d verifications of a cached token", keys.lookups)
	}
	other := must(token.GenerateKey(rand.Reader, "RS256")).Public()
	for name, step := range map[string]struct {
		keys []token.PublicKey
		want Outcome
	}{
		"a key more":       {[]token.PublicKey{testKey().Public(), other}, Allowed},
		"only another":     {[]token.PublicKey{other}, Unauthenticated},
		"another, same id": {[]token.PublicKey{{ID: testKey().ID, Key: other.Key}}, Unauthenticated},
		"none":             {nil, Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			if err := keys.Set(testKey().Public()); err != nil {
				t.Fatal(err)
			}
			// Each token differs, because a bad signature is cached for a minute.
			raw := bearerToken(name, nil)
			want(t, e, get("GET", "/api/x", raw), Allowed)
			want(t, e, get("GET", "/api/x", raw), Allowed)
			before := keys.lookups
			if err := keys.Set(step.keys...); err != nil {
				t.Fatal(err)
			}
			want(t, e, get("GET", "/api/x", raw), step.want)
			if step.want == Allowed && keys.lookups != before {
				t.Error("cached tokens were verified again after a new key")
			}
		})
	}
}

func TestACachedTokenIsVerifiedAgainAfterAnHour(t *testing.T) {
	e, keys, c := countedGate(t)
	raw := bearerToken("alice", map[string]any{"exp": testNow.Add(24 * time.Hour).Unix()})
	want(t, e, get("GET", "/api/x", raw), Allowed)
	c.add(maxCachedTime - time.Second)
	want(t, e, get("GET", "/api/x", raw), Allowed)
	if keys.lookups != 1 {
		t.Errorf("%d verifications within the hour", keys.lookups)
	}
	c.add(time.Second)
	want(t, e, get("GET", "/api/x", raw), Allowed)
	if keys.lookups != 2 {
		t.Errorf("%d verifications after it", keys.lookups)
	}
}

func countedGate(t *testing.T) (*Engine, *countedKeys, *clock) {
	keys, c := new(countedKeys), newClock()
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	verifier := must(token.New(token.Options{Now: c.Now(), Issuers: []token.Issuer{{URL: testIssuer, Keys: keys, AnyClient: true}}}))
	return tokenGate(t, c, func(o *Options) { o.Verifier = verifier }, "allow any * /*"), keys, c
}
