package caddymodule

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// upload is an upload to a store of which one byte is missing.
type upload struct {
	body   *io.PipeWriter
	answer chan answer
	failed chan error
}

// begin sends an upload without its last byte. A client of HTTP/1 keeps less than 4 KiB back.
func (e *edge) begin(t *testing.T, do func(*http.Request) (*http.Response, error), base string, key sigv4.Credentials, size int) *upload {
	t.Helper()
	reader, writer := io.Pipe()
	t.Cleanup(func() { _ = writer.Close() })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/s3/bucket/key", reader)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(size)
	if err := signRequest(r, key, "s3", sigv4.UnsignedPayload); err != nil {
		t.Fatal(err)
	}
	u := &upload{body: writer, answer: make(chan answer, 1), failed: make(chan error, 1)}
	go func() { _, _ = io.WriteString(writer, strings.Repeat("x", size-1)) }()
	go func() {
		response, err := do(r)
		if err == nil {
			var a answer
			if a, err = readAnswer(response); err == nil {
				u.answer <- a
				return
			}
		}
		u.failed <- err
	}()
	return u
}

// allowedAtStore returns how many requests to the store were allowed, over all tests.
func (e *edge) allowedAtStore(t *testing.T) float64 {
	return e.metrics(t).sum("sluice_decisions_total", "route", "s3", "outcome", "allowed")
}

func TestThreatAnUploadThatWaitsEndsWithItsSessionOverEachVersionOfHTTP(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	quic, base := e.secureWith(t, poolBlock, poolSite)
	e.addUser(t, "ada", "readers")
	e.addUser(t, "bob", "readers")
	in := e.mustSignIn(t, "ada")
	ada, bob := e.credentials(t, in.id), e.credentials(t, e.mustSignIn(t, "bob").id)
	e.upstream.take()
	before := e.allowedAtStore(t)
	uploads := map[string]*upload{
		"HTTP/1.1": e.begin(t, e.http.Transport.RoundTrip, e.url(""), ada, 100_000),
		"HTTP/2":   e.begin(t, h2cClient(t).Transport.RoundTrip, e.url(""), ada, 100_000),
		"HTTP/3":   e.begin(t, quic.RoundTrip, base, ada, 100_000),
	}
	other := e.begin(t, e.http.Transport.RoundTrip, e.url(""), bob, 100_000)
	eventually(t, "the uploads are under way", func() bool { return e.allowedAtStore(t) == before+4 })
	unsigned(t, e, "GlobalSignOut", object{"AccessToken": in.access})
	for name, u := range uploads {
		select {
		case a := <-u.answer:
			checkS3Error(t, name, a, 400, "InvalidToken")
		case err := <-u.failed:
			t.Errorf("%s: %v", name, err)
		}
	}
	if seen := e.upstream.take(); len(seen) > 0 {
		t.Errorf("the store received %q", seen[0].Line)
	}
	_, _ = io.WriteString(other.body, "x")
	if a := <-other.answer; a.status != 200 || len(e.upstream.take()) != 1 {
		t.Errorf("an upload of another user: %d %s", a.status, a.body)
	}
}

func TestThreatUploadsThatWaitTakeNoMoreThanTheirSpace(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, "upload_space 1MiB\n"+poolBlock, poolSite)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	const size = 700_000
	waits := e.begin(t, e.http.Transport.RoundTrip, e.url(""), key, size)
	text := strings.Repeat("y", size)
	eventually(t, "the first upload is kept", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, e.wire(t, "PUT", "/s3/bucket/asked", sigv4.UnsignedPayload)+"Content-Length: 360000\r\nExpect: 100-continue\r\n\r\n")
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.HasPrefix(line, "HTTP/1.1 503 ")
	})
	second := e.s3(t, "PUT", "/bucket/second", key, text, "")
	checkS3Error(t, "a second upload", second, 503, "ServiceUnavailable")
	if second.header.Get("Retry-After") == "" {
		t.Error("the client is not told to try again")
	}
	checkS3Error(t, "an upload that is too large by itself", e.s3(t, "PUT", "/bucket/large", key, text+text, ""), 400, "EntityTooLarge")
	if a := e.s3(t, "PUT", "/bucket/short", key, "short", ""); a.status != 200 {
		t.Errorf("an upload in memory: %d %s", a.status, a.body)
	}
	_, _ = io.WriteString(waits.body, "x")
	if a := <-waits.answer; a.status != 200 {
		t.Errorf("the first upload: %d %s", a.status, a.body)
	}
	eventually(t, "there is room again", func() bool { return e.s3(t, "PUT", "/bucket/second", key, text, "").status == 200 })
}

