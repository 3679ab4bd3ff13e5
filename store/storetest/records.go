package storetest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func testPools(t *testing.T, st store.Store) {
	full := pool(pool1)
	full.Settings, full.Declared, full.Keys = doc(`{"b": 1,  "a":"<ü>"}`), true, []byte{1, 0}
	testRecord(t, st, keeper[store.Pool]{
		get:    func(tx store.Tx, r store.Pool) (store.Pool, error) { return tx.Pools.Get(r.ID) },
		insert: func(tx store.Tx, r store.Pool) error { return tx.Pools.Insert(r) },
		update: func(tx store.Tx, r store.Pool) error { return tx.Pools.Update(r) },
		delete: func(tx store.Tx, r store.Pool) error { return tx.Pools.Delete(r.ID) },
	}, full, pool(pool1), "pool", "id")
	testUnfinishedPools(t, st)
}

// testUnfinishedPools checks that only imports see a pool that an import is writing.
func testUnfinishedPools(t *testing.T, st store.Store) {
	half := pool("us-east-1_half")
	half.Unfinished = "import-1"
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.Pools.Insert(half), tx.Clients.Insert(client(half.ID, "half")))
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.Pools.Get(half.ID)
		wantErr(t, "an unfinished pool", err, store.ErrNotFound)
		_, err = tx.Clients.Get("half")
		wantErr(t, "a client of an unfinished pool", err, store.ErrNotFound)
		list, err := tx.Pools.List(store.Page{})
		for _, p := range list {
			if p.ID == half.ID {
				t.Error("List has an unfinished pool")
			}
		}
		unfinished, err2 := tx.Pools.Unfinished()
		same(t, "unfinished pools", unfinished, []store.Pool{half})
		imported, err3 := tx.Pools.Import(half.ID)
		same(t, "the import", imported, half)
		return errors.Join(err, err2, err3)
	})
	updateLast(t, st, func(t testing.TB, tx store.Tx) error {
		wantConflict(t, "a pool with the id of an unfinished one", tx.Pools.Insert(pool(half.ID)), "pool", "id")
		wantErr(t, "another import", tx.Pools.Finish(half.ID, "import-2"), store.ErrNotFound)
		wantErr(t, "no import", tx.Pools.Finish(half.ID, ""), store.ErrNotFound)
		return tx.Pools.Finish(half.ID, "import-1")
	})
	half.Unfinished = ""
	view(t, st, func(tx store.Tx) error {
		got, err := tx.Pools.Get(half.ID)
		same(t, "the finished pool", got, half)
		_, err2 := tx.Clients.Get("half")
		_, importing := tx.Pools.Import(half.ID)
		wantErr(t, "a finished import", importing, store.ErrNotFound)
		return errors.Join(err, err2)
	})
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(half.ID) })
}

func testClients(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error { return tx.Pools.Insert(pool(pool1)) })
	full := client(pool1, client1)
	full.Settings, full.Declared = doc(`{}`), true
	full.Secrets = []store.ClientSecret{{ID: "b", Sealed: []byte{0, 1, 255}, CreatedAt: at(0)}, {ID: "a", Sealed: []byte("x"), CreatedAt: at(-3)}}
	testRecord(t, st, keeper[store.Client]{
		get:    func(tx store.Tx, r store.Client) (store.Client, error) { return tx.Clients.Get(r.ID) },
		insert: func(tx store.Tx, r store.Client) error { return tx.Clients.Insert(r) },
		update: func(tx store.Tx, r store.Client) error { return tx.Clients.Update(r) },
		delete: func(tx store.Tx, r store.Client) error { return tx.Clients.Delete(r.ID) },
	}, full, client(pool1, client1), "client", "id")
	wantErr(t, "a client of a pool that does not exist", try(st, func(tx store.Tx) error {
		return tx.Clients.Insert(client(pool2, "2"))
	}), store.ErrNotFound)
}

