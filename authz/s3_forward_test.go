package authz

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// forwarded maps a request and returns what is forwarded to the store.
func forwarded(t *testing.T, m *S3Mapping, method, host, target string, header http.Header, body string) *call {
	t.Helper()
	c, refusal := mapS3(m, method, host, target, header, body)
	if refusal != nil {
		t.Fatalf("%s %s%s: %s %s", method, host, target, refusal.Name(), refusal.Detail)
	}
	m.forward(c)
	return c
}

var plainS3 = &S3Mapping{Region: testRegion, Account: testAccount}

func TestTheLongestOfSeveralEndpointsNamesTheBucket(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{Endpoints: s3key.Endpoints{Names: []string{"s3.example", "eu.s3.example"}}}}
	for host, want := range map[string]string{
		"photos.eu.s3.example": "/photos/secret/who", "photos.s3.example:9000": "/photos/secret/who", "eu.s3.example": "/secret/who",
		"s3.example": "/secret/who", "us.s3.example": "",
	} {
		c, refusal := mapS3(m, "GET", host, "/secret/who", nil, "")
		if want == "" {
			if refusal == nil {
				t.Errorf("%s: %s", host, c.needs())
			}
			continue
		}
		if refusal != nil || c.rawPath != want || c.path != want || c.needs() != "GetObject "+want[1:] {
			t.Errorf("%s: %s, path %s, decided on %s, %+v", host, c.needs(), c.rawPath, c.path, refusal)
		}
	}
	for host, want := range map[string]string{"photos.S3.example:9000": "s3.example:9000", "photos.eu.s3.example": "eu.s3.example", "s3.example": ""} {
		if c := forwarded(t, m, "GET", host, "/secret/who", nil, ""); c.endpoint != want {
			t.Errorf("%s: forwarded as %q", host, c.endpoint)
		}
	}
}

func TestACopySourceIsEncodedAgain(t *testing.T) {
	for source, want := range map[string]string{
		"/shared/a":                         "shared/a",
		"shared%2Fa%20b%2Bc":                "shared/a%20b%2Bc",
		"shared/q?versionId=a%2Fb":          "shared/q?versionId=a%2Fb",
		"shared/who%3Fx":                    "shared/who%3Fx",
		"shared/100%25":                     "shared/100%25",
		"shared/private.txt%3FversionId=":   "",
		"shared/private.txt%3Fversionid=1":  "",
		"shared/private.txt%253FversionId=": "",
		"shared/private.txt?versionId=1&x":  "",
	} {
		header := h("X-Amz-Copy-Source", source)
		c, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k", header, "")
		if want == "" {
			if refusal == nil || refusal.Reason != InvalidCopySource {
				t.Errorf("%s: %s", source, c.needs())
			}
			continue
		}
		if refusal != nil {
			t.Errorf("%s: %s", source, refusal.Detail)
			continue
		}
		plainS3.forward(c)
		if got := header.Get("X-Amz-Copy-Source"); got != want {
			t.Errorf("%s: forwarded as %s", source, got)
		}
	}
}

func TestTagsAndParametersAreEncodedAgain(t *testing.T) {
	c := forwarded(t, plainS3, "PUT", "s3.example", "/b-1/k?partNumber=1&uploadId=a%2fb%2bc&&x-id=UploadPart", h("X-Amz-Tagging", "a=1+2&&b=%7e"), "")
	if c.query != "partNumber=1&uploadId=a%2Fb%2Bc" || c.r.Header.Get("X-Amz-Tagging") != "a=1%202&b=~" {
		t.Errorf("query %s, tags %s", c.query, c.r.Header.Get("X-Amz-Tagging"))
	}
	if c := forwarded(t, plainS3, "GET", "s3.example", "/b-1?uploads&prefix=", nil, ""); c.query != "uploads&prefix=" {
		t.Errorf("query %s", c.query)
	}
}

