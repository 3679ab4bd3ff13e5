package token

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func newCache(t testing.TB, o CacheOptions) *Cache[string] {
	t.Helper()
	c, err := NewCache[string](o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCacheReturnsWhatWasPut(t *testing.T) {
	c := newCache(t, CacheOptions{})
	c.Put(c.Key("alice's token"), "alice", 5, noon.Add(time.Minute))
	c.PutNegative(c.Key("forged token"), errSignature, noon.Add(time.Second))
	for name, tc := range map[string]struct {
		raw     string
		at      time.Time
		outcome Outcome
		value   string
		err     error
	}{
		"a good token":                        {"alice's token", noon, Hit, "alice", nil},
		"a good token, just before its end":   {"alice's token", noon.Add(time.Minute - 1), Hit, "alice", nil},
		"a good token at its end":             {"alice's token", noon.Add(time.Minute), Miss, "", nil},
		"a token with one byte more":          {"alice's token ", noon, Miss, "", nil},
		"a token with one byte less":          {"alice's toke", noon, Miss, "", nil},
		"a token in other case":               {"Alice's token", noon, Miss, "", nil},
		"a refused token":                     {"forged token", noon, Refused, "", errSignature},
		"a refused token when its time is up": {"forged token", noon.Add(time.Second), Miss, "", nil},
		"nothing":                             {"", noon, Miss, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			value, outcome, err := c.Get(c.Key(tc.raw), tc.at)
			if value != tc.value || outcome != tc.outcome || !errors.Is(err, tc.err) {
				t.Errorf("got %q, %d, %v", value, outcome, err)
			}
		})
	}
}

func TestCacheKeysDependOnASecret(t *testing.T) {
	a, b := newCache(t, CacheOptions{}).Key("a"), newCache(t, CacheOptions{}).Key("a")
	if a == b {
		t.Error("two caches compute the same keys")
	}
	given := func() *Cache[string] {
		return newCache(t, CacheOptions{Rand: strings.NewReader(strings.Repeat("k", 64))})
	}
	a, b = given().Key("a"), given().Key("a")
	if a != b {
		t.Error("the same secret gives different keys")
	}
	if _, err := NewCache[string](CacheOptions{Rand: strings.NewReader("short")}); err == nil {
		t.Error("a secret that is too short was accepted")
	}
}

func TestCacheReplacesRemovesAndExpiresEntries(t *testing.T) {
	c := newCache(t, CacheOptions{})
	a, b := c.Key("a"), c.Key("b")
	until := noon.Add(time.Hour)
	c.Put(a, "one", 3, until)
	c.Put(a, "two", 3, until)
	c.Put(b, "b", 1, until)
	if value, _, _ := c.Get(a, noon); value != "two" || c.Stats().Entries != 2 {
		t.Errorf("%q, %+v", value, c.Stats())
	}
	c.Remove(a)
	c.Remove(a)
	if _, outcome, _ := c.Get(a, noon); outcome != Miss || c.Stats().Entries != 1 {
		t.Errorf("%d, %+v", outcome, c.Stats())
	}
	c.PutNegative(a, errSignature, until)
	c.Purge()
	if s := c.Stats(); s != (CacheStats{}) {
		t.Errorf("%+v", s)
	}
	if _, outcome, _ := c.Get(b, noon); outcome != Miss {
		t.Errorf("%d", outcome)
	}
}

func TestPutReplacesAnEarlierRefusal(t *testing.T) {
	c := newCache(t, CacheOptions{})
	key := c.Key("a")
	c.PutNegative(key, errNotYet, noon.Add(time.Minute))
	c.Put(key, "a", 1, noon.Add(time.Minute))
	if _, outcome, _ := c.Get(key, noon); outcome != Hit {
		t.Errorf("%d", outcome)
	}
}

// 100,000 forged tokens neither exceed the cache's limit nor evict an accepted token.
func TestForgedTokensStayWithinTheirPartition(t *testing.T) {
	c := newCache(t, CacheOptions{MaxBytes: 4 << 20, NegativeMaxBytes: 1 << 20})
	const live = 1000
	for i := range live {
		c.Put(c.Key(fmt.Sprint("live", i)), fmt.Sprint(i), 500, noon.Add(time.Hour))
	}
	for i := range 100_000 {
		c.PutNegative(c.Key(fmt.Sprint("forged", i)), errSignature, noon.Add(time.Minute))
	}
	s := c.Stats()
	if s.NegativeBytes > 1<<20 || s.NegativeEvictions == 0 || s.NegativeEntries == 0 {
		t.Errorf("%+v", s)
	}
	for i := range live {
		if value, outcome, _ := c.Get(c.Key(fmt.Sprint("live", i)), noon); outcome != Hit || value != fmt.Sprint(i) {
			t.Fatalf("live entry %d was evicted", i)
		}
	}
}

func TestAFullCacheKeepsEntriesInUse(t *testing.T) {
	c := newCache(t, CacheOptions{MaxBytes: 200_000})
	hot := c.Key("hot")
	c.Put(hot, "hot", 500, noon.Add(time.Hour))
	for i := range 20_000 {
		c.Put(c.Key(fmt.Sprint(i)), "cold", 500, noon.Add(time.Hour))
		if i%50 == 0 {
			if _, outcome, _ := c.Get(hot, noon); outcome != Hit {
				t.Fatalf("the entry in use was evicted after %d others", i)
			}
		}
	}
	if s := c.Stats(); s.Bytes > 200_000 || s.Evictions == 0 {
		t.Errorf("%+v", s)
	}
}

// A new entry stays for the next request, even under a flood of other tokens.
func TestAFullCacheDoesNotEvictTheNewestFirst(t *testing.T) {
	c := newCache(t, CacheOptions{MaxBytes: 200_000})
	lost := 0
	for i := range 5000 {
		c.Put(c.Key(fmt.Sprint(i)), "v", 500, noon.Add(time.Hour))
		if i >= 10 {
			if _, outcome, _ := c.Get(c.Key(fmt.Sprint(i-10)), noon); outcome != Hit {
				lost++
			}
		}
	}
	if lost > 250 {
		t.Errorf("%d of 5000 were evicted within ten puts", lost)
	}
}

func TestAnEntryLargerThanTheBoundIsNotKept(t *testing.T) {
	c := newCache(t, CacheOptions{MaxBytes: 10_000})
	c.Put(c.Key("small"), "s", 10, noon.Add(time.Hour))
	c.Put(c.Key("large"), "l", 10_000, noon.Add(time.Hour))
	if s := c.Stats(); s.Entries != 1 {
		t.Errorf("%+v", s)
	}
	c.Put(c.Key("small"), "s", 10_000, noon.Add(time.Hour))
	if _, outcome, _ := c.Get(c.Key("small"), noon); outcome != Miss {
		t.Error("the old value was not replaced")
	}
}

func TestAccountedBytesAreNotLessThanReal(t *testing.T) {
	type value [400]byte
	c, err := NewCache[*value](CacheOptions{MaxBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 50_000 {
		c.Put(c.Key(fmt.Sprint(i)), &value{}, 416, noon.Add(time.Hour)) // 400 bytes come from the allocator's 416-byte class
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used, accounted := int64(after.HeapAlloc-before.HeapAlloc), c.Stats().Bytes
	t.Logf("%d bytes an entry, %d accounted", used/50_000, accounted/50_000)
	if used > accounted*11/10 {
		t.Errorf("%d bytes are used, %d accounted", used, accounted)
	}
	runtime.KeepAlive(c)
}

func TestCacheUnderConcurrentUse(t *testing.T) {
	c := newCache(t, CacheOptions{MaxBytes: 300_000, NegativeMaxBytes: 50_000})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 3000 {
				name := fmt.Sprint((i * (g + 1)) % 900)
				key := c.Key(name)
				switch value, outcome, _ := c.Get(key, noon); {
				case outcome == Hit && value != name:
					t.Errorf("%s became %s", name, value)
				case outcome == Miss:
					c.Put(key, name, 100, noon.Add(time.Hour))
				}
				switch i % 97 {
				case 3:
					c.Remove(key)
				case 5:
					c.PutNegative(key, errSignature, noon.Add(time.Hour))
				case 7:
					if g == 0 && i%970 == 7 {
						c.Purge()
					}
				}
			}
		})
	}
	all.Wait()
	if s := c.Stats(); s.Bytes > 300_000 || s.NegativeBytes > 50_000 {
		t.Errorf("%+v", s)
	}
}

// A cached token like Cognito's takes about a kilobyte, including its entry.
func TestACachedTokenTakesAboutAKilobyte(t *testing.T) {
	v := verifier(t, pool(t))
	c, err := NewCache[*Token](CacheOptions{MaxBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	const n = 300
	raws := make([]string, n)
	for i := range raws {
		raws[i] = sign(t, testKey(), claims(map[string]any{"jti": fmt.Sprintf("4a0e4a9c-4c55-4c1f-a9c8-%012d", i)}))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, raw := range raws {
		got, err := v.Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		c.Put(c.Key(raw), got, got.Size(), got.Deadline())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used, accounted := int64(after.HeapAlloc-before.HeapAlloc)/n, c.Stats().Bytes/n
	t.Logf("a token of %d bytes: %d bytes in the cache, %d accounted", len(raws[0]), used, accounted)
	if used > 1400 || used > accounted*11/10 {
		t.Errorf("%d bytes are used, %d accounted", used, accounted)
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(raws)
}

func TestCacheKeepsWhatIsSeenTwice(t *testing.T) {
	const tokens, size = 20_000, 1 << 10
	c := newCache(t, CacheOptions{MaxBytes: 64 << 20, FirstSight: 2 << 20})
	put := func(name string) (kept bool) {
		key := c.Key(name)
		c.Put(key, "", size, noon.Add(time.Hour))
		_, outcome, _ := c.Get(key, noon)
		return outcome == Hit
	}
	if !put("the first token") {
		t.Error("an empty cache did not keep a token that it saw once")
	}
	for k := range tokens {
		put(fmt.Sprint("once ", k))
	}
	if s := c.Stats(); s.Bytes > 2<<20 || s.Evictions > 0 {
		t.Errorf("after %d tokens that were seen once: %d bytes, %d evictions", tokens, s.Bytes, s.Evictions)
	}
	if put("a user") || !put("a user") || !put("a user") {
		t.Error("a token is not kept when it is seen for the second time")
	}
	// More tokens in use than the record of tokens that were seen once has room for: some take another sight.
	for range 4 {
		for k := range tokens {
			put(fmt.Sprint("again ", k))
		}
	}
	if s := c.Stats(); s.Entries < tokens {
		t.Errorf("%d of %d tokens in use were kept", s.Entries, tokens)
	}
}
