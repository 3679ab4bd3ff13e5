package storetest

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func domain(name, poolID string, custom bool) store.Domain {
	return store.Domain{Name: name, PoolID: poolID, Custom: custom, Version: 1, CreatedAt: at(0), ModifiedAt: at(1)}
}

func testDomains(t *testing.T, st store.Store) {
	seed(t, st)
	full := domain("auth.example.com", pool1, true)
	full.Version, full.Certificate, full.Policy, full.Failover, full.Declared = 2, "arn:aws:acm:us-east-1:1:certificate/a", "TLS_V1", `{"a":1}`, true
	testRecord(t, st, keeper[store.Domain]{
		get:    func(tx store.Tx, r store.Domain) (store.Domain, error) { return tx.Domains.Get(r.Name) },
		insert: func(tx store.Tx, r store.Domain) error { return tx.Domains.Insert(r) },
		update: func(tx store.Tx, r store.Domain) error { return tx.Domains.Update(r) },
		delete: func(tx store.Tx, r store.Domain) error { return tx.Domains.Delete(r.Name) },
	}, full, domain("auth.example.com", pool1, true), "domain", anyKey)

	prefix, other := domain("notes", pool1, false), domain("a.example.com", pool2, true)
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.Domains.Insert(prefix), tx.Domains.Insert(full), tx.Domains.Insert(other))
	})
	view(t, st, func(tx store.Tx) error {
		of, err := tx.Domains.OfPool(pool1)
		wantErr(t, "of pool", err, nil)
		same(t, "of pool", of, []store.Domain{full, prefix})
		all, err := tx.Domains.All()
		wantErr(t, "all", err, nil)
		same(t, "all", all, []store.Domain{other, full, prefix})
		return nil
	})
	wantConflict(t, "the name of another pool's", try(st, func(tx store.Tx) error {
		return tx.Domains.Insert(domain("notes", pool2, false))
	}), "domain", "name")
	wantConflict(t, "a second of the kind", try(st, func(tx store.Tx) error {
		return tx.Domains.Insert(domain("more", pool1, false))
	}), "domain", "pool")
	moved := prefix
	moved.PoolID = pool2
	wantErr(t, "another pool by update", try(st, func(tx store.Tx) error { return tx.Domains.Update(moved) }), store.ErrNotFound)
	wantErr(t, "of a pool that does not exist", try(st, func(tx store.Tx) error {
		return tx.Domains.Insert(domain("lost", "us-east-1_none", false))
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(pool1) })
	view(t, st, func(tx store.Tx) error {
		all, err := tx.Domains.All()
		wantErr(t, "all", err, nil)
		same(t, "after the pool was deleted", all, []store.Domain{other})
		return nil
	})
}

func testResourceServers(t *testing.T, st store.Store) {
	seed(t, st)
	sparse := store.ResourceServer{PoolID: pool1, ID: "https://api.example.com/notes", Name: "notes", CreatedAt: at(0), ModifiedAt: at(1)}
	full := sparse
	full.Scopes, full.Declared = []store.Scope{{Name: "write", Description: "may \"write\" <☃>"}, {Name: "read", Description: "x"}}, true
	testRecord(t, st, keeper[store.ResourceServer]{
		get: func(tx store.Tx, r store.ResourceServer) (store.ResourceServer, error) {
			return tx.ResourceServers.Get(r.PoolID, r.ID)
		},
		insert: func(tx store.Tx, r store.ResourceServer) error { return tx.ResourceServers.Insert(r) },
		update: func(tx store.Tx, r store.ResourceServer) error { return tx.ResourceServers.Update(r) },
		delete: func(tx store.Tx, r store.ResourceServer) error { return tx.ResourceServers.Delete(r.PoolID, r.ID) },
	}, full, sparse, "resource server", "id")

	younger, others := sparse, sparse
	younger.ID, younger.CreatedAt = "a", at(5)
	others.PoolID = pool2
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.ResourceServers.Insert(younger), tx.ResourceServers.Insert(sparse), tx.ResourceServers.Insert(others))
	})
	view(t, st, func(tx store.Tx) error {
		list, err := tx.ResourceServers.List(pool1)
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.ResourceServer{sparse, younger})
		return nil
	})
	wantErr(t, "of a pool that does not exist", try(st, func(tx store.Tx) error {
		return tx.ResourceServers.Insert(store.ResourceServer{PoolID: "us-east-1_none", ID: "a"})
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(pool1) })
	view(t, st, func(tx store.Tx) error {
		list, err := tx.ResourceServers.List(pool1)
		wantErr(t, "list", err, nil)
		same(t, "after the pool was deleted", len(list), 0)
		return nil
	})
}
