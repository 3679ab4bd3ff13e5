package revoke

import (
	"fmt"
	"testing"
	"time"
)

// A full index is rebuilt. That takes as long as it is large, so it must make room for many records each time: were it rebuilt for every
// record, one account that signs in and out would slow down all sign-outs.
func TestAFullIndexIsRebuiltSeldom(t *testing.T) {
	const limit, n = 100_000, 4000
	for name, record := range map[string]func(i int, at time.Time) Record{
		"sign-outs of one user": func(i int, at time.Time) Record {
			return FamilyOf(pool, "mallory", fmt.Sprint("family", i), at, at.Add(24*time.Hour))
		},
		"sign-outs of many users": func(i int, at time.Time) Record {
			return FamilyOf(pool, fmt.Sprint("subject", i), fmt.Sprint("family", i), at, at.Add(24*time.Hour))
		},
		"sign-ins of unknown users": func(i int, at time.Time) Record { return Family(pool, fmt.Sprint("family", i), at.Add(24*time.Hour)) },
		"global sign-outs": func(i int, at time.Time) Record {
			return Sessions(pool, fmt.Sprint("subject", i), at, nil, at.Add(24*time.Hour))
		},
		"pools": func(i int, at time.Time) Record {
			return Sessions(fmt.Sprint(pool, i), "mallory", at, nil, at.Add(24*time.Hour))
		},
	} {
		x, clock := newIndex(t, limit)
		rebuilt, added, before := 0, int64(0), int64(0)
		for i := range n {
			clock.t = clock.t.Add(time.Second)
			if err := x.Apply(record(i, clock.t)); err != nil {
				t.Fatal(err)
			}
			bytes := x.Stats().Bytes
			if bytes > limit {
				t.Fatalf("%s: %d bytes", name, bytes)
			}
			if bytes < before {
				rebuilt++
			}
			added += max(bytes-before, 0)
			before = bytes
		}
		if most := int(added/(limit/5)) + 1; rebuilt > most {
			t.Errorf("%s: rebuilt %d times for %d bytes; at most %d", name, rebuilt, added, most)
		}
	}
}
