package authz

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/s3key"
)

func TestThreatASlashAtTheEndOfAKeyIsNoWayToAnotherObject(t *testing.T) {
	tagging := `<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`
	m := &S3Mapping{Region: testRegion, Account: testAccount}
	for _, tc := range []struct{ line, body, needs string }{
		{"PUT /b-1/pub/a/?tagging", tagging, "PutObjectTagging b-1/pub/a/, PutObjectTagging b-1/pub/a"},
		{"GET /b-1/pub/a%2F?attributes", "", "GetObject b-1/pub/a/, GetObjectAttributes b-1/pub/a/, GetObject b-1/pub/a, GetObjectAttributes b-1/pub/a"},
		{"DELETE /b-1/pub/a/?tagging&versionId=v", "", "DeleteObjectVersionTagging b-1/pub/a/, DeleteObjectVersionTagging b-1/pub/a"},
		{"POST /b-1/pub/a/?uploads", "", "PutObject b-1/pub/a/, PutObject b-1/pub/a"},
		{"POST /b-1/pub/a/?select&select-type=2", "", "GetObject b-1/pub/a/, GetObject b-1/pub/a"},
		{"PUT /b-1/pub/?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>", "PutObjectLegalHold b-1/pub/, PutObjectLegalHold b-1/pub"},
		// Folders as objects.
		{"PUT /b-1/pub/", "", "PutObject b-1/pub/"},
		{"GET /b-1/pub/", "", "GetObject b-1/pub/"},
		{"HEAD /b-1/pub/", "", "GetObject b-1/pub/"},
		{"DELETE /b-1/pub/", "", "DeleteObject b-1/pub/"},
		{"POST /b-1?delete", "<Delete><Object><Key>pub/</Key></Object></Delete>", "DeleteObject b-1/pub/"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		if c, refusal := mapS3(m, method, "s3.example", target, nil, tc.body); refusal != nil || c.needs() != tc.needs {
			t.Errorf("%s: %s, %+v", tc.line, c.needs(), refusal)
		}
	}
	c, refusal := mapS3(m, "PUT", "s3.example", "/b-1/a/?uploadId=u&partNumber=1", h("x-amz-copy-source", "src/b/"), "")
	if refusal != nil || c.needs() != "PutObject b-1/a/, GetObject src/b/, PutObject b-1/a, GetObject src/b" {
		t.Errorf("a part that is copied: %s, %+v", c.needs(), refusal)
	}
	exact := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{ExactKeys: true}}
	if c, _ := mapS3(exact, "GET", "s3.example", "/b-1/a/?tagging", nil, ""); c.needs() != "GetObjectTagging b-1/a/" {
		t.Errorf("a store that keeps keys as bytes: %s", c.needs())
	}
	e := storeGate(t, "", nil, "allow any * *", "deny any * /data/pub/a")
	want(t, e, asks("GET /data/pub/a/?tagging"), Denied)
	want(t, e, asks("GET /data/pub/b/?attributes"), Allowed)
}

func TestAnUploadOverHTTP1SaysItsLength(t *testing.T) {
	for _, tc := range []struct {
		line, proto string
		header      http.Header
		refused     bool
	}{
		{"PUT /b-1/k", "HTTP/1.1", nil, true},
		{"PUT /b-1/k", "HTTP/1.0", nil, true},
		{"PUT /b-1/k?uploadId=u&partNumber=1", "HTTP/1.1", nil, true},
		{"PUT /b-1/k", "HTTP/1.1", h("Content-Length", "0"), false},
		{"PUT /b-1/k", "HTTP/2.0", nil, false},
		{"PUT /b-1/k", "HTTP/3.0", nil, false},
		{"PUT /b-1/k", "HTTP/1.1", h("x-amz-copy-source", "src/a"), false},
		{"PUT /b-1", "HTTP/1.1", nil, false},
		{"PUT /b-1/k?acl", "HTTP/1.1", h("x-amz-acl", "private"), false},
		{"POST /b-1/k?uploads", "HTTP/1.1", nil, false},
		{"GET /b-1/k", "HTTP/1.1", nil, false},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		c := s3Call(&S3Mapping{Region: testRegion, Account: testAccount}, method, "s3.example", target, tc.header, "")
		c.r.Proto = tc.proto
		_, refusal := resolveS3Call(c)
		if tc.refused != (refusal != nil && refusal.Reason == LengthRequired) || !tc.refused && refusal != nil {
			t.Errorf("%s %s %v: %+v", tc.line, tc.proto, tc.header, refusal)
		}
	}
}

