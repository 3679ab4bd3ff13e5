package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// framed is "hello" in chunks, with its checksum.
const framed = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"

// framedHeaders go with framed.
var framedHeaders = []string{"Content-Encoding: aws-chunked", "X-Amz-Decoded-Content-Length: 5", "X-Amz-Trailer: x-amz-checksum-crc32"}

// put sends a PUT that signs all headers, as old clients do. Those in unsent are signed and not sent by this text; body is written
// after the empty line as it is.
func (e *edge) put(t *testing.T, target, hash, body string, unsent map[string]string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodPut, e.url(target), nil)
	if err != nil {
		t.Fatal(err)
	}
	addHeaders(r, headers)
	for name, value := range unsent {
		r.Header.Set(name, value)
	}
	signed := &sigv4.Request{Method: r.Method, Host: r.Host, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: r.Header}
	err = sigv4.Sign(signed, rootKey, sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "s3", PayloadHash: hash,
		SignHeader: func(string) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	text := "PUT " + target + " HTTP/1.1\r\nHost: " + r.Host + "\r\nConnection: close\r\n"
	for name, values := range r.Header {
		if _, left := unsent[name]; !left || values[0] != "" {
			text += name + ": " + values[0] + "\r\n"
		}
	}
	return e.raw(t, text+"\r\n"+body)
}

// botocore 1.36.0 to 1.36.6, aws-cli 2.23.0 and the SDKs for C++ and Java of 2024 sign Transfer-Encoding.
func TestAnUploadWhoseTransferEncodingIsSignedReachesTheStore(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	body := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(framed), framed)
	a := e.put(t, "/bucket/key", sigv4.StreamingUnsignedTrailer, body, map[string]string{"Transfer-Encoding": "chunked"}, framedHeaders...)
	if a.status != 200 || s.object("/bucket/key") != "hello" {
		t.Errorf("status %d %s, the store keeps %q", a.status, a.body, s.object("/bucket/key"))
	}
	a = e.put(t, "/bucket/key", sigv4.UnsignedPayload, "", map[string]string{"Transfer-Encoding": ""}, "Content-Length: 0")
	if a.status != 200 {
		t.Errorf("libs3, which names the header without sending it: status %d %s", a.status, a.body)
	}
	a = e.put(t, "/bucket/other", sigv4.UnsignedPayload, "5\r\nhello\r\n0\r\n\r\n", map[string]string{"Transfer-Encoding": "chunked"}, "X-Amz-Acl: private")
	if a.status != 200 || s.object("/bucket/other") != "hello" {
		t.Errorf("without aws-chunked: status %d %s", a.status, a.body)
	}
}

// `aws s3api copy-object --copy-source ”` would replace the object by an empty one.
func TestThreatACopyWithoutASourceLeavesTheObject(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	e.askStore(t, "PUT", "", "/bucket/key", "precious", "")
	s.last()
	for what, a := range map[string]answer{
		"a copy":            e.askStore(t, "PUT", "", "/bucket/key", "", "", "X-Amz-Copy-Source: "),
		"a copy of a part":  e.askStore(t, "PUT", "", "/bucket/key?partNumber=1&uploadId=u", "", "", "X-Amz-Copy-Source: "),
		"a source not sent": e.put(t, "/bucket/key", sigv4.UnsignedPayload, "", map[string]string{"X-Amz-Copy-Source": ""}, "Content-Length: 0"),
		"an empty ETag":     e.askStore(t, "PUT", "", "/bucket/key", "new", "", "If-Match: "),
	} {
		checkS3Error(t, what, a, 400, "InvalidArgument")
		if r := s.last(); r != nil || s.object("/bucket/key") != "precious" {
			t.Errorf("%s: the store received %v and keeps %q", what, r, s.object("/bucket/key"))
		}
	}
}

