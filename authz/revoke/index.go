package revoke

import (
	"errors"
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"unique"
)

// DefaultMaxBytes bounds an Index unless its options say otherwise: about 300,000 revocations.
const DefaultMaxBytes = 64 << 20

const (
	shardCount = 256
	// entryBytes is what an entry costs beside its name: key and value in a map that is at most half empty.
	entryBytes = 2 * 72
)

// Options are an Index's dependencies.
type Options struct {
	Now      func() time.Time // required
	MaxBytes int64            // 0 means DefaultMaxBytes
	// Skew is by how much the clocks of the processes that issue tokens may differ; it matters to collapsed entries only.
	Skew time.Duration
}

// Index holds revocations. It is bounded: when it is full, the revocations of the issuer (or of all roles, or of all
// identities) that take the most room are replaced by one that says "whatever was issued up to now". Those users refresh
// once; the revoked ones cannot, since their refresh tokens are dead. Nothing that was accepted is ever forgotten before
// its time.
type Index struct {
	now      func() time.Time
	maxBytes int64
	skew     time.Duration
	seed     maphash.Seed
	epoch    atomic.Uint64
	shards   [shardCount]atomic.Pointer[map[key]entry] // replaced, never changed
	cuts     atomic.Pointer[map[group]entry]           // collapsed groups; replaced, never changed

	mu     sync.Mutex // of writers
	bytes  int64
	groups map[group]int64 // bytes by group
}

type key struct {
	kind   Kind // Issued lies in the entry of Sessions
	issuer string
	name   string
}

// group is what is collapsed together: an issuer, all roles, or all identities.
type group struct {
	kind   Kind // empty for an issuer
	issuer string
}

// entry is what is known of one name. Times are milliseconds since 1970, 0 for never.
type entry struct {
	sessions int64 // see Sessions
	issued   int64 // what was issued before is dead
	until    int64
}

// NewIndex makes an empty Index.
func NewIndex(o Options) (*Index, error) {
	if o.Now == nil || o.MaxBytes < 0 || o.Skew < 0 {
		return nil, errors.New("revoke: an index needs a clock, and bounds that are not negative")
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	return &Index{now: o.Now, maxBytes: o.MaxBytes, skew: o.Skew, seed: maphash.MakeSeed(), groups: make(map[group]int64)}, nil
}

// Epoch changes with every revocation that is new. A result of Revoked holds as long as it stays the same: read Epoch
// before asking, not after.
func (x *Index) Epoch() uint64 { return x.epoch.Load() }

// Credential is what a token or a session of temporary credentials says about its origin. Temporary credentials that
// were got with a token carry the token's issuer, subject, origin and sign-in time, so that they die with it.
type Credential struct {
	Issuer    string // iss
	Subject   string // sub
	OriginJTI string // origin_jti; empty when there is none
	AuthTime  time.Time
	IssuedAt  time.Time // a token's iat, or the moment when the credentials were made
	Role      string    // role ARN, of temporary credentials
	Identity  string    // identity id, of temporary credentials
}

// Revoked reports whether the credential is dead. A time that it lacks counts as the oldest one.
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

// ends reports whether a sign-out up to e.sessions ends the sign-in by its time; see Sessions.
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

// EarliestIssue is the earliest iat that a new token of the subject may carry to be told from the revoked ones; the
// zero time when any will do. It is at most a second ahead of the clock (more by Options.Skew), which the leeway of the
// verifiers covers.
func (x *Index) EarliestIssue(issuer, subject string) time.Time {
	e, _ := x.find(key{KindSessions, issuer, subject})
	earliest := e.issued
	if cuts := x.cuts.Load(); cuts != nil {
		earliest = max(earliest, (*cuts)[group{issuer: issuer}].issued)
	}
	if earliest == 0 {
		return time.Time{}
	}
	return time.UnixMilli(earliest)
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

// Apply adds a revocation. When it returns nil, every Revoked that begins afterwards sees it. A record that is over, or
// known already, changes nothing. The only error is a record that is malformed.
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
			if e.until > now {
				k.issuer = unique.Make(k.issuer).Value() // one copy of each issuer's name, however many records bring one
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

type change struct {
	key   key
	entry entry
}

// entries yields what a record says about each name.
func (r *Record) entries(yield func(key, entry) bool) {
	k, e := key{r.Kind, r.Issuer, r.Name}, entry{until: r.Until}
	switch r.Kind {
	case KindSessions:
		e.sessions = r.At
	case KindIssued:
		k.kind, e.issued = KindSessions, r.At
	case KindRole, KindIdentity:
		e.issued = r.At
	case KindFamily, KindCut: // says no more than the name
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

// replace puts a new map in a shard's place, with the changes and without what is over.
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
			x.account(k, -1)
		}
	}
	for _, c := range changes {
		old, known := next[c.key]
		merged := entry{max(old.sessions, c.entry.sessions), max(old.issued, c.entry.issued), max(old.until, c.entry.until)}
		if !known {
			x.account(c.key, 1)
		}
		if merged != old {
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

func (x *Index) account(k key, sign int64) {
	bytes := sign * int64(entryBytes+len(k.name))
	x.bytes += bytes
	g := groupOf(k)
	if x.groups[g] += bytes; x.groups[g] == 0 {
		delete(x.groups, g)
	}
}

func groupOf(k key) group {
	if k.kind == KindRole || k.kind == KindIdentity {
		return group{kind: k.kind}
	}
	return group{issuer: k.issuer}
}
