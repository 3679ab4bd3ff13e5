package authz

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

const ownPrefix = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload"],
  "Resource":"arn:aws:s3:::photos/users/${cognito-identity.amazonaws.com:sub}/*"},
 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos",
  "Condition":{"StringLike":{"s3:prefix":"users/${cognito-identity.amazonaws.com:sub}/*"}}}]}`

func s3Gate(t testing.TB) *signedGate {
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount, Prefix: "/s3"}, "s3", nil)
	g.roles.set(testRole, ownPrefix)
	return g
}

func (g *signedGate) ask(method, target string, c sigv4.Credentials) *Request {
	return g.sign(get(method, target, ""), c, "s3", sigv4.UnsignedPayload)
}

func TestASessionReachesItsOwnPrefixOnly(t *testing.T) {
	g := s3Gate(t)
	alice, bob := g.credentials(record("us-east-1:alice", nil)), g.credentials(record("us-east-1:bob", nil))
	for _, tc := range []struct {
		method, target string
		who            sigv4.Credentials
		allowed        bool
	}{
		{"PUT", "/s3/photos/users/us-east-1%3Aalice/cat.jpg", alice, true},
		{"GET", "/s3/photos/users/us-east-1%3Aalice/cat.jpg", alice, true},
		{"GET", "/s3/photos/users/us-east-1%3Aalice/cat.jpg", bob, false},
		{"GET", "/s3/photos/users/us-east-1%3Abob/cat.jpg", alice, false},
		{"GET", "/s3/photos?list-type=2&prefix=users%2Fus-east-1%3Aalice%2F", alice, true},
		{"GET", "/s3/photos?list-type=2&prefix=users%2F", alice, false},
		{"GET", "/s3/photos?list-type=2", alice, false},
		{"DELETE", "/s3/photos/users/us-east-1%3Aalice/cat.jpg", alice, true},
		{"DELETE", "/s3/photos", alice, false},
		{"PUT", "/s3/photos", rootCredentials(), true},
		{"GET", "/s3/photos/users/us-east-1%3Abob/cat.jpg", rootCredentials(), true},
	} {
		outcome := Allowed
		if !tc.allowed {
			outcome = Denied
		}
		for range 2 { // opened, then from the cache
			r := want(t, g.Engine, g.ask(tc.method, tc.target, tc.who), outcome)
			if !tc.allowed && (r.Refusal.Reason != NotAllowed || r.DecisionID == "") {
				t.Errorf("%s %s: %+v, id %q", tc.method, tc.target, r.Refusal, r.DecisionID)
			}
		}
	}
	r := want(t, g.Engine, g.ask("GET", "/s3/photos/users/us-east-1%3Aalice/cat.jpg", alice), Allowed)
	if r.RawPath != "/photos/users/us-east-1%3Aalice/cat.jpg" || r.Path != "/photos/users/us-east-1:alice/cat.jpg" || r.Action != "s3:GetObject" || r.Verified == nil ||
		r.Principal.Kind != principal.RoleSession || r.Principal.ARN != "arn:aws:sts::123456789012:assumed-role/notes-user/CognitoIdentityCredentials" {
		t.Errorf("%+v", r)
	}
}

func TestInvalidSignaturesAreRefused(t *testing.T) {
	g := s3Gate(t)
	alice, bob := g.credentials(record("us-east-1:alice", nil)), g.credentials(record("us-east-1:bob", nil))
	const target = "/s3/photos/users/us-east-1%3Aalice/cat.jpg"
	for _, tc := range []struct {
		name    string
		make    func() *Request
		outcome Outcome
		refusal string // its name
	}{
		{"nothing", func() *Request { return get("GET", target, "") }, Unauthenticated, "missing"},
		{"a bearer token", func() *Request { return get("GET", target, bearerToken("alice", nil)) }, Unauthenticated, "scheme"},
		{"another path", func() *Request {
			r := g.ask("GET", target, alice)
			r.RawPath, r.Target = target+"x", target+"x"
			return r
		}, Unauthenticated, "signature_signature_does_not_match"},
		{"another host", func() *Request { r := g.ask("GET", target, alice); r.Host = "other.example"; return r }, Unauthenticated, "signature_signature_does_not_match"},
		{"another method", func() *Request { r := g.ask("GET", target, alice); r.Method = "DELETE"; return r }, Unauthenticated, "signature_signature_does_not_match"},
		{"a header added", func() *Request { r := g.ask("GET", target, alice); r.Header.Set("X-Amz-Acl", "public-read"); return r }, Unauthenticated, "signature_header_not_signed"},
		{"a selector added", func() *Request {
			r := g.ask("GET", target, alice)
			r.RawQuery, r.Target = "acl", target+"?acl"
			return r
		}, Unauthenticated, "signature_signature_does_not_match"},
		{"an unknown key", func() *Request {
			return g.ask("GET", target, sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLF", SecretAccessKey: "x"})
		}, Unauthenticated, "unknown_access_key"},
		{"the wrong secret", func() *Request {
			return g.ask("GET", target, sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "x"})
		}, Unauthenticated, "signature_signature_does_not_match"},
		{"no session token", func() *Request {
			return g.ask("GET", target, sigv4.Credentials{AccessKeyID: alice.AccessKeyID, SecretAccessKey: alice.SecretAccessKey})
		}, Unauthenticated, "unknown_access_key"},
		{"another's session token", func() *Request {
			return g.ask("GET", target, sigv4.Credentials{AccessKeyID: alice.AccessKeyID, SecretAccessKey: alice.SecretAccessKey, SessionToken: bob.SessionToken})
		}, Unauthenticated, "session_token"},
		{"a token changed", func() *Request {
			return g.ask("GET", target, sigv4.Credentials{AccessKeyID: alice.AccessKeyID, SecretAccessKey: alice.SecretAccessKey, SessionToken: flip(alice.SessionToken)})
		}, Unauthenticated, "session_token"},
		{"a token too long", func() *Request {
			return g.ask("GET", target, sigv4.Credentials{AccessKeyID: alice.AccessKeyID, SecretAccessKey: alice.SecretAccessKey, SessionToken: strings.Repeat("A", 20<<10)})
		}, Malformed, "signature_malformed_signature"},
		{"an expired session", func() *Request {
			return g.ask("GET", target, g.credentials(record("us-east-1:alice", func(r *session.Record) {
				r.IssuedAt, r.ExpiresAt = testNow.Add(-2*time.Hour), testNow.Add(-time.Hour)
			})))
		}, Unauthenticated, "expired"},
		{"a clock that is off", func() *Request {
			r := get("GET", target, "")
			s := &sigv4.Request{Method: "GET", Host: r.Host, RawPath: r.RawPath, Header: r.Header}
			_ = sigv4.Sign(s, alice, sigv4.SignOptions{Time: testNow.Add(-16 * time.Minute), Region: testRegion, Service: "s3", PayloadHash: sigv4.UnsignedPayload})
			return r
		}, Unauthenticated, "signature_request_time_too_skewed"},
		{"another region", func() *Request { return signFor(get("GET", target, ""), alice, "eu-west-1", "s3") }, Unauthenticated, "signature_wrong_credential_scope"},
		{"another service", func() *Request { return signFor(get("GET", target, ""), alice, testRegion, "sts") }, Unauthenticated, "signature_wrong_credential_scope"},
		{"two signatures", func() *Request {
			r := g.ask("GET", target, alice)
			r.RawQuery = "X-Amz-Signature=1"
			return r
		}, Malformed, "credentials"},
		{"dots that a file system resolves", func() *Request {
			return g.ask("GET", "/s3/photos/users/us-east-1%3Aalice/../us-east-1%3Abob/cat.jpg", alice)
		}, Malformed, "path"},
		{"dots, encoded", func() *Request {
			return g.ask("GET", "/s3/photos/users/us-east-1%3Aalice/%2e%2e/us-east-1%3Abob/cat.jpg", alice)
		}, Malformed, "path"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := g.Authorize(t.Context(), tc.make())
			if r.Pass || r.Outcome != tc.outcome || r.Refusal.Name() != tc.refusal || r.Principal.Kind != principal.Anonymous {
				t.Errorf("%s as %s: %+v", r.Outcome, r.Principal.Kind, r.Refusal)
			}
			if r.Verified != nil || r.Body != nil {
				t.Error("a refused signature returned a body")
			}
		})
	}
}

// flip changes one character in the middle.
func flip(s string) string {
	b := []byte(s)
	if b[len(b)/2]++; b[len(b)/2] == 'Z'+1 || b[len(b)/2] == 'z'+1 || b[len(b)/2] == '9'+1 {
		b[len(b)/2] = 'A'
	}
	return string(b)
}

func signFor(r *Request, c sigv4.Credentials, region, service string) *Request {
	s := &sigv4.Request{Method: r.Method, Host: r.Host, RawPath: r.RawPath, RawQuery: r.RawQuery, Header: r.Header}
	err := sigv4.Sign(s, c, sigv4.SignOptions{Time: testNow, Region: region, Service: service, PayloadHash: sigv4.UnsignedPayload})
	if err != nil {
		panic(err)
	}
	return r
}

// A presigned request grants what its signer may do when it is used, and is refused after the signer's session ends.
func TestPresignedRequestsGrantTheSignersCurrentPermissions(t *testing.T) {
	g := s3Gate(t)
	alice := g.credentials(record("us-east-1:alice", nil))
	const path = "/s3/photos/users/us-east-1%3Aalice/cat.jpg"
	query := must(sigv4.Presign(&sigv4.Request{Method: "GET", Host: "api.example", RawPath: path, Header: http.Header{}},
		alice, sigv4.SignOptions{Time: testNow, Region: testRegion, Service: "s3", Expires: 24 * time.Hour}))
	ask := func() *Request { return get("GET", path+"?"+query, "") }
	if r := want(t, g.Engine, ask(), Allowed); r.Scheme != "presigned" {
		t.Errorf("scheme %q", r.Scheme)
	}
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}}`)
	want(t, g.Engine, ask(), Denied)
	g.roles.set(testRole, ownPrefix)
	g.revoke.end(alice.AccessKeyID)
	want(t, g.Engine, ask(), Unauthenticated)
	g.clock.add(90 * time.Minute)
	if r := want(t, g.Engine, ask(), Unauthenticated); r.Refusal.Reason != SessionExpired {
		t.Errorf("%+v", r.Refusal)
	}
}

