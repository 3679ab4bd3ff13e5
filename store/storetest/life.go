package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

// life is what the steps of testLife share.
type life struct {
	t      *testing.T
	st     store.Store
	mail   store.Alias
	sub    string
	family store.RefreshToken
}

// testLife writes what the domain writes for one user: sign-up, confirmation, sign-in, refresh with rotation,
// revocation, and an identity that was a guest's.
func testLife(t *testing.T, st store.Store) {
	seed(t, st)
	l := life{t: t, st: st, mail: store.Alias{Kind: "email", Value: "dee@example.com"}, sub: "sub-dee"}
	l.family = token("family", l.sub)
	l.signUp()
	l.confirm()
	l.signIn()
	l.refresh()
	l.revoke()
	l.identityAndDelete()
}

// signUp inserts the user and a code in one transaction.
func (l *life) signUp() {
	dee := user(pool1, l.sub, "dee")
	dee.Status, dee.Attributes = "UNCONFIRMED", map[string]string{"email": l.mail.Value}
	dee.Password.Hash, dee.Password.ModifiedAt = "$argon2id$", at(0)
	update(l.t, l.st, func(tx store.Tx) error {
		if err := tx.Users.Insert(dee); err != nil {
			return err
		}
		return tx.Codes.Put(store.Code{
			PoolID: pool1, Sub: l.sub, Purpose: "signup", Hash: []byte("123456"), Attribute: "email",
			Value: l.mail.Value, CreatedAt: at(0), ExpiresAt: at(86400),
		})
	})
}

// confirm counts a wrong code. Then the right one confirms the user, verifies the address and is deleted.
func (l *life) confirm() {
	update(l.t, l.st, func(tx store.Tx) error {
		code, err := tx.Codes.Get(pool1, l.sub, "signup")
		if err != nil {
			return err
		}
		code.Attempts++
		return tx.Codes.Put(code)
	})
	update(l.t, l.st, func(tx store.Tx) error {
		code, err := tx.Codes.Get(pool1, l.sub, "signup")
		if err != nil {
			return err
		}
		same(l.t, "attempts", code.Attempts, 1)
		u, err := tx.Users.ByKey(pool1, "dee")
		if err != nil {
			return err
		}
		u.Status, u.Aliases, u.ModifiedAt = "CONFIRMED", []store.Alias{l.mail}, at(10)
		u.Attributes["email_verified"] = "true"
		if err := tx.Users.Update(u); err != nil {
			return err
		}
		return tx.Codes.Delete(pool1, u.Sub, "signup")
	})
}

// signIn finds the user by the alias, reads the groups for the token and inserts a refresh token family.
func (l *life) signIn() {
	update(l.t, l.st, func(tx store.Tx) error {
		return tx.Groups.Add(pool1, "readers", l.sub)
	})
	update(l.t, l.st, func(tx store.Tx) error {
		u, err := tx.Users.ByAlias(pool1, l.mail)
		if err != nil {
			return err
		}
		same(l.t, "status", u.Status, "CONFIRMED")
		groups, err := tx.Groups.Of(pool1, u.Sub, store.Page{})
		if err != nil {
			return err
		}
		same(l.t, "groups", keys(groups, func(g store.Group) string { return g.Name }), []string{"readers"})
		return tx.RefreshTokens.Insert(l.family)
	})
}

// refresh rotates the token twice. The new token and the previous one find the family, the first one does not.
func (l *life) refresh() {
	for _, next := range []string{"second", "third"} {
		update(l.t, l.st, func(tx store.Tx) error {
			f, err := tx.RefreshTokens.Get("family")
			if err != nil {
				return err
			}
			f.PreviousHash, f.Hash, f.RotatedAt = f.Hash, []byte(next), at(20)
			return tx.RefreshTokens.Update(f)
		})
	}
	view(l.t, l.st, func(tx store.Tx) error {
		for _, hash := range []string{"second", "third"} {
			_, err := tx.RefreshTokens.ByHash([]byte(hash))
			wantErr(l.t, hash, err, nil)
		}
		_, err := tx.RefreshTokens.ByHash(l.family.Hash)
		wantErr(l.t, "the first token", err, store.ErrNotFound)
		return nil
	})
}

// revoke marks the family as revoked and revokes its access tokens in one transaction.
func (l *life) revoke() {
	update(l.t, l.st, func(tx store.Tx) error {
		f, err := tx.RefreshTokens.ByHash([]byte("third"))
		if err != nil {
			return err
		}
		f.RevokedAt = at(30)
		if err := tx.RefreshTokens.Update(f); err != nil {
			return err
		}
		return tx.Revocations.Put(store.Revocation{Kind: "family", Key: f.ID, NotBefore: at(30), Until: at(3630)})
	})
	view(l.t, l.st, func(tx store.Tx) error {
		live, err := tx.Revocations.Live(at(31))
		if err != nil {
			return err
		}
		same(l.t, "live", keys(live, func(r store.Revocation) string { return r.Key }), []string{"family"})
		return nil
	})
}

// identityAndDelete adds the user's login to a guest's identity and deletes the user. The identity remains, because
// it may have logins of other providers.
func (l *life) identityAndDelete() {
	login := store.Login{Provider: "localhost:8080/" + pool1, Subject: l.sub}
	guest := store.Identity{PoolID: idPool1, ID: "us-east-1:guest", Guest: true, CreatedAt: at(0), ModifiedAt: at(0)}
	update(l.t, l.st, func(tx store.Tx) error { return tx.Identities.Insert(guest) })
	update(l.t, l.st, func(tx store.Tx) error {
		i, err := tx.Identities.Get(guest.ID)
		if err != nil {
			return err
		}
		i.Guest, i.Logins = false, append(i.Logins, login)
		return tx.Identities.Update(i)
	})
	update(l.t, l.st, func(tx store.Tx) error { return tx.Users.Delete(pool1, l.sub) })
	view(l.t, l.st, func(tx store.Tx) error {
		_, err := tx.RefreshTokens.Get("family")
		wantErr(l.t, "family", err, store.ErrNotFound)
		i, err := tx.Identities.ByLogin(idPool1, login)
		same(l.t, "identity", i.ID, guest.ID)
		return err
	})
}
