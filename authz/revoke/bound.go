package revoke

import (
	"cmp"
	"maps"
	"slices"
)

// Sweep deletes expired entries. Apply deletes them only in the shards that it changes; call Sweep every few minutes for
// the others.
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

// shrink makes room for at least a quarter of the limit, so that it does not run again soon. It removes expired
// entries, then combines the families of the subjects whose families take the most memory, then collapses the largest
// groups.
func (x *Index) shrink(now int64) {
	x.sweep(now)
	enough := x.maxBytes - x.maxBytes/4
	if x.bytes > enough {
		x.combine(enough, now)
	}
	for x.bytes > enough && len(x.groups) > 0 {
		largest := slices.MaxFunc(slices.Collect(maps.Keys(x.groups)), func(a, b group) int {
			return cmp.Or(cmp.Compare(x.groups[a], x.groups[b]), cmp.Compare(a.issuer, b.issuer), cmp.Compare(a.kind, b.kind))
		})
		if !x.collapseOld(largest) {
			x.collapse(largest)
		}
	}
}

// combine replaces the families of a subject by one entry, for the subjects whose families take the most memory
// first. It stops when the index is small enough or each subject has one entry.
func (x *Index) combine(enough, now int64) {
	type load struct {
		subject  key
		bytes    int64
		families int
		all      entry
	}
	loads := map[key]*load{}
	for at := range x.shards {
		for k, e := range x.shard(at) {
			if k.kind != KindFamily || e.of == "" {
				continue
			}
			subject := key{KindSessions, k.issuer, e.of}
			l := loads[subject]
			if l == nil {
				l = &load{subject: subject}
				loads[subject] = l
			}
			l.families++
			l.bytes += sizeOf(k, e)
			l.all.issued, l.all.until = max(l.all.issued, e.issued), max(l.all.until, e.until)
		}
	}
	list := slices.SortedFunc(maps.Values(loads), func(a, b *load) int {
		return cmp.Or(-cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.subject.name, b.subject.name))
	})
	chosen, changes := map[key]bool{}, map[uint64][]change{}
	for bytes := x.bytes; len(list) > 0 && bytes > enough && list[0].families > 1; list = list[1:] {
		l := list[0]
		bytes += sizeOf(l.subject, l.all) - l.bytes
		chosen[l.subject] = true
		at := x.shardOf(&l.subject)
		changes[at] = append(changes[at], change{l.subject, l.all})
	}
	for at, list := range changes {
		x.replace(at, list, now) // before the families are removed, so that no revocation is missing in between
	}
	x.drop(func(k key, e entry) bool { return k.kind == KindFamily && chosen[key{KindSessions, k.issuer, e.of}] })
}

// collapseOld replaces the entries of a group that revoke nothing more recent than Skew ago with a cut. It reports whether there were any.
func (x *Index) collapseOld(g group) bool {
	at := nextSecond(x.now().Add(-x.skew))
	return x.merge(g, entry{issued: at}, func(e entry) bool { return e.known() && e.issued <= at })
}

// collapse replaces all entries of a group with a cut, which is later than everything that they revoke.
func (x *Index) collapse(g group) {
	cut := entry{issued: nextSecond(x.now().Add(x.skew))}
	for at := range x.shards {
		for k, e := range x.shard(at) {
			if groupOf(k) == g {
				cut.issued = max(cut.issued, e.issued)
			}
		}
	}
	x.merge(g, cut, func(entry) bool { return true })
}

// known reports whether everything that an entry revokes was issued before e.issued.
func (e *entry) known() bool { return e.issued > 0 && e.sessions == 0 }

// merge replaces the entries of a group that the cut covers with the cut. It reports whether there were any.
func (x *Index) merge(g group, cut entry, covers func(entry) bool) bool {
	for at := range x.shards {
		for k, e := range x.shard(at) {
			if groupOf(k) == g && covers(e) {
				cut.until = max(cut.until, e.until)
			}
		}
	}
	if cut.until == 0 {
		return false
	}
	x.cut(g, cut) // before the entries are removed; readers check cuts last, so they always see one of the two
	x.drop(func(k key, e entry) bool { return groupOf(k) == g && covers(e) })
	return true
}

// shard returns the entries of a shard, which must not be changed.
func (x *Index) shard(at int) map[key]entry {
	if shard := x.shards[at].Load(); shard != nil {
		return *shard
	}
	return nil
}

// drop removes the entries for which redundant returns true.
func (x *Index) drop(redundant func(key, entry) bool) {
	for at := range x.shards {
		rest := maps.Clone(x.shard(at))
		for k, e := range rest {
			if redundant(k, e) {
				delete(rest, k)
				x.account(k, e, -1)
			}
		}
		if rest != nil {
			x.shards[at].Store(&rest)
		}
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
	Entries   int   // revocations, merged groups aside; expired ones count until they are swept
	Bytes     int64 // estimate of the memory of all entries
	Collapsed int   // merged groups
}

// Stats returns the current statistics.
func (x *Index) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := Stats{Bytes: x.bytes}
	for at := range x.shards {
		s.Entries += len(x.shard(at))
	}
	if cuts := x.cuts.Load(); cuts != nil {
		s.Collapsed = len(*cuts)
	}
	return s
}

// Snapshot returns records that produce an equal Index when they are applied to an empty one. Their number and form may
// differ from those of the records applied to x. Expired revocations are omitted.
func (x *Index) Snapshot() []Record {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.now().UnixMilli()
	var records []Record
	for at := range x.shards {
		for k, e := range x.shard(at) {
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

// recordsOf returns the records that produce an entry.
func recordsOf(k key, e entry) []Record {
	r := Record{Kind: k.kind, Issuer: k.issuer, Name: k.name, Until: e.until}
	if k.kind == KindFamily {
		if r.Of = e.of; e.issued != 0 {
			r.At = e.issued - 1000 // nextSecond of it is e.issued
		}
		return []Record{r}
	}
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