func TestSessionPoliciesAndBoundariesLimitTheRole(t *testing.T) {
	g := s3Gate(t)
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	only := func(action string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"}}`
	}
	g.roles.managed["arn:aws:iam::aws:policy/Heads"] = policy.Source{Name: "Heads", Document: must(policy.Parse([]byte(only("s3:DeleteObject")), policy.Identity))}
	with := func(change func(*session.Record)) sigv4.Credentials {
		return g.credentials(record("us-east-1:x", change))
	}
	plain := with(nil)
	limited := with(func(r *session.Record) { r.SessionPolicies = []string{only("s3:GetObject")} })
	both := with(func(r *session.Record) {
		r.SessionPolicies, r.PolicyARNs = []string{only("s3:GetObject")}, []string{"arn:aws:iam::aws:policy/Heads"}
	})
	broken := with(func(r *session.Record) { r.SessionPolicies = []string{"{"} })
	unknown := with(func(r *session.Record) { r.PolicyARNs = []string{"arn:aws:iam::aws:policy/Nobody"} })
	gone := with(func(r *session.Record) { r.RoleARN = "arn:aws:iam::123456789012:role/gone" })
	check := func(name string, c sigv4.Credentials, methods string) {
		t.Helper()
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			r := g.Authorize(t.Context(), g.ask(method, "/s3/photos/k", c))
			if (r.Outcome == Allowed) != strings.Contains(methods, method) {
				t.Errorf("%s: %s is %s", name, method, r.Outcome)
			}
		}
	}
	check("the role alone", plain, "GET PUT DELETE")
	check("a session policy", limited, "GET")
	check("session policies united", both, "GET DELETE")
	check("a session policy that does not parse", broken, "")
	check("an unknown session policy", unknown, "")
	check("a role that is gone", gone, "")
	g.roles.mu.Lock()
	g.roles.boundaries[testRole] = compileText("boundary", only("s3:PutObject"))
	g.roles.mu.Unlock()
	g.roles.version.Add(1)
	check("a boundary", plain, "PUT")
	check("a boundary and a session policy", limited, "")
	federated := with(func(r *session.Record) {
		r.Kind, r.RoleARN, r.SessionName = session.FederatedUser, "arn:aws:iam::123456789012:root", "ann"
	})
	check("a federated user without policies", federated, "")
	root := with(func(r *session.Record) { r.Kind, r.RoleARN = session.UserSession, "arn:aws:iam::123456789012:root" })
	check("the administrator's session", root, "GET PUT DELETE")
}

