package signin_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
	"golang.org/x/crypto/argon2"
)

// The baselines measure the cryptography that a sign-in needs at least. The flows are measured with their durable writes and
// with several concurrent sign-ins, as on a server.

// cpuTime returns the CPU time that all threads of the process have used so far. Ratios of CPU time are valid on a busy
// machine too.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportCPU adds CPU time for each operation to the benchmark's line.
func reportCPU(b *testing.B, used time.Duration) {
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func twoSignatures(b *testing.B) {
	for _, k := range userpooltest.Keys() {
		sum := sha256.Sum256([]byte("claims"))
		if _, err := rsa.SignPKCS1v15(nil, k.Private.(*rsa.PrivateKey), crypto.SHA256, sum[:]); err != nil {
			b.Error(err)
		}
	}
}

func argon(password string) {
	argon2.IDKey([]byte(password), make([]byte, 16), 2, 19*1024, 1, 32)
}

// parallel runs n concurrent sign-ins for each CPU, because sign-ins wait for the disk.
func parallel(b *testing.B, fn func(i int)) {
	var next atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	began := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			fn(int(next.Add(1)))
		}
	})
	reportCPU(b, cpuTime(b)-began)
}

// bare runs one fn at a time for each CPU. More concurrent runs of Argon2id would only use more memory.
func bare(b *testing.B, fn func()) {
	userpooltest.Keys()
	b.ResetTimer()
	began := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			fn()
		}
	})
	reportCPU(b, cpuTime(b)-began)
}

func BenchmarkPasswordBare(b *testing.B) {
	bare(b, func() {
		argon(password)
		twoSignatures(b)
	})
}

// benchHouse is a pool whose users sign in in turn.
func benchHouse(b *testing.B, users int) (*harness, *userpool.PoolDescription, *userpool.ClientDescription) {
	b.Helper()
	h := newHarness(b)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	for i := range users {
		h.User(p.ID, fmt.Sprintf("user%d", i))
	}
	return h, p, c
}

func BenchmarkPasswordSignIn(b *testing.B) {
	h, _, c := benchHouse(b, 16)
	parallel(b, func(i int) {
		if _, err := h.SignIn(c.ID, fmt.Sprintf("user%d", i%16), password); err != nil {
			b.Error(err)
		}
	})
}

func BenchmarkSRPBare(b *testing.B) {
	c := userpooltest.NewSRPClient(b)
	secret, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 256))
	if err != nil {
		b.Fatal(err)
	}
	bare(b, func() {
		new(big.Int).Exp(c.G, secret, c.N)
		s := new(big.Int).Exp(c.PublicA, secret, c.N)
		s.Mul(s, c.PublicA).Mod(s, c.N)
		s.Exp(s, secret, c.N)
		twoSignatures(b)
	})
}

// BenchmarkSRPSignIn measures the server's part only. It computes the client's answers beforehand, in batches.
func BenchmarkSRPSignIn(b *testing.B) {
	h, p, c := benchHouse(b, 4)
	client := userpooltest.NewSRPClient(b)
	const batch = 64
	answers := make([]map[string]string, batch)
	var used time.Duration
	timed := func(n int, fn func(int)) {
		b.StartTimer()
		began := cpuTime(b)
		each(n, fn)
		used += cpuTime(b) - began
		b.StopTimer()
	}
	b.ResetTimer()
	b.StopTimer()
	for left := b.N; left > 0; left -= batch {
		n := min(batch, left)
		starts := make([]*signin.Result, n)
		timed(n, func(i int) {
			out, err := h.BeginSRP(client, c.ID, fmt.Sprintf("user%d", i%4))
			if err != nil {
				b.Error(err)
			}
			starts[i] = out
		})
		each(n, func(i int) { answers[i] = client.Answer(b, p.ID, starts[i].Parameters, password, h.Clock.Now()) })
		timed(n, func(i int) {
			if _, err := h.Respond(c.ID, "PASSWORD_VERIFIER", "", answers[i]); err != nil {
				b.Error(err)
			}
		})
	}
	reportCPU(b, used)
}

// each runs fn for 0 to n-1 with eight goroutines for each CPU.
func each(n int, fn func(i int)) {
	var next atomic.Int64
	done := make(chan struct{})
	workers := 8 * runtime.GOMAXPROCS(0)
	for range workers {
		go func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				fn(int(i))
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
}

func BenchmarkRefreshBare(b *testing.B) {
	bare(b, func() { twoSignatures(b) })
}

func BenchmarkRefresh(b *testing.B) {
	h, _, c := benchHouse(b, 1)
	token := h.MustSignIn(c.ID, "user0").RefreshToken
	parallel(b, func(int) {
		if _, err := h.Refresh(c.ID, token); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkRotate measures renewals with rotation, which make a durable write each.
func BenchmarkRotate(b *testing.B) {
	h := newHarness(b)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.Rotating(60))
	h.User(p.ID, "alice")
	const families = 64
	tokens := make(chan string, families)
	for range families {
		tokens <- h.MustSignIn(c.ID, "alice").RefreshToken
	}
	parallel(b, func(int) {
		t := <-tokens
		out, err := h.SignIns.GetTokensFromRefreshToken(b.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: t})
		if err != nil {
			b.Error(err)
			tokens <- t
			return
		}
		tokens <- out.RefreshToken
	})
}
