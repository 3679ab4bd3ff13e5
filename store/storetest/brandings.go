package storetest

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func branding(id string) store.Branding {
	return store.Branding{ID: id, PoolID: pool1, ClientID: client1, CreatedAt: at(0), ModifiedAt: at(1)}
}

func draft(id string, created int) store.Branding {
	b := branding(id)
	b.Draft, b.CreatedAt, b.ExpiresAt = true, at(created), at(created+10)
	return b
}

func testBrandings(t *testing.T, st store.Store) {
	seed(t, st)
	full := branding("b1")
	full.Provided, full.Settings, full.Declared, full.ExpiresAt = true, doc(`{"b": 1,  "a":"<ü>"}`), true, at(5)
	testRecord(t, st, keeper[store.Branding]{
		get:    func(tx store.Tx, r store.Branding) (store.Branding, error) { return tx.Brandings.Get(r.ID) },
		insert: func(tx store.Tx, r store.Branding) error { return tx.Brandings.Insert(r) },
		update: func(tx store.Tx, r store.Branding) error { return tx.Brandings.Update(r) },
		delete: func(tx store.Tx, r store.Branding) error { return tx.Brandings.Delete(r.ID) },
	}, full, branding("b1"), "branding", anyKey)
	lost := branding("x")
	lost.ClientID = "none"
	wantErr(t, "of a client that does not exist", try(st, func(tx store.Tx) error { return tx.Brandings.Insert(lost) }), store.ErrNotFound)

	update(t, st, func(tx store.Tx) error {
		_, err := tx.Brandings.OfClient(client1)
		wantErr(t, "of a client without a style", err, store.ErrNotFound)
		wantErr(t, "a draft", tx.Brandings.Insert(draft("d2", 20)), nil)
		wantErr(t, "another draft", tx.Brandings.Insert(draft("d1", 30)), nil)
		_, err = tx.Brandings.OfClient(client1)
		wantErr(t, "of a client with drafts only", err, store.ErrNotFound)
		return tx.Brandings.Insert(branding("b1"))
	})
	wantConflict(t, "a second style", try(st, func(tx store.Tx) error { return tx.Brandings.Insert(branding("b2")) }), "branding", "client")
	update(t, st, func(tx store.Tx) error {
		got, err := tx.Brandings.OfClient(client1)
		wantErr(t, "of a client", err, nil)
		same(t, "of a client", got, branding("b1"))
		drafts, err := tx.Brandings.Drafts(pool1)
		wantErr(t, "drafts", err, nil)
		same(t, "drafts", drafts, []store.Branding{draft("d2", 20), draft("d1", 30)})
		n, err := tx.Brandings.DeleteExpired(at(31), 10)
		wantErr(t, "delete expired", err, nil)
		same(t, "expired", n, 1)
		wantErr(t, "delete the client", tx.Clients.Delete(client1), nil)
		for _, id := range []string{"b1", "d1", "d2"} {
			_, err = tx.Brandings.Get(id)
			wantErr(t, id+" of a deleted client", err, store.ErrNotFound)
		}
		return nil
	})
}

func asset(branding, category, mode, content string) store.BrandingAsset {
	return store.BrandingAsset{BrandingID: branding, PoolID: pool1, Category: category, ColorMode: mode, Extension: "PNG",
		Hash: "hash of " + content, Bytes: []byte(content)}
}

func testBrandingAssets(t *testing.T, st store.Store) {
	seed(t, st)
	large := asset("b1", "FORM_LOGO", "DARK", "large")
	large.Served = []byte("served")
	large.ResourceID, large.Bytes = "r", []byte(strings.Repeat("\x00large\xff", 140_000))
	small := asset("b1", "FORM_LOGO", "DARK", "small")
	wantErr(t, "without a style", try(st, func(tx store.Tx) error { return tx.Brandings.PutAsset(small) }), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "insert", tx.Brandings.Insert(branding("b1")), nil)
		wantErr(t, "put", tx.Brandings.PutAsset(large), nil)
		wantErr(t, "put", tx.Brandings.PutAsset(asset("b1", "FORM_LOGO", "DARK", "old")), nil)
		return tx.Brandings.PutAsset(small)
	})
	view(t, st, func(tx store.Tx) error {
		list, err := tx.Brandings.Assets("b1")
		wantErr(t, "assets", err, nil)
		same(t, "assets", list, []store.BrandingAsset{small, large})
		names, err := tx.Brandings.AssetNames("b1")
		wantErr(t, "names", err, nil)
		same(t, "names", len(names), 2)
		same(t, "bytes of a name", names[0].Bytes, []byte(nil))
		same(t, "hash of a name", names[1].Hash, large.Hash)
		got, err := tx.Brandings.AssetByHash(pool1, small.Hash)
		wantErr(t, "by hash", err, nil)
		same(t, "by hash", got, small)
		for _, of := range [][2]string{{pool2, small.Hash}, {pool1, "hash of old"}} {
			_, err = tx.Brandings.AssetByHash(of[0], of[1])
			wantErr(t, "by hash in "+of[0], err, store.ErrNotFound)
		}
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete all", tx.Brandings.DeleteAssets("b1"), nil)
		wantErr(t, "put again", tx.Brandings.PutAsset(small), nil)
		wantErr(t, "delete the pool", tx.Pools.Delete(pool1), nil)
		_, err := tx.Brandings.AssetByHash(pool1, small.Hash)
		wantErr(t, "of a deleted pool", err, store.ErrNotFound)
		return nil
	})
}

