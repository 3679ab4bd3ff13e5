package credentials

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

var testNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const storeSecret = "store-secret"

func newResign(t testing.TB, service string) *Resign {
	t.Helper()
	k, err := NewResign(ResignOptions{Service: service, Region: "us-east-1", AccessKeyID: "STOREKEY",
		SecretKey: seal.NewSecret(storeSecret), Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func outgoing(method, path, query, body string, header http.Header) *Outgoing {
	if header == nil {
		header = http.Header{}
	}
	out := &Outgoing{Method: method, Host: "store.example:7070", RawPath: path, RawQuery: query, Header: header,
		ContentLength: int64(len(body)), Principal: &principal.Principal{}}
	if body != "" {
		out.Body = io.NopCloser(strings.NewReader(body))
	}
	return out
}

// asStore verifies a request as a store does, and returns the decoded body.
func asStore(out *Outgoing, service string) (string, error) {
	r := &sigv4.Request{Method: out.Method, Host: out.Host, RawPath: out.RawPath, RawQuery: out.RawQuery, Header: out.Header,
		ContentLength: out.ContentLength}
	auth, err := sigv4.Parse(r)
	if err != nil {
		return "", err
	}
	if auth.AccessKeyID != "STOREKEY" || auth.SessionToken != "" {
		return "", errors.New("signed by " + auth.AccessKeyID)
	}
	v, err := auth.Verify(storeSecret, sigv4.Options{Now: testNow, Regions: []string{"us-east-1"}, Services: []string{service}})
	if err != nil {
		return "", err
	}
	body, err := v.Body(out.Body)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(body)
	return string(got), err
}

func TestResignedRequestsVerifyAtTheStore(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 10_000) // three chunks
	for _, tc := range []struct {
		name   string
		out    *Outgoing
		change func(*Outgoing)
		body   string
		hash   string // x-amz-content-sha256
	}{
		{"a request without a body", outgoing("GET", "/photos/a%20b", "list-type=2&prefix=x%2F", "", nil), nil, "", sigv4.HashPayload(nil)},
		{"an unsigned body", outgoing("PUT", "/photos/k", "", "hello", nil), nil, "hello", "UNSIGNED-PAYLOAD"},
		{"a body of unknown length", outgoing("PUT", "/photos/k", "", "hello", nil), func(o *Outgoing) { o.ContentLength = -1 }, "hello", "UNSIGNED-PAYLOAD"},
		{"a body whose hash the client signed", outgoing("PUT", "/photos/k", "", "hello", nil),
			func(o *Outgoing) { o.PayloadHash = sigv4.HashPayload([]byte("hello")) }, "hello", sigv4.HashPayload([]byte("hello"))},
		{"a checksum behind the body", outgoing("PUT", "/photos/k", "", "hello", h("Content-Encoding", "gzip")),
			func(o *Outgoing) { o.Trailer = "x-amz-checksum-crc32" }, "hello", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		{"a checksum behind many chunks", outgoing("PUT", "/photos/k", "partNumber=1&uploadId=u", big, nil),
			func(o *Outgoing) { o.Trailer = "x-amz-checksum-sha256" }, big, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		{"a checksum behind whole chunks", outgoing("PUT", "/photos/k", "", big[:2*chunkBytes], nil),
			func(o *Outgoing) { o.Trailer = "x-amz-checksum-crc64nvme" }, big[:2*chunkBytes], "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		{"a checksum behind nothing", outgoing("PUT", "/photos/k", "", "", nil),
			func(o *Outgoing) { o.Trailer = "x-amz-checksum-crc32c" }, "", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.change != nil {
				tc.change(tc.out)
			}
			if err := newResign(t, "s3").Present(t.Context(), tc.out); err != nil {
				t.Fatal(err)
			}
			if got := tc.out.Header.Get("X-Amz-Content-Sha256"); got != tc.hash {
				t.Errorf("payload hash %s", got)
			}
			got, err := asStore(tc.out, "s3")
			if err != nil || got != tc.body {
				t.Errorf("the store reads %d bytes, %v", len(got), err)
			}
		})
	}
}

// Neither the client's signature nor any header that the store could read as part of one reaches the store.
func TestTheClientsSignatureIsRemoved(t *testing.T) {
	header := h("Authorization", "AWS4-HMAC-SHA256 Credential=ASIACLIENT/…", "X-Amz-Security-Token", "client-token", "X-Amz-Date", "20200101T000000Z",
		"Date", "x", "X-Amz-Cf-Id", "client", "X-Amz-Meta-Color", "red", "Connection", "keep-alive, Authorization, X-Amz-Date")
	header["X_amz_acl"] = []string{"public-read"}
	header["X-Amz_meta-Color"], header["x-amz-meta-color_code"] = []string{"client"}, []string{"client"}
	header["X-Amz-Meta-User_id.x"] = []string{"7"} // the name of metadata
	header["X-Amz_security-Token"] = []string{"client-token"}
	out := outgoing("GET", "/photos/k",
		"versionId=1&X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1&X-Amz-SignedHeaders=host&x-amz-security-token=t&X-Amz-Signature=s&X%2DAmz%2dSignature=s&%58-amz-credential&x-id=GetObject&a=%3d", "", header)
	if err := newResign(t, "s3").Present(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if out.RawQuery != "versionId=1&x-id=GetObject&a=%3d" {
		t.Errorf("query %q", out.RawQuery)
	}
	if got := out.Header["Connection"]; len(got) != 1 || got[0] != "keep-alive" {
		t.Errorf("Connection %q", got)
	}
	for name, values := range out.Header {
		if strings.Contains(strings.Join(values, " "), "client") || strings.Contains(name, "_") && name != "X-Amz-Meta-User_id.x" || strings.Contains(strings.Join(values, ""), "ASIACLIENT") {
			t.Errorf("%s: %q went upstream", name, values)
		}
	}
	if out.Header.Get("X-Amz-Meta-Color") != "red" || out.Header.Get("X-Amz-Meta-User_id.x") != "7" || out.Header.Get("Date") != "" {
		t.Errorf("header %v", out.Header)
	}
	if _, err := asStore(out, "s3"); err != nil {
		t.Error(err)
	}
}

// A body that fails its check must not become a complete object.
func TestABodyThatFailsIsNeverCompleted(t *testing.T) {
	for _, size := range []int{0, 3, chunkBytes, chunkBytes + 7} {
		out := outgoing("PUT", "/photos/k", "", strings.Repeat("x", size+1), nil)
		out.Trailer = "x-amz-checksum-crc32"
		out.Body = io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", size)), broken{}))
		if err := newResign(t, "s3").Present(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(out.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(got)) >= out.ContentLength || strings.Contains(string(got), "checksum") {
			t.Errorf("%d bytes: %d of %d went out, %v", size, len(got), out.ContentLength, err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestOtherServicesSignTheHashOfTheBody(t *testing.T) {
	k := newResign(t, "execute-api")
	out := outgoing("POST", "/notes", "", "hello", nil)
	out.ContentLength = -1
	if err := k.Present(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if out.ContentLength != 5 || out.Header.Get("X-Amz-Content-Sha256") != "" {
		t.Errorf("%d, %v", out.ContentLength, out.Header)
	}
	r := &sigv4.Request{Method: "POST", Host: out.Host, RawPath: out.RawPath, Header: out.Header, ContentLength: 5}
	auth, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Verify(storeSecret, sigv4.Options{Now: testNow, Regions: []string{"us-east-1"}, Services: []string{"execute-api"},
		BodySHA256: sigv4.HashPayload([]byte("hello"))}); err != nil {
		t.Error(err)
	}
	large := outgoing("POST", "/notes", "", strings.Repeat("x", maxHashedBody+1), nil)
	if err := k.Present(t.Context(), large); !fault.Is(err, fault.LimitExceeded) {
		t.Errorf("a large body: %v", err)
	}
}

func TestResignReportsErrors(t *testing.T) {
	k := newResign(t, "s3")
	for name, change := range map[string]func(*Outgoing){
		"a trailer that is no checksum": func(o *Outgoing) { o.Trailer = "x-amz-meta-a" },
		"a trailer of unknown length":   func(o *Outgoing) { o.Trailer, o.ContentLength = "x-amz-checksum-crc32", -1 },
		"no host":                       func(o *Outgoing) { o.Host = "" },
		"a path without canonical form": func(o *Outgoing) { o.RawPath = "/%zz" },
	} {
		out := outgoing("PUT", "/photos/k", "", "hello", nil)
		change(out)
		if err := k.Present(t.Context(), out); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, o := range []ResignOptions{{}, {Service: "s3", Region: "r", AccessKeyID: "k"}, {Service: "s3", Region: "r", SecretKey: seal.NewSecret("x")}} {
		if _, err := NewResign(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func h(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Add(pairs[i], pairs[i+1])
	}
	return header
}
