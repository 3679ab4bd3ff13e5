package caddymodule

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// checkS3Error checks that the response is an S3 error document with the code.
func checkS3Error(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, "<Code>"+code+"</Code>") || a.header.Get("Content-Type") != "application/xml" {
		t.Errorf("%s: status %d, want %d %s: %s", what, a.status, status, code, a.body)
	}
	if a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%s: the response has a WWW-Authenticate header, which S3 never sends", what)
	}
}

func TestAnObjectStoreIsReachedWithItsOwnKeysOnly(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	e.upstream.take()
	for _, request := range []struct{ method, path, body string }{
		{"GET", "/bucket/key", ""}, {"PUT", "/bucket/key", "hello"}, {"HEAD", "/bucket/key", ""},
		{"GET", "/bucket?list-type=2&prefix=a", ""}, {"PUT", "/bucket/a%20b", strings.Repeat("large ", 100_000)}, {"DELETE", "/bucket/key", ""},
	} {
		what := request.method + " " + request.path
		a := e.s3(t, request.method, request.path, key, request.body, "")
		seen := e.upstream.take()
		if a.status != 200 || len(seen) != 1 {
			t.Errorf("%s: status %d, %d arrived: %s", what, a.status, len(seen), a.body)
			continue
		}
		got := seen[0]
		if got.Line != request.method+" "+request.path+" HTTP/1.1" || got.Body != request.body || !got.Whole {
			t.Errorf("%s: the store received %q with %d bytes", what, got.Line, len(got.Body))
		}
		authorization := strings.Join(got.values("Authorization"), "|")
		if !strings.Contains(authorization, "Credential=AKIDSTORE/") || strings.Contains(fmt.Sprint(got.Header), key.AccessKeyID) ||
			len(got.values("X-Amz-Security-Token")) > 0 || strings.Join(got.values("Host"), "|") != "store.example" {
			t.Errorf("%s: the store received %v", what, got.Header)
		}
	}
}

func TestAnObjectStoresRefusalsAreS3s(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	e.upstream.take()
	denied := e.s3(t, "GET", "/bucket/secret/x", key, "", "")
	checkS3Error(t, "denied", denied, 403, "AccessDenied")
	if id := denied.header.Get("x-amz-request-id"); id == "" || !strings.Contains(denied.body, "<RequestId>"+id) {
		t.Errorf("no decision id: %v %s", denied.header, denied.body)
	}
	checkS3Error(t, "another bucket", e.s3(t, "GET", "/other/key", key, "", ""), 403, "AccessDenied")
	checkS3Error(t, "without a signature", e.get(t, "/s3/bucket/key"), 403, "AccessDenied")
	checkS3Error(t, "with a bearer token", e.get(t, "/s3/bucket/key", "Authorization: Bearer abc"), 400, "InvalidArgument")
	wrong := key
	wrong.SecretAccessKey += "x"
	checkS3Error(t, "forged", e.s3(t, "GET", "/bucket/key", wrong, "", ""), 403, "SignatureDoesNotMatch")
	wrong = key
	wrong.SessionToken = wrong.SessionToken[:len(wrong.SessionToken)-4] + "AAAA"
	checkS3Error(t, "another session token", e.s3(t, "GET", "/bucket/key", wrong, "", ""), 400, "InvalidToken")
	checkS3Error(t, "unknown key", e.s3(t, "GET", "/bucket/key", sigv4.Credentials{AccessKeyID: "AKIANOSUCHKEY0000000", SecretAccessKey: "x"}, "", ""),
		403, "InvalidAccessKeyId")
	checkS3Error(t, "dots", e.s3(t, "GET", "/bucket/x/../secret/x", key, "", ""), 400, "InvalidURI")
	checkS3Error(t, "encoded dots", e.s3(t, "GET", "/bucket/x/%2e%2e/secret/x", key, "", ""), 400, "InvalidURI")

	head := e.s3(t, "HEAD", "/bucket/secret/x", key, "", "")
	if head.status != 403 || head.body != "" || head.header.Get("Content-Length") != "" && head.header.Get("Content-Length") != "0" {
		t.Errorf("HEAD: %d %v %q", head.status, head.header, head.body)
	}
	if seen := e.upstream.take(); len(seen) > 0 {
		t.Errorf("the store received %q", seen[0].Line)
	}
}

