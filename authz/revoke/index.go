package revoke

import (
	"cmp"
	"errors"
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"unique"
)

// DefaultMaxBytes is the default size of an Index: 64 MiB, about 250,000 revocations.
const DefaultMaxBytes = 64 << 20

const (
	shardCount = 256
	// entryBytes is the memory of an entry without its strings: key and value in a map that is at most half empty.
	entryBytes = 2 * 88
)

// Options are the dependencies and limits of an Index.
type Options struct {
	Now      func() time.Time // required
	MaxBytes int64            // 0 means DefaultMaxBytes
	// Skew is the maximum difference between Now and the time at which tokens are dated, see MaxLead. It matters only when a full
	// Index merges revocations.
	Skew time.Duration
}

// Index holds revocations in bounded memory. When it is full, it replaces the families of each of the subjects with the
// most families by one entry, which revokes all tokens issued to the subject so far. If that does not make enough room,
// it replaces the revocations of the largest issuer (or of all roles, or of all identities) by a cut, which revokes
// everything issued there up to a time. Users who are affected without being revoked must refresh their tokens once; revoked
// users cannot, because their refresh tokens are revoked too. The time is Skew ago, so that new tokens are valid, unless most of the
// revocations are more recent; then it is Skew ahead. The Index drops no revocation before it expires. It is
// safe for concurrent use.
type Index struct {
	now      func() time.Time
	maxBytes int64
	skew     time.Duration
	seed     maphash.Seed
	epoch    atomic.Uint64
	shards   [shardCount]atomic.Pointer[map[key]entry] // replaced, never changed
	cuts     atomic.Pointer[map[group]entry]           // merged groups; replaced, never changed

	mu     sync.Mutex // held by writers
	bytes  int64
	groups map[group]int64 // bytes by group
}

type key struct {
	kind   Kind // KindSessions for Issued as well
	issuer string
	name   string
}

// group is a set of entries that are merged together: those of an issuer, of all roles, or of all identities.
type group struct {
	kind   Kind // KindRole or KindIdentity; empty for an issuer
	issuer string
}

// entry holds the revocations of one key. Times are in milliseconds since 1970; 0 means never.
type entry struct {
	sessions int64  // see Sessions
	issued   int64  // everything issued before is revoked; for a family of FamilyOf, all of its tokens were issued before
	of       string // for a family, the subject, if it is known
	until    int64
}

