package caddymodule

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// trustingStore is an object store without any verification. It saves the part of an upload that arrived, even if the upload
// breaks off.
type trustingStore struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	seen    []*http.Request
	refuse  string // the code of the error that it answers with
}

func startTrustingStore(t *testing.T, tls bool) *trustingStore {
	s := &trustingStore{objects: map[string][]byte{}}
	s.Server = httptest.NewUnstartedServer(s)
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *trustingStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // trusting: an upload that breaks off counts as well
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r)
	switch {
	case s.refuse != "":
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("X-Amz-Request-Id", "of-the-store")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", s.refuse)
	case r.Method == http.MethodPost && r.URL.Query().Has("uploadId"):
		document := "<CompleteMultipartUploadResult><Location>http://" + r.Host + r.URL.Path + "</Location><Bucket>b</Bucket></CompleteMultipartUploadResult>"
		w.Header().Set("Content-Length", fmt.Sprint(len(document)))
		for _, b := range []byte(document) { // slowly
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
		}
	case r.Method == http.MethodPut:
		s.objects[r.URL.Path] = body
	default:
		w.Header().Set("X-Amz-Meta-Owner-Name", "ada")
		if strings.HasSuffix(r.URL.Path, ".gz") {
			w.Header().Set("Content-Encoding", "gzip")
		}
		if strings.HasSuffix(r.URL.Path, "/untyped") {
			w.Header()["Content-Type"] = nil
		}
		_, _ = w.Write(s.objects[r.URL.Path])
	}
}

func (s *trustingStore) address() string { return s.Listener.Addr().String() }

// last returns the last request and clears the list.
func (s *trustingStore) last() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		return nil
	}
	r := s.seen[len(s.seen)-1]
	s.seen = nil
	return r
}

func (s *trustingStore) object(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.objects[path])
}

// startStore runs a gate that accepts the administrator, in front of a trustingStore; proxy is the reverse_proxy directive.
func startStore(t *testing.T, s *trustingStore, options, sign, proxy string) *edge {
	t.Helper()
	e := newEdge(t)
	if err := e.loadStore(s, options, sign, proxy); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *edge) loadStore(s *trustingStore, options, sign, proxy string) error {
	e.more = []string{"%STORE%", s.address()}
	if e.loaded {
		e.port = "0"
	}
	e.loaded = true
	return e.tryLoad("", "http://:%PORT% {\nsluice_authorize {\nsigv4 s3 {\n"+options+"\n}\n}\nsluice_credentials {\nsigv4 s3 {\naccess_key AKIDSTORE\nsecret_key storesecret\n"+
		sign+"\n}\n}\n"+proxy+"\n}\n")
}

// askStore sends a request signed by the administrator.
func (e *edge) askStore(t *testing.T, method, host, target, body, hash string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, e.url(target), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	addHeaders(request, headers)
	if hash == "" {
		hash = sigv4.HashPayload([]byte(body))
	}
	if host != "" {
		request.URL.Host, request.Host = host, host
	}
	if err := signRequest(request, rootKey, "s3", hash); err != nil {
		t.Fatal(err)
	}
	request.URL.Host = "127.0.0.1:" + e.port
	return do(t, e.http, request)
}

// wire is the signed request as text.
func (e *edge) wire(t *testing.T, method, target, hash string, headers ...string) string {
	t.Helper()
	request, err := http.NewRequest(method, e.url(target), nil)
	if err != nil {
		t.Fatal(err)
	}
	addHeaders(request, headers)
	if err := signRequest(request, rootKey, "s3", hash); err != nil {
		t.Fatal(err)
	}
	text := method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + e.port + "\r\n"
	for name, values := range request.Header {
		text += name + ": " + values[0] + "\r\n"
	}
	return text
}