// Rules of a route do not extend the permissions of a session.
func TestRouteRulesStayWithinASessionsLimits(t *testing.T) {
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) {
		o.Rules = []rule.Rule{ruleOf("allow any * /*"), ruleOf("deny any DELETE /photos/*")}
	})
	g.roles.set(testRole)
	free := g.credentials(record("us-east-1:x", nil))
	limited := g.credentials(record("us-east-1:y", func(r *session.Record) {
		r.SessionPolicies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`}
	}))
	want(t, g.Engine, g.ask("PUT", "/photos/k", free), Allowed)
	want(t, g.Engine, g.ask("DELETE", "/photos/k", free), Denied)
	want(t, g.Engine, g.ask("DELETE", "/photos/k", rootCredentials()), Denied)
	want(t, g.Engine, g.ask("GET", "/photos/k", limited), Allowed)
	want(t, g.Engine, g.ask("PUT", "/photos/k", limited), Denied)
}

func TestAPolicyOnTagsOfStoredObjectsCannotBeDecided(t *testing.T) {
	g := s3Gate(t)
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},
	 {"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}}]}`)
	c := g.credentials(record("us-east-1:x", nil))
	want(t, g.Engine, g.ask("GET", "/s3/photos/k", c), Denied)
	want(t, g.Engine, g.ask("PUT", "/s3/photos/k", c), Allowed)
}

func TestDeleteObjectsIsAllowedForAllKeysOrNone(t *testing.T) {
	g := s3Gate(t)
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/mine/*"}}`)
	c := g.credentials(record("us-east-1:x", nil))
	ask := func(body, hash string) *Request {
		r := get("POST", "/s3/photos?delete", "")
		r.ContentLength, r.Body = int64(len(body)), strings.NewReader(body)
		if hash == "" {
			hash = sigv4.HashPayload([]byte(body))
		}
		return g.sign(r, c, "s3", hash)
	}
	object := func(key string) string { return "<Object><Key>" + key + "</Key></Object>" }
	good := "<Delete>" + object("mine/a") + object("mine/b") + "</Delete>"
	r := want(t, g.Engine, ask(good, ""), Allowed)
	anew := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + strings.Replace(good, "<Delete>", `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`, 1)
	if string(r.Body) != anew || r.PayloadHash != sigv4.HashPayload([]byte(anew)) {
		t.Errorf("body %q, hash %s", r.Body, r.PayloadHash)
	}
	body, n, err := r.UpstreamBody(http.Header{}, nil)
	if err != nil || n != int64(len(anew)) || string(must(io.ReadAll(body))) != anew {
		t.Errorf("the upstream received %d bytes, %v", n, err)
	}
	refused := want(t, g.Engine, ask("<Delete>"+object("mine/a")+object("yours/b")+"</Delete>", ""), Denied)
	if refused.Resource != "arn:aws:s3:::photos/yours/b" {
		t.Errorf("refused for %s", refused.Resource)
	}
	want(t, g.Engine, ask(good, sigv4.HashPayload([]byte("another"))), Malformed)
	without := ask(good, "")
	without.Body = nil
	want(t, g.Engine, without, Malformed, BodyNotRead)
	large := ask(good, "")
	large.ContentLength = maxDeleteBody + 1
	large.Body = io.LimitReader(neverEnding{}, maxDeleteBody+2)
	want(t, g.Engine, large, Malformed, BodyTooLarge)
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// Signatures of services other than S3 cover the hash of a body without sending it in a header.
func TestABodyWithoutAHashIsReadForTheSignature(t *testing.T) {
	g := newSignedGate(t, httpMapping(), "execute-api", nil)
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/POST/notes"}}`)
	c := g.credentials(record("us-east-1:x", nil))
	ask := func(sent, signedFor string) *Request {
		r := get("POST", "/notes", "")
		r.ContentLength, r.Body = int64(len(sent)), strings.NewReader(sent)
		return g.sign(r, c, "execute-api", sigv4.HashPayload([]byte(signedFor)))
	}
	if r := want(t, g.Engine, ask("hello", "hello"), Allowed); string(r.Body) != "hello" {
		t.Errorf("body %q", r.Body)
	}
	want(t, g.Engine, ask("hallo", "hello"), Unauthenticated)
	want(t, g.Engine, ask("", ""), Allowed)
	large := ask(strings.Repeat("x", 1<<20+1), "")
	want(t, g.Engine, large, Malformed, BodyTooLarge)
}

func TestABodyThatDiffersFromTheSignedOneNeverCompletes(t *testing.T) {
	g := s3Gate(t)
	c := g.credentials(record("us-east-1:alice", nil))
	send := func(sent string) ([]byte, error) {
		r := get("PUT", "/s3/photos/users/us-east-1%3Aalice/k", "")
		r.ContentLength = 5
		result := want(t, g.Engine, g.sign(r, c, "s3", sigv4.HashPayload([]byte("hello"))), Allowed)
		if result.PayloadHash != sigv4.HashPayload([]byte("hello")) {
			t.Errorf("payload hash %q", result.PayloadHash)
		}
		body, n, err := result.UpstreamBody(r.Header, io.NopCloser(strings.NewReader(sent)))
		if err != nil || n != 5 {
			t.Fatal(n, err)
		}
		return io.ReadAll(body)
	}
	if got, err := send("hello"); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	got, err := send("hallo")
	if len(got) >= 5 || !errors.Is(err, &sigv4.Error{Reason: sigv4.PayloadMismatch}) {
		t.Errorf("%q, %v", got, err)
	}
	if r := RefusalOf(err); r.Name() != "signature_payload_hash_does_not_match" || r.Outcome() != Malformed {
		t.Errorf("%+v", r)
	}
	if r := RefusalOf(io.ErrUnexpectedEOF); r.Reason != BodyUnreadable {
		t.Errorf("%+v", r)
	}
}

func TestAChunkedBodyIsForwardedDecoded(t *testing.T) {
	g := s3Gate(t)
	c := g.credentials(record("us-east-1:alice", nil))
	const wire = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
	r := get("PUT", "/s3/photos/users/us-east-1%3Aalice/k", "")
	r.ContentLength = int64(len(wire))
	r.Header = h("Content-Encoding", "aws-chunked, gzip", "X-Amz-Decoded-Content-Length", "5", "X-Amz-Trailer", "x-amz-checksum-crc32",
		"X-Amz-Sdk-Checksum-Algorithm", "CRC32", "Content-Length", "48")
	result := want(t, g.Engine, g.sign(r, c, "s3", sigv4.StreamingUnsignedTrailer), Allowed)
	if result.Trailer != "x-amz-checksum-crc32" || result.PayloadHash != "" {
		t.Errorf("trailer %q, hash %q", result.Trailer, result.PayloadHash)
	}
	body, n, err := result.UpstreamBody(r.Header, io.NopCloser(strings.NewReader(wire)))
	if err != nil || n != 5 {
		t.Fatal(n, err)
	}
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, []byte("hello")) {
		t.Errorf("%q, %v", got, err)
	}
	for name, value := range map[string]string{"Content-Encoding": "gzip", "X-Amz-Decoded-Content-Length": "", "X-Amz-Trailer": "",
		"X-Amz-Sdk-Checksum-Algorithm": "", "Content-Length": "", "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"} {
		if r.Header.Get(name) != value {
			t.Errorf("%s: %q", name, r.Header.Get(name))
		}
	}
}

// A route may take tokens and signatures.
func TestTokensAndSignaturesOnOneRoute(t *testing.T) {
	g := newSignedGate(t, httpMapping(), "execute-api", func(o *Options) {
		o.Verifier = testVerifier(o.Now)
		o.Rules = []rule.Rule{ruleOf("allow group readers GET /api/*"), ruleOf("allow role notes-user GET /api/*")}
	})
	g.roles.set(testRole)
	want(t, g.Engine, get("GET", "/api/x", bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})), Allowed)
	want(t, g.Engine, g.sign(get("GET", "/api/x", ""), g.credentials(record("us-east-1:x", nil)), "execute-api", sigv4.HashPayload(nil)), Allowed)
	other := g.credentials(record("us-east-1:x", func(r *session.Record) { r.RoleARN = "arn:aws:iam::123456789012:role/other" }))
	want(t, g.Engine, g.sign(get("GET", "/api/x", ""), other, "execute-api", sigv4.HashPayload(nil)), Denied)
	want(t, g.Engine, get("GET", "/api/x", ""), Unauthenticated, NoCredential)
}