func testUsers(t *testing.T, st store.Store) {
	seed(t, st)
	full := user(pool1, "sub-cem", "Cem")
	full.Key = "cem"
	full.Aliases = []store.Alias{{Kind: "preferred_username", Value: "c"}, {Kind: "email", Value: "c@example.com"}}
	full.Status, full.Enabled = "FORCE_CHANGE_PASSWORD", false
	full.Attributes = map[string]string{"email": "C@example.com", "custom:team": "\"<&>\u2028 ☃ 𝄞", "name": ""}
	full.Password = store.Password{
		Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", SRPSalt: []byte{0, 1}, SRPVerifier: []byte{2, 0},
		Temporary: true, ExpiresAt: at(60), ModifiedAt: at(2),
	}
	full.MFA = doc(`{"preferred":"SOFTWARE_TOKEN_MFA"}`)
	full.Failures = store.Failures{Count: 3, LastAt: at(4), LockedUntil: at(5)}
	testRecord(t, st, keeper[store.User]{
		get:    func(tx store.Tx, r store.User) (store.User, error) { return tx.Users.Get(r.PoolID, r.Sub) },
		insert: func(tx store.Tx, r store.User) error { return tx.Users.Insert(r) },
		update: func(tx store.Tx, r store.User) error { return tx.Users.Update(r) },
		delete: func(tx store.Tx, r store.User) error { return tx.Users.Delete(r.PoolID, r.Sub) },
	}, full, user(pool1, "sub-cem", "cem"), "user", anyKey)

	update(t, st, func(tx store.Tx) error { return tx.Users.Insert(full) })
	view(t, st, func(tx store.Tx) error {
		byKey, err := tx.Users.ByKey(pool1, "cem")
		wantErr(t, "by key", err, nil)
		same(t, "by key", byKey, full)
		for _, alias := range full.Aliases {
			byAlias, err := tx.Users.ByAlias(pool1, alias)
			wantErr(t, "by alias", err, nil)
			same(t, "by alias", byAlias, full)
			_, err = tx.Users.ByAlias(pool2, alias)
			wantErr(t, "by alias in another pool", err, store.ErrNotFound)
		}
		_, err = tx.Users.ByKey(pool1, "Cem")
		wantErr(t, "by another key", err, store.ErrNotFound)
		_, err = tx.Users.ByAlias(pool1, store.Alias{Kind: "phone_number", Value: "c"})
		wantErr(t, "by an alias of another kind", err, store.ErrNotFound)
		n, err := tx.Users.Count(pool1)
		wantErr(t, "count", err, nil)
		same(t, "count", n, 3)
		n, err = tx.Users.Count(pool2)
		wantErr(t, "count", err, nil)
		same(t, "count of another pool", n, 0)
		return nil
	})
	wantErr(t, "a user of a pool that does not exist", try(st, func(tx store.Tx) error {
		return tx.Users.Insert(user("us-east-1_none", "s", "n"))
	}), store.ErrNotFound)
}

func testUserConflicts(t *testing.T, st store.Store) {
	seed(t, st)
	mail := store.Alias{Kind: "email", Value: "ann@example.com"}
	update(t, st, func(tx store.Tx) error {
		ann, err := tx.Users.Get(pool1, "sub-ann")
		if err != nil {
			return err
		}
		ann.Aliases = []store.Alias{mail}
		return tx.Users.Update(ann)
	})
	sub, name, alias := user(pool1, "sub-ann", "x"), user(pool1, "x", "ann"), user(pool1, "x", "x")
	alias.Aliases = []store.Alias{{Kind: "phone_number", Value: "+1"}, mail}
	wantConflict(t, "the sub", try(st, func(tx store.Tx) error { return tx.Users.Insert(sub) }), "user", "sub")
	wantConflict(t, "the name", try(st, func(tx store.Tx) error { return tx.Users.Insert(name) }), "user", "username")
	wantConflict(t, "an alias", try(st, func(tx store.Tx) error { return tx.Users.Insert(alias) }), "alias", "email")

	// The caller may continue after a conflict. Nothing of the refused record is stored.
	updateLast(t, st, func(t testing.TB, tx store.Tx) error {
		wantConflict(t, "an alias", tx.Users.Insert(alias), "alias", "email")
		_, err := tx.Users.Get(pool1, "x")
		wantErr(t, "the refused user", err, store.ErrNotFound)
		bob, err := tx.Users.Get(pool1, "sub-bob")
		wantErr(t, "get", err, nil)
		changed := bob
		changed.Status, changed.Aliases = "RESET_REQUIRED", alias.Aliases
		wantConflict(t, "an alias by update", tx.Users.Update(changed), "alias", "email")
		again, err := tx.Users.Get(pool1, "sub-bob")
		wantErr(t, "get", err, nil)
		same(t, "after a refused update", again, bob)
		changed = bob
		changed.Key = "ann"
		wantConflict(t, "the name by update", tx.Users.Update(changed), "user", "username")
		return nil
	})
	// Names are unique per pool only, and can be used again after an update or delete.
	other := user(pool2, "sub-ann", "ann")
	other.Aliases = []store.Alias{mail}
	update(t, st, func(tx store.Tx) error { return tx.Users.Insert(other) })
	update(t, st, func(tx store.Tx) error {
		if err := tx.Users.Update(user(pool1, "sub-ann", "ann")); err != nil {
			return err
		}
		return tx.Users.Insert(alias)
	})
	view(t, st, func(tx store.Tx) error {
		found, err := tx.Users.ByAlias(pool1, mail)
		wantErr(t, "by alias", err, nil)
		same(t, "the new owner", found.Sub, "x")
		return nil
	})
}