func testUICustomizations(t *testing.T, st store.Store) {
	seed(t, st)
	ofPool := store.UICustomization{PoolID: pool1, ClientID: store.AllClients, CSS: ".a{}", CreatedAt: at(0), ModifiedAt: at(1)}
	ofClient := store.UICustomization{PoolID: pool1, ClientID: client1, CSS: ".b{}", Version: "20261102030405", Image: []byte{0, 255}, ImageType: "PNG",
		ImageHash: "h", CreatedAt: at(0), ModifiedAt: at(1)}
	lost := ofClient
	lost.ClientID = "none"
	wantErr(t, "of a client that does not exist", try(st, func(tx store.Tx) error { return tx.UICustomizations.Put(lost) }), store.ErrNotFound)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete before put", tx.UICustomizations.Delete(pool1, client1), nil)
		wantErr(t, "put", tx.UICustomizations.Put(ofPool), nil)
		wantErr(t, "put", tx.UICustomizations.Put(store.UICustomization{PoolID: pool1, ClientID: client1, CSS: "old"}), nil)
		return tx.UICustomizations.Put(ofClient)
	})
	update(t, st, func(tx store.Tx) error {
		got, err := tx.UICustomizations.Get(pool1, store.AllClients)
		wantErr(t, "get", err, nil)
		same(t, "get", got, ofPool)
		got, err = tx.UICustomizations.ByImage(pool1, "h")
		wantErr(t, "by image", err, nil)
		same(t, "by image", got, ofClient)
		wantErr(t, "delete the client", tx.Clients.Delete(client1), nil)
		_, err = tx.UICustomizations.Get(pool1, client1)
		wantErr(t, "of a deleted client", err, store.ErrNotFound)
		_, err = tx.UICustomizations.Get(pool1, store.AllClients)
		wantErr(t, "of the pool", err, nil)
		wantErr(t, "delete the pool", tx.Pools.Delete(pool1), nil)
		_, err = tx.UICustomizations.Get(pool1, store.AllClients)
		wantErr(t, "of a deleted pool", err, store.ErrNotFound)
		return nil
	})
}

func terms(id, name string) store.Terms {
	return store.Terms{ID: id, PoolID: pool1, ClientID: client1, Name: name, Links: map[string]string{}, CreatedAt: at(0), ModifiedAt: at(1)}
}

func testTerms(t *testing.T, st store.Store) {
	seed(t, st)
	full := terms("1", "terms-of-use")
	full.Source, full.Enforcement, full.Declared = "LINK", "NONE", true
	full.Links = map[string]string{"cognito:default": "https://example.com/ü"}
	testRecord(t, st, keeper[store.Terms]{
		get:    func(tx store.Tx, r store.Terms) (store.Terms, error) { return tx.Terms.Get(r.ID) },
		insert: func(tx store.Tx, r store.Terms) error { return tx.Terms.Insert(r) },
		update: func(tx store.Tx, r store.Terms) error { return tx.Terms.Update(r) },
		delete: func(tx store.Tx, r store.Terms) error { return tx.Terms.Delete(r.ID) },
	}, full, terms("1", "terms-of-use"), "terms", anyKey)
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "insert", tx.Terms.Insert(terms("1", "terms-of-use")), nil)
		return tx.Terms.Insert(terms("2", "privacy-policy"))
	})
	wantConflict(t, "a second document of a name", try(st, func(tx store.Tx) error { return tx.Terms.Insert(terms("3", "privacy-policy")) }), "terms", "name")
	wantConflict(t, "the name of another", try(st, func(tx store.Tx) error { return tx.Terms.Update(terms("1", "privacy-policy")) }), "terms", "name")
	update(t, st, func(tx store.Tx) error {
		list, err := tx.Terms.OfClient(client1)
		wantErr(t, "of a client", err, nil)
		same(t, "of a client", list, []store.Terms{terms("2", "privacy-policy"), terms("1", "terms-of-use")})
		list, err = tx.Terms.List(pool1, store.Page{After: "1", Limit: 5})
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.Terms{terms("2", "privacy-policy")})
		wantErr(t, "delete the client", tx.Clients.Delete(client1), nil)
		_, err = tx.Terms.Get("1")
		wantErr(t, "of a deleted client", err, store.ErrNotFound)
		return nil
	})
}