func TestOnlyKnownHeadersReachTheStore(t *testing.T) {
	header := h("X-Minio-Force-Delete", "true", "X-Rgw-Quota", "1", "Cookie", "a=b", "X-Amz-Meta-Owner", "me", "Content-Type", "text/plain",
		"X-Amz-Acl", "private", "Range", "bytes=0-1", "X-Amz-Bypass-Governance-Retention", "true", "Connection", "upgrade", "Upgrade", "h2c")
	header["X_amz_meta_a"] = []string{"x"}
	forwarded(t, plainS3, "PUT", "s3.example", "/b-1/k", header, "")
	if got := strings.Join(keysOf(header), " "); got != "Content-Type X-Amz-Acl X-Amz-Meta-Owner" {
		t.Errorf("PUT: %s", got)
	}
	header = h("X-Amz-Acl", "public-read", "X-Amz-Meta-A", "b", "X-Amz-Bypass-Governance-Retention", "true", "X-Minio-Force-Delete", "true")
	forwarded(t, plainS3, "DELETE", "s3.example", "/b-1/k", header, "")
	if got := strings.Join(keysOf(header), " "); got != "X-Amz-Bypass-Governance-Retention" {
		t.Errorf("DELETE: %s", got)
	}
	for _, name := range []string{"X-Amz-Meta-Snowball-Auto-Extract", "X-Amz-Meta-Minio-Snowball-Prefix", "X-Amz-Meta-Minio_snowball-Prefix", "X-Amz-Meta-Snowball." + strings.Repeat("a", 200),
		"X-Amz-Rename-Source", "X-Amz-Write-Offset-Bytes",
		"X-Amz-Replication-Status", "X-Amz-Snowball-Extract"} {
		if c, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k", h(name, "true"), ""); refusal == nil || refusal.Reason != UnknownRequest {
			t.Errorf("%s passes: %s", name, c.needs())
		}
	}
}

func keysOf(header http.Header) []string {
	var names []string
	for _, name := range []string{"Connection", "Content-Type", "Cookie", "Range", "Upgrade", "X-Amz-Acl", "X-Amz-Bypass-Governance-Retention", "X-Amz-Meta-A", "X-Amz-Meta-Owner",
		"X-Minio-Force-Delete", "X-Rgw-Quota", "X_amz_meta_a"} {
		if _, there := header[name]; there {
			names = append(names, name)
		}
	}
	return names
}

func TestADocumentIsEncodedAgain(t *testing.T) {
	body := "<Delete xmlns:a=\"b\"><Object a:x=\"y\"><Key>Icon&#13;</Key><VersionId> v </VersionId></Object>\n<Object><Key>a\n&amp;&#9;</Key></Object></Delete>"
	const want = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>Icon&#xD;</Key><VersionId>v</VersionId></Object>` +
		`<Object><Key>a&#xA;&amp;&#x9;</Key></Object></Delete>`
	c := forwarded(t, plainS3, "POST", "s3.example", "/b-1?delete", h("X-Amz-Checksum-Crc32", "v6Ysrw==", "X-Amz-Sdk-Checksum-Algorithm", "CRC32"), "<Delete><Object><Key>a</Key></Object></Delete>")
	if c.r.Header.Get("X-Amz-Checksum-Crc32") != "" || c.r.Header.Get("Content-Md5") == "" {
		t.Errorf("checksums %v", c.r.Header)
	}
	c = forwarded(t, plainS3, "POST", "s3.example", "/b-1?delete", nil, body)
	if string(c.body) != want || !c.rewritten {
		t.Errorf("forwarded as\n%s\nwant\n%s", c.body, want)
	}
	if needs := c.needs(); needs != "DeleteObjectVersion b-1/Icon\r, DeleteObject b-1/a\n&\t" {
		t.Errorf("needs %q", needs)
	}
	for name, tc := range map[string]struct {
		value  string
		reason sigv4.Reason
	}{
		"Content-Md5": {"AAAAAAAAAAAAAAAAAAAAAA==", sigv4.BadDigest}, "X-Amz-Checksum-Crc32": {"AAAAAA==", sigv4.BadDigest},
		"X-Amz-Checksum-Sha256": {"x", sigv4.InvalidDigest}, "Content-MD5": {"AAAA", sigv4.InvalidDigest},
	} {
		_, refusal := mapS3(plainS3, "POST", "s3.example", "/b-1?delete", h(name, tc.value), body)
		if refusal == nil || refusal.Signature == nil || refusal.Signature.Reason != tc.reason {
			t.Errorf("a wrong %s: %+v", name, refusal)
		}
	}
}

