package oauth_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// measure runs fn concurrently and reports the CPU time of the process for each run. Ratios of CPU time are valid on a busy machine
// too.
func measure(b *testing.B, concurrent int, fn func() error) {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	b.SetParallelism(concurrent)
	b.ResetTimer()
	began := used()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fn(); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64((used()-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func BenchmarkCodeBare(b *testing.B) {
	keys := userpooltest.Keys()
	measure(b, 1, func() error {
		for _, k := range keys {
			sum := sha256.Sum256([]byte("claims"))
			if _, err := rsa.SignPKCS1v15(nil, k.Private.(*rsa.PrivateKey), crypto.SHA256, sum[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkCode answers authorization requests from the sessions of 16 browsers, and exchanges the codes for tokens.
func BenchmarkCode(b *testing.B) {
	s := newSite(b)
	cookies := make(chan string, 16)
	for i := range cap(cookies) {
		name := fmt.Sprintf("user%d", i)
		s.User(s.pool.ID, name)
		_, cookie := s.complete(name, "")
		cookies <- cookie
	}
	query := s.request("code_challenge="+challenge, "code_challenge_method=S256", "nonce=n")
	measure(b, 8, func() error {
		cookie := <-cookies
		defer func() { cookies <- cookie }()
		a, err := s.OAuth.Parse(b.Context(), s.pool.ID, query)
		if err != nil {
			return err
		}
		r, err := s.OAuth.Resume(b.Context(), a, cookie)
		if err != nil {
			return err
		}
		_, err = s.redeem(answered(b, r).Get("code"), withVerifier)
		return err
	})
}