// The SDKs for Java, Ruby and Go encode the whole source as a form does, and AWS's examples for JavaScript its leading slash too.
func TestCopySourcesOfEverySDKNameTheObject(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	for source, want := range map[string]string{
		url.QueryEscape("src-1/a b.txt"): "src-1/a%20b.txt", "%2Fsrc-1%2Fa.jpg": "src-1/a.jpg", "/src-1/a%2Bb": "src-1/a%2Bb", "src-1/c++": "src-1/c%20%20",
	} {
		a := e.askStore(t, "PUT", "", "/bucket/key", "", "", "X-Amz-Copy-Source: "+source)
		if r := s.last(); a.status != 200 || r == nil || r.Header.Get("X-Amz-Copy-Source") != want {
			t.Errorf("%s: status %d %s, the store received %v", source, a.status, a.body, r)
		}
	}
}

// The SDK for JavaScript, version 2, puts some headers into the query, where S3 ignores them. Parameters with x- are for its logs.
func TestParametersThatS3IgnoresDoNotReachTheStore(t *testing.T) {
	s := startTrustingStore(t, false)
	e := startStore(t, s, "", "", "reverse_proxy %STORE%")
	presign := func(query string) string {
		signed, err := sigv4.Presign(&sigv4.Request{Method: "PUT", Host: "127.0.0.1:" + e.port, RawPath: "/bucket/key", RawQuery: query, Header: http.Header{}}, rootKey,
			sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "s3", Expires: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return "/bucket/key?" + signed
	}
	for name, target := range map[string]string{
		"of the SDK":   presign("Content-Type=image%2Fpng&Content-MD5=x&Cache-Control=no-store"),
		"in any case":  presign("content-type=image%2Fpng&content-length=343434"),
		"for the logs": presign("x-user=ada"),
	} {
		a := e.send(t, "PUT", target, "hello")
		if r := s.last(); a.status != 200 || r == nil || r.URL.RawQuery != "" || r.Header.Get("Content-Type") == "image/png" {
			t.Errorf("%s: status %d %s, the store received %v", name, a.status, a.body, r)
		}
	}
	if a := e.askStore(t, "GET", "", "/bucket/key?x-user=ada", "", ""); a.status != 200 || s.last().URL.RawQuery != "" {
		t.Errorf("a parameter for the logs, signed in a header: status %d %s", a.status, a.body)
	}
	if a := e.askStore(t, "PUT", "", "/bucket/key?Content-Type=image%2Fpng", "x", ""); a.status != 501 || s.last() != nil {
		t.Errorf("a header in a query that is not presigned: status %d %s", a.status, a.body)
	}
}

// Without a signature, boto3 sends no x-amz-content-sha256, and the SDK for Java does.
func TestUploadsInChunksWithoutASignatureAreDecoded(t *testing.T) {
	s := startTrustingStore(t, false)
	e := newEdge(t)
	e.more = []string{"%STORE%", s.address()}
	e.load(t, "", "sluice_authorize {\nissuer %ISSUER% {\nclient_id web\n}\nsigv4 s3\nallow anonymous * *\n}\nsluice_credentials {\nsigv4 s3 {\naccess_key AKIDSTORE\nsecret_key storesecret\n}\n}\nreverse_proxy %STORE%")
	bearer := e.issuer.bearer(t, "ada")
	mode := "X-Amz-Content-Sha256: " + sigv4.StreamingUnsignedTrailer
	for name, tc := range map[string]struct {
		body    string
		headers []string
		status  int
		code    string
	}{
		"boto3":                  {framed, framedHeaders, 200, ""},
		"Java":                   {framed, append(framedHeaders, mode), 200, ""},
		"with a token":           {framed, append(framedHeaders, bearer), 200, ""},
		"without a checksum":     {"5\r\nhello\r\n0\r\n\r\n", append(framedHeaders[:2:2], mode), 200, ""},
		"a wrong checksum":       {strings.Replace(framed, "NhCmhg", "AAAAAA", 1), framedHeaders, 400, "BadDigest"},
		"a chunk that is cut":    {framed[:9], framedHeaders, 400, "IncompleteBody"},
		"chunks that are signed": {framed, append(framedHeaders, "X-Amz-Content-Sha256: "+sigv4.StreamingSigned), 400, "InvalidArgument"},
		"no coding":              {"hello", framedHeaders[1:2], 400, "InvalidArgument"},
		"a trailer of no coding": {"hello", framedHeaders[2:], 400, "InvalidArgument"},
		"another hash":           {framed, append(framedHeaders, "X-Amz-Content-Sha256: "+sigv4.UnsignedPayload), 400, "InvalidArgument"},
	} {
		a := e.send(t, "PUT", "/bucket/"+strings.ReplaceAll(name, " ", "-"), tc.body, tc.headers...)
		r, kept := s.last(), s.object("/bucket/"+strings.ReplaceAll(name, " ", "-"))
		switch {
		case tc.status == 200 && (a.status != 200 || r == nil || kept != "hello"):
			t.Errorf("%s: status %d %s, the store keeps %q", name, a.status, a.body, kept)
		case tc.status == 200 && (r.Header.Get("Content-Encoding") != "" || r.Header.Get("X-Amz-Content-Sha256") != sigv4.UnsignedPayload ||
			(r.Header.Get("X-Amz-Checksum-Crc32") == "NhCmhg==") != strings.Contains(tc.body, "checksum")):
			t.Errorf("%s: the store received %v", name, r.Header)
		case tc.status != 200 && r != nil:
			t.Errorf("%s: the store received %v", name, r)
		case tc.status != 200:
			checkS3Error(t, name, a, tc.status, tc.code)
		}
	}
}

// Many stores do not take STREAMING-UNSIGNED-PAYLOAD-TRAILER, and some no checksums at all: the documentation says how to remove them.
func TestAChecksumBehindTheBodyGoesToTheStoreAsAHeader(t *testing.T) {
	const credentials = "sluice_credentials {\nsigv4 s3 {\naccess_key AKIDSTORE\nsecret_key storesecret\n}\n}\nreverse_proxy %STORE%"
	for removed, want := range map[string]string{"": "NhCmhg==", "request_header -X-Amz-Checksum-*\nrequest_header -X-Amz-Sdk-Checksum-Algorithm\n": ""} {
		s := startTrustingStore(t, false)
		e := newEdge(t)
		e.more = []string{"%STORE%", s.address()}
		e.load(t, "", "route {\nsluice_authorize {\nsigv4 s3\n}\n"+removed+credentials+"\n}")
		for _, headers := range [][]string{append(framedHeaders, "X-Amz-Sdk-Checksum-Algorithm: CRC32"), {"X-Amz-Checksum-Crc32: NhCmhg==", "X-Amz-Sdk-Checksum-Algorithm: CRC32"}} {
			body, hash := framed, sigv4.StreamingUnsignedTrailer
			if len(headers) == 2 {
				body, hash = "hello", sigv4.UnsignedPayload
			}
			a := e.put(t, "/bucket/key", hash, body, nil, append(headers, fmt.Sprint("Content-Length: ", len(body)))...)
			r := s.last()
			if a.status != 200 || r == nil || s.object("/bucket/key") != "hello" {
				t.Fatalf("%v: status %d %s, the store keeps %q", headers, a.status, a.body, s.object("/bucket/key"))
			}
			h := r.Header
			if h.Get("X-Amz-Checksum-Crc32") != want || h.Get("X-Amz-Trailer")+h.Get("X-Amz-Decoded-Content-Length")+h.Get("Content-Encoding") != "" ||
				h.Get("X-Amz-Content-Sha256") != sigv4.UnsignedPayload || removed != "" && h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" {
				t.Errorf("%v: the store received %v", headers, h)
			}
		}
	}
}