// Caddy's own limit of the time between two parts of a body holds for uploads that wait, and S3's clients know its answer.
func TestAnUploadThatStallsHasTheTimeThatCaddyGivesIt(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	global := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttimeouts {\n\t\t\tread_body_idle 300ms\n\t\t}", 1)
	adapted, err := e.adapt(global, poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	e.upstream.take()
	for name, do := range map[string]func(*http.Request) (*http.Response, error){"HTTP/1.1": e.http.Transport.RoundTrip, "HTTP/2": h2cClient(t).Transport.RoundTrip} {
		u := e.begin(t, do, e.url(""), key, 100_000)
		select {
		case a := <-u.answer:
			checkS3Error(t, name, a, 400, "RequestTimeout")
		case err := <-u.failed:
			t.Errorf("%s: %v", name, err)
		}
	}
	if seen := e.upstream.take(); len(seen) > 0 {
		t.Errorf("the store received %q", seen[0].Line)
	}
}

func TestPoliciesAskHowTheClientReachedATrustedProxy(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.file(t, "role.json", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["s3:*", "cognito-idp:*"], "Resource": "*"},
		{"Sid": "OnlyTLS", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`)
	e.file(t, "tls.json", `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}`)
	e.load(t, poolBlock, poolSite)
	e.addUser(t, "ada", "readers")
	for name, trusted := range map[string]string{"a trusted proxy": "127.0.0.1/32", "a stranger": "192.0.2.1/32"} {
		e.port = freePort(t)
		global := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttrusted_proxies static "+trusted, 1)
		adapted, err := e.adapt(global, "decision_log {\nallowed all\n}\n"+poolBlock, "http://:%PORT% {\nhandle /plain/* {\n"+gate("allow any * *\npolicy %DIR%/tls.json")+"reverse_proxy %UPSTREAM%\n}\n"+poolSite+"\n}\n")
		if err != nil {
			t.Fatal(err)
		}
		if err := caddy.Load(adapted, true); err != nil {
			t.Fatal(err)
		}
		key, token := e.credentials(t, e.mustSignIn(t, "ada").id), e.issuer.bearer(t, "ada")
		for proto, want := range map[string]int{"https": 200, "http": 403, "": 403, "https, http": 403} {
			if trusted != "127.0.0.1/32" {
				want = 403
			}
			var headers []string
			if proto != "" {
				headers = []string{"X-Forwarded-Proto: " + proto}
			}
			if a := e.get(t, "/plain/x", append(headers, token)...); a.status != want {
				t.Errorf("%s says %q, token: %d %s", name, proto, a.status, a.body)
			}
			for what, sign := range map[string]string{"s3": "/s3/bucket/key", "cognito-idp": "/"} {
				r, err := http.NewRequest(map[string]string{"s3": "GET", "cognito-idp": "POST"}[what], e.url(sign), nil)
				if err != nil {
					t.Fatal(err)
				}
				body := ""
				if what == "cognito-idp" {
					body = fmt.Sprintf(`{"UserPoolId": %q}`, poolID)
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
					r.Header.Set("X-Amz-Target", idp+"ListGroups")
					r.Header.Set("Content-Type", "application/x-amz-json-1.1")
				}
				addHeaders(r, headers)
				if err := signRequest(r, key, what, sigv4.HashPayload([]byte(body))); err != nil {
					t.Fatal(err)
				}
				if a := do(t, e.http, r); (a.status == 200) != (want == 200) {
					t.Errorf("%s says %q, %s: %d %s", name, proto, what, a.status, a.body)
				}
			}
		}
	}
	protos := map[string]bool{}
	logged, err := os.ReadFile(filepath.Join(e.dir, "caddy.log"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(logged)) {
		var logged struct{ Decision *decisionlog.Record }
		if json.Unmarshal([]byte(line), &logged) == nil && logged.Decision != nil && len(logged.Decision.Targets) > 0 {
			protos[logged.Decision.ForwardedProto+strings.Join(logged.Decision.Context["aws:securetransport"], "")] = true
		}
	}
	for _, told := range []string{"httpstrue", "httpfalse", "false"} {
		if !protos[told] {
			t.Errorf("the decision log says %v", protos)
		}
	}
}

func TestAConnectionWhoseUploadEndedWithItsSessionIsFreed(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	in := e.mustSignIn(t, "ada")
	key := e.credentials(t, in.id)
	r, err := http.NewRequest(http.MethodPut, e.url("/s3/bucket/key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 100
	if err := signRequest(r, key, "s3", sigv4.UnsignedPayload); err != nil {
		t.Fatal(err)
	}
	before := e.allowedAtStore(t)
	conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	text := "PUT /s3/bucket/key HTTP/1.1\r\nHost: 127.0.0.1:" + e.port + "\r\nContent-Length: 100\r\n"
	for name, values := range r.Header {
		text += name + ": " + values[0] + "\r\n"
	}
	if _, err := io.WriteString(conn, text+"\r\nhalf of it"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the upload is under way", func() bool { return e.allowedAtStore(t) == before+1 })
	unsigned(t, e, "GlobalSignOut", object{"AccessToken": in.access})
	answer, err := io.ReadAll(conn) // until the server has closed
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), "<Code>InvalidToken</Code>") {
		t.Errorf("%v: %s", err, answer)
	}
}
