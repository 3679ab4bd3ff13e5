package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

// testLife walks through what the domain writes for one user: sign-up, confirmation, sign-in, refresh with rotation,
// revocation, and the identity with its guest's past.
func testLife(t *testing.T, st store.Store) {
	seed(t, st)
	mail := store.Alias{Kind: "email", Value: "dee@example.com"}
	dee := user(pool1, "sub-dee", "dee")
	signUp(t, st, dee, mail)
	confirm(t, st, dee, mail)
	family := token("family", dee.Sub)
	signIn(t, st, mail, family)
	rotate(t, st, family)
	revoke(t, st)
	login := store.Login{Provider: "localhost:8080/" + pool1, Subject: dee.Sub}
	linkGuest(t, st, login)
	deleteUser(t, st, dee, login)
}

// signUp inserts the user and the code that was sent, in one transaction.
func signUp(t *testing.T, st store.Store, dee store.User, mail store.Alias) {
	dee.Status, dee.Attributes = "UNCONFIRMED", map[string]string{"email": mail.Value}
	dee.Password.Hash, dee.Password.ModifiedAt = "$argon2id$", at(0)
	update(t, st, func(tx store.Tx) error {
		if err := tx.Users.Insert(dee); err != nil {
			return err
		}
		return tx.Codes.Put(store.Code{
			PoolID: pool1, Sub: dee.Sub, Purpose: "signup", Hash: []byte("123456"), Attribute: "email",
			Value: mail.Value, CreatedAt: at(0), ExpiresAt: at(86400),
		})
	})
}

// confirm counts a wrong code; then the right one confirms the user, verifies the address and is deleted.
func confirm(t *testing.T, st store.Store, dee store.User, mail store.Alias) {
	update(t, st, func(tx store.Tx) error {
		code, err := tx.Codes.Get(pool1, dee.Sub, "signup")
		if err != nil {
			return err
		}
		code.Attempts++
		return tx.Codes.Put(code)
	})
	update(t, st, func(tx store.Tx) error {
		code, err := tx.Codes.Get(pool1, dee.Sub, "signup")
		if err != nil {
			return err
		}
		same(t, "attempts", code.Attempts, 1)
		u, err := tx.Users.ByKey(pool1, "dee")
		if err != nil {
			return err
		}
		u.Status, u.Aliases, u.ModifiedAt = "CONFIRMED", []store.Alias{mail}, at(10)
		u.Attributes["email_verified"] = "true"
		if err := tx.Users.Update(u); err != nil {
			return err
		}
		return tx.Codes.Delete(pool1, u.Sub, "signup")
	})
}

// signIn finds the user by the alias, reads the groups for the token and inserts a family of refresh tokens.
func signIn(t *testing.T, st store.Store, mail store.Alias, family store.RefreshToken) {
	update(t, st, func(tx store.Tx) error {
		return tx.Groups.Add(pool1, "readers", "sub-dee")
	})
	update(t, st, func(tx store.Tx) error {
		u, err := tx.Users.ByAlias(pool1, mail)
		if err != nil {
			return err
		}
		same(t, "who signed in", u.Status, "CONFIRMED")
		groups, err := tx.Groups.Of(pool1, u.Sub, store.Page{})
		if err != nil {
			return err
		}
		same(t, "groups", keys(groups, func(g store.Group) string { return g.Name }), []string{"readers"})
		return tx.RefreshTokens.Insert(family)
	})
}

// rotate replaces the token twice: the new token and the one before it find the family, the first one does not.
func rotate(t *testing.T, st store.Store, family store.RefreshToken) {
	for _, next := range []string{"second", "third"} {
		update(t, st, func(tx store.Tx) error {
			f, err := tx.RefreshTokens.Get("family")
			if err != nil {
				return err
			}
			f.PreviousHash, f.Hash, f.RotatedAt = f.Hash, []byte(next), at(20)
			return tx.RefreshTokens.Update(f)
		})
	}
	view(t, st, func(tx store.Tx) error {
		for _, hash := range []string{"second", "third"} {
			_, err := tx.RefreshTokens.ByHash([]byte(hash))
			wantErr(t, hash, err, nil)
		}
		_, err := tx.RefreshTokens.ByHash(family.Hash)
		wantErr(t, "the first token", err, store.ErrNotFound)
		return nil
	})
}

// revoke marks the family and revokes its access tokens, in one transaction.
func revoke(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
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
	view(t, st, func(tx store.Tx) error {
		live, err := tx.Revocations.Live(at(31))
		if err != nil {
			return err
		}
		same(t, "live", keys(live, func(r store.Revocation) string { return r.Key }), []string{"family"})
		return nil
	})
}

// linkGuest links the login to the identity of a guest.
func linkGuest(t *testing.T, st store.Store, login store.Login) {
	guest := store.Identity{PoolID: idPool1, ID: "us-east-1:guest", Guest: true, CreatedAt: at(0), ModifiedAt: at(0)}
	update(t, st, func(tx store.Tx) error { return tx.Identities.Insert(guest) })
	update(t, st, func(tx store.Tx) error {
		i, err := tx.Identities.Get(guest.ID)
		if err != nil {
			return err
		}
		i.Guest, i.Logins = false, append(i.Logins, login)
		return tx.Identities.Update(i)
	})
	view(t, st, func(tx store.Tx) error {
		i, err := tx.Identities.ByLogin(idPool1, login)
		if err != nil {
			return err
		}
		same(t, "identity", i.ID, guest.ID)
		return nil
	})
}

// deleteUser deletes the user and all that belongs to it, except the identity, which may have other logins.
func deleteUser(t *testing.T, st store.Store, dee store.User, login store.Login) {
	update(t, st, func(tx store.Tx) error { return tx.Users.Delete(pool1, dee.Sub) })
	view(t, st, func(tx store.Tx) error {
		_, err := tx.RefreshTokens.Get("family")
		wantErr(t, "family", err, store.ErrNotFound)
		_, err = tx.Identities.ByLogin(idPool1, login)
		wantErr(t, "identity", err, nil)
		return nil
	})
}
