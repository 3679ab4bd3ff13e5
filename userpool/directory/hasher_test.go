package directory_test

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

func TestHashesAreArgon2idAndVerify(t *testing.T) {
	h := directory.NewHasher(directory.HasherOptions{})
	ctx := t.Context()
	one, err := h.Hash(ctx, rand.Reader, password)
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.Hash(ctx, rand.Reader, password)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") || one == two {
		t.Error(one, two)
	}
	for name, tc := range map[string]struct {
		hash, password string
		ok, fails      bool
	}{
		"the password":                      {hash: one, password: password, ok: true},
		"another password":                  {hash: one, password: password + "x"},
		"an empty hash matches no password": {password: password},
		"no hash, no password":              {},
		"a hash of another kind":            {hash: "$2b$12$abc", fails: true},
		"a hash of higher cost than ours":   {hash: strings.Replace(one, "m=19456", "m=1048576", 1), fails: true},
		"a hash of more passes":             {hash: strings.Replace(one, "t=2", "t=200", 1), fails: true},
		"a hash without memory":             {hash: strings.Replace(one, "m=19456", "m=0", 1), fails: true},
		"a hash that was cut short":         {hash: one[:40], fails: true},
		"a hash with a bad alphabet":        {hash: one[:len(one)-4] + "****", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			ok, err := h.Verify(ctx, tc.hash, tc.password)
			if ok != tc.ok || (err != nil) != tc.fails {
				t.Errorf("%v, %v", ok, err)
			}
			if err != nil && tc.hash != "" && strings.Contains(err.Error(), tc.hash) {
				t.Error("the error contains the hash")
			}
		})
	}
}

func TestAFullQueueIsAnErrorAtOnce(t *testing.T) {
	seen := &hashCounts{results: map[string]int{}}
	h := directory.NewHasher(directory.HasherOptions{Workers: 1, Queue: 1, Observer: seen})
	results := make(chan error, 20)
	for range cap(results) {
		go func() {
			_, err := h.Verify(t.Context(), "", password)
			results <- err
		}()
	}
	refused := 0
	for range cap(results) {
		if err := <-results; err != nil {
			wantFault(t, err, fault.TooManyRequests, "Too many requests")
			refused++
		}
	}
	if refused == 0 || refused == cap(results) {
		t.Errorf("%d of %d refused", refused, cap(results))
	}
	if _, err := h.Verify(t.Context(), "", password); err != nil {
		t.Error("the queue did not empty:", err)
	}
	if seen.waiting != 0 || seen.results["own refused"] != refused || seen.results["own ok"] != cap(results)-refused+1 {
		t.Errorf("the observer saw %+v, with %d refused", seen, refused)
	}
}

// hashCounts is a HashObserver.
type hashCounts struct {
	mu      sync.Mutex
	waiting int
	results map[string]int
}

func (c *hashCounts) HashQueued(_ string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting += n
}

func (c *hashCounts) HashBegan(kind string, _ time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	result := "ok"
	switch {
	case errors.Is(err, context.Canceled):
		result = "gave up"
	case err != nil:
		result = "refused"
	}
	c.results[kind+" "+result]++
}

func TestACallerWhoGivesUpNoLongerWaits(t *testing.T) {
	seen := &hashCounts{results: map[string]int{}}
	h := directory.NewHasher(directory.HasherOptions{Workers: 1, Observer: seen})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := h.Verify(ctx, "", password); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if seen.waiting != 0 || seen.results["own ok"]+seen.results["own gave up"] != 20 {
		t.Errorf("%+v", seen)
	}
}

// Such hashes take up to half a second. Someone who sends passwords for such users must not lock out the others.
func TestAQueueOfImportedHashesKeepsOutNobodyElse(t *testing.T) {
	for algorithm, text := range map[string]string{
		passwordhash.SCRYPT:        "32768$8$1$" + strings.Repeat("ab", 16) + "$" + strings.Repeat("cd", 32), // 32 MiB
		passwordhash.PBKDF2_SHA256: "$pbkdf2-sha256$600000$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43),
	} {
		imported, err := passwordhash.Parse(algorithm, text)
		if err != nil {
			t.Fatal(err)
		}
		h := directory.NewHasher(directory.HasherOptions{Workers: 2, Queue: 16})
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 40)
		for range cap(results) {
			go func() {
				_, err := h.Verify(ctx, imported.Text(), password)
				results <- err
			}()
		}
		for err = nil; err == nil; {
			err = <-results
		}
		wantFault(t, err, fault.TooManyRequests, "Too many requests")
		var others sync.WaitGroup
		for range 8 {
			others.Go(func() {
				if _, err := h.Verify(t.Context(), "", password); err != nil {
					t.Errorf("%s: a user with a hash of our own: %v", algorithm, err)
				}
			})
		}
		others.Wait()
		cancel()
	}
}

func TestACanceledCallerLeavesTheQueue(t *testing.T) {
	h := directory.NewHasher(directory.HasherOptions{Workers: 1, Queue: 4})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := h.Verify(ctx, "", password); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := h.Verify(t.Context(), "", password); err != nil {
		t.Error(err)
	}
}

// Checks the bound in the documentation of Hasher: 1,000 waiting callers use no more memory than Workers hashes and their
// garbage.
func TestAThousandWaitingCallersStayWithinTheDocumentedMemory(t *testing.T) {
	const workers, waiting, hashes = 2, 1000, 24
	const bound = 4*workers*19<<20 + 32<<20
	h := directory.NewHasher(directory.HasherOptions{Workers: workers})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	finished := make(chan struct{}, waiting)
	var wg sync.WaitGroup
	for range waiting {
		wg.Go(func() {
			if _, err := h.Verify(ctx, "", password); err == nil {
				finished <- struct{}{}
			} else if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	var peak uint64
	for range hashes {
		<-finished
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapInuse+now.StackInuse)
	}
	cancel()
	wg.Wait()
	used := int64(peak) - int64(before.HeapInuse+before.StackInuse)
	t.Logf("%d MiB of %d MiB", used>>20, bound>>20)
	if used > bound {
		t.Errorf("%d MiB in use, the bound is %d MiB", used>>20, bound>>20)
	}
}
