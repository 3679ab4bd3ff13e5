package identitypool_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
)

func poolTrust(pool string, authenticated bool) json.RawMessage {
	return iam.PoolTrust(pool, authenticated)
}

func TestALoginHasOneIdentityAndAGuestANewOneEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool, second := w.pool(notes()), w.pool(notes())
	alice := w.id(pool, w.of("alice"))
	if w.id(pool, w.of("alice")) != alice {
		t.Error("the same login has another identity")
	}
	if w.id(pool, w.of("bob")) == alice {
		t.Error("two users share an identity")
	}
	if w.id(second, w.of("alice")) == alice {
		t.Error("two pools share an identity")
	}
	if first, second := w.id(pool, nil), w.id(pool, nil); first == second {
		t.Error("two guests share an identity")
	}
	if _, err := w.GetID(t.Context(), pool, account, nil); err != nil {
		t.Errorf("GetID with the right account: %v", err)
	}
	_, err := w.GetID(t.Context(), pool, "210987654321", nil)
	wantFault(t, err, fault.ResourceNotFound, "")
	_, err = w.GetID(t.Context(), "us-east-1:none", "", nil)
	wantFault(t, err, fault.ResourceNotFound, "IdentityPool 'us-east-1:none' not found.")
	settings := notes()
	settings.Guests = false
	_, err = w.GetID(t.Context(), w.pool(settings), "", nil)
	wantFault(t, err, fault.NotAuthorized, guestsOff)
}

func TestManyFirstCallsOfOneLoginMakeOneIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	logins := w.of("alice")
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { ids[i], _ = w.GetID(t.Context(), pool, "", logins) })
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("identities %q", ids)
		}
	}
}

func TestWithoutItsLoginsAnIdentityGetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	alice, guest := w.id(pool, w.of("alice")), w.id(pool, nil)
	_, err := w.credentials(alice, nil)
	wantFault(t, err, fault.NotAuthorized, "Access to Identity '"+alice+"' is forbidden.")
	_, err = w.credentials(alice, w.of("bob"))
	wantFault(t, err, fault.NotAuthorized, noMatch)
	_, err = w.credentials("us-east-1:none", nil)
	wantFault(t, err, fault.ResourceNotFound, "Identity 'us-east-1:none' not found.")
	if _, err = w.credentials(guest, nil); err != nil {
		t.Errorf("a guest: %v", err)
	}
	settings := notes()
	settings.Guests = false
	_, err = w.Update(t.Context(), pool, "notes", settings)
	must(t, err)
	_, err = w.credentials(guest, nil)
	wantFault(t, err, fault.NotAuthorized, guestsOff)
	must(t, w.Delete(t.Context(), pool))
	_, err = w.credentials(alice, w.of("alice"))
	wantFault(t, err, fault.ResourceNotFound, "")
}

func TestLoginsLinkAndMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	both := func(user, partner string) map[string]string {
		return map[string]string{loginKey: w.idToken(user, nil), oidcKey: w.oidcToken(partner)}
	}
	get := func(id string, logins map[string]string) string {
		t.Helper()
		out, err := w.credentials(id, logins)
		must(t, err)
		return out.IdentityID
	}
	t.Run("a guest that signs in keeps its identity and becomes authenticated", func(t *testing.T) {
		guest := w.id(pool, nil)
		if got := get(guest, w.of("anna")); got != guest {
			t.Errorf("identity %s, want %s", got, guest)
		}
		_, err := w.credentials(guest, nil)
		wantFault(t, err, fault.NotAuthorized, "")
	})
	t.Run("a guest that signs in as a known user is merged into the user's identity", func(t *testing.T) {
		known, guest := w.id(pool, w.of("bert")), w.id(pool, nil)
		if got := get(guest, w.of("bert")); got != known {
			t.Errorf("identity %s, want %s", got, known)
		}
		_, err := w.credentials(guest, nil)
		wantFault(t, err, fault.NotAuthorized, "Access to Identity '"+guest+"' is forbidden.")
		if got := get(guest, w.of("bert")); got != known {
			t.Errorf("the disabled identity with the login gives %s, want %s", got, known)
		}
		if list, _, err := w.ListIdentities(t.Context(), pool, "", 60, true); err != nil || contains(list, guest) {
			t.Errorf("a disabled identity is not hidden: %v", err)
		}
		if list, _, err := w.ListIdentities(t.Context(), pool, "", 60, false); err != nil || !contains(list, guest) {
			t.Errorf("a disabled identity is not listed: %v", err)
		}
	})
	t.Run("a second login sent with the first is linked", func(t *testing.T) {
		id := w.id(pool, w.of("carl"))
		if got := get(id, both("carl", "carl@partner")); got != id {
			t.Errorf("identity %s, want %s", got, id)
		}
		if got := w.id(pool, map[string]string{oidcKey: w.oidcToken("carl@partner")}); got != id {
			t.Errorf("the linked login alone gives %s, want %s", got, id)
		}
	})
	t.Run("two identities whose logins come together merge", func(t *testing.T) {
		id, other := w.id(pool, w.of("dora")), w.id(pool, map[string]string{oidcKey: w.oidcToken("dora@partner")})
		if got := get(id, both("dora", "dora@partner")); got != id {
			t.Errorf("identity %s, want %s", got, id)
		}
		if got := w.id(pool, map[string]string{oidcKey: w.oidcToken("dora@partner")}); got != id {
			t.Errorf("the merged login gives %s, want %s", got, id)
		}
		if _, err := w.DescribeIdentity(t.Context(), other); err != nil {
			t.Errorf("the merged identity was deleted: %v", err)
		}
	})
	t.Run("a second user of one provider conflicts, and nothing changes", func(t *testing.T) {
		id := w.id(pool, both("emil", "emil@partner"))
		fred := w.id(pool, w.of("fred"))
		_, err := w.credentials(id, map[string]string{loginKey: w.idToken("fred", nil), oidcKey: w.oidcToken("emil@partner")})
		wantFault(t, err, fault.ResourceConflict, "")
		if got := get(fred, w.of("fred")); got != fred {
			t.Error("the other user's identity was changed")
		}
		_, err = w.GetID(t.Context(), pool, "", both("gina", "emil@partner"))
		wantFault(t, err, fault.ResourceConflict, "")
	})
	t.Run("a stolen identity id with another user's login gives no access to the identity", func(t *testing.T) {
		victim := w.id(pool, w.of("hans"))
		_, err := w.credentials(victim, w.of("mallory"))
		wantFault(t, err, fault.NotAuthorized, noMatch)
		if _, err := w.GetID(t.Context(), pool, "", both("mallory", "hans@partner")); err != nil {
			t.Error(err)
		}
		if got := get(victim, w.of("hans")); got != victim {
			t.Error("the victim's identity was changed")
		}
	})
	t.Run("an unlinked login gets a new identity, and the last one leaves the identity unreachable", func(t *testing.T) {
		id := w.id(pool, both("ines", "ines@partner"))
		wantFault(t, w.Unlink(t.Context(), id, w.of("ines"), []string{oidcKey}), fault.NotAuthorized, noMatch)
		must(t, w.Unlink(t.Context(), id, both("ines", "ines@partner"), []string{oidcKey}))
		if w.id(pool, map[string]string{oidcKey: w.oidcToken("ines@partner")}) == id {
			t.Error("an unlinked login still finds the identity")
		}
		must(t, w.Unlink(t.Context(), id, w.of("ines"), []string{loginKey}))
		_, err := w.credentials(id, nil)
		wantFault(t, err, fault.NotAuthorized, "")
		_, err = w.credentials(id, w.of("ines"))
		wantFault(t, err, fault.NotAuthorized, noMatch)
	})
}

func TestIdentitiesAreListedInPagesAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	made := map[string]bool{}
	for range 5 {
		made[w.id(pool, nil)] = true
	}
	var ids []string
	for after := ""; ; {
		list, next, err := w.ListIdentities(t.Context(), pool, after, 2, false)
		must(t, err)
		for _, i := range list {
			ids = append(ids, i.ID)
			if !made[i.ID] {
				t.Errorf("a stranger: %s", i.ID)
			}
		}
		if after = next; after == "" {
			break
		}
	}
	if len(ids) != 5 {
		t.Errorf("pages give %d identities, want 5", len(ids))
	}
	if failed := w.DeleteIdentities(t.Context(), append(ids[:2], "us-east-1:none")); len(failed) != 0 {
		t.Errorf("not deleted: %q", failed)
	}
	_, err := w.DescribeIdentity(t.Context(), ids[0])
	wantFault(t, err, fault.ResourceNotFound, "")
}

func contains(list []identitypool.Identity, id string) bool {
	for _, i := range list {
		if i.ID == id {
			return true
		}
	}
	return false
}

// A cached identity is never older than the last write to it, in any order of reads and writes.
func TestACachedIdentityFollowsItsWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	logins := map[string]string{loginKey: w.idToken("alice", nil), oidcKey: w.oidcToken("alice")}
	for range 20 {
		id := w.id(pool, logins)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _ = w.DescribeIdentity(t.Context(), id)
					}
				}
			})
		}
		must(t, w.Unlink(t.Context(), id, logins, []string{loginKey, oidcKey}))
		_, err := w.credentials(id, logins)
		wantFault(t, err, fault.NotAuthorized, noMatch)
		close(stop)
		wg.Wait()
		_, err = w.credentials(id, logins)
		wantFault(t, err, fault.NotAuthorized, noMatch)
		w.DeleteIdentities(t.Context(), []string{id})
		_, err = w.credentials(id, logins)
		wantFault(t, err, fault.ResourceNotFound, "")
	}
}
