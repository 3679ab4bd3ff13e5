package identitypool_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/store"
)

// A user pool has two names, and an OIDC provider has its ARN and its issuer. What is set under one replaces what was set under the other.
func TestATagMapReplacesThatUnderTheOtherName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	issuer := strings.TrimPrefix(oidcURL, "https://")
	for i, name := range []string{awsKey, loginKey, awsKey, oidcARN, issuer, oidcARN} {
		claim := fmt.Sprint("claim", i)
		_, err := w.SetTagMap(t.Context(), pool, name, identitypool.TagMap{Tags: map[string]string{"team": claim}})
		must(t, err)
		logins, names := map[string]string{loginKey: w.idToken("alice", map[string]any{claim: "blue"})}, []string{awsKey, loginKey}
		if i > 2 {
			logins, names = map[string]string{oidcKey: w.sign(map[string]any{"iss": oidcURL, "sub": "bob", "aud": "partner", claim: "blue"})}, []string{oidcARN, issuer}
		}
		for range 3 {
			for _, name := range names {
				if m, err := w.GetTagMap(pool, name); err != nil || m.Tags["team"] != claim {
					t.Errorf("%s has %v, want %s; %v", name, m.Tags, claim, err)
				}
			}
			out, err := w.credentials(w.id(pool, logins), logins)
			must(t, err)
			if tags := w.caller(out.Session).Principal.Tags; !slices.Equal(tags, []iam.Tag{{Key: "team", Value: "blue"}}) {
				t.Errorf("%d: tags %v", i, tags)
			}
			w.open()
		}
	}
}

// Earlier releases stored both names of a provider. In every process the same one of them holds.
func TestOfTwoStoredNamesOfAProviderTheSameOneHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	red := w.role("red", iam.PoolTrust(pool, true))
	mapping := func(role string) identitypool.RoleMapping {
		return identitypool.RoleMapping{Type: "Rules", Ambiguous: "Deny", Rules: []identitypool.Rule{{Claim: "sub", Match: "StartsWith", Value: "sub-", Role: role}}}
	}
	text := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		must(t, err)
		return raw
	}
	must(t, w.options.Store.Update(t.Context(), func(tx store.Tx) error {
		p, err := tx.IdentityPools.Get(pool)
		if err != nil {
			return err
		}
		p.TagMaps = text(map[string]identitypool.TagMap{awsKey: {Tags: map[string]string{"name": "aws"}}, loginKey: {Tags: map[string]string{"name": "issuer"}}})
		p.Roles = text(identitypool.Roles{Authenticated: w.iam.RoleARN("user"), Mappings: map[string]identitypool.RoleMapping{
			awsKey + ":" + client: mapping(red), loginKey + ":" + client: mapping(w.iam.RoleARN("user"))}})
		return tx.IdentityPools.Update(p)
	}))
	logins := map[string]string{loginKey: w.idToken("alice", map[string]any{"aws": "yes", "issuer": "no"})}
	for range 20 {
		w.open()
		out, err := w.credentials(w.id(pool, logins), logins)
		must(t, err)
		if p := w.caller(out.Session).Principal; p.RoleARN != red || !slices.Equal(p.Tags, []iam.Tag{{Key: "name", Value: "yes"}}) {
			t.Fatalf("role %s, tags %v", p.RoleARN, p.Tags)
		}
	}
	roles, err := w.GetRoles(pool)
	must(t, err)
	wantFault(t, w.SetRoles(t.Context(), pool, roles), fault.InvalidParameter,
		awsKey+":"+client+" and "+loginKey+":"+client+" are the same provider: set one role mapping for it.")
}

func TestRequestsNameUserPoolsAsTheirIssuersDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(name, client string) identitypool.Settings {
		return identitypool.Settings{UserPools: []identitypool.UserPool{{Provider: name, ClientID: client}}}
	}
	good := notes().UserPools[0].Provider
	for _, name := range []string{good, "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_elsewhere"} {
		if _, err := w.Create(t.Context(), "p", with(name, client)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	declared := identitypool.DeclaredPool{ID: "us-east-1:00000000-0000-4000-8000-00000000abcd", Name: "p", Settings: with("pools.example/notes", client)}
	must(t, w.Ensure(t.Context(), declared))
	if _, err := w.Update(t.Context(), declared.ID, "renamed", declared.Settings); err != nil {
		t.Errorf("a provider that the pool had already: %v", err)
	}
	for _, s := range []identitypool.Settings{
		with("", client), with(good, ""), with("foo", client), with("us-east-1_notes0001", client), with("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_notes0001", client),
		with("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_notes0001", client), with("evil.example/us-east-1_notes0001", client),
		with("cognito-idp.eu-west-1.amazonaws.com/us-east-1_notes0001", client), with("cognito-idp.us-east-1.amazonaws.com/us-east-1_", client),
	} {
		_, err := w.Create(t.Context(), "p", s)
		wantFault(t, err, fault.InvalidParameter, "Invalid Cognito Identity Provider")
		_, err = w.Update(t.Context(), declared.ID, "p", s)
		wantFault(t, err, fault.InvalidParameter, "Invalid Cognito Identity Provider")
	}
}

func TestATagMapWithAReservedKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.Create(t.Context(), "p", notes())
	must(t, err)
	for _, key := range []string{"aws:x", "AWS:x"} {
		_, err = w.SetTagMap(t.Context(), p.ID, notes().UserPools[0].Provider, identitypool.TagMap{Tags: map[string]string{key: "sub"}})
		wantFault(t, err, fault.InvalidParameter, "")
	}
}
