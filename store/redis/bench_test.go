package redis

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
)

// BenchmarkAge measures what each request costs: a call of Age.
func BenchmarkAge(b *testing.B) {
	p := startProcess(b, at(startServer(b)))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if p.Age() > time.Minute {
				b.Error("too old")
			}
		}
	})
}

// BenchmarkDelivery measures one sign-out at a time, from Publish in one process until another process refuses its tokens.
func BenchmarkDelivery(b *testing.B) {
	s := startServer(b)
	from, to := startProcess(b, at(s)), startProcess(b, at(s))
	for b.Loop() {
		id := fmt.Sprint("delivery ", b.N, time.Now().UnixNano())
		if err := from.Publish(context.Background(), family(id)); err != nil {
			b.Fatal(err)
		}
		for !to.refuses(id) {
			time.Sleep(20 * time.Microsecond)
		}
	}
}

// BenchmarkReplay measures the start of a process that reads 100,000 revocations.
func BenchmarkReplay(b *testing.B) {
	s := startServer(b)
	from := startProcess(b, at(s))
	all := make([]revoke.Record, 100_000)
	for i := range all {
		all[i] = family(fmt.Sprintf("11111111-2222-4333-8444-%012d", i))
	}
	from.keep(all...)
	from.check.Store(true)
	wake(from.back)
	eventually(b, "all in the stream", func() bool { return s.length() >= len(all) })
	memory := s.do("memory", "usage", "sluice:revocations").(int64)
	for b.Loop() {
		p := newProcess(b, at(s))
		begun := time.Now()
		p.Start()
		p.reaches(StateOK)
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms/start")
		if n := p.index.Stats().Entries; n != len(all) {
			b.Fatalf("%d entries", n)
		}
		p.Close()
	}
	b.ReportMetric(float64(memory)/float64(len(all)), "redis-B/entry")
}
