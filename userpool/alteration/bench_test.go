package alteration_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/alteration"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// BenchmarkAlter makes the addresses of the users that SLUICE_BENCH_USERS says, 10,000 by default, aliases and takes them away again.
func BenchmarkAlter(b *testing.B) {
	users := 10_000
	if n, err := strconv.Atoi(os.Getenv("SLUICE_BENCH_USERS")); err == nil {
		users = n
	}
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(b.TempDir(), "sluice.db")})
	must(b, err)
	b.Cleanup(func() { must(b, st.Close()) })
	h := userpooltest.New(b, func(o *idp.Options) { o.Store = st })
	p := h.Pool(userpool.PoolSettings{})
	for n := 0; n < users; {
		var list []store.User
		for range min(500, users-n) {
			name := fmt.Sprintf("user%07d", n)
			list = append(list, store.User{PoolID: p.ID, Sub: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Username: name, Key: name, Status: "CONFIRMED", Enabled: true,
				Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true", "name": "Ann " + name}, CreatedAt: h.Clock.Now(), ModifiedAt: h.Clock.Now(),
				Password: store.Password{Hash: "hash", SRPVerifier: make([]byte, 384)}})
			n++
		}
		must(b, st.Update(b.Context(), func(tx store.Tx) error { return tx.Users.InsertAll(list) }))
	}
	base := *h.Base()
	lock := &timed{Store: base.Store}
	base.Store = lock
	s, err := alteration.New(&base, h.Pools)
	must(b, err)
	for b.Loop() {
		for _, aliases := range [][]string{{"email"}, {}} {
			_, err := s.Alter(b.Context(), p.ID, &alteration.Change{AliasAttributes: &aliases}, alteration.Options{})
			must(b, err)
		}
	}
	b.ReportMetric(lock.longest.Seconds(), "s-locked") // the longer one of the two
}

// timed measures the longest Update, during which other processes cannot write.
type timed struct {
	store.Store
	longest time.Duration
}

func (s *timed) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		start := time.Now()
		defer func() { s.longest = max(s.longest, time.Since(start)) }()
		return fn(tx)
	})
}
