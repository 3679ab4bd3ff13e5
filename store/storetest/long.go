package storetest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/store"
)

// random returns a text of n characters that no database can compress, of three and four bytes each.
func random(n int, seed uint64) string {
	text := make([]rune, n)
	for i := range text {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", seed, i))
		at := rune(binary.BigEndian.Uint16(sum[:]))
		if text[i] = 0x4e00 + at%0x5000; sum[2]%2 == 0 {
			text[i] = 0x20000 + at%0xa000
		}
	}
	return string(text)
}

// The longest texts that the APIs take, in every column of a key. Keys of PostgreSQL are short.
func testLong(t *testing.T, st store.Store) {
	seed(t, st)
	const most = 2048 // characters of an attribute
	value := random(most, 1)
	twin := string([]rune(value)[:most-1]) + "x" // differs at the end only
	ann, bob := longUser("long-ann", value), longUser("long-bob", twin)
	bob.Username, bob.Key = random(128, 3), random(128, 3)
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.Users.Insert(ann), tx.Users.Insert(bob))
	})
	taken := longUser("long-eve", value)
	taken.Username, taken.Key, taken.Aliases = "eve", "eve", taken.Aliases[1:2]
	wantConflict(t, "a long alias of another user", try(st, func(tx store.Tx) error { return tx.Users.Insert(taken) }), "alias", "preferred_username")
	update(t, st, func(tx store.Tx) error { return tx.Users.Update(ann) })
	view(t, st, func(tx store.Tx) error {
		for _, want := range []store.User{ann, bob} {
			for _, alias := range want.Aliases {
				got, err := tx.Users.ByAlias(pool1, alias)
				wantErr(t, "by a long alias", err, nil)
				same(t, "by a long alias", got, want)
				_, err = tx.Users.ByAlias(pool1, store.Alias{Kind: alias.Kind, Value: alias.Value + "x"})
				wantErr(t, "by another one", err, store.ErrNotFound)
			}
			for _, name := range []string{"name", "given_name", "family_name", "preferred_username", "email", "phone_number"} {
				value := want.Attributes[name]
				for what, f := range map[string]store.Filter{"equal": {Value: value}, "folded": {Value: value, Folded: true}} {
					if f.Name = name; f.Folded && name != "email" && name != "preferred_username" {
						continue
					}
					got, err := tx.Users.List(pool1, &f, store.Page{})
					wantErr(t, what, err, nil)
					same(t, what+" "+name, keys(got, func(u store.User) string { return u.Sub }), []string{want.Sub})
				}
				for _, n := range []int{0, 100, 256, 300, most} {
					got, err := tx.Users.List(pool1, &store.Filter{Name: name, Value: string([]rune(value)[:n]), Prefix: true}, store.Page{})
					wantErr(t, "prefix", err, nil)
					subs := keys(got, func(u store.User) string { return u.Sub })
					if n == 0 {
						continue
					}
					same(t, "prefix of "+name, subs, []string{"long-ann", "long-bob"})
				}
			}
		}
		return nil
	})
	testLongKeys(t, st)
	// The rows of a user go with the user.
	update(t, st, func(tx store.Tx) error { return tx.Users.Delete(pool1, ann.Sub) })
	update(t, st, func(tx store.Tx) error { return tx.Users.Insert(taken) })
}

func longUser(sub, value string) store.User {
	u := user(pool1, sub, random(128, 2))
	u.Aliases = []store.Alias{{Kind: "email", Value: value + "@example.com"}, {Kind: "preferred_username", Value: value}}
	u.Attributes = map[string]string{}
	for _, name := range []string{"name", "given_name", "family_name", "preferred_username", "email", "phone_number"} {
		u.Attributes[name] = value
	}
	return u
}

// testLongKeys has the texts with limits that fit.
func testLongKeys(t *testing.T, st store.Store) {
	t.Helper()
	subject, other := random(256, 4), random(512, 5) // at most 1,024 and 2,048 bytes
	login := store.Login{Provider: random(128, 6), Subject: subject}
	account := store.UserIdentity{PoolID: pool1, Provider: random(32, 7), Attribute: "custom:" + random(20, 8), Value: other, Sub: "long-ann", CreatedAt: at(0)}
	update(t, st, func(tx store.Tx) error {
		return errors.Join(
			tx.Groups.Insert(group(pool1, random(128, 9))), tx.Groups.Add(pool1, random(128, 9), "long-ann"),
			tx.ResourceServers.Insert(store.ResourceServer{PoolID: pool1, ID: random(256, 10), CreatedAt: at(0)}),
			tx.UserIdentities.Insert(account),
			tx.EdgeSessions.Insert(edgeSession("long", subject, 0)),
			tx.Revocations.Put(store.Revocation{Kind: "family", Key: "https://idp.example\nsession\n" + subject, NotBefore: at(0), Until: at(9)}),
			tx.Identities.Insert(store.Identity{PoolID: idPool1, ID: "us-east-1:long", Logins: []store.Login{login}, CreatedAt: at(0), ModifiedAt: at(0)}))
	})
	view(t, st, func(tx store.Tx) error {
		_, err1 := tx.UserIdentities.Get(pool1, account.Provider, account.Attribute, account.Value)
		list, err2 := tx.EdgeSessions.OfSubject("web", "https://idp.example", subject)
		_, err3 := tx.Revocations.Get("family", "https://idp.example\nsession\n"+subject)
		_, err4 := tx.Identities.ByLogin(idPool1, login)
		same(t, "sessions of a long subject", len(list), 1)
		return errors.Join(err1, err2, err3, err4)
	})
}
