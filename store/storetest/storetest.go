package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

// Open returns a new, empty store, which is closed when the test ends.
type Open func(tb testing.TB) store.Store

// Run tests that the stores of open fulfil the contract of package store.
func Run(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, st store.Store)
	}{
		{"pools", testPools},
		{"clients", testClients},
		{"domains", testDomains},
		{"resource servers", testResourceServers},
		{"identity providers", testIdentityProviders},
		{"accounts at identity providers", testUserIdentities},
		{"users", testUsers},
		{"user names are unique", testUserConflicts},
		{"users by filter", testFilters},
		{"long texts in keys", testLong},
		{"where users were pulled from", testPulls},
		{"users whose password is elsewhere", testElsewhere},
		{"groups", testGroups},
		{"codes", testCodes},
		{"messages", testMessages},
		{"messages of floods are trimmed", testMessagesTrim},
		{"messages have lanes", testMessagesLanes},
		{"challenges", testChallenges},
		{"device grants", testDeviceGrants},
		{"spent ids", testSpentIDs},
		{"spent assertions", testSpentAssertions},
		{"keys of SAML", testSAMLKeys},
		{"requests to identity providers", testProviderRequests},
		{"import jobs", testImportJobs},
		{"users together", testInsertAll},
		{"users renamed together", testRename},
		{"passkeys", testPasskeys},
		{"refresh tokens", testRefreshTokens},
		{"refresh tokens of a user", testRefreshTokensOfAUser},
		{"sessions", testSessions},
		{"SSO sessions", testSSOSessions},
		{"authorization codes", testAuthorizationCodes},
		{"edge sessions", testEdgeSessions},
		{"password history", testPasswords},
		{"auth events", testAuthEvents},
		{"devices", testDevices},
		{"refresh tokens of a device", testRefreshTokensOfADevice},
		{"signing keys", testSigningKeys},
		{"sealed columns", testSealed},
		{"revocations", testRevocations},
		{"revocations advance", testRevocationsAdvance},
		{"many revocations advance", testRevocationsAdvanceMany},
		{"identity pools", testIdentityPools},
		{"identities", testIdentities},
		{"roles", testRoles},
		{"policies", testPolicies},
		{"entities", testEntities},
		{"settings", testSettings},
		{"changes", testChanges},
		{"styles of the login pages", testBrandings},
		{"images of styles", testBrandingAssets},
		{"classic looks", testUICustomizations},
		{"documents of sign-ups", testTerms},
		{"deletes cascade", testCascade},
		{"pages are exact", testPages},
		{"text compares by bytes", testText},
		{"an update is atomic", testAtomicity},
		{"a view is a snapshot", testIsolation},
		{"a done context ends a transaction", testContext},
		{"a closed store is unavailable", testClosed},
		{"many goroutines", testConcurrency},
		{"a user's life", testLife},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.test(t, open(t))
		})
	}
}

// Keys of the records that seed inserts.
const (
	pool1, pool2 = "us-east-1_aaaaaaaaa", "us-east-1_bbbbbbbbb"
	client1      = "1aaaaaaaaaaaaaaaaaaaaaaaaa"
	idPool1      = "us-east-1:00000000-0000-4000-8000-000000000001"
	idPool2      = "us-east-1:00000000-0000-4000-8000-000000000002"
)

