package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// The fault: without hosts, GET photos.store.example/backup/x was taken as the key x of the bucket backup.
func TestABucketBeforeAnUnknownHostIsRefusedAndNeverAnotherBucket(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	ask := func(host string, served bool) {
		t.Helper()
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			a := e.askStore(t, method, host, "/backup/x", "", "")
			if r := s.last(); (a.status == 200) != served || (r != nil) != served {
				t.Errorf("%s at %s: status %d %s, the store received %+v", method, host, a.status, a.body, r)
			} else if served && r.URL.Path != "/backup/x" {
				t.Errorf("%s at %s: the store received %s", method, host, r.URL.Path)
			} else if !served && a.status != 400 {
				t.Errorf("%s at %s: status %d", method, host, a.status)
			}
		}
	}
	for _, host := range []string{"photos.store.example", "photos.localhost", "photos.localhost:" + e.port, "photos.127.0.0.1", "PHOTOS.LOCALHOST", "photos.id.example", "store.example"} {
		ask(host, false)
	}
	for _, host := range []string{"", "localhost:" + e.port, "[::1]:" + e.port, "store", "id.example", "ID.example:8080"} {
		ask(host, true)
	}
	// The names of sites are endpoints; what a wildcard matches is not.
	e.port = freePort(t)
	site := "{\nsluice_authorize {\nsigv4 s3\n}\nsluice_credentials {\nsigv4 s3 {\naccess_key AKIDSTORE\nsecret_key storesecret\n}\n}\nreverse_proxy %STORE%\n}\n"
	if err := e.tryLoad("", "http://S3.site.example:%PORT%, http://*.s3.site.example:%PORT% "+site); err != nil {
		t.Fatal(err)
	}
	ask("s3.site.example", true)
	ask("S3.Site.Example:"+e.port, true)
	ask("photos.s3.site.example", false)
	// So are those of matchers in a site, as in one for a wildcard.
	e.port = freePort(t)
	if err := e.tryLoad("", "http://*.site.example:%PORT% {\n@s3 host s3.site.example\nhandle @s3 "+site+"handle "+site+"}\n"); err != nil {
		t.Fatal(err)
	}
	ask("s3.site.example", true)
	ask("other.site.example", false)
}

// The attack: an object without a type that looks like a page. Go's server would say that it is one.
func TestAnObjectWithoutATypeIsNoPage(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	const page = "<html><script>alert(1)</script></html>"
	e.askStore(t, "PUT", "", "/bucket/untyped", page, "")
	a := e.askStore(t, "GET", "", "/bucket/untyped", "", "")
	if media := a.header.Get("Content-Type"); a.status != 200 || a.body != page || media != "binary/octet-stream" {
		t.Errorf("status %d, type %q: %s", a.status, media, a.body)
	}
}