// NewIndex returns an empty Index.
func NewIndex(o Options) (*Index, error) {
	if o.Now == nil || o.MaxBytes < 0 || o.Skew < 0 {
		return nil, errors.New("revoke: Now is required, and MaxBytes and Skew must not be negative")
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	return &Index{now: o.Now, maxBytes: o.MaxBytes, skew: o.Skew, seed: maphash.MakeSeed(), groups: make(map[group]int64)}, nil
}

// Epoch changes with every new revocation. A result of Revoked is valid as long as Epoch, read before the call, is the same.
func (x *Index) Epoch() uint64 { return x.epoch.Load() }

// Credential describes the origin of a token or of temporary credentials. Temporary credentials obtained with a token have
// the token's Issuer, Subject, OriginJTI and AuthTime, so that revoking the token revokes them too.
type Credential struct {
	Issuer    string    // iss
	Subject   string    // sub
	OriginJTI string    // origin_jti; may be empty
	AuthTime  time.Time // auth_time, or zero
	IssuedAt  time.Time // a token's iat, or when the credentials were issued
	Role      string    // role ARN of temporary credentials
	Identity  string    // identity ID of temporary credentials
}

// Revoked reports whether the credential is revoked. A zero time in it is older than every revocation.
func (x *Index) Revoked(c Credential) bool {
	issued := c.IssuedAt.UnixMilli()
	if c.Issuer != "" {
		if c.OriginJTI != "" {
			if _, dead := x.find(key{KindFamily, c.Issuer, c.OriginJTI}); dead {
				return true
			}
		}
		if e, known := x.find(key{KindSessions, c.Issuer, c.Subject}); known && (issued < e.issued || e.ends(&c)) {
			return true
		}
	}
	if c.Role != "" {
		if e, known := x.find(key{KindRole, "", c.Role}); known && issued < e.issued {
			return true
		}
	}
	if c.Identity != "" {
		if e, known := x.find(key{KindIdentity, "", c.Identity}); known && issued < e.issued {
			return true
		}
	}
	cuts := x.cuts.Load()
	if cuts == nil {
		return false
	}
	return c.Issuer != "" && issued < (*cuts)[group{issuer: c.Issuer}].issued ||
		c.Role != "" && issued < (*cuts)[group{kind: KindRole}].issued ||
		c.Identity != "" && issued < (*cuts)[group{kind: KindIdentity}].issued
}

// ends reports whether the sign-out at e.sessions revokes the sign-in because of its time; see Sessions.
func (e *entry) ends(c *Credential) bool {
	if e.sessions == 0 {
		return false
	}
	at, signedIn := e.sessions/1000, c.AuthTime.Unix()
	if c.OriginJTI == "" {
		return signedIn <= at
	}
	return signedIn < at-int64(Window/time.Second)
}

func (x *Index) find(k key) (entry, bool) {
	shard := x.shards[x.shardOf(&k)].Load()
	if shard == nil {
		return entry{}, false
	}
	e, ok := (*shard)[k]
	return e, ok
}

func (x *Index) shardOf(k *key) uint64 { return maphash.String(x.seed, k.name) % shardCount }

// Apply adds revocations. Calls of Revoked that begin after Apply has returned see them. Expired and known records change
// nothing. If a record is malformed, Apply returns an error and adds none.
func (x *Index) Apply(records ...Record) error {
	for i := range records {
		if err := records[i].check(); err != nil {
			return err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	now, changed := x.now().UnixMilli(), false
	changes := make(map[uint64][]change)
	for i := range records {
		if r := &records[i]; r.Kind == KindCut {
			if r.Until > now {
				changed = x.cut(group{Kind(r.Name), r.Issuer}, entry{issued: r.At, until: r.Until}) || changed
			}
			continue
		}
		for k, e := range records[i].entries {
			if e.until > now && !x.covered(k, e) {
				// All entries share one copy of each issuer and subject.
				k.issuer, e.of = unique.Make(k.issuer).Value(), unique.Make(e.of).Value()
				at := x.shardOf(&k)
				changes[at] = append(changes[at], change{k, e})
			}
		}
	}
	for at, list := range changes {
		changed = x.replace(at, list, now) || changed
	}
	if x.bytes > x.maxBytes {
		x.shrink(now)
	}
	if changed {
		x.epoch.Add(1)
	}
	return nil
}

// covered reports whether the index already revokes all tokens of a family through its subject.
func (x *Index) covered(k key, e entry) bool {
	if k.kind != KindFamily || e.of == "" {
		return false
	}
	known, _ := x.find(key{KindSessions, k.issuer, e.of})
	return known.issued >= e.issued && known.until >= e.until
}

type change struct {
	key   key
	entry entry
}

// entries yields the keys and entries of a record.
func (r *Record) entries(yield func(key, entry) bool) {
	k, e := key{r.Kind, r.Issuer, r.Name}, entry{until: r.Until}
	switch r.Kind {
	case KindFamily:
		if e.of = r.Of; r.Of != "" || r.At != 0 {
			e.issued = nextSecond(time.UnixMilli(r.At))
		}
	case KindSessions:
		e.sessions = r.At
	case KindIssued:
		k.kind, e.issued = KindSessions, r.At
	case KindRole, KindIdentity:
		e.issued = r.At
	case KindCut: // Apply handles cuts
	}
	if !yield(k, e) {
		return
	}
	for _, family := range r.Recent {
		if !yield(key{KindFamily, r.Issuer, family}, entry{until: r.Until}) {
			return
		}
	}
}

// replace replaces the map of a shard with one that has the changes and no expired entries. It reports whether the changes
// are new.
func (x *Index) replace(at uint64, changes []change, now int64) (changed bool) {
	var next map[key]entry
	if old := x.shards[at].Load(); old != nil {
		next = maps.Clone(*old)
	} else {
		next = make(map[key]entry)
	}
	for k, e := range next {
		if e.until <= now {
			delete(next, k)
			x.account(k, e, -1)
		}
	}
	for _, c := range changes {
		old, known := next[c.key]
		merged := entry{max(old.sessions, c.entry.sessions), max(old.issued, c.entry.issued),
			cmp.Or(old.of, c.entry.of), max(old.until, c.entry.until)}
		if merged != old {
			if known {
				x.account(c.key, old, -1)
			}
			x.account(c.key, merged, 1)
			next[c.key] = merged
			changed = true
		}
	}
	if len(next) == 0 {
		x.shards[at].Store(nil)
		return changed
	}
	x.shards[at].Store(&next)
	return changed
}

func (x *Index) account(k key, e entry, sign int64) {
	bytes := sign * sizeOf(k, e)
	x.bytes += bytes
	g := groupOf(k)
	if x.groups[g] += bytes; x.groups[g] == 0 {
		delete(x.groups, g)
	}
}

func sizeOf(k key, e entry) int64 { return int64(entryBytes + len(k.name) + len(e.of)) }

func groupOf(k key) group {
	if k.kind == KindRole || k.kind == KindIdentity {
		return group{kind: k.kind}
	}
	return group{issuer: k.issuer}
}
