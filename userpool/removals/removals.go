package removals

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
)

// Entry names something that was removed from a pool; "" is nothing.
type Entry string

// User names a user.
func User(sub string) Entry { return Member(sub, "") }

// Member names the membership of a user in a group.
func Member(sub, group string) Entry { return Entry(sub + "\n" + group) }

// Group names a group.
func Group(name string) Entry { return Member("", name) }

// Client names an app client.
func Client(id string) Entry { return Entry("\n\nclient\n" + id) }

// Provider names an identity provider.
func Provider(name string) Entry { return Entry("\n\nprovider\n" + name) }

// Server names a resource server.
func Server(id string) Entry { return Entry("\n\nserver\n" + id) }

// Unless returns the entry, or nothing if the pool at AWS cannot have it.
func (e Entry) Unless(madeHere bool) Entry {
	if madeHere {
		return ""
	}
	return e
}

// kept is how long a removal is remembered: longer than anyone pulls a pool. It ends with the pool.
const kept = 100 * 365 * 24 * time.Hour

// id is the name of the record. Each removal has its own: no other removal can replace it.
func id(poolID string, e Entry) string {
	sum := sha256.Sum256([]byte("sluice removal\x00" + poolID + "\x00" + string(e)))
	return hex.EncodeToString(sum[:])
}

// Note remembers a removal. It does nothing for a pool that was not pulled. Call it in the transaction that removes.
func Note(tx store.Tx, now time.Time, poolID string, e Entry) error {
	if e == "" {
		return nil
	}
	if _, err := tx.Pulls.Get(poolID); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	return tx.SpentAssertions.Put(store.SpentAssertion{ID: id(poolID, e), PoolID: poolID, ExpiresAt: now.Add(kept)})
}

// Has reports whether a removal was noted.
func Has(tx store.Tx, poolID string, e Entry) (bool, error) {
	_, err := tx.SpentAssertions.Get(id(poolID, e))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
