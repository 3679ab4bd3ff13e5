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