func TestAPresignedURLReachesTheStoreAndNothingMore(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	e.upstream.take()
	presign := func(path string, at time.Time) string {
		query, err := sigv4.Presign(&sigv4.Request{Method: "GET", Host: "127.0.0.1:" + e.port, RawPath: "/s3" + path, Header: http.Header{}}, key,
			sigv4.SignOptions{Time: at, Region: "us-east-1", Service: "s3", Expires: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return query
	}
	query := presign("/bucket/key", time.Now())
	a := e.get(t, "/s3/bucket/key?"+query)
	if a.got == nil || strings.Contains(a.got.Line, "Signature") || strings.Contains(a.got.Line, "Security-Token") {
		t.Errorf("status %d %s", a.status, a.body)
	}
	checkS3Error(t, "for another key", e.get(t, "/s3/bucket/other?"+query), 403, "SignatureDoesNotMatch")
	checkS3Error(t, "with more in the query", e.get(t, "/s3/bucket/key?"+query+"&versionId=1"), 403, "SignatureDoesNotMatch")
	checkS3Error(t, "another method", e.send(t, "DELETE", "/s3/bucket/key?"+query, ""), 403, "SignatureDoesNotMatch")
	checkS3Error(t, "too old", e.get(t, "/s3/bucket/key?"+presign("/bucket/key", time.Now().Add(-2*time.Minute))), 403, "AccessDenied")
	checkS3Error(t, "denied", e.get(t, "/s3/bucket/secret/x?"+presign("/bucket/secret/x", time.Now())), 403, "AccessDenied")
	checkS3Error(t, "with a token, too", e.get(t, "/s3/bucket/key?"+query, "Authorization: Bearer abc"), 400, "InvalidArgument")
}

// SDKs put metadata into the query of a presigned request. Caddy drops headers with underscores, but not these.
func TestMetadataOfAPresignedUploadKeepsItsNames(t *testing.T) {
	e := startPool(t)
	e.upstream.take()
	query, err := sigv4.Presign(&sigv4.Request{Method: "PUT", Host: "127.0.0.1:" + e.port, RawPath: "/s3/bucket/key", Header: http.Header{},
		RawQuery: "x-amz-meta-user_id=7&x-amz-meta-file.name=8&x-amz-meta-plain=9"}, rootKey,
		sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "s3", Expires: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if a := e.send(t, "PUT", "/s3/bucket/key?"+query, "body"); a.status != 200 {
		t.Fatalf("status %d %s", a.status, a.body)
	}
	got := e.upstream.take()
	if len(got) != 1 {
		t.Fatalf("%d requests reached the store", len(got))
	}
	for name, value := range map[string]string{"X-Amz-Meta-User_id": "7", "X-Amz-Meta-File.name": "8", "X-Amz-Meta-Plain": "9"} {
		if values := got[0].values(name); len(values) != 1 || values[0] != value {
			t.Errorf("%s: %q", name, values)
		}
	}
}

// The attack: sign one body and send another. The store must not receive the whole body, or it would save the object.
func TestABodyThatIsNotTheSignedOneIsNeverWholeAtTheStore(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	for _, size := range []int{1, 5, 4096, 70_000, 3_000_000} {
		e.upstream.take()
		body := strings.Repeat("x", size)
		a := e.s3(t, "PUT", "/bucket/key", key, body, sigv4.HashPayload([]byte("another body")))
		checkS3Error(t, fmt.Sprintf("%d bytes", size), a, 400, "XAmzContentSHA256Mismatch")
		neverWhole(t, e, fmt.Sprintf("%d bytes", size))
	}
}

func neverWhole(t *testing.T, e *edge, what string) {
	t.Helper()
	time.Sleep(20 * time.Millisecond) // for data in transit to the store
	for _, got := range e.upstream.take() {
		if got.Whole {
			t.Errorf("%s: the store received a whole body of %d bytes", what, len(got.Body))
		}
	}
}

func TestAnUploadInChunksIsCheckedOnTheWay(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	key := e.credentials(t, e.mustSignIn(t, "ada").id)
	upload := func(content string, sum uint32, decoded int) answer {
		checksum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
		wire := fmt.Sprintf("%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n", len(content), content, checksum)
		target, err := url.Parse(e.url("/s3/bucket/key"))
		if err != nil {
			t.Fatal(err)
		}
		request := &http.Request{Method: "PUT", URL: target, Host: target.Host, ContentLength: int64(len(wire)), Body: io.NopCloser(strings.NewReader(wire)),
			Header: http.Header{"Content-Encoding": {"aws-chunked"}, "X-Amz-Trailer": {"x-amz-checksum-crc32"},
				"X-Amz-Decoded-Content-Length": {fmt.Sprint(decoded)}}}
		if err := signRequest(request, key, "s3", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"); err != nil {
			t.Fatal(err)
		}
		e.upstream.take()
		return do(t, e.http, request)
	}
	content := strings.Repeat("content ", 1000)
	sum := crc32.ChecksumIEEE([]byte(content))
	if a := upload(content, sum, len(content)); a.got == nil || !a.got.Whole || !strings.Contains(a.got.Body, content) {
		t.Errorf("a good upload: status %d %.300s", a.status, a.body)
	}
	checkS3Error(t, "a wrong checksum", upload(content, sum+1, len(content)), 400, "BadDigest")
	neverWhole(t, e, "a wrong checksum")
	if a := upload(content, sum, len(content)+1); a.status != 400 {
		t.Errorf("a wrong length: status %d %s", a.status, a.body)
	}
	neverWhole(t, e, "a wrong length")
}

// `aws s3 ls` asks for the path of the route itself. The site is the one in the documentation.
func TestTheDocumentedSiteOfAStoreListsItsBuckets(t *testing.T) {
	t.Setenv("S3_ACCESS_KEY", "AKIDSTORE")
	t.Setenv("S3_SECRET_KEY", "storesecret")
	documents, err := os.ReadFile("../docs/caddyfile.md")
	if err != nil {
		t.Fatal(err)
	}
	_, site, _ := strings.Cut(string(documents), "```caddyfile\nhttp://localhost:8080 {\n\t@store path")
	site, _, found := strings.Cut(site, "\n}\n```")
	if !found {
		t.Fatal("the documentation has no site of a store")
	}
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, poolBlock, "\t@store path"+strings.Replace(site, "127.0.0.1:7070", "%UPSTREAM%", 1))
	for path, line := range map[string]string{"": "GET / HTTP/1.1", "?x-id=ListBuckets": "GET / HTTP/1.1", "/": "GET / HTTP/1.1", "/bucket/key": "GET /bucket/key HTTP/1.1"} {
		a := e.s3(t, "GET", path, rootKey, "", "")
		seen := e.upstream.take()
		if a.status != 200 || len(seen) != 1 || seen[0].Line != line {
			t.Errorf("%q: status %d, the store received %v: %s", path, a.status, seen, a.body)
		}
	}
}
