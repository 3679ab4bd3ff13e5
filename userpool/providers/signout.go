package providers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/store"
)

// A sign-out that a SAML provider demands also counts for assertions that it made before and that arrive later, so that no one keeps one in
// hand. The store has a mark for each session, or for all of an account, from which the time of the demand is known.
//
// Source: saml-core-2.0-os section 3.7.3.2.

// markLife is how long marks stay: longer than an assertion can be used.
const markLife = 15 * time.Minute

// Account is an account at a provider, and a session there. Session "" represents all of them.
type Account struct {
	PoolID, Provider, Subject, Session string // Provider is its name, Subject its id of the user, Session the SessionIndex
}

func (a Account) mark() string {
	h := sha256.New()
	for _, part := range []string{"sign-out", a.PoolID, a.Provider, a.Subject, a.Session} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MarkSignOut records that the provider ended the session at a time, by its clock.
func MarkSignOut(tx store.Tx, a Account, at time.Time) error {
	rec := store.SpentAssertion{ID: a.mark(), PoolID: a.PoolID, ExpiresAt: at.Add(markLife)}
	have, err := tx.SpentAssertions.Get(rec.ID)
	if err == nil && have.ExpiresAt.After(rec.ExpiresAt) {
		return nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.SpentAssertions.Put(rec)
}

// SignedOut reports whether the provider has ended the session, or all sessions of the account, since it asserted them.
func SignedOut(tx store.Tx, a Account, asserted time.Time) (bool, error) {
	for _, session := range []string{a.Session, ""} {
		a.Session = session
		rec, err := tx.SpentAssertions.Get(a.mark())
		switch {
		case err == nil && !asserted.After(rec.ExpiresAt.Add(-markLife)):
			return true, nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return false, err
		}
	}
	return false, nil
}