func testGroups(t *testing.T, st store.Store) {
	seed(t, st)
	ten := 0
	full := group(pool1, "writers")
	full.Description, full.RoleARN, full.Precedence, full.Declared = "may write", "arn:aws:iam::1:role/w", &ten, true
	testRecord(t, st, keeper[store.Group]{
		get:    func(tx store.Tx, r store.Group) (store.Group, error) { return tx.Groups.Get(r.PoolID, r.Name) },
		insert: func(tx store.Tx, r store.Group) error { return tx.Groups.Insert(r) },
		update: func(tx store.Tx, r store.Group) error { return tx.Groups.Update(r) },
		delete: func(tx store.Tx, r store.Group) error { return tx.Groups.Delete(r.PoolID, r.Name) },
	}, full, group(pool1, "writers"), "group", "name")

	update(t, st, func(tx store.Tx) error {
		for range 2 {
			for _, name := range []string{"readers", "editors"} {
				wantErr(t, "add", tx.Groups.Add(pool1, name, "sub-ann"), nil)
			}
		}
		wantErr(t, "add", tx.Groups.Add(pool1, "readers", "sub-bob"), nil)
		wantErr(t, "remove a user who is not a member", tx.Groups.Remove(pool1, "editors", "sub-bob"), nil)
		return nil
	})
	wantErr(t, "add a user that does not exist", try(st, func(tx store.Tx) error { return tx.Groups.Add(pool1, "readers", "x") }), store.ErrNotFound)
	wantErr(t, "add to a group that does not exist", try(st, func(tx store.Tx) error { return tx.Groups.Add(pool1, "x", "sub-ann") }), store.ErrNotFound)
	view(t, st, func(tx store.Tx) error {
		of, err := tx.Groups.Of(pool1, "sub-ann", store.Page{})
		wantErr(t, "of", err, nil)
		same(t, "groups of ann", of, []store.Group{group(pool1, "editors"), group(pool1, "readers")})
		of, err = tx.Groups.Of(pool1, "sub-ann", store.Page{After: "editors", Limit: 1})
		wantErr(t, "of", err, nil)
		same(t, "second page", of, []store.Group{group(pool1, "readers")})
		members, err := tx.Groups.Members(pool1, "readers", store.Page{})
		wantErr(t, "members", err, nil)
		same(t, "members", members, []store.User{user(pool1, "sub-ann", "ann"), user(pool1, "sub-bob", "bob")})
		members, err = tx.Groups.Members(pool1, "readers", store.Page{After: "sub-ann"})
		wantErr(t, "members", err, nil)
		same(t, "second page of members", members, []store.User{user(pool1, "sub-bob", "bob")})
		return nil
	})
	update(t, st, func(tx store.Tx) error { return tx.Groups.Remove(pool1, "readers", "sub-ann") })
	view(t, st, func(tx store.Tx) error {
		of, err := tx.Groups.Of(pool1, "sub-ann", store.Page{})
		wantErr(t, "of", err, nil)
		same(t, "groups of ann after a removal", of, []store.Group{group(pool1, "editors")})
		return nil
	})
	update(t, st, func(tx store.Tx) error { return tx.Groups.Remove(pool1, "readers", "sub-ann", "sub-bob", "sub-none") })
	view(t, st, func(tx store.Tx) error {
		members, err := tx.Groups.Members(pool1, "readers", store.Page{})
		wantErr(t, "members", err, nil)
		if len(members) != 0 {
			t.Errorf("after the removal of several members: %+v", members)
		}
		return nil
	})
}

