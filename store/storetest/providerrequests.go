package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func providerRequest(id, network string, made int) store.ProviderRequest {
	return store.ProviderRequest{ID: id, PoolID: pool1, ClientID: client1, Network: network, Data: []byte{1}, CreatedAt: at(made), ExpiresAt: at(made + 300)}
}

func testProviderRequests(t *testing.T, st store.Store) {
	seed(t, st)
	full := providerRequest("a", "192.0.2.1", 0)
	full.Data = []byte{0, 255}
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete before insert", tx.ProviderRequests.Delete("a"), store.ErrNotFound)
		return tx.ProviderRequests.Insert(full)
	})
	wantConflict(t, "again", try(st, func(tx store.Tx) error { return tx.ProviderRequests.Insert(providerRequest("a", "", 0)) }), "provider request", "id")
	update(t, st, func(tx store.Tx) error {
		got, err := tx.ProviderRequests.Get("a")
		wantErr(t, "get", err, nil)
		same(t, "get", got, full)
		wantErr(t, "delete", tx.ProviderRequests.Delete("a"), nil)
		wantErr(t, "delete again", tx.ProviderRequests.Delete("a"), store.ErrNotFound)
		_, err = tx.ProviderRequests.Get("a")
		wantErr(t, "get after delete", err, store.ErrNotFound)
		return nil
	})
	wantErr(t, "without a client", try(st, func(tx store.Tx) error {
		r := providerRequest("b", "", 0)
		r.ClientID = "none"
		return tx.ProviderRequests.Insert(r)
	}), store.ErrNotFound)
	left := func(ids ...string) {
		t.Helper()
		view(t, st, func(tx store.Tx) error {
			var found []string
			for _, id := range []string{"a", "b", "c", "d", "e"} {
				if _, err := tx.ProviderRequests.Get(id); err == nil {
					found = append(found, id)
				}
			}
			same(t, "left", found, ids)
			return nil
		})
	}
	update(t, st, func(tx store.Tx) error {
		for i, r := range []store.ProviderRequest{providerRequest("a", "x", 5), providerRequest("b", "x", 9), providerRequest("c", "x", 7), providerRequest("d", "y", 1)} {
			wantErr(t, "insert "+string(rune('0'+i)), tx.ProviderRequests.Insert(r), nil)
		}
		return tx.ProviderRequests.Trim("x", 2)
	})
	left("b", "c", "d")
	update(t, st, func(tx store.Tx) error {
		n, err := tx.ProviderRequests.DeleteExpired(at(301), 10)
		same(t, "deleted", n, 1)
		return err
	})
	left("b", "c")
	update(t, st, func(tx store.Tx) error { return tx.Clients.Delete(client1) })
	left()
}
