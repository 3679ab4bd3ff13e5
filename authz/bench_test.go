package authz

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/authz/urlpath"
)

// upstreamHeaders does the host's work on headers: it removes the credential and sets the identity headers.
func upstreamHeaders(h http.Header, p *principal.Principal) {
	delete(h, "Authorization")
	h["X-User-Id"] = []string{p.Subject}
	h["X-User-Name"] = []string{p.Username}
}

func benchRequest(bearer string) *Request {
	r := get("GET", "/api/notes/42", bearer)
	r.Header["Accept"] = []string{"application/json"}
	r.Header["Accept-Encoding"] = []string{"gzip"}
	return r
}

func benchGate(b *testing.B, policies int, change func(*Options)) *Engine {
	rules := []string{"allow group readers GET /api/*", "allow group editors * /api/*", "require scope notes/write POST /api/*"}
	for i := len(rules); i < policies; i++ {
		rules = append(rules, fmt.Sprintf("allow group g%d GET /other/%d/*", i, i))
	}
	return tokenGate(b, newClock(), func(o *Options) {
		o.IdentityHeaders = []string{"X-User-Id", "X-User-Name"}
		if change != nil {
			change(o)
		}
	}, rules...)
}

func readerToken(i int) string {
	return bearerToken(fmt.Sprintf("user%d", i), map[string]any{"cognito:groups": []string{"readers"}})
}

// BenchmarkWarmToken measures verification, decision and headers for a cached token, with 10 to 10,000 policies on the
// route.
func BenchmarkWarmToken(b *testing.B) {
	for _, policies := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("policies=%d", policies), func(b *testing.B) {
			e := benchGate(b, policies, nil)
			bearer := "Bearer " + readerToken(0)
			r := benchRequest("")
			authorization := []string{bearer}
			b.ReportAllocs()
			for b.Loop() {
				r.Header["Authorization"] = authorization
				result := e.Authorize(context.Background(), r)
				if !result.Pass {
					b.Fatal(result.Refusal)
				}
				upstreamHeaders(r.Header, result.Principal)
			}
		})
	}
}

// BenchmarkWarmTokens sends one of many cached tokens at random. It puts the tokens into the cache as the engine does,
// but unsigned, because signing a million takes hours. It writes each token into one buffer, as a server does, so that
// it measures the memory of the engine and not of the benchmark.
func BenchmarkWarmTokens(b *testing.B) {
	for _, tokens := range []int{1, 1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("tokens=%d", tokens), func(b *testing.B) {
			cache := must(token.NewCache[*Subject](token.CacheOptions{MaxBytes: 4 << 30}))
			e := benchGate(b, 10, func(o *Options) { o.Tokens = cache })
			line := []byte("Bearer " + readerToken(0))
			t := must(e.o.Verifier.Verify(b.Context(), string(line[7:]))) // so that the verifier knows the header
			number := line[len(line)-8:]
			for i := range tokens {
				copy(number, fmt.Sprintf("%08d", i))
				own := *t
				own.Claims = must(token.ParseClaims(strings.ReplaceAll(t.Claims.JSON(), "user0", fmt.Sprintf("user%d", i))))
				for _, text := range []*string{&own.Subject, &own.Username, &own.JTI, &own.OriginJTI} {
					*text = strings.ReplaceAll(*text, "user0", fmt.Sprintf("user%d", i))
				}
				s, _ := subjectOfToken(&own)
				if s.Principal != nil {
					b.Fatal("the claims do not hold the principal")
				}
				s.serial = uint32(i)
				e.permissionsFor(s)
				cache.Put(cache.Key(string(line[7:])), s, s.sizeOfToken(&own), testNow.Add(time.Hour))
			}
			if n := cache.Stats().Entries; n < int64(tokens) {
				b.Fatalf("%d of %d tokens are cached", n, tokens)
			}
			r := benchRequest("")
			authorization := []string{unsafe.String(&line[0], len(line))}
			random := rand.New(rand.NewPCG(1, 2))
			b.ReportAllocs()
			for b.Loop() {
				for n, i := random.IntN(tokens), 7; i >= 0; n, i = n/10, i-1 {
					number[i] = byte('0' + n%10)
				}
				r.Header["Authorization"] = authorization
				result := e.Authorize(context.Background(), r)
				if !result.Pass {
					b.Fatal(result.Refusal)
				}
				upstreamHeaders(r.Header, result.Principal)
			}
		})
	}
}

// BenchmarkParallel measures whether cores wait for each other when they use one token.
func BenchmarkParallel(b *testing.B) {
	e := benchGate(b, 10, nil)
	authorization := []string{"Bearer " + readerToken(0)}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := benchRequest("")
		for pb.Next() {
			r.Header["Authorization"] = authorization
			result := e.Authorize(context.Background(), r)
			if !result.Pass {
				b.Fatal(result.Refusal)
			}
			upstreamHeaders(r.Header, result.Principal)
		}
	})
}

// BenchmarkRefusals measures requests that should cost less than good ones.
func BenchmarkRefusals(b *testing.B) {
	e := benchGate(b, 10, func(o *Options) { o.Denials = NewDenials(0) })
	good := readerToken(0)
	for name, r := range map[string]*Request{
		"forged":   benchRequest(good[:len(good)-8] + "AAAAAAAA"),
		"path":     get("GET", "/api/../x", good),
		"none":     benchRequest(""),
		"decision": get("POST", "/api/x", good),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if e.Authorize(context.Background(), r).Pass {
					b.Fatal("passes")
				}
			}
		})
	}
}

// BenchmarkSignature measures a signed S3 request of a cached session.
func BenchmarkSignature(b *testing.B) {
	g := s3Gate(b)
	r := g.ask("GET", "/s3/photos/users/us-east-1%3Aalice/cat.jpg", g.credentials(record("us-east-1:alice", nil)))
	b.ReportAllocs()
	for b.Loop() {
		if result := g.Authorize(context.Background(), r); !result.Pass {
			b.Fatal(result.Refusal)
		}
	}
}

// BenchmarkParts measures the parts of a request with a cached token.
func BenchmarkParts(b *testing.B) {
	e := benchGate(b, 10, nil)
	raw := readerToken(0)
	r := benchRequest(raw)
	e.Authorize(b.Context(), r)
	cache := e.o.Tokens
	subject, _, _ := cache.Get(cache.Key(raw), testNow)
	c := callOf(subject, e.o.Mapping, r)
	c.e, c.path = e, r.RawPath
	if refusal := e.o.Mapping.resolve(c); refusal != nil {
		b.Fatal(refusal)
	}
	c.target = &c.targets[0]
	grants := e.permissionsFor(subject)
	for name, part := range map[string]func(){
		"cache":    func() { _, _, _ = cache.Get(cache.Key(raw), testNow) },
		"headers":  func() { e.IdentityHeaders().Strip(r.Header) },
		"path":     func() { _, _, _ = urlpath.Canonical(r.RawPath) },
		"decision": func() { c.judge(grants) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				part()
			}
		})
	}
}
