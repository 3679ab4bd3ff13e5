package session_test

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
)

// typical returns the session of a signed-in user of an identity pool.
func typical() *session.Record {
	r := full()
	r.SessionPolicies, r.PolicyARNs, r.Chained, r.MFA, r.SourceIdentity = nil, nil, false, false, ""
	r.Logins = r.Logins[:1]
	return r
}

// untagged returns the same session without principal tags, as identity pools make by default.
func untagged() *session.Record {
	r := typical()
	r.PrincipalTags, r.TransitiveTagKeys = nil, nil
	return r
}

// sealing is the minimum work for any sealed token: the AEAD over as many bytes as the record has, with its nonce, and
// the text encoding if it is needed.
type sealing struct {
	b    *testing.B
	text bool
	c    session.Credentials
}

func (s sealing) size() int {
	return base64.RawURLEncoding.DecodedLen(len(s.c.SessionToken)) - seal.Overhead
}

// mint returns the baseline of Mint.
func (s sealing) mint() func() {
	aead, err := chacha20poly1305.NewX(make([]byte, 32))
	if err != nil {
		s.b.Fatal(err)
	}
	plain := make([]byte, s.size())
	return func() {
		nonce := make([]byte, aead.NonceSize(), len(plain)+seal.Overhead)
		if _, err := rand.Read(nonce); err != nil {
			s.b.Fatal(err)
		}
		sealed := aead.Seal(nonce, nonce, plain, nil)
		if s.text {
			base64.RawURLEncoding.EncodeToString(sealed)
		}
	}
}

// open returns the baseline of Open.
func (s sealing) open() func() {
	aead, err := chacha20poly1305.NewX(make([]byte, 32))
	if err != nil {
		s.b.Fatal(err)
	}
	nonce := make([]byte, aead.NonceSize())
	sealed := aead.Seal(nonce, nonce, make([]byte, s.size()), nil)
	text := base64.RawURLEncoding.EncodeToString(sealed)
	return func() {
		message := sealed
		if s.text {
			if message, err = base64.RawURLEncoding.DecodeString(text); err != nil {
				s.b.Fatal(err)
			}
		}
		if _, err := aead.Open(nil, nonce, message[len(nonce):], nil); err != nil {
			s.b.Fatal(err)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	m := newMinter(b, newKey(b))
	r := typical()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Mint(r); err != nil { // not by mint: b.Helper takes longer than an allocation
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	m := newMinter(b, newKey(b))
	c := mint(b, m, typical())
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.Open(c.AccessKeyID, c.SessionToken, issued); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRatio alternates between minting or opening and their baselines. Other load on the machine only adds time, so
// it compares the shortest of many short batches.
func BenchmarkRatio(b *testing.B) {
	m := newMinter(b, newKey(b))
	for name, r := range map[string]*session.Record{"untagged": untagged(), "typical": typical(), "full": full()} {
		c := mint(b, m, r)
		for base, text := range map[string]bool{"AEAD": false, "AEAD and text": true} {
			b.Run("mint, "+name+", to "+base, func(b *testing.B) {
				reportRatio(b, sealing{b, text, c}.mint(), func() {
					if _, err := m.Mint(r); err != nil {
						b.Fatal(err)
					}
				})
			})
			b.Run("open, "+name+", to "+base, func(b *testing.B) {
				reportRatio(b, sealing{b, text, c}.open(), func() {
					if _, _, err := m.Open(c.AccessKeyID, c.SessionToken, issued); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}

func reportRatio(b *testing.B, base, whole func()) {
	const batch = 10
	timed := func(f func(), least time.Duration) time.Duration {
		start := time.Now()
		for range batch {
			f()
		}
		return min(least, time.Since(start))
	}
	least, most := time.Hour, time.Hour
	for b.Loop() {
		least, most = timed(base, least), timed(whole, most)
	}
	b.ReportMetric(float64(most)/float64(least), "x")
	b.ReportMetric(float64(least.Nanoseconds())/batch, "base-ns")
	b.ReportMetric(float64(most.Nanoseconds())/batch, "whole-ns")
	b.ReportMetric(0, "ns/op") // the sum of both is meaningless
}