// head is the head of a signed request as text, without the empty line behind it.
func (e *edge) head(t *testing.T, method, target string, key sigv4.Credentials, o sigv4.SignOptions, headers ...string) string {
	t.Helper()
	r, err := http.NewRequest(method, e.url(target), nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	o.Region, o.Service = "us-east-1", "s3"
	query := ""
	signed := &sigv4.Request{Method: method, Host: r.Host, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: r.Header}
	if o.Expires > 0 {
		o.PayloadHash = sigv4.UnsignedPayload
		query, err = sigv4.Presign(signed, key, o)
		query = "?" + query
	} else {
		o.PayloadHash = strings.Repeat("0", 64)
		r.Header.Set("X-Amz-Content-Sha256", o.PayloadHash)
		err = sigv4.Sign(signed, key, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	text := method + " " + target + query + " HTTP/1.1\r\nHost: " + r.Host + "\r\n"
	for name, values := range r.Header {
		text += name + ": " + values[0] + "\r\n"
	}
	return text + strings.Join(headers, "\r\n") + "\r\n"
}

func TestARefusedRequestThatWaitsForItsBodyIsAnsweredAtOnceAndTheConnectionEnds(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	forged, unknown := key, sigv4.Credentials{AccessKeyID: "AKIANOSUCHKEY0000000", SecretAccessKey: "x"}
	forged.SecretAccessKey += "x"
	broken := key
	broken.SessionToken = broken.SessionToken[:len(broken.SessionToken)-4] + "AAAA"
	hour := time.Now().Add(-time.Hour)
	const wait = "Expect: 100-continue\r\nContent-Length: 5000000"
	none := "PUT /s3/bucket/key HTTP/1.1\r\nHost: a\r\n"
	token := "Authorization: Bearer " + e.mustSignIn(t, "ada").access
	for name, tc := range map[string]struct {
		head   string
		status int
		code   string
	}{
		"no credential":           {none + wait + "\r\n", 403, "AccessDenied"},
		"a short body":            {none + "Expect: 100-continue\r\nContent-Length: 5\r\n", 403, "AccessDenied"},
		"chunked":                 {none + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", 403, "AccessDenied"},
		"a bearer token":          {none + token + "\r\n" + wait + "\r\n", 400, "InvalidArgument"},
		"a bad signature":         {e.head(t, "PUT", "/s3/bucket/key", forged, sigv4.SignOptions{}, wait), 403, "SignatureDoesNotMatch"},
		"another session token":   {e.head(t, "PUT", "/s3/bucket/key", broken, sigv4.SignOptions{}, wait), 400, "InvalidToken"},
		"an unknown key":          {e.head(t, "PUT", "/s3/bucket/key", unknown, sigv4.SignOptions{}, wait), 403, "InvalidAccessKeyId"},
		"a skewed clock":          {e.head(t, "PUT", "/s3/bucket/key", key, sigv4.SignOptions{Time: hour}, wait), 403, "RequestTimeTooSkewed"},
		"an expired presigned":    {e.head(t, "PUT", "/s3/bucket/key", key, sigv4.SignOptions{Time: hour, Expires: time.Minute}, wait), 403, "AccessDenied"},
		"an unsigned header":      {e.head(t, "PUT", "/s3/bucket/key", key, sigv4.SignOptions{}, "X-Amz-Acl: public-read", wait), 403, "AccessDenied"},
		"denied":                  {e.head(t, "PUT", "/s3/bucket/secret/key", key, sigv4.SignOptions{}, wait), 403, "AccessDenied"},
		"denied, presigned":       {e.head(t, "PUT", "/s3/bucket/secret/key", key, sigv4.SignOptions{Expires: time.Minute}, wait), 403, "AccessDenied"},
		"another bucket":          {e.head(t, "PUT", "/s3/other/key", key, sigv4.SignOptions{}, wait), 403, "AccessDenied"},
		"an operation unknown":    {e.head(t, "PUT", "/s3/bucket/key", key, sigv4.SignOptions{}, "X-Amz-Copy-Source-Nonsense: 1", wait), 403, "AccessDenied"},
		"a malformed key":         {"PUT /s3/bucket/a/../b HTTP/1.1\r\nHost: a\r\n" + wait + "\r\n", 400, "InvalidURI"},
		"more than one signature": {e.head(t, "PUT", "/s3/bucket/key", key, sigv4.SignOptions{}, token, wait), 400, ""},
		"a gate for tokens":       {"POST /api/x HTTP/1.1\r\nHost: a\r\n" + wait + "\r\n", 401, ""},
		"a method that is denied": {"POST /api/x HTTP/1.1\r\nHost: a\r\n" + token + "\r\n" + wait + "\r\n", 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e.upstream.take()
			conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(aMinute)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, tc.head+"\r\n"); err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			line, err := in.Peek(len("HTTP/1.1 100"))
			if err != nil || string(line) == "HTTP/1.1 100" {
				t.Fatalf("the answer begins with %q, %v", line, err)
			}
			response, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := readAnswer(response)
			if err != nil {
				t.Fatal(err)
			}
			if a.status != tc.status || !strings.Contains(a.body, tc.code) || !response.Close {
				t.Errorf("status %d, want %d %s; the connection closes: %v\n%s", a.status, tc.status, tc.code, response.Close, a.body)
			}
			if _, err := in.ReadByte(); err != io.EOF {
				t.Errorf("after the answer: %v", err)
			}
			if seen := e.upstream.take(); len(seen) > 0 {
				t.Errorf("the upstream received %q", seen[0].Line)
			}
		})
	}
}

// reserved are the characters that RFC 3986 reserves, plain and encoded.
const reserved = "!$&'()*+,;=:@[]"

func encoded(text string) string {
	all := ""
	for i := range len(text) {
		all += fmt.Sprintf("%%%02X", text[i])
	}
	return all
}

// TestReservedCharactersReachTheStoreAsTheKeyThatWasDecidedOn signs each target as it stands. The store gets the key in the one
// spelling that S3's signature has, whatever the client's was, and the query byte for byte or in that spelling.
func TestReservedCharactersReachTheStoreAsTheKeyThatWasDecidedOn(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	for _, sign := range strings.Split(reserved, "") {
		for _, spelling := range []string{sign, encoded(sign), strings.ToLower(encoded(sign))} {
			target := "/bucket/a" + spelling + "b"
			a := e.s3Raw(t, "GET", target+"?response-content-disposition=x"+encoded(sign)+"y")
			r := s.last()
			if a.status != 200 || r == nil {
				t.Errorf("%s: status %d %s", target, a.status, a.body)
				continue
			}
			if r.RequestURI != "/bucket/a"+encoded(sign)+"b?response-content-disposition=x"+encoded(sign)+"y" &&
				r.RequestURI != "/bucket/a"+sign+"b?response-content-disposition=x"+encoded(sign)+"y" {
				t.Errorf("%s: the store received %s", target, r.RequestURI)
			}
			if r.URL.Path != "/bucket/a"+sign+"b" || r.URL.Query().Get("response-content-disposition") != "x"+sign+"y" {
				t.Errorf("%s: the store reads %q and %q", target, r.URL.Path, r.URL.Query())
			}
		}
	}
}

// s3Raw sends a request whose target is signed and written as it is.
func (e *edge) s3Raw(t *testing.T, method, target string) answer {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	h := http.Header{"X-Amz-Content-Sha256": {sigv4.UnsignedPayload}}
	host := "127.0.0.1:" + e.port
	err := sigv4.Sign(&sigv4.Request{Method: method, Host: host, RawPath: path, RawQuery: query, Header: h}, rootKey,
		sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "s3", PayloadHash: sigv4.UnsignedPayload})
	if err != nil {
		t.Fatal(err)
	}
	text := method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n"
	for name, values := range h {
		text += name + ": " + values[0] + "\r\n"
	}
	return e.raw(t, text+"\r\n")
}