// Java's SDK asks for a checksum after the object by default.
func TestARequestForAChecksumAfterTheObjectIsServedWithoutOne(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount}
	c, refusal := mapS3(m, "GET", "s3.example", "/b-1/k", h("x-amz-te", "append-md5", "Accept", "*/*"), "")
	if refusal != nil {
		t.Fatalf("%+v", refusal)
	}
	if m.forward(c); len(c.r.Header["X-Amz-Te"]) > 0 || c.r.Header.Get("Accept") == "" {
		t.Errorf("%v", c.r.Header)
	}
}

func TestRefusalsSayWhatTheyAreAbout(t *testing.T) {
	long := strings.Repeat("k", s3key.MaxBytes+1)
	for _, tc := range []struct {
		line                   string
		header                 http.Header
		reason                 Reason
		subject, value, detail string
	}{
		{"PUT /b-1/k", h("x-amz-storage-klass", "secret"), UnknownRequest, "x-amz-storage-klass", "", ""},
		{"GET /b-1/k?lambdaArn=secret", nil, UnknownRequest, "?lambdaArn", "", ""},
		{"GET /b-1/k?" + strings.Repeat("p", 2000) + "=secret", nil, UnknownRequest, "", "", ""},
		{"GET /b-1?session", nil, UnknownRequest, "?session", "", ""},
		{"GET /b-1?versionId=v", nil, UnknownRequest, "?versionId", "", ""},
		{"PUT /b-1/k", h("if-none-match", `"etag"`), UnknownRequest, "if-none-match", "", ""},
		{"POST /", nil, MethodNotServed, "SERVICE", "GET", ""},
		{"POST /b-1/k", nil, MethodNotServed, "OBJECT", "DELETE, GET, HEAD, PUT", ""},
		{"DELETE /b-1?acl", nil, MethodNotServed, "BUCKET", "GET, PUT", ""},
		{"POST /b-1?policy", nil, MethodNotServed, "BUCKETPOLICY", "DELETE, GET, PUT", ""},
		{"PUT /b-1/k?uploadId=u", nil, MethodNotServed, "UPLOAD", "DELETE, GET, POST", ""},
		{"GET /b-1/k?versions", nil, Misplaced, "versions", "", "There is no such thing as the ?versions sub-resource for a key"},
		{"GET /b-1/k?uploads", nil, Misplaced, "uploads", "", "Key is not expected for the GET method ?uploads subresource"},
		{"GET /b-1/" + long, nil, KeyTooLong, "", "1025", ""},
		{"GET /b-1/k", h("x-amz-copy-source", "src/a"), InvalidCopySource, "x-amz-copy-source", "src/a", "You can only specify a copy source header for copy requests."},
		{"DELETE /b-1/k", h("x-amz-copy-source", "src/a"), InvalidCopySource, "x-amz-copy-source", "src/a", "You can only specify a copy source header for copy requests."},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/%zz"), InvalidCopySource, "x-amz-copy-source", "src/%zz", "Invalid copy source encoding"},
		{"PUT /b-1/k", h("x-amz-copy-source", "S/a"), InvalidCopySource, "x-amz-copy-source", "S/a", "Invalid copy source bucket name"},
		{"PUT /b-1/k", h("x-amz-copy-source", "192.168.5.4/a"), InvalidCopySource, "x-amz-copy-source", "192.168.5.4/a", "Invalid copy source bucket name"},
		{"PUT /b-1/k", h("x-amz-copy-source", "src"), InvalidCopySource, "x-amz-copy-source", "src", ""},
		{"GET /192.168.5.4/a", nil, InvalidBucket, "", "", ""},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		_, r := mapS3(&S3Mapping{Region: testRegion, Account: testAccount}, method, "s3.example", target, tc.header, "")
		if r == nil || r.Reason != tc.reason || r.Subject != tc.subject || r.Value != tc.value || tc.detail != "" && r.Detail != tc.detail || strings.Contains(r.Detail, "secret") {
			t.Errorf("%.60s: %+v", tc.line, r)
		}
	}
}
