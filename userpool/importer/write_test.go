package importer_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
	"github.com/sluicegate/sluice/userpool/totp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

const password = "Correct-horse-7"

func bcrypted(t testing.TB) *passwordhash.Hash {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	h, err := passwordhash.Parse(passwordhash.BCRYPT, string(b))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func pool(t *testing.T, h *userpooltest.Harness, settings userpool.PoolSettings) *userpool.Pool {
	t.Helper()
	p, err := h.Pools.Pool(t.Context(), h.Pool(settings).ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, h *userpooltest.Harness, p *userpool.Pool, entries ...importer.Entry) []error {
	t.Helper()
	results, err := h.Importer.Write(t.Context(), p, entries)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func record(t *testing.T, h *userpooltest.Harness, poolID, key string) (u store.User) {
	t.Helper()
	if err := h.Store.View(t.Context(), func(tx store.Tx) (err error) {
		u, err = tx.Users.ByKey(poolID, key)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAnImportedUserIsWhatTheEntrySays(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{AliasAttributes: []string{"email"}})
	if _, err := h.Users.CreateGroup(t.Context(), directory.Group{PoolID: p.ID, Name: "readers"}); err != nil {
		t.Fatal(err)
	}
	const sub = "11111111-2222-4333-8444-555555555555"
	born := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	results := write(t, h, p,
		importer.Entry{Username: "ann", Sub: sub, Attributes: map[string]string{"email": "ann@example.com", "email_verified": "TRUE"},
			Created: born, Groups: []string{"readers"}, Disabled: true},
		importer.Entry{Username: "bob"}, importer.Entry{Username: "ann"}, importer.Entry{Username: "cat", Sub: sub},
		importer.Entry{Username: "dee", Attributes: map[string]string{"email": "ann@example.com", "email_verified": "true"}},
		importer.Entry{Username: "eve", Attributes: map[string]string{"shoe": "42"}},
		importer.Entry{Username: "fay", Groups: []string{"writers"}}, importer.Entry{Username: "x y"},
		importer.Entry{Username: "gus", Sub: "no UUID"}, importer.Entry{Username: "hal", Status: "FINE"})
	for i, want := range []fault.Kind{fault.Internal, fault.Internal, fault.UsernameExists, fault.UsernameExists, fault.AliasExists,
		fault.InvalidParameter, fault.ResourceNotFound, fault.InvalidParameter, fault.InvalidParameter, fault.InvalidParameter} {
		if (results[i] == nil) != (want == fault.Internal) || results[i] != nil && fault.KindOf(results[i]) != want {
			t.Errorf("entry %d: %v", i, results[i])
		}
	}
	if !errors.Is(results[2], importer.ErrExists) || errors.Is(results[4], importer.ErrExists) {
		t.Error(results[2], results[4])
	}
	u := record(t, h, p.ID, "ann")
	if u.Sub != sub || u.Enabled || u.Status != userpool.StatusResetRequired || u.Attributes["email_verified"] != "true" || !u.CreatedAt.Equal(born) ||
		len(u.Aliases) != 1 {
		t.Errorf("%+v", u)
	}
	groups, _, err := h.Users.AdminListGroupsForUser(t.Context(), p.ID, "ann", "", 10)
	if err != nil || len(groups) != 1 {
		t.Error(groups, err)
	}
	for _, r := range write(t, h, p, importer.Entry{Username: "ann"}, importer.Entry{Username: "bob"}) {
		if !errors.Is(r, importer.ErrExists) {
			t.Error("a second import:", r)
		}
	}
}

func TestAPoolOfAddressesTakesTheNameFromTheAddress(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{UsernameAttributes: []string{"email"}})
	const sub = "11111111-2222-4333-8444-555555555555"
	results := write(t, h, p, importer.Entry{Username: "Ann@example.com"}, importer.Entry{Username: sub, Sub: sub, Attributes: map[string]string{"email": "bob@example.com"}},
		importer.Entry{Attributes: map[string]string{"email": "cat@example.com"}}, importer.Entry{Username: "dee"},
		importer.Entry{Username: "eve@example.com", Attributes: map[string]string{"email": "other@example.com"}},
		importer.Entry{Username: "Ann@example.com"})
	for i, ok := range []bool{true, true, true, false, false, false} {
		if (results[i] == nil) != ok {
			t.Errorf("entry %d: %v", i, results[i])
		}
	}
	if !errors.Is(results[5], importer.ErrExists) {
		t.Error(results[5])
	}
	u, err := h.Users.AdminGetUser(t.Context(), p.ID, "bob@example.com")
	if err != nil || u.Username != sub || u.Sub != sub {
		t.Error(u, err)
	}
}

func TestTheFirstSignInReplacesAnImportedHash(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	if r := write(t, h, p, importer.Entry{Username: "ann", Hash: bcrypted(t), Created: h.Clock.Now().Add(-time.Hour)}); r[0] != nil {
		t.Fatal(r)
	}
	before := record(t, h, p.ID, "ann")
	if before.Status != userpool.StatusConfirmed || !passwordhash.IsStored(before.Password.Hash) || len(before.Password.SRPVerifier) > 0 {
		t.Fatalf("%v", before.Status)
	}
	if _, err := h.SignIn(c.ID, "ann", "Wrong-horse-7"); !errors.Is(err, userpool.ErrWrongPassword) {
		t.Error(err)
	}
	if now := record(t, h, p.ID, "ann"); now.Password.Hash != before.Password.Hash {
		t.Error("a wrong password changed the record")
	}
	h.MustSignIn(c.ID, "ann")
	after := record(t, h, p.ID, "ann")
	if !strings.HasPrefix(after.Password.Hash, "$argon2id$") || len(after.Password.SRPVerifier) == 0 || !after.Password.ModifiedAt.Equal(before.Password.ModifiedAt) {
		t.Error("the hash was not replaced")
	}
	h.MustSignIn(c.ID, "ann")
}

func TestFirstSignInsAtOnceAllSucceed(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	write(t, h, p, importer.Entry{Username: "ann", Hash: bcrypted(t)})
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := h.SignIn(c.ID, "ann", password); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestAUserWithAnImportedArgon2HashOfOurCostIsStillImported(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	enc := base64.RawStdEncoding
	hash, err := passwordhash.Parse(passwordhash.ARGON2ID, fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", enc.EncodeToString([]byte("saltsaltsaltsalt")),
		enc.EncodeToString(argon2.IDKey([]byte(password), []byte("saltsaltsaltsalt"), 2, 19456, 1, 32))))
	if err != nil {
		t.Fatal(err)
	}
	write(t, h, p, importer.Entry{Username: "ann", Hash: hash})
	h.MustSignIn(c.ID, "ann")
}

func TestAnImportedAuthenticatorAppWorks(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{})
	secret := []byte("12345678901234567890")
	write(t, h, p, importer.Entry{Username: "ann", Hash: bcrypted(t), TOTP: secret, MFA: userpool.MFA{Token: true, Preferred: userpool.SoftwareToken}})
	u := record(t, h, p.ID, "ann")
	if strings.Contains(string(u.MFA), base64.StdEncoding.EncodeToString(secret)) {
		t.Error("the secret is not sealed")
	}
	code, err := totp.Code(secret, h.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := h.Factors.MatchToken(&u, code); !ok || err != nil {
		t.Error(ok, err)
	}
}

func TestNothingIsWrittenByTheRuleOfNamesOfBefore(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{})
	err := h.Pools.ChangePool(t.Context(), p.ID, func(_ *store.Pool, s userpool.PoolSettings) (userpool.PoolSettings, error) {
		h.Clock.Forward(time.Second)
		s.AliasAttributes = []string{"email"}
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if results, err := h.Importer.Write(t.Context(), p, []importer.Entry{{Username: "ann"}}); !fault.Is(err, fault.ConcurrentModification) {
		t.Errorf("%v, and each user: %v", err, results)
	}
}

func TestNothingIsWrittenIfTheFurtherWriteFails(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{})
	stop := errors.New("stop")
	_, err := h.Importer.WriteWith(t.Context(), p, []importer.Entry{{Username: "ann"}}, func(store.Tx, []error) error { return stop })
	if !errors.Is(err, stop) {
		t.Error(err)
	}
	if _, err := h.Users.AdminGetUser(t.Context(), p.ID, "ann"); !fault.Is(err, fault.UserNotFound) {
		t.Error(err)
	}
}

// The names of a batch are one namespace, too: an alias of one entry must not be the name of another.
func TestEntriesOfOneBatchDoNotTakeEachOthersNames(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{AliasAttributes: []string{"preferred_username"}})
	results := write(t, h, p, importer.Entry{Username: "ann", Attributes: map[string]string{"preferred_username": "boss"}},
		importer.Entry{Username: "boss"}, importer.Entry{Username: "bob", Attributes: map[string]string{"preferred_username": "ann"}}, importer.Entry{Username: "cat"})
	for i, kind := range []fault.Kind{"", fault.UsernameExists, fault.AliasExists, ""} {
		if (results[i] == nil) != (kind == "") || results[i] != nil && fault.KindOf(results[i]) != kind {
			t.Errorf("entry %d: %v", i, results[i])
		}
	}
}

func TestAPoolThatFoldsCaseImportsNamesInLowerCase(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{UsernameConfiguration: &userpool.UsernameConfig{CaseSensitive: false}})
	if results := write(t, h, p, importer.Entry{Username: "Ann"}, importer.Entry{Username: "ANN"}); results[0] != nil || !errors.Is(results[1], importer.ErrExists) {
		t.Error(results)
	}
	if u, err := h.Users.AdminGetUser(t.Context(), p.ID, "Ann"); err != nil || u.Username != "ann" {
		t.Error(u, err)
	}
	// The pool that has the password may know only the name as it is.
	write(t, h, p, importer.Entry{Username: "Bob", Elsewhere: true})
	if u, err := h.Users.AdminGetUser(t.Context(), p.ID, "bob"); err != nil || u.Username != "Bob" {
		t.Error(u, err)
	}
}
