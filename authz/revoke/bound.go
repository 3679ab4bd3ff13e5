package revoke

import (
	"cmp"
	"maps"
	"slices"
)

// Sweep deletes expired entries. Apply deletes those in the shards it changes; call Sweep every few minutes for the others.
func (x *Index) Sweep() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sweep(x.now().UnixMilli())
}

func (x *Index) sweep(now int64) {
	for at := range x.shards {
		if shard := x.shards[at].Load(); shard != nil {
			x.replace(uint64(at), nil, now)
		}
	}
	if cuts := x.cuts.Load(); cuts != nil {
		next := maps.Clone(*cuts)
		maps.DeleteFunc(next, func(_ group, e entry) bool { return e.until <= now })
		x.cuts.Store(&next)
	}
}

// shrink deletes expired entries and then merges the largest groups, until half of MaxBytes is free. So the next record does
// not cause a merge again.
func (x *Index) shrink(now int64) {
	x.sweep(now)
	for x.bytes > x.maxBytes/2 && len(x.groups) > 0 {
		largest := slices.MaxFunc(slices.Collect(maps.Keys(x.groups)), func(a, b group) int {
			return cmp.Or(cmp.Compare(x.groups[a], x.groups[b]), cmp.Compare(a.issuer, b.issuer), cmp.Compare(a.kind, b.kind))
		})
		if x.bytes <= x.maxBytes && x.groups[largest] < x.bytes/2 {
			return // many small groups, and the Index is not over its limit any more
		}
		x.collapse(largest)
	}
}

// collapse replaces the entries of a group with a cut.
func (x *Index) collapse(g group) {
	cut := entry{issued: nextSecond(x.now().Add(x.skew))}
	for at := range x.shards {
		shard := x.shards[at].Load()
		if shard == nil {
			continue
		}
		for k, e := range *shard {
			if groupOf(k) == g {
				cut.until = max(cut.until, e.until)
			}
		}
	}
	x.cut(g, cut) // before deleting the entries; readers look at the cuts last, so that they always see one of both
	for at := range x.shards {
		shard := x.shards[at].Load()
		if shard == nil {
			continue
		}
		rest := maps.Clone(*shard)
		for k := range rest {
			if groupOf(k) == g {
				delete(rest, k)
				x.account(k, -1)
			}
		}
		x.shards[at].Store(&rest)
	}
}

// cut sets or extends a cut and reports whether that changed anything.
func (x *Index) cut(g group, cut entry) bool {
	next := make(map[group]entry)
	if cuts := x.cuts.Load(); cuts != nil {
		next = maps.Clone(*cuts)
	}
	old := next[g]
	next[g] = entry{issued: max(old.issued, cut.issued), until: max(old.until, cut.until)}
	x.cuts.Store(&next)
	return next[g] != old
}

// Stats describes the content of an Index.
type Stats struct {
	Entries   int
	Bytes     int64
	Collapsed int // merged groups
}

// Stats returns the current statistics.
func (x *Index) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := Stats{Bytes: x.bytes}
	for at := range x.shards {
		if shard := x.shards[at].Load(); shard != nil {
			s.Entries += len(*shard)
		}
	}
	if cuts := x.cuts.Load(); cuts != nil {
		s.Collapsed = len(*cuts)
	}
	return s
}

// Snapshot returns records that make an equal Index when they are applied. Their number and form may differ from the
// records that were applied to this one. Expired revocations are left out.
func (x *Index) Snapshot() []Record {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.now().UnixMilli()
	var records []Record
	for at := range x.shards {
		shard := x.shards[at].Load()
		if shard == nil {
			continue
		}
		for k, e := range *shard {
			if e.until > now {
				records = append(records, recordsOf(k, e)...)
			}
		}
	}
	if cuts := x.cuts.Load(); cuts != nil {
		for g, e := range *cuts {
			if e.until > now {
				records = append(records, Record{Kind: KindCut, Issuer: g.issuer, Name: string(g.kind), At: e.issued, Until: e.until})
			}
		}
	}
	slices.SortFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Name, b.Name))
	})
	return records
}

// recordsOf returns the records that make an entry.
func recordsOf(k key, e entry) []Record {
	r := Record{Kind: k.kind, Issuer: k.issuer, Name: k.name, Until: e.until}
	if k.kind != KindSessions {
		r.At = e.issued
		return []Record{r}
	}
	var records []Record
	if e.sessions > 0 {
		r.At = e.sessions
		records = append(records, r)
	}
	if e.issued > 0 {
		r.Kind, r.At = KindIssued, e.issued
		records = append(records, r)
	}
	return records
}
