package login

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

// engine returns an engine that takes the tokens of the world's provider and the sessions of a service.
func (w *world) engine(s *Service) *authz.Engine {
	w.t.Helper()
	mapping, err := authz.NewHTTPMapping("us-east-1", "123456789012", "sluice", "default")
	must(w.t, err)
	e, err := authz.New(authz.Options{Mapping: mapping, Verifier: s.o.Verifier, LoginCookie: "sluice-" + s.id, Logins: s,
		Revocations: &authz.IndexRevocations{Index: w.index}, IdentityHeaders: []string{"X-User-Id", "X-User-Name"}, Now: w.clock,
		Rules: []rule.Rule{
			{Effect: "allow", Subject: "group", Names: []string{"readers"}, Method: "GET", Path: "/api/*"},
			{Effect: "allow", Subject: "group", Names: []string{"editors"}, Method: "*", Path: "/api/*"},
			{Effect: "require", Subject: "scope", Names: []string{"notes/write"}, Method: "POST", Path: "/api/*"},
		}})
	must(w.t, err)
	return e
}

// BenchmarkRequest compares a request with a session with the same request with a token that was verified before. The claims are
// those of the ID token in both.
func BenchmarkRequest(b *testing.B) {
	w := newWorld(b)
	w.more = map[string]any{"cognito:groups": []string{"readers"}, "cognito:username": "ann", "email": "ann@example.com", "email_verified": true,
		"token_use": "id", "auth_time": w.now.Unix(), "origin_jti": "8d1f3a1e-37b2-4f1c-9f0f-3f6f2f0c2b11", "jti": "5f0c7b0e-93c5-43a0-8a0e-1c1f3a1e37b2"}
	s := w.service()
	e := w.engine(s)
	cookie := w.signIn(s)
	signed, err := w.tokens("")
	must(b, err)
	credentials := map[string][2]string{"token": {"Authorization", "Bearer " + signed.ID}, "session": {"Cookie", "sluice-" + s.id + "=" + cookie}}
	for _, name := range []string{"token", "session"} {
		b.Run(name, func(b *testing.B) {
			r := &authz.Request{Method: "GET", Host: "app.example", Target: "/api/notes/42", RawPath: "/api/notes/42", Proto: "HTTP/1.1",
				Header: http.Header{"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}}}
			line := []string{credentials[name][1]}
			b.ReportAllocs()
			for b.Loop() {
				r.Header[credentials[name][0]] = line
				result := e.Authorize(context.Background(), r)
				if !result.Pass {
					b.Fatal(result.Refusal)
				}
				delete(r.Header, credentials[name][0])
				r.Header["X-User-Id"] = []string{result.Principal.Subject}
				r.Header["X-User-Name"] = []string{result.Principal.Username}
			}
		})
	}
}

// made returns the cookie and the record of a session, as create makes them.
func (w *world) made(s *Service, i int, k kept) (string, store.EdgeSession) {
	var random [idBytes + secretBytes]byte
	binary.BigEndian.PutUint64(random[:], rand.Uint64())
	binary.BigEndian.PutUint64(random[8:], uint64(i))
	secret := s.o.Box.MAC(secretPurpose, random[idBytes:])
	record := store.EdgeSession{ID: base64.RawURLEncoding.EncodeToString(random[:idBytes]), Login: s.id, Issuer: testIssuer,
		Subject: fmt.Sprintf("sub-%d", i), Secret: secret[:], CreatedAt: w.now, ExpiresAt: w.now.Add(12 * time.Hour)}
	must(w.t, s.keep(&record, k, nil, &Tokens{ID: k.ID, Access: k.Access, Refresh: k.Refresh, ExpiresIn: time.Hour}))
	cookie, err := s.o.Box.SealToken(cookiePurpose, random[:], s.bound(testHost))
	must(w.t, err)
	return cookie, record
}

// keptTokens are the tokens of a session, with an ID token of about 700 bytes.
func (w *world) keptTokens() kept {
	w.more = map[string]any{"cognito:groups": []string{"readers"}, "cognito:username": "ann", "email": "ann@example.com"}
	got, err := w.tokens("nonce")
	must(w.t, err)
	return kept{ID: got.ID, Access: got.ID, Refresh: got.Refresh, Host: testHost, Scopes: []string{"openid"}}
}

// BenchmarkSessionsInMemory looks up one of many sessions in memory at random, and reports what each takes.
func BenchmarkSessionsInMemory(b *testing.B) {
	for _, sessions := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("sessions=%d", sessions), func(b *testing.B) {
			w := newWorld(b)
			s := w.service(func(o *Options) { o.CacheBytes = 8 << 30 })
			k := w.keptTokens()
			id, err := s.o.Verifier.Verify(b.Context(), k.ID)
			must(b, err)
			cookies := make([]string, sessions)
			before := heap()
			for i := range sessions {
				cookie, err := s.o.Box.SealToken(cookiePurpose, binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i)), s.bound(testHost))
				must(b, err)
				cookies[i] = cookie
				own := *id
				own.Claims, err = token.ParseClaims(id.Claims.JSON())
				must(b, err)
				session := &authz.Session{ID: cookie[:22], Host: testHost, Until: w.now.Add(time.Hour), Made: w.now}
				session.Due.Store(w.now.Add(time.Hour).UnixNano())
				subject, size := authz.SubjectOfSession(&own, k.Scopes, session)
				s.cache.Put(s.cache.Key(cookie), subject, size, w.now.Add(time.Hour))
			}
			kept := (heap() - before) / uint64(sessions)
			at := rand.Perm(sessions)
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				if _, cached, err := s.Subject(context.Background(), cookies[at[i%sessions]], testHost, w.now); err != nil || !cached {
					b.Fatal(err, cached)
				}
			}
			b.ReportMetric(float64(kept), "B/session") // with the benchmark's copy of the cookie
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSessionsInStore reads one of many sessions that are not in memory at random: a process after a restart, or one that
// did not see the session before.
func BenchmarkSessionsInStore(b *testing.B) {
	for _, sessions := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("sessions=%d", sessions), func(b *testing.B) {
			if sessions > 100_000 && testing.Short() {
				b.Skip("it writes 3 GB")
			}
			w := newWorld(b)
			s := w.service(func(o *Options) { o.CacheBytes = 1 }) // keeps nothing
			k := w.keptTokens()
			cookies := make([]string, 0, sessions)
			for len(cookies) < sessions {
				must(b, w.store.Update(b.Context(), func(tx store.Tx) error {
					for range min(5000, sessions-len(cookies)) {
						cookie, record := w.made(s, len(cookies), k)
						if err := tx.EdgeSessions.Insert(record); err != nil {
							return err
						}
						cookies = append(cookies, cookie)
					}
					return nil
				}))
			}
			b.ResetTimer()
			for b.Loop() {
				cookie := cookies[rand.IntN(sessions)]
				if _, _, err := s.Subject(context.Background(), cookie, testHost, w.now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