func testSigningKeys(t *testing.T, st store.Store) {
	key := func(id string, second int) store.SigningKey {
		return store.SigningKey{
			Owner: pool1, ID: id, Use: "id", Algorithm: "RS256", Private: []byte{1, 0, 2}, CreatedAt: at(second),
			SignsFrom: at(second + 1), SignsTo: at(second + 2), ExpiresAt: at(second + 3),
		}
	}
	list := func(owner string) (keys []store.SigningKey) {
		view(t, st, func(tx store.Tx) (err error) {
			keys, err = tx.SigningKeys.List(owner)
			return err
		})
		return keys
	}
	update(t, st, func(tx store.Tx) error {
		for _, k := range []store.SigningKey{key("k1", 5), key("k2", 0)} {
			wantErr(t, "insert", tx.SigningKeys.Insert(k), nil)
		}
		other := key("k1", 0)
		other.Owner = "identity"
		return tx.SigningKeys.Insert(other)
	})
	same(t, "by time", list(pool1), []store.SigningKey{key("k2", 0), key("k1", 5)})
	same(t, "of an owner without keys", len(list("x")), 0)
	same(t, "of the identity pools", len(list("identity")), 1)
	wantConflict(t, "twice", try(st, func(tx store.Tx) error { return tx.SigningKeys.Insert(key("k1", 0)) }), "signing key", "id")
	open := key("k2", 0)
	open.SignsTo, open.ExpiresAt = time.Time{}, time.Time{}
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "delete a key that does not exist", tx.SigningKeys.Delete(pool1, "x"), store.ErrNotFound)
		wantErr(t, "update a key that does not exist", tx.SigningKeys.Update(key("x", 0)), store.ErrNotFound)
		wantErr(t, "delete", tx.SigningKeys.Delete(pool1, "k1"), nil)
		return tx.SigningKeys.Update(open)
	})
	same(t, "what is left", list(pool1), []store.SigningKey{open})
	timeless := key("k3", 0)
	timeless.CreatedAt = time.Time{}
	update(t, st, func(tx store.Tx) error { return tx.SigningKeys.Insert(timeless) })
	same(t, "a key without a time comes first", list(pool1), []store.SigningKey{timeless, open})
}

func testIdentityPools(t *testing.T, st store.Store) {
	full := identityPool(idPool1)
	full.Settings, full.Roles, full.TagMaps, full.Declared = doc(`{"a": 1}`), doc(`{}`), doc(`{"t":{}}`), true
	testRecord(t, st, keeper[store.IdentityPool]{
		get:    func(tx store.Tx, r store.IdentityPool) (store.IdentityPool, error) { return tx.IdentityPools.Get(r.ID) },
		insert: func(tx store.Tx, r store.IdentityPool) error { return tx.IdentityPools.Insert(r) },
		update: func(tx store.Tx, r store.IdentityPool) error { return tx.IdentityPools.Update(r) },
		delete: func(tx store.Tx, r store.IdentityPool) error { return tx.IdentityPools.Delete(r.ID) },
	}, full, identityPool(idPool1), "identity pool", "id")
}

