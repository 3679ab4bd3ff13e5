//go:build unix

package signin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// storeHouse is a user pool on one of the stores.
type storeHouse struct {
	*harness
	pool, client string
	srp          *userpooltest.SRPClient
}

const storeUsers = 64

func newStoreHouse(b *testing.B, st store.Store) *storeHouse {
	b.Helper()
	h := newHarness(b, func(o *idp.Options) {
		if st != nil {
			o.Store = st
		}
	})
	p := h.Pool(userpool.PoolSettings{})
	for i := range storeUsers {
		h.User(p.ID, fmt.Sprintf("user%d", i))
	}
	return &storeHouse{harness: h, pool: p.ID, client: h.Client(p.ID, allFlows).ID, srp: userpooltest.NewSRPClient(b)}
}

// signIns makes n sign-ins with SRP from sixteen goroutines and returns the time that the server's part took.
func (h *storeHouse) signIns(b *testing.B, n int) time.Duration {
	starts, answers := make([]*signin.Result, n), make([]map[string]string, n)
	began := time.Now()
	each(n, func(i int) {
		out, err := h.BeginSRP(h.srp, h.client, fmt.Sprintf("user%d", i%storeUsers))
		if err != nil {
			b.Error(err)
		}
		starts[i] = out
	})
	took := time.Since(began)
	each(n, func(i int) {
		answers[i] = h.srp.Answer(b, h.pool, starts[i].Parameters, password, h.Clock.Now())
	})
	began = time.Now()
	each(n, func(i int) {
		if _, err := h.Respond(h.client, "PASSWORD_VERIFIER", "", answers[i]); err != nil {
			b.Error(err)
		}
	})
	return took + time.Since(began)
}

// BenchmarkSRPSignInOnPostgreSQL compares sign-ins on PostgreSQL, on the same machine and with fsync, with those on SQLite. The
// stores take turns; the ratio is the median of the rounds, 1 = as many sign-ins a second.
func BenchmarkSRPSignInOnPostgreSQL(b *testing.B) {
	st, err := postgres.Open(postgres.Options{URL: postgrestest.Start(b, "fsync=on").Database(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	})
	here, there := newStoreHouse(b, nil), newStoreHouse(b, st)
	const round = 256
	here.signIns(b, round)
	there.signIns(b, round)
	var ratios []float64
	var sum time.Duration
	b.ResetTimer()
	for range max(3, b.N/round) {
		ours, theirs := there.signIns(b, round), here.signIns(b, round)
		ratios = append(ratios, theirs.Seconds()/ours.Seconds())
		sum += ours
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-of-sqlite")
	b.ReportMetric(float64(len(ratios)*round)/sum.Seconds(), "sign-ins/s")
}

// BenchmarkWhoExistsOnPostgreSQL is BenchmarkWhoExists for the first of its crowds, on PostgreSQL with fsync.
func BenchmarkWhoExistsOnPostgreSQL(b *testing.B) {
	server := postgrestest.Start(b, "fsync=on")
	place := crowds[0]
	c := place.open(newHarness(b, func(o *idp.Options) {
		st, err := postgres.Open(postgres.Options{URL: server.Database(b), Now: o.Now})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = st.Close() }) // the server ends too
		o.Store = st
	}, queued(b, nil), func(o *idp.Options) { o.Queue = later{o.Queue} }))
	for _, conversation := range place.talks {
		b.Run(conversation.name, func(b *testing.B) { c.compareTimes(b, conversation) })
	}
}
