package authz

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

func apiGate(t *testing.T, rules ...string) *signedGate {
	return newSignedGate(t, httpMapping(), "execute-api", func(o *Options) {
		for _, line := range rules {
			o.Rules = append(o.Rules, ruleOf(line))
		}
	})
}

// presign presigns like the SDKs. hash is the payload hash that is signed, query the one in the query.
func (g *signedGate) presign(method, path, query, hash, body string) *Request {
	s := &sigv4.Request{Method: method, Host: "api.example", RawPath: path, RawQuery: query, Header: http.Header{},
		ContentLength: int64(len(body))}
	signed := must(sigv4.Presign(s, rootCredentials(), sigv4.SignOptions{Time: g.clock.now(), Region: testRegion,
		Service: "execute-api", PayloadHash: hash, Expires: time.Minute}))
	r := get(method, path+"?"+signed, "")
	r.ContentLength, r.Body = int64(len(body)), strings.NewReader(body)
	return r
}

func TestPresignedRequestsOfSDKsForAPIsAreAccepted(t *testing.T) {
	g := apiGate(t)
	const body = "hello"
	hash := sigv4.HashPayload([]byte(body))
	for _, tc := range []struct {
		name, method, query, signed, body string
		want                              Outcome
	}{
		{"GET", "GET", "", sigv4.HashPayload(nil), "", Allowed},
		{"GET, unsigned payload", "GET", "", sigv4.UnsignedPayload, "", Allowed},
		{"PUT with the body's hash", "PUT", "", hash, body, Allowed},
		{"PUT, unsigned payload", "PUT", "", sigv4.UnsignedPayload, body, Allowed},
		{"PUT with UNSIGNED-PAYLOAD in the query", "PUT", "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", sigv4.UnsignedPayload, body, Allowed},
		{"PUT with the hash in the query", "PUT", "X-Amz-Content-Sha256=" + hash, hash, body, Allowed},
		{"PUT of another body", "PUT", "", hash, "other", Unauthenticated},
		{"PUT where none was signed", "PUT", "", sigv4.HashPayload(nil), body, Unauthenticated},
	} {
		r := g.presign(tc.method, "/x", tc.query, tc.signed, tc.body)
		result := g.Authorize(t.Context(), r)
		if result.Outcome != tc.want {
			t.Errorf("%s: %s: %v, want %s", tc.name, result.Outcome, result.Refusal, tc.want)
			continue
		}
		if tc.want != Allowed {
			continue
		}
		upstream, _, err := result.UpstreamBody(r.Header, io.NopCloser(r.Body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(upstream); string(got) != tc.body || err != nil {
			t.Errorf("%s: the upstream received %q, %v", tc.name, got, err)
		}
	}
	r := g.presign("PUT", "/x", "X-Amz-Content-Sha256="+hash, hash, "other")
	result := g.Authorize(t.Context(), r)
	if result.Outcome == Allowed {
		upstream, _, err := result.UpstreamBody(r.Header, io.NopCloser(r.Body))
		if err == nil {
			_, err = io.ReadAll(upstream)
		}
		if _, refused := errors.AsType[*sigv4.Error](err); !refused {
			t.Errorf("a body with another hash: %v", err)
		}
	}
}

func TestASignedPathIsDecidedInEveryReading(t *testing.T) {
	g := apiGate(t, "deny any * /admin/*", "deny any * /files/private/*", "deny any * /exact")
	for path, outcome := range map[string]Outcome{
		"/files/a%2Fb":            Allowed,
		"/files/a%2fb":            Allowed,
		"/files/a;v=1":            Allowed,
		"/files/a%3Bv":            Allowed,
		"/files/a;v=%2Fx":         Allowed,
		"/admin%2Fx":              Denied,
		"/admin;v=1/x":            Denied,
		"/ADMIN%2Fx":              Denied,
		"/files/private%2Fx":      Denied,
		"/files;v/private;w/x":    Denied,
		"/files;x=%2Fprivate%2Fy": Denied,
		"/exact;v":                Denied,
		"/exact%3bv":              Denied,
		"/files/..;/admin/x":      Malformed,
		"/files/a%2F..%2Fadmin":   Malformed,
		"/files/a%2F%2Fb":         Malformed,
		"/files%2F/x":             Malformed,
		"/files/;x/y":             Malformed,
		"/files/a%5Cb":            Malformed,
		"/files/a%2Fb%2e":         Malformed,
		"/files/a%252Fb":          Malformed,
	} {
		r := get("GET", path, "")
		signed := g.sign(r, rootCredentials(), "execute-api", sigv4.HashPayload(nil))
		result := g.Authorize(t.Context(), signed)
		if result.Outcome != outcome {
			t.Errorf("%s: %s: %v, want %s", path, result.Outcome, result.Refusal, outcome)
		}
		if outcome == Allowed && !strings.EqualFold(result.RawPath, path) {
			t.Errorf("%s: forwarded as %s", path, result.RawPath)
		}
		if unsigned := g.Authorize(t.Context(), get("GET", path, "")); strings.ContainsAny(path, ";%") && unsigned.Outcome != Malformed {
			t.Errorf("%s, not signed: %s", path, unsigned.Outcome)
		}
	}
}
