package node_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	begun := time.Now()
	for !holds() {
		if time.Since(begun) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("measured: %s after %s", what, time.Since(begun).Round(time.Millisecond))
}

// Two nodes have a store each on one file, as two processes do. The second node's clock stands still, so nothing that it keeps becomes
// too old.
func TestChangesByOtherProcessesAreInForceAtOnce(t *testing.T) {
	dir, ctx, at := t.TempDir(), t.Context(), time.Now()
	open := func(now func() time.Time) *node.Services {
		n, err := node.Open(ctx, node.Options{ShowRootKey: func(_, _ string) {}, Now: now, APIs: true, Config: config.App{DataDir: dir}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		return n.Services
	}
	one := open(nil)
	p, err := one.Users.Pools.CreateUserPool(ctx, "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	two := open(func() time.Time { return at })
	c, err := one.Users.Pools.CreateUserPoolClient(ctx, userpool.NewClient{PoolID: p.ID, Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	flows := func(sv *node.Services) []string {
		_, c, err := sv.Users.Pools.ClientOf(ctx, p.ID, c.ID)
		if err != nil {
			return []string{err.Error()}
		}
		return c.Settings.ExplicitAuthFlows
	}
	waitFor(t, "a new client is there", func() bool { return slices.Equal(flows(two), flows(one)) })
	_, err = one.Users.Pools.UpdateUserPoolClient(ctx, p.ID, c.ID, "", userpool.ClientSettings{ExplicitAuthFlows: []string{"ALLOW_CUSTOM_AUTH"}})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a client's flows are changed", func() bool { return slices.Equal(flows(two), []string{"ALLOW_CUSTOM_AUTH"}) })
	if err := one.Users.Pools.UpdateUserPool(ctx, p.ID, "renamed", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a pool is changed", func() bool {
		p, err := two.Users.Pools.Pool(ctx, p.ID)
		return err == nil && p.Name == "renamed"
	})
	changeRoles(t, one, two)
	other, err := one.Users.Pools.CreateUserPool(ctx, "other", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	keys := two.Users.Pools.KeySet(other.ID)
	kid := keyOf(t, one, other.ID)
	published := func() bool {
		_, err := keys.Lookup(ctx, kid)
		return err == nil
	}
	waitFor(t, "the tokens of a new pool verify", published)
	if err := one.Users.Pools.DeleteUserPool(ctx, other.ID); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the tokens of a deleted pool do not", func() bool { return !published() })
}

// keyOf returns the id of a signing key of a pool, "" if there is none.
func keyOf(t *testing.T, sv *node.Services, poolID string) (id string) {
	t.Helper()
	raw, err := sv.Users.Pools.JWKS(t.Context(), poolID)
	if err != nil {
		return ""
	}
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		}
	}
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("%s %v", raw, err)
	}
	return set.Keys[0].ID
}

func changeRoles(t *testing.T, one, two *node.Services) {
	t.Helper()
	ctx := t.Context()
	trust := json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)
	if _, err := one.Roles.CreateRole(ctx, store.Role{Name: "reader", Trust: trust}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a new role is there", func() bool {
		_, err := two.Roles.GetRole("reader")
		return err == nil
	})
	document := json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`)
	if err := one.Roles.PutRolePolicy(ctx, "reader", "read", document); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a role has its policy", func() bool {
		_, err := two.Roles.GetRolePolicy("reader", "read")
		return err == nil
	})
	p, err := one.Identities.Create(ctx, "guests", identitypool.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a new identity pool is there", func() bool {
		_, err := two.Identities.Describe(p.ID)
		return err == nil
	})
}