func TestNoStoreKeepsAnUploadThatBreaksOffOrIsNotTheSignedOne(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	if a := e.askStore(t, "PUT", "", "/bucket/key", "precious", ""); a.status != 200 || s.object("/bucket/key") != "precious" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s.last()
	const size = 200_000
	framed := fmt.Sprintf("%x;chunk-signature=%s\r\n%s\r\n", size, strings.Repeat("a", 64), strings.Repeat("y", size))
	for name, tc := range map[string]struct {
		hash    string
		headers []string
		body    string
		length  int
	}{
		"a body without a hash":   {sigv4.UnsignedPayload, nil, strings.Repeat("y", 150_000), size},
		"a body with a hash":      {sigv4.HashPayload([]byte("x")), nil, strings.Repeat("y", 150_000), size},
		"another body":            {sigv4.HashPayload([]byte("x")), nil, strings.Repeat("y", size), size},
		"signed chunks":           {sigv4.StreamingSigned, []string{"X-Amz-Decoded-Content-Length: 200000"}, framed[:150_000], len(framed) + 86},
		"a wrong chunk signature": {sigv4.StreamingSigned, []string{"X-Amz-Decoded-Content-Length: 200000"}, framed + "0;chunk-signature=" + strings.Repeat("a", 64) + "\r\n\r\n", len(framed) + 86},
		"chunks with a checksum": {sigv4.StreamingUnsignedTrailer, []string{"X-Amz-Decoded-Content-Length: 5", "X-Amz-Trailer: x-amz-checksum-crc32"},
			"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 47},
	} {
		conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
		if err != nil {
			t.Fatal(err)
		}
		head := e.wire(t, "PUT", "/bucket/key", tc.hash, tc.headers...) + fmt.Sprintf("Connection: close\r\nContent-Length: %d\r\n\r\n", tc.length)
		_, _ = io.WriteString(conn, head+tc.body)
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn) // until the gate has done with it
		_ = conn.Close()
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 4")) {
			t.Errorf("%s: answered %.200q", name, answer)
		}
		if r := s.last(); r != nil || s.object("/bucket/key") != "precious" {
			t.Errorf("%s: the store received %v and keeps %d bytes", name, r, len(s.object("/bucket/key")))
		}
	}
}

func TestTheStoreGetsTheBucketInThePathAndAFixedHost(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "hosts 127.0.0.1 s3.test eu.s3.test", "", "reverse_proxy %STORE%")
	for _, host := range []string{"photos.s3.test", "photos.eu.s3.test:8080"} {
		a := e.askStore(t, "GET", host, "/secret/who", "", "", "X-Minio-Force-Delete: true", "X-Forwarded-Host: photos.store.example")
		r := s.last()
		if a.status != 200 || r == nil || r.URL.Path != "/photos/secret/who" || r.Host != s.address() || r.Header.Get("X-Minio-Force-Delete") != "" {
			t.Errorf("%s: status %d %s, the store received %+v", host, a.status, a.body, r)
		}
	}
	if a := e.askStore(t, "GET", "photos.store.example", "/who", "", ""); a.status != 400 || s.last() != nil {
		t.Errorf("a host that is no endpoint: status %d %s", a.status, a.body)
	}
}

// The store's own address in the answer would tell clients where it is, and they could not reach the object there.
func TestACompletedUploadHasTheAddressThatTheClientKnows(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "hosts 127.0.0.1 s3.test", "", "reverse_proxy %STORE%")
	for _, tc := range []struct{ host, target, want string }{
		{"", "/bucket/a%20b/c?uploadId=1", "http://127.0.0.1:" + e.port + "/bucket/a%20b%2Fc"},
		{"", "/bucket/x%26y?uploadId=1", "http://127.0.0.1:" + e.port + "/bucket/x%26y"},
		{"photos.s3.test", "/a/b?uploadId=1", "http://photos.s3.test/a%2Fb"},
		{"photos.s3.test:8080", "/photos/b?uploadId=1", "http://photos.s3.test:8080/photos%2Fb"},
	} {
		a := e.askStore(t, "POST", tc.host, tc.target, "<CompleteMultipartUpload/>", "", "Accept-Encoding: gzip")
		want := "<CompleteMultipartUploadResult><Location>" + tc.want + "</Location><Bucket>b</Bucket></CompleteMultipartUploadResult>"
		if a.status != 200 || a.body != want {
			t.Errorf("%s%s: status %d\n%s, want\n%s", tc.host, tc.target, a.status, a.body, want)
		}
		if got := s.last(); got.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("the store may compress: %v", got.Header)
		}
	}
}

func TestObjectsComeBackAsTheyAreStored(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "encode gzip\nreverse_proxy %STORE%")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, strings.Repeat("hello ", 1000))
	_ = z.Close()
	e.askStore(t, "PUT", "", "/bucket/key.gz", packed.String(), "", "Content-Encoding: gzip")
	for _, accept := range [][]string{nil, {"Accept-Encoding: identity"}, {"Accept-Encoding: gzip"}} {
		a := e.askStore(t, "GET", "", "/bucket/key.gz", "", "", accept...)
		if a.body != packed.String() || a.header.Get("Content-Encoding") != "gzip" || a.header.Get("Content-Length") != fmt.Sprint(packed.Len()) {
			t.Errorf("%v: %d bytes of %d, %v", accept, len(a.body), packed.Len(), a.header)
		}
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, e.wire(t, "HEAD", "/bucket/key.gz", sigv4.UnsignedPayload)+"Connection: close\r\n\r\n")
	if text, _ := io.ReadAll(conn); !bytes.Contains(text, []byte("\r\nx-amz-meta-owner-name: ada\r\n")) {
		t.Errorf("metadata names have capitals: %s", text)
	}
}

