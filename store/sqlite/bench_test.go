package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func benchUser(i int64) store.User {
	name := fmt.Sprintf("user-%09d", i)
	return store.User{
		PoolID: "us-east-1_aaaaaaaaa", Sub: name, Username: name, Key: name, Status: "CONFIRMED", Enabled: true,
		Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true"},
		Aliases:    []store.Alias{{Kind: "email", Value: name + "@example.com"}},
		Password:   store.Password{Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g"},
	}
}

func benchStore(b *testing.B) (*Store, *counter) {
	st, seen := open(b, Options{Path: filepath.Join(b.TempDir(), "bench.db")})
	if err := st.Update(b.Context(), func(tx store.Tx) error {
		if err := tx.Pools.Insert(store.Pool{ID: "us-east-1_aaaaaaaaa"}); err != nil {
			return err
		}
		if err := tx.Clients.Insert(store.Client{ID: "client", PoolID: "us-east-1_aaaaaaaaa"}); err != nil {
			return err
		}
		for i := range int64(1000) {
			if err := tx.Users.Insert(benchUser(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return st, seen
}

// BenchmarkBareInsert is the baseline: one row and one fsync with the driver alone.
func BenchmarkBareInsert(b *testing.B) {
	c, err := connect(filepath.Join(b.TempDir(), "bare.db"), writerSetup)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.close(); err != nil {
			b.Error(err)
		}
	})
	if err := c.script(`create table t (id integer primary key, v blob) strict`); err != nil {
		b.Fatal(err)
	}
	value := make([]byte, 300)
	for i := 0; b.Loop(); i++ {
		if _, err := c.Exec(b.Context(), `insert into t values ($1, $2)`, []driver.Value{int64(i), value}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpdate inserts a refresh token family, as a sign-in does.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			st, seen := benchStore(b)
			var n atomic.Int64
			before := seen.done["commit"]
			b.SetParallelism((writers + 1) / 2)
			one := func() {
				i := n.Add(1)
				id := fmt.Sprintf("family-%d", i)
				if err := st.Update(context.Background(), func(tx store.Tx) error {
					return tx.RefreshTokens.Insert(store.RefreshToken{
						ID: id, PoolID: "us-east-1_aaaaaaaaa", ClientID: "client", Sub: benchUser(i % 1000).Sub, Hash: []byte(id),
					})
				}); err != nil {
					b.Error(err)
				}
			}
			if writers == 1 {
				for b.Loop() {
					one()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						one()
					}
				})
			}
			b.ReportMetric(float64(n.Load())/float64(seen.done["commit"]-before), "updates/commit")
		})
	}
}

func BenchmarkViewGet(b *testing.B) {
	st, _ := benchStore(b)
	st.options.Observer = nil
	for name, get := range map[string]func(tx store.Tx) error{
		"user": func(tx store.Tx) error { _, err := tx.Users.Get("us-east-1_aaaaaaaaa", "user-000000500"); return err },
		"alias": func(tx store.Tx) error {
			_, err := tx.Users.ByAlias("us-east-1_aaaaaaaaa", store.Alias{Kind: "email", Value: "user-000000500@example.com"})
			return err
		},
		"client": func(tx store.Tx) error { _, err := tx.Clients.Get("client"); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := st.View(context.Background(), get); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
