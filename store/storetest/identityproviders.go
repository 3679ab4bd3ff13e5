package storetest

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testIdentityProviders(t *testing.T, st store.Store) {
	seed(t, st)
	sparse := store.IdentityProvider{PoolID: pool1, Name: "Google", Type: "Google", Mapping: map[string]string{}, Acr: map[string]string{}, CreatedAt: at(0), ModifiedAt: at(1)}
	full := sparse
	full.Sealed, full.Mapping, full.Acr = []byte{0, 1, 255}, map[string]string{"email": "email", "custom:☃": `"`}, map[string]string{"a": "b"}
	full.Identifiers, full.Unsolicited, full.Version, full.Declared = []string{"example.com", "a"}, true, 7, true
	testRecord(t, st, keeper[store.IdentityProvider]{
		get: func(tx store.Tx, r store.IdentityProvider) (store.IdentityProvider, error) {
			return tx.IdentityProviders.Get(r.PoolID, r.Name)
		},
		insert: func(tx store.Tx, r store.IdentityProvider) error { return tx.IdentityProviders.Insert(r) },
		update: func(tx store.Tx, r store.IdentityProvider) error { return tx.IdentityProviders.Update(r) },
		delete: func(tx store.Tx, r store.IdentityProvider) error {
			return tx.IdentityProviders.Delete(r.PoolID, r.Name)
		},
	}, full, sparse, "identity provider", "name")

	first, others := sparse, sparse
	first.Name, others.PoolID = "Facebook", pool2
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.IdentityProviders.Insert(full), tx.IdentityProviders.Insert(first), tx.IdentityProviders.Insert(others))
	})
	view(t, st, func(tx store.Tx) error {
		list, err := tx.IdentityProviders.List(pool1)
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.IdentityProvider{first, full})
		return nil
	})
	wantErr(t, "of a pool that does not exist", try(st, func(tx store.Tx) error {
		return tx.IdentityProviders.Insert(store.IdentityProvider{PoolID: "us-east-1_none", Name: "a"})
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(pool1) })
	view(t, st, func(tx store.Tx) error {
		list, err := tx.IdentityProviders.List(pool1)
		wantErr(t, "list", err, nil)
		same(t, "after the pool was deleted", len(list), 0)
		return nil
	})
}

func testUserIdentities(t *testing.T, st store.Store) {
	seed(t, st)
	full := store.UserIdentity{PoolID: pool1, Provider: "Idp", Attribute: "Cognito_Subject", Value: "A\"☃", Sub: "sub-ann",
		Type: "SAML", Issuer: "urn:idp", Primary: true, CreatedAt: at(2)}
	older := store.UserIdentity{PoolID: pool1, Provider: "Google", Attribute: "email", Value: "a@example.com", Sub: "sub-ann", Type: "Google", CreatedAt: at(1)}
	lower := full
	lower.Value, lower.Sub, lower.CreatedAt = "a\"☃", "sub-bob", at(0)
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.UserIdentities.Insert(full), tx.UserIdentities.Insert(older), tx.UserIdentities.Insert(lower))
	})
	view(t, st, func(tx store.Tx) error {
		got, err := tx.UserIdentities.Get(pool1, "Idp", "Cognito_Subject", "A\"☃")
		wantErr(t, "get", err, nil)
		same(t, "get", got, full)
		_, err = tx.UserIdentities.Get(pool2, "Idp", "Cognito_Subject", "A\"☃")
		wantErr(t, "of another pool", err, store.ErrNotFound)
		list, err := tx.UserIdentities.OfUser(pool1, "sub-ann")
		wantErr(t, "of a user", err, nil)
		same(t, "of a user", list, []store.UserIdentity{older, full})
		names, err := tx.UserIdentities.Attributes(pool1, "Idp")
		wantErr(t, "attributes", err, nil)
		same(t, "attributes", names, []string{"Cognito_Subject"})
		return nil
	})
	other := full
	other.Sub = "sub-bob"
	wantConflict(t, "the account of another user", try(st, func(tx store.Tx) error { return tx.UserIdentities.Insert(other) }), "user identity", "value")
	other.Value, other.Sub = "b", "sub-nobody"
	wantErr(t, "of a user who does not exist", try(st, func(tx store.Tx) error { return tx.UserIdentities.Insert(other) }), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		mail := lower
		mail.Attribute = "email"
		return errors.Join(tx.UserIdentities.Insert(mail), tx.UserIdentities.Delete(pool1, "Google", "email", "a@example.com"))
	})
	wantErr(t, "delete again", try(st, func(tx store.Tx) error {
		return tx.UserIdentities.Delete(pool1, "Google", "email", "a@example.com")
	}), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		names, err := tx.UserIdentities.Attributes(pool1, "Idp")
		wantErr(t, "attributes", err, nil)
		same(t, "attributes", names, []string{"Cognito_Subject", "email"})
		return tx.Users.Delete(pool1, "sub-ann")
	})
	view(t, st, func(tx store.Tx) error {
		list, err := tx.UserIdentities.OfUser(pool1, "sub-ann")
		wantErr(t, "of a deleted user", err, nil)
		same(t, "of a deleted user", len(list), 0)
		_, err = tx.UserIdentities.Get(pool1, "Idp", "Cognito_Subject", lower.Value)
		wantErr(t, "of the other user", err, nil)
		return nil
	})
}