func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	a := e.raw(t, "PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n")
	if a.status != 403 {
		t.Errorf("status %d %s", a.status, a.body)
	}
}

func TestTheStoresRefusalOfOurSignatureIsNotTheClients(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	for code, setting := range map[string]string{"SignatureDoesNotMatch": "secret_key", "InvalidAccessKeyId": "access_key", "AuthorizationHeaderMalformed": "region"} {
		s.refuse = code
		a := e.askStore(t, "GET", "", "/bucket/key", "", "")
		if a.status != 502 || strings.Contains(a.body, code) || !strings.Contains(a.body, "<Code>BadGateway</Code>") || a.header.Get("X-Amz-Request-Id") == "of-the-store" {
			t.Errorf("%s: status %d %v %s", code, a.status, a.header, a.body)
		}
		eventually(t, "a line in the log", func() bool {
			log, err := os.ReadFile(filepath.Join(e.dir, "caddy.log"))
			return err == nil && bytes.Contains(log, []byte(`"code":"`+code+`","check":"`+setting))
		})
	}
	s.refuse = "AccessDenied"
	if a := e.askStore(t, "GET", "", "/bucket/key", "", ""); a.status != 403 || !strings.Contains(a.body, "AccessDenied") || a.header.Get("X-Amz-Request-Id") != "of-the-store" {
		t.Errorf("the store's own refusal: status %d %s", a.status, a.body)
	}
}

func TestAStoreNeedsAGateThatDecidesOnS3(t *testing.T) {
	e := newEdge(t)
	err := e.tryLoad("", "http://:%PORT% {\n"+gate("allow any * *")+"sluice_credentials {\nsigv4 s3 {\naccess_key AKIDSTORE\nsecret_key storesecret\n}\n}\nreverse_proxy %UPSTREAM%\n}\n")
	if err == nil || !strings.Contains(err.Error(), "write `sigv4 s3` in it too") {
		t.Errorf("the start says %v", err)
	}
}

func TestTheSignatureCoversTheHostThatTheStoreGets(t *testing.T) {
	plain, secure := startTrustingStore(t, false), startTrustingStore(t, true)
	const insecure = " {\n%UP%\ntransport http {\ntls_insecure_skip_verify\n}\n}"
	tls := func(up string) string {
		return "reverse_proxy https://%STORE%" + strings.Replace(insecure, "%UP%", up, 1)
	}
	for name, tc := range map[string]struct {
		store       *trustingStore
		sign, proxy string
		host        string // that the store gets; "" for a start that fails
		says        string
	}{
		"over HTTP":                {plain, "", "reverse_proxy %STORE%", plain.address(), ""},
		"over HTTP with a host":    {plain, "host store.example", "reverse_proxy %STORE%", "store.example", ""},
		"over TLS":                 {secure, "", tls(""), secure.address(), ""},
		"over TLS with its host":   {secure, "host store.example", tls("header_up Host store.example"), "store.example", ""},
		"a host set by the proxy":  {plain, "", "reverse_proxy %STORE% {\nheader_up Host store.example\n}", "store.example", ""},
		"over TLS with another":    {secure, "host store.example", tls(""), "", "write `header_up Host store.example`"},
		"a host of the request":    {plain, "", "reverse_proxy %STORE% {\nheader_up Host {http.request.header.X}\n}", "", "header_up Host <the store's host>"},
		"no proxy":                 {plain, "", "respond ok", "", "write `host <the store's host>`"},
		"dynamic upstreams":        {plain, "", "reverse_proxy {\ndynamic a store.example 80\n}", "", "write `host <the store's host>`"},
		"several upstreams by TLS": {secure, "", "reverse_proxy https://%STORE% https://127.0.0.1:1" + strings.Replace(insecure, "%UP%", "", 1), "", "header_up Host"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			err := e.loadStore(tc.store, "", tc.sign, tc.proxy)
			if tc.host == "" {
				if err == nil || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("the start says %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			a := e.askStore(t, "GET", "", "/bucket/key", "", "")
			r := tc.store.last()
			if a.status != 200 || r == nil || r.Host != tc.host {
				t.Fatalf("status %d, the store received %+v", a.status, r)
			}
			auth, err := sigv4.Parse(sigv4.FromHTTP(r))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := auth.Verify("storesecret", sigv4.Options{Now: time.Now(), Regions: []string{"us-east-1"}, Services: []string{"s3"}}); err != nil {
				t.Errorf("the store refuses the signature: %v", err)
			}
		})
	}
}
