package keyring

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

// newRecord makes a key and returns its record, with the private key sealed.
func (r *Ring) newRecord(owner, use string, from time.Time, existing []store.SigningKey) (store.SigningKey, error) {
	key, err := r.o.NewKey(r.o.Rand, existing)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keyring: generating a key for %s: %w", owner, err)
	}
	private, err := key.MarshalPrivate()
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keyring: key %s of %s: %w", key.ID, owner, err)
	}
	record := store.SigningKey{Owner: owner, ID: key.ID, Use: use, Algorithm: key.Algorithm, CreatedAt: r.o.Now(),
		SignsFrom: from.Truncate(time.Second)}
	record.Private, err = r.o.Seal.Seal(r.o.Purpose, private, r.o.Bind(owner, key.ID, use))
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keyring: sealing key %s of %s: %w", key.ID, owner, err)
	}
	return record, nil
}

// Open unseals the keys of one owner. It returns an error if a key was sealed with another master key or belongs to
// another record.
func (r *Ring) Open(records []store.SigningKey) (*Keys, error) {
	keys := &Keys{}
	for _, record := range timeline(records, r.o.Linger) {
		private, err := r.o.Seal.Open(r.o.Purpose, record.Private, r.o.Bind(record.Owner, record.ID, record.Use))
		if err != nil {
			return nil, fmt.Errorf("keyring: cannot unseal key %s of %s; check the master key: %w", record.ID, record.Owner, err)
		}
		key, err := token.ParsePrivate(record.ID, record.Algorithm, private)
		if err != nil {
			return nil, fmt.Errorf("keyring: key %s of %s: %w", record.ID, record.Owner, err)
		}
		record.Private = nil
		keys.list = append(keys.list, timedKey{record, key})
	}
	return keys, nil
}

// timeline returns the records in the order in which they sign. It adds SignsTo and ExpiresAt to records that have a
// successor and lack them: identity pools used not to store either.
func timeline(records []store.SigningKey, linger time.Duration) []store.SigningKey {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b store.SigningKey) int { return a.SignsFrom.Compare(b.SignsFrom) })
	successor := map[string]time.Time{} // use → SignsFrom of the next key
	for i := range slices.Backward(sorted) {
		k := &sorted[i]
		if next, ok := successor[k.Use]; ok {
			if k.SignsTo.IsZero() {
				k.SignsTo = next
			}
			if k.ExpiresAt.IsZero() {
				k.ExpiresAt = k.SignsTo.Add(linger)
			}
		}
		successor[k.Use] = k.SignsFrom
	}
	return sorted
}

// lineOf returns the keys of one use in the order in which they sign.
func lineOf(records []store.SigningKey, use string, linger time.Duration) []store.SigningKey {
	return slices.DeleteFunc(timeline(records, linger), func(k store.SigningKey) bool { return k.Use != use })
}

func expired(k *store.SigningKey, now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}