func testRoles(t *testing.T, st store.Store) {
	sparse := store.Role{
		Name: "Notes-User", Path: "/", ID: "AROAAAAAAAAAAAAAAAAAA", MaxSession: 3600,
		Inline: map[string]json.RawMessage{}, Trusted: map[string]string{}, Tags: map[string]string{}, CreatedAt: at(0), ModifiedAt: at(1),
	}
	full := sparse
	full.Trusted = map[string]string{"arn:a": "AROA1", "arn:b": ""}
	full.Path, full.Description, full.Trust = "/a/", "d", doc("{ \"Version\":\n\"2012-10-17\"}")
	full.Inline = map[string]json.RawMessage{"p<1>": doc("{ \"Statement\" : [] }"), "P<1>": doc("{}")}
	full.Attached, full.Boundary = []string{"arn:b", "arn:a"}, "arn:c"
	full.MaxSession, full.Tags, full.Declared = 43200, map[string]string{"k": "v", "K": ""}, true
	testRecord(t, st, keeper[store.Role]{
		get:    func(tx store.Tx, r store.Role) (store.Role, error) { return tx.Roles.Get(r.Name) },
		insert: func(tx store.Tx, r store.Role) error { return tx.Roles.Insert(r) },
		update: func(tx store.Tx, r store.Role) error { return tx.Roles.Update(r) },
		delete: func(tx store.Tx, r store.Role) error { return tx.Roles.Delete(r.Name) },
	}, full, sparse, "role", "name")
	update(t, st, func(tx store.Tx) error { return tx.Roles.Insert(full) })
	other := full
	other.Name = "NOTES-user"
	wantConflict(t, "another case", try(st, func(tx store.Tx) error { return tx.Roles.Insert(other) }), "role", "name")
	view(t, st, func(tx store.Tx) error {
		r, err := tx.Roles.Get("notes-user")
		wantErr(t, "get by another case", err, nil)
		same(t, "get by another case", r, full)
		return nil
	})
}

func testPolicies(t *testing.T, st store.Store) {
	sparse := store.Policy{
		ARN: "arn:aws:iam::1:policy/p", ID: "ANPAAAAAAAAAAAAAAAAAA", Name: "p", Path: "/", Version: "v1",
		Tags: map[string]string{}, CreatedAt: at(0), ModifiedAt: at(1),
	}
	full := sparse
	full.Versions = json.RawMessage(`[{"id":"v1"}]`)
	full.Description, full.Document, full.Declared = "d", doc("{ }"), true
	full.Version, full.Tags = "v12", map[string]string{"a": "b"}
	testRecord(t, st, keeper[store.Policy]{
		get:    func(tx store.Tx, r store.Policy) (store.Policy, error) { return tx.Policies.Get(r.ARN) },
		insert: func(tx store.Tx, r store.Policy) error { return tx.Policies.Insert(r) },
		update: func(tx store.Tx, r store.Policy) error { return tx.Policies.Update(r) },
		delete: func(tx store.Tx, r store.Policy) error { return tx.Policies.Delete(r.ARN) },
	}, full, sparse, "policy", "arn")
}

func testEntities(t *testing.T, st store.Store) {
	sparse := store.Entity{ARN: "arn:aws:iam::1:oidc-provider/a", CreatedAt: at(0), ModifiedAt: at(1)}
	full := sparse
	full.Kind, full.Content, full.ModifiedAt = "oidc-provider", doc("{ }"), at(2)
	testRecord(t, st, keeper[store.Entity]{
		get:    func(tx store.Tx, r store.Entity) (store.Entity, error) { return tx.Entities.Get(r.ARN) },
		insert: func(tx store.Tx, r store.Entity) error { return tx.Entities.Insert(r) },
		update: func(tx store.Tx, r store.Entity) error { return tx.Entities.Update(r) },
		delete: func(tx store.Tx, r store.Entity) error { return tx.Entities.Delete(r.ARN) },
	}, full, sparse, "entity", "arn")
}

func testSettings(t *testing.T, st store.Store) {
	get := func(name string) (value []byte, err error) {
		err = st.View(t.Context(), func(tx store.Tx) error {
			value, err = tx.Settings.Get(name)
			return err
		})
		return value, err
	}
	_, err := get("a")
	wantErr(t, "before put", err, store.ErrNotFound)
	for _, value := range [][]byte{{1, 0, 255}, []byte("again")} {
		update(t, st, func(tx store.Tx) error { return tx.Settings.Put("a", value) })
		got, err := get("a")
		wantErr(t, "get", err, nil)
		same(t, "value", got, value)
	}
	_, err = get("A")
	wantErr(t, "another case", err, store.ErrNotFound)
	for range 2 {
		update(t, st, func(tx store.Tx) error { return tx.Settings.Delete("a") })
	}
	_, err = get("a")
	wantErr(t, "after delete", err, store.ErrNotFound)
}