// at returns a time with the precision that stores keep.
func at(seconds int) time.Time {
	return time.Date(2026, 11, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func pool(id string) store.Pool {
	return store.Pool{ID: id, Name: "notes", CreatedAt: at(0), ModifiedAt: at(1)}
}

func client(poolID, id string) store.Client {
	return store.Client{PoolID: poolID, ID: id, Name: "web", CreatedAt: at(0), ModifiedAt: at(1)}
}

func user(poolID, sub, name string) store.User {
	return store.User{
		PoolID: poolID, Sub: sub, Username: name, Key: name, Status: "CONFIRMED", Enabled: true,
		Attributes: map[string]string{}, CreatedAt: at(0), ModifiedAt: at(1),
	}
}

func group(poolID, name string) store.Group {
	return store.Group{PoolID: poolID, Name: name, CreatedAt: at(0), ModifiedAt: at(1)}
}

func identityPool(id string) store.IdentityPool {
	return store.IdentityPool{ID: id, Name: "notes", CreatedAt: at(0), ModifiedAt: at(1)}
}

func token(id, sub string) store.RefreshToken {
	return store.RefreshToken{
		ID: id, PoolID: pool1, ClientID: client1, Sub: sub, Hash: []byte("hash of " + id), AuthTime: at(0),
		CreatedAt: at(0), ExpiresAt: at(100),
	}
}

// update runs fn in an Update and stops the test on an error. fn must not stop the test itself.
func update(t testing.TB, st store.Store, fn func(tx store.Tx) error) {
	t.Helper()
	if err := st.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// lastRun is a testing.TB whose errors count only if no other run follows.
type lastRun struct {
	testing.TB
	errs []string
}

func (r *lastRun) Errorf(format string, args ...any) {
	r.errs = append(r.errs, fmt.Sprintf(format, args...))
}

// updateLast is update for a fn that looks at the errors of its writes: those of its last run count.
func updateLast(t testing.TB, st store.Store, fn func(t testing.TB, tx store.Tx) error) {
	t.Helper()
	last := &lastRun{TB: t}
	update(t, st, func(tx store.Tx) error {
		last.errs = nil
		return fn(last, tx)
	})
	for _, text := range last.errs {
		t.Error(text)
	}
}

func view(t testing.TB, st store.Store, fn func(tx store.Tx) error) {
	t.Helper()
	if err := st.View(context.Background(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// try runs one write in its own Update and returns its error.
func try(st store.Store, fn func(tx store.Tx) error) error {
	return st.Update(context.Background(), fn)
}

// seed inserts the records that most tests need.
func seed(t testing.TB, st store.Store) {
	t.Helper()
	update(t, st, func(tx store.Tx) error {
		return errors.Join(
			tx.Pools.Insert(pool(pool1)), tx.Pools.Insert(pool(pool2)),
			tx.Clients.Insert(client(pool1, client1)),
			tx.Users.Insert(user(pool1, "sub-ann", "ann")), tx.Users.Insert(user(pool1, "sub-bob", "bob")),
			tx.Groups.Insert(group(pool1, "editors")), tx.Groups.Insert(group(pool1, "readers")),
			tx.IdentityPools.Insert(identityPool(idPool1)), tx.IdentityPools.Insert(identityPool(idPool2)),
		)
	})
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func wantErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}

// anyKey is for wantConflict, if several keys exist already and a backend may name any of them.
const anyKey = ""

func wantConflict(t testing.TB, what string, got error, record, key string) {
	t.Helper()
	wantErr(t, what, got, store.ErrExists)
	conflict, ok := errors.AsType[*store.Conflict](got)
	if !ok || conflict.Record != record || conflict.Key != key && key != anyKey {
		t.Errorf("%s: error %v, want a conflict of %s by %s", what, got, record, key)
	}
}

// keeper has the methods that most interfaces have, for one type of record.
type keeper[T any] struct {
	get    func(tx store.Tx, r T) (T, error)
	insert func(tx store.Tx, r T) error
	update func(tx store.Tx, r T) error
	delete func(tx store.Tx, r T) error
}

// testRecord inserts, reads, updates and deletes a record. full has all fields set, sparse as few as possible. Both have
// the same key.
func testRecord[T any](t *testing.T, st store.Store, k keeper[T], full, sparse T, record, key string) {
	t.Helper()
	get := func() (r T, err error) {
		err = st.View(context.Background(), func(tx store.Tx) error {
			r, err = k.get(tx, full)
			return err
		})
		return r, err
	}
	_, err := get()
	wantErr(t, "get before insert", err, store.ErrNotFound)
	wantErr(t, "update before insert", try(st, func(tx store.Tx) error { return k.update(tx, full) }), store.ErrNotFound)
	if k.delete != nil {
		wantErr(t, "delete before insert", try(st, func(tx store.Tx) error { return k.delete(tx, full) }), store.ErrNotFound)
	}
	update(t, st, func(tx store.Tx) error { return k.insert(tx, full) })
	got, err := get()
	wantErr(t, "get", err, nil)
	same(t, "a full record", got, full)
	wantConflict(t, "insert twice", try(st, func(tx store.Tx) error { return k.insert(tx, full) }), record, key)
	update(t, st, func(tx store.Tx) error { return k.update(tx, sparse) })
	got, err = get()
	wantErr(t, "get", err, nil)
	same(t, "a sparse record", got, sparse)
	update(t, st, func(tx store.Tx) error { return k.update(tx, full) })
	got, _ = get()
	same(t, "a full record after an update", got, full)
	wantErr(t, "a write in a view", st.View(context.Background(), func(tx store.Tx) error {
		if k.update(tx, sparse) == nil {
			return errors.New("was accepted")
		}
		return nil
	}), nil)
	if k.delete == nil {
		return
	}
	update(t, st, func(tx store.Tx) error { return k.delete(tx, full) })
	_, err = get()
	wantErr(t, "get after delete", err, store.ErrNotFound)
}

func doc(s string) json.RawMessage { return json.RawMessage(s) }
