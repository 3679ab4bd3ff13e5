package tokens_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// addFamilies adds n refresh families of a user, created one second apart, the last of them a second ago.
func addFamilies(t *testing.T, h *harness, poolID, clientID, sub string, n int) {
	t.Helper()
	now := h.Clock.Now().UTC().Truncate(time.Millisecond)
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		for i := range n {
			at := now.Add(time.Duration(i-n) * time.Second)
			id := fmt.Sprintf("%s-%d", sub, i)
			if err := tx.RefreshTokens.Insert(store.RefreshToken{ID: id, PoolID: poolID, ClientID: clientID, Sub: sub, Hash: []byte(id),
				CreatedAt: at, AuthTime: at, ExpiresAt: now.Add(30 * 24 * time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func families(t *testing.T, h *harness, poolID, sub string) (list []store.RefreshToken) {
	t.Helper()
	if err := h.Store.View(t.Context(), func(tx store.Tx) (err error) {
		list, err = tx.RefreshTokens.OfUser(poolID, sub)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// counting is a store that counts writes of refresh tokens and revocations.
type counting struct {
	store.Store
	writes *int
}

type countingFamilies struct {
	store.RefreshTokens
	writes *int
}

func (c countingFamilies) Update(r store.RefreshToken) error {
	*c.writes++
	return c.RefreshTokens.Update(r)
}

func (c countingFamilies) RevokeOfUser(poolID, sub string, at time.Time) error {
	*c.writes++
	return c.RefreshTokens.RevokeOfUser(poolID, sub, at)
}

type countingRevocations struct {
	store.Revocations
	writes *int
}

func (c countingRevocations) Put(r store.Revocation) error {
	*c.writes++
	return c.Revocations.Put(r)
}

func (c countingRevocations) Advance(kind string, keys []string, now time.Time, ahead int, until time.Time) (notBefore []time.Time, at time.Time, err error) {
	*c.writes++
	return c.Revocations.Advance(kind, keys, now, ahead, until)
}

func (c counting) Update(ctx context.Context, fn func(store.Tx) error) error {
	return c.Store.Update(ctx, func(tx store.Tx) error {
		tx.RefreshTokens = countingFamilies{tx.RefreshTokens, c.writes}
		tx.Revocations = countingRevocations{tx.Revocations, c.writes}
		return fn(tx)
	})
}

// All other writes wait for a sign-out, so its duration must not depend on the number of sign-ins.
func TestEndingAUsersAccessIsTheSameWorkForManySignIns(t *testing.T) {
	writes := 0
	h := newHarness(t, func(o *idp.Options) { o.Store = counting{o.Store, &writes} })
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	for what, act := range map[string]func(name, access string) error{
		"GlobalSignOut":          func(_, access string) error { return h.Tokens.GlobalSignOut(t.Context(), access) },
		"AdminUserGlobalSignOut": func(name, _ string) error { return h.Users.AdminUserGlobalSignOut(t.Context(), p.ID, name) },
		"AdminDisableUser":       func(name, _ string) error { return h.Users.AdminDisableUser(t.Context(), p.ID, name) },
		"AdminDeleteUser":        func(name, _ string) error { return h.Users.AdminDeleteUser(t.Context(), p.ID, name) },
		"DeleteUser":             func(_, access string) error { return h.Users.DeleteUser(t.Context(), access) },
	} {
		counts := map[int]int{}
		for _, n := range []int{1, 400} {
			name := fmt.Sprintf("%s-%d", what, n)
			u := h.User(p.ID, name)
			access := h.MustSignIn(c.ID, name).AccessToken
			addFamilies(t, h, p.ID, c.ID, u.Sub, n)
			writes = 0
			if err := act(name, access); err != nil {
				t.Fatal(what, err)
			}
			counts[n] = writes
			for _, f := range families(t, h, p.ID, u.Sub) {
				if f.RevokedAt.IsZero() {
					t.Errorf("%s: family %s still exists", what, f.ID)
				}
			}
		}
		if counts[1] != counts[400] || counts[1] > 2 {
			t.Errorf("%s: writes by number of sign-ins: %v", what, counts)
		}
	}
}

func TestTheRefreshFamiliesOfAUserAreBounded(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	u := h.User(p.ID, "robot")
	other := h.User(p.ID, "other")
	addFamilies(t, h, p.ID, c.ID, other.Sub, 3)
	first := h.MustSignIn(c.ID, "robot")
	h.Clock.Forward(20 * time.Minute)
	addFamilies(t, h, p.ID, c.ID, u.Sub, 1000)
	last := h.MustSignIn(c.ID, "robot")
	list := families(t, h, p.ID, u.Sub)
	if len(list) != 1000 {
		t.Errorf("%d families", len(list))
	}
	if _, err := h.Refresh(c.ID, last.RefreshToken); err != nil {
		t.Error("the new sign-in:", err)
	}
	_, err := h.Refresh(c.ID, first.RefreshToken)
	wantFault(t, err, fault.NotAuthorized, "*")
	if n := len(families(t, h, p.ID, other.Sub)); n != 3 {
		t.Errorf("%d families of another user are left", n)
	}
	// The edge still accepts the access token of the trimmed family, so RevokeToken must still be able to revoke it.
	if err := h.Edge(p.ID, first.AccessToken); err != nil {
		t.Fatal(err)
	}
	if err := h.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: c.ID, Token: first.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	if h.Edge(p.ID, first.AccessToken) == nil {
		t.Error("RevokeToken of a family that was trimmed does not reach the edge")
	}
	kept, err := h.Tokens.Revocations(t.Context())
	if err != nil || len(kept) == 0 || slices.ContainsFunc(kept, func(r revoke.Record) bool { return r.At == 0 }) {
		t.Errorf("a full index does not learn that the family has no later tokens: %+v, %v", kept, err)
	}
}

// The attack: a client disconnects during the call that revokes its access.
func TestEndingAccessCompletesAfterTheClientHangsUp(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for name, act := range map[string]func(user string, tokens *tokens.Set) error{
		"RevokeToken": func(_ string, k *tokens.Set) error {
			return h.Tokens.RevokeToken(gone, tokens.TokenRevocation{ClientID: c.ID, Token: k.RefreshToken})
		},
		"GlobalSignOut":            func(_ string, k *tokens.Set) error { return h.Tokens.GlobalSignOut(gone, k.AccessToken) },
		"AdminUserGlobalSignOut":   func(u string, _ *tokens.Set) error { return h.Users.AdminUserGlobalSignOut(gone, p.ID, u) },
		"AdminDisableUser":         func(u string, _ *tokens.Set) error { return h.Users.AdminDisableUser(gone, p.ID, u) },
		"AdminDeleteUser":          func(u string, _ *tokens.Set) error { return h.Users.AdminDeleteUser(gone, p.ID, u) },
		"DeleteUser":               func(_ string, k *tokens.Set) error { return h.Users.DeleteUser(gone, k.AccessToken) },
		"AdminRemoveUserFromGroup": func(u string, _ *tokens.Set) error { return h.Users.AdminRemoveUserFromGroup(gone, p.ID, u, "g") },
		"DeleteGroup":              func(string, *tokens.Set) error { return h.Users.DeleteGroup(gone, p.ID, "g") },
	} {
		h.User(p.ID, name)
		if _, err := h.Users.CreateGroup(t.Context(), directory.Group{PoolID: p.ID, Name: "g"}); err != nil && !fault.Is(err, fault.GroupExists) {
			t.Fatal(err)
		}
		if err := h.Users.AdminAddUserToGroup(t.Context(), p.ID, name, "g"); err != nil {
			t.Fatal(err)
		}
		k := h.MustSignIn(c.ID, name)
		if err := act(name, k); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if h.Edge(p.ID, k.AccessToken) == nil {
			t.Errorf("%s: the token is still valid", name)
		}
	}
}

func TestDeletingALargeGroupReachesEveryMember(t *testing.T) {
	writes := 0
	h := newHarness(t, func(o *idp.Options) { o.Store = counting{o.Store, &writes} })
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	if _, err := h.Users.CreateGroup(t.Context(), directory.Group{PoolID: p.ID, Name: "all"}); err != nil {
		t.Fatal(err)
	}
	var subs []string
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		subs = nil
		for i := range 450 {
			sub := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			if err := tx.Users.Insert(store.User{PoolID: p.ID, Sub: sub, Username: sub, Key: sub, Status: userpool.StatusConfirmed}); err != nil {
				return err
			}
			if err := tx.Groups.Add(p.ID, "all", sub); err != nil {
				return err
			}
			subs = append(subs, sub)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "zoe")
	if err := h.Users.AdminAddUserToGroup(t.Context(), p.ID, "zoe", "all"); err != nil {
		t.Fatal(err)
	}
	access := h.MustSignIn(c.ID, "zoe").AccessToken
	writes = 0
	if err := h.Users.DeleteGroup(t.Context(), p.ID, "all"); err != nil {
		t.Fatal(err)
	}
	if writes > len(subs)/20 {
		t.Errorf("revoking the tokens of %d members takes %d writes", len(subs), writes)
	}
	if h.Edge(p.ID, access) == nil {
		t.Error("a member's token is still valid")
	}
	records, err := h.Tokens.Revocations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	revoked := map[string]bool{}
	for _, r := range records {
		revoked[r.Name] = true
	}
	if i := slices.IndexFunc(subs, func(sub string) bool { return !revoked[sub] }); i >= 0 {
		t.Errorf("member %d keeps the tokens", i)
	}
	_, err = h.Users.GetGroup(t.Context(), p.ID, "all")
	wantFault(t, err, fault.ResourceNotFound, "Group not found.")
	wantFault(t, h.Users.DeleteGroup(t.Context(), p.ID, "all"), fault.ResourceNotFound, "Group not found.")
}

// dating is a store that counts how often a moment is read.
type dating struct {
	store.Store
	reads *int
}

type datingRevocations struct {
	store.Revocations
	reads *int
}

func (d datingRevocations) Last(kind, key string) (store.Revocation, time.Time, error) {
	*d.reads++
	return d.Revocations.Last(kind, key)
}

func (d dating) View(ctx context.Context, fn func(store.Tx) error) error {
	return d.Store.View(ctx, func(tx store.Tx) error {
		tx.Revocations = datingRevocations{tx.Revocations, d.reads}
		return fn(tx)
	})
}

func TestACallWithAnAccessTokenDoesNotReadRevocations(t *testing.T) {
	reads := 0
	h := newHarness(t, func(o *idp.Options) { o.Store = dating{o.Store, &reads} })
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "ada")
	set := h.MustSignIn(c.ID, "ada")
	if reads != 1 {
		t.Errorf("a sign-in reads %d", reads)
	}
	reads = 0
	if _, err := h.Users.GetUser(t.Context(), set.AccessToken); err != nil || reads != 0 {
		t.Errorf("GetUser reads %d, %v", reads, err)
	}
	pool, err := h.Pools.Pool(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	holder, err := h.Tokens.InspectAccess(t.Context(), pool, set.AccessToken)
	if err != nil || reads != 0 {
		t.Errorf("InspectAccess reads %d, %v", reads, err)
	}
	if _, err := h.Tokens.Exchange(tokens.ExchangeRequest{Holder: holder, Client: holder.Client}); err == nil {
		t.Error("a holder without the time of the read exchanges its token")
	}
}
