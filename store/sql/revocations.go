package sql

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/store"
)

type revocations struct{ *Transaction }

func scanRevocation(r *row) store.Revocation {
	return store.Revocation{Kind: r.text(), Key: r.text(), NotBefore: r.time(), Until: r.time()}
}

// Put keeps the stronger one of the stored revocation and v, field by field. Null is the strongest: a NotBefore of null
// revokes all credentials, an Until of null never expires.
func (s revocations) Put(v store.Revocation) error {
	return s.loggedRevocation(v, s.insert(`insert into revocations as r (kind, name, not_before, until_at) values ($1, $2, $3, $4)
		on conflict (kind, name) do update set
		not_before = case when r.not_before is null or excluded.not_before is null then null
			when r.not_before > excluded.not_before then r.not_before else excluded.not_before end,
		until_at = case when r.until_at is null or excluded.until_at is null then null
			when r.until_at > excluded.until_at then r.until_at else excluded.until_at end`,
		v.Kind, v.Key, v.NotBefore, v.Until))
}

// Get returns the revocation of a kind and key.
func (s revocations) Get(kind, key string) (store.Revocation, error) {
	return one(s.Transaction, scanRevocation, `select kind, name, not_before, until_at from revocations where kind = $1 and name = $2`, kind, key)
}

func (s revocations) Last(kind, key string) (r store.Revocation, at time.Time, err error) {
	if s.dialect.Clock == "" {
		if r, err = s.Get(kind, key); errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return r, at, err
	}
	_, err = one(s.Transaction, func(found *row) (none struct{}) {
		r, at = scanRevocation(found), found.time()
		return none
	}, `select r.kind, r.name, r.not_before, r.until_at, `+s.dialect.Clock+` from (select 1) as always
		left join revocations as r on r.kind = $1 and r.name = $2`, kind, key)
	return r, at, err
}

// GetSome returns those revocations of the keys that exist.
func (s revocations) GetSome(keys []store.RevocationKey) (list []store.Revocation, err error) {
	for some := range slices.Chunk(keys, maxList/2) {
		var args []any
		values := ""
		for n := range listLength(len(some)) {
			k := some[min(n, len(some)-1)]
			args = append(args, k.Kind, k.Key)
			values += ", ($" + strconv.Itoa(len(args)-1) + ", $" + strconv.Itoa(len(args)) + ")"
		}
		found, err := all(s.Transaction, scanRevocation, `select kind, name, not_before, until_at from revocations where (kind, name) in (values `+values[2:]+`)`, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// Advance writes without a read: what it would read, others write too.
func (s revocations) Advance(kind string, keys []string, now time.Time, ahead int, until time.Time) (ends []time.Time, at time.Time, err error) {
	at = now
	for some := range slices.Chunk(keys, maxList) {
		next, clock, args := "$4", s.dialect.Clock, []any{kind, until, ahead}
		if clock == "" {
			clock, args = "$4", append(args, now.Truncate(time.Second).Add(time.Second))
		} else {
			next = "date_trunc('second', " + clock + ") + " + s.dialect.Second
		}
		values := ""
		for _, key := range some {
			args = append(args, key)
			values += ", ($1, $" + strconv.Itoa(len(args)) + ", " + next + ", $2)"
		}
		written := map[string]time.Time{}
		_, err := all(s.Transaction, func(r *row) (none struct{}) {
			key := r.text()
			written[key] = r.time()
			if began := r.time(); s.dialect.Clock != "" {
				at = began
			}
			return none
		}, `insert into revocations as r (kind, name, not_before, until_at) values `+values[2:]+`
			on conflict (kind, name) do update set
			not_before = case when r.not_before is null then null
				when r.not_before < excluded.not_before then excluded.not_before
				when r.not_before >= excluded.not_before + $3 * `+s.dialect.Second+` then r.not_before
				else r.not_before + `+s.dialect.Second+` end,
			until_at = case when r.until_at is null or r.until_at > excluded.until_at then r.until_at else excluded.until_at end
			returning name, not_before, `+clock, args...)
		for _, key := range some {
			ends = append(ends, written[key])
			err = s.loggedRevocation(store.Revocation{Kind: kind, Key: key}, err)
		}
		if err != nil {
			return nil, at, err
		}
	}
	return ends, at, nil
}

// maxRevoked bounds the revocations of a transaction that its changes name. Of one with more, they say that there are revocations.
const maxRevoked = 64

// loggedRevocation notes that a revocation was written, unless err says that it was not. It returns err.
func (s revocations) loggedRevocation(v store.Revocation, err error) error {
	if err == nil {
		s.revoked++
	}
	if s.revoked > maxRevoked {
		return s.logged(store.ChangedRevocation, "", "", err)
	}
	return s.logged(store.ChangedRevocation, v.Kind, v.Key, err)
}

func (s revocations) Live(now time.Time) ([]store.Revocation, error) {
	return all(s.Transaction, scanRevocation, `select kind, name, not_before, until_at from revocations
		where until_at is null or until_at >= $1 order by kind, name`, now)
}

func (s revocations) Since(at time.Time) ([]store.Revocation, error) {
	list, err := all(s.Transaction, scanRevocation, `select kind, name, not_before, until_at from revocations
		where not_before >= $1 or not_before is null`, at)
	slices.SortFunc(list, func(a, b store.Revocation) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	return list, err
}

func (s revocations) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from revocations where (kind, name) in
		(select kind, name from revocations where until_at < $1 order by until_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}
