package caddymodule

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOversizedInputIsRefusedAtOnce(t *testing.T) {
	e := startEdge(t, open(""))
	good := e.issuer.bearer(t, "ada")
	// A valid token just under the limit of 16 KiB passes; one just over it is refused.
	pad := 0
	for _, c := range []struct{ over, status int }{{-40, 200}, {40, 401}} {
		empty := len(e.issuer.token(t, "ada", "pad", ""))
		pad = (16384 + c.over - empty) * 3 / 4
		token := e.issuer.token(t, "ada", "pad", strings.Repeat("x", pad))
		if over := len(token) - 16384; (over > 0) != (c.over > 0) {
			t.Fatalf("the token is %d bytes over the limit", over)
		}
		if a := e.get(t, "/x", "Authorization: Bearer "+token); a.status != c.status {
			t.Errorf("a token of %d bytes: status %d %s", len(token), a.status, a.body)
		}
	}
	for what, text := range map[string]string{
		"a megabyte of dots":        "GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + strings.Repeat(".", 1_000_000) + "\r\nConnection: close\r\n\r\n",
		"900 kB of base64":          "GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + strings.Repeat("eyJh", 225_000) + "\r\nConnection: close\r\n\r\n",
		"a huge header":             "GET /x HTTP/1.1\r\nHost: a\r\nX-Large: " + strings.Repeat("x", 2_000_000) + "\r\n" + good + "\r\nConnection: close\r\n\r\n",
		"300 headers":               "GET /x HTTP/1.1\r\nHost: a\r\n" + manyHeaders(300) + good + "\r\nConnection: close\r\n\r\n",
		"a path of 100 kB":          "GET /" + strings.Repeat("a/", 50_000) + " HTTP/1.1\r\nHost: a\r\n" + good + "\r\nConnection: close\r\n\r\n",
		"a path of encoded letters": "GET /" + strings.Repeat("%61", 30_000) + " HTTP/1.1\r\nHost: a\r\n" + good + "\r\nConnection: close\r\n\r\n",
		"many parameters":           "GET /x?" + strings.Repeat("a-b=%41&", 60_000) + " HTTP/1.1\r\nHost: a\r\n" + good + "\r\nConnection: close\r\n\r\n",
		"a long method":             strings.Repeat("G", 5000) + " /x HTTP/1.1\r\nHost: a\r\n" + good + "\r\nConnection: close\r\n\r\n",
	} {
		start := time.Now()
		a := e.raw(t, text)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: answered after %v", what, took)
		}
		if a.status < 400 || a.status >= 500 {
			t.Errorf("%s: status %d", what, a.status)
		}
	}
	if a := e.raw(t, "GET /x HTTP/1.1\r\nHost: a\r\n"+manyHeaders(100)+good+"\r\nConnection: close\r\n\r\n"); a.status != 200 {
		t.Errorf("100 headers: status %d", a.status)
	}
	deep := strings.TrimPrefix(e.issuer.token(t, "ada", "deep", nested(15)), "")
	if a := e.get(t, "/x", "Authorization: Bearer "+deep); a.status != 200 {
		t.Errorf("claims 15 deep: status %d %s", a.status, a.body)
	}
	if a := e.get(t, "/x", "Authorization: Bearer "+e.issuer.token(t, "ada", "deep", nested(2000))); a.status != 401 {
		t.Errorf("claims 2000 deep: status %d", a.status)
	}
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-Header-%d: x\r\n", i)
	}
	return b.String()
}

func nested(depth int) any {
	var v any = "x"
	for range depth - 1 {
		v = []any{v}
	}
	return v
}

// The attack: send so many forged tokens that the gate runs out of memory or evicts valid tokens from its cache.
func TestForgedTokensEvictNoValidToken(t *testing.T) {
	e := startEdge(t, open("realm forged"))
	genuine := make([]string, 100)
	for i := range genuine {
		genuine[i] = "Bearer " + e.issuer.token(t, fmt.Sprint("user", i))
		if a, err := e.ask("/x", genuine[i]); err != nil || a.status != 200 {
			t.Fatalf("status %d, %v", a.status, err)
		}
	}
	before := e.metrics(t)
	forged := 20_000
	if raceEnabled || testing.Short() {
		forged = 2_000
	}
	var wrong failures
	var running sync.WaitGroup
	token := genuine[0]
	for worker := range 8 {
		running.Go(func() {
			for i := worker; i < forged; i += 8 {
				// Each token differs from a valid one only in its signature.
				a, err := e.ask("/x", token[:len(token)-12]+fmt.Sprintf("%012d", i))
				if err == nil && a.status != 401 {
					err = errors.New(a.body)
				}
				if err != nil {
					wrong.add("forged token %d: %v", i, err)
					return
				}
			}
		})
	}
	running.Wait()
	wrong.report(t)
	after := e.metrics(t)
	grown := func(name string, labels ...string) float64 {
		return after.sum(name, labels...) - before.sum(name, labels...)
	}
	if n := grown("sluice_token_cache_entries", "partition", "good"); n != 0 {
		t.Errorf("%v more valid tokens in the cache", n)
	}
	if n := grown("sluice_token_cache_evictions_total", "partition", "good"); n != 0 {
		t.Errorf("%v valid tokens were evicted", n)
	}
	if n := after.sum("sluice_token_cache_bytes", "partition", "refused"); n > 16<<20 {
		t.Errorf("the refused tokens hold %v bytes", n)
	}
	if n := e.issuer.fetches.Load(); n > 5 {
		t.Errorf("the keys were fetched %d times", n)
	}
	verified := e.metrics(t).sum("sluice_token_verifications_total", "issuer", e.issuer.url, "result", "ok")
	for _, token := range genuine {
		if a, err := e.ask("/x", token); err != nil || a.status != 200 {
			t.Fatalf("status %d, %v", a.status, err)
		}
	}
	if n := e.metrics(t).sum("sluice_token_verifications_total", "issuer", e.issuer.url, "result", "ok") - verified; n != 0 {
		t.Errorf("%v valid tokens were verified again", n)
	}
}

// The attack: get another user's decision through a shared connection or a shared cache.
func TestTwoUsersNeverGetEachOthersDecision(t *testing.T) {
	e := startEdge(t, gate("allow user ada * /of/ada/*\n allow user bob * /of/bob/*\n header X-User-Id {http.auth.user.id}")+"reverse_proxy %UPSTREAM%")
	users := [2]string{"ada", "bob"}
	var bearers [2]string
	for i, user := range users {
		bearers[i] = "Bearer " + e.issuer.token(t, user)
	}
	var wrong failures
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for n := range 250 {
				who := n % 2
				own, err := e.ask("/of/"+users[who]+"/x", bearers[who])
				if err != nil || own.got == nil || strings.Join(own.got.values("X-User-Id"), ",") != users[who] {
					wrong.add("%s got %d as %+v, %v", users[who], own.status, own.got, err)
				}
				if n%5 == 0 {
					other, err := e.ask("/of/"+users[1-who]+"/x", bearers[who])
					if err != nil || other.status != 403 {
						wrong.add("%s got what is of %s: %d, %v", users[who], users[1-who], other.status, err)
					}
				}
			}
		})
	}
	running.Wait()
	wrong.report(t)
}