func TestHeadersInThePresignedQueryCountAsHeaders(t *testing.T) {
	const signed = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=x&X-Amz-SignedHeaders=host&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
	c := forwarded(t, plainS3, "GET", "s3.example", "/b-1/k?"+signed+"&x-amz-checksum-mode=ENABLED&x-id=GetObject", nil, "")
	if c.query != "" || c.r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
		t.Errorf("query %s, headers %v", c.query, c.r.Header)
	}
	c = forwarded(t, plainS3, "PUT", "s3.example", "/b-1/k?"+signed+"&x-amz-acl=%20public-read%09&x-amz-meta-who=me%20too&X-Amz-Tagging=a%3D1&x-amz-storage-class=STANDARD_IA"+
		"&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32", nil, "hello")
	if c.needs() != "PutObject b-1/k, PutObjectAcl b-1/k, PutObjectTagging b-1/k" {
		t.Errorf("needs %s", c.needs())
	}
	if got := c.r.Header; got.Get("X-Amz-Acl") != "public-read" || got.Get("X-Amz-Meta-Who") != "me too" || got.Get("X-Amz-Tagging") != "a=1" || got.Get("X-Amz-Checksum-Crc32")+got.Get("X-Amz-Sdk-Checksum-Algorithm") != "" ||
		got.Get("X-Amz-Storage-Class") != "STANDARD_IA" || c.query != "" {
		t.Errorf("query %q, headers %v", c.query, got)
	}
	c = forwarded(t, plainS3, "PUT", "s3.example", "/b-1/k?"+signed+"&x-amz-copy-source=src%2Fa", nil, "")
	if !strings.Contains(c.needs(), "GetObject src/a") || c.r.Header.Get("X-Amz-Copy-Source") != "src/a" {
		t.Errorf("needs %s, headers %v", c.needs(), c.r.Header)
	}
	for target, reason := range map[string]Reason{
		"/b-1/k?" + signed + "&x-amz-meta-a=b%0d%0ac":                                   InvalidHeader,
		"/b-1/k?" + signed + "&X-Amz-Meta-a%20b=1":                                      InvalidHeader,
		"/b-1/k?" + signed + "&x-amz-meta-%c3%a9=1":                                     InvalidHeader,
		"/b-1/k?" + signed + "&x-amz-signature=y":                                       UnknownRequest,
		"/b-1/k?" + signed + "&x-amz-rename-source=y":                                   UnknownRequest,
		"/b-1/k?" + signed + "&x-amz-acl=private&X-Amz-Acl=public-read":                 InvalidHeader,
		"/b-1/k?" + signed + "&x-amz-meta-snowball-auto-extract=true":                   UnknownRequest,
		"/b-1/k?x-amz-acl=private":                                                      UnknownRequest,
		"/b-1/k?" + strings.Replace(signed, "X-Amz-Content", "x-amz-content", 1) + "&x": UnknownRequest,
	} {
		if c, refusal := mapS3(plainS3, "PUT", "s3.example", target, nil, "x"); refusal == nil || refusal.Reason != reason {
			t.Errorf("%s: needs %s, %+v", target, c.needs(), refusal)
		}
	}
}

func TestACopyWithoutPermissionForTagsOmitsThem(t *testing.T) {
	g := newSignedGate(t, plainS3, "s3", nil)
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}}`)
	c := g.credentials(record("us-east-1:x", nil))
	copied := func(outcome Outcome, pairs ...string) *Request {
		r := get("PUT", "/b-1/k", "")
		r.Header = h(append(pairs, "X-Amz-Copy-Source", "b-1/source")...)
		want(t, g.Engine, g.sign(r, c, "s3", sigv4.UnsignedPayload), outcome)
		return r
	}
	if r := copied(Allowed); r.Header.Get("X-Amz-Tagging-Directive") != "REPLACE" {
		t.Errorf("without permission for tags: %v", r.Header)
	}
	copied(Denied, "X-Amz-Tagging-Directive", "COPY")
	g.clock.add(time.Second)
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	if r := copied(Allowed); r.Header.Get("X-Amz-Tagging-Directive") != "" {
		t.Errorf("with permission for tags: %v", r.Header)
	}
}

func TestKeysMayContainEveryCharacter(t *testing.T) {
	flat := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{ExactKeys: true}}
	for _, key := range []string{"sp ace+plus%25.txt", "q?u&o='*().txt", "a//b.txt", "tilde~!@$,;.txt", "p%2Fq", "..a"} {
		path := "/b-1/" + s3key.Encode(key)
		if c := forwarded(t, flat, "GET", "s3.example", path, nil, ""); c.needs() != "GetObject b-1/"+key || c.rawPath != path {
			t.Errorf("%s: %s, forwards %s", key, c.needs(), c.rawPath)
		}
		list := "/b-1?list-type=2&prefix=" + s3key.EncodeParam(key)
		if c := forwarded(t, flat, "GET", "s3.example", list, nil, ""); c.s3.prefix != key || "/b-1?"+c.query != list {
			t.Errorf("%s: prefix %s, forwards %s", key, c.s3.prefix, c.query)
		}
	}
}
