package authz

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/urlpath"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// mapS3 runs a request through the mapping alone, as if its signature were valid.
func mapS3(m *S3Mapping, method, host, target string, header http.Header, body string) (*call, *Refusal) {
	return resolveS3Call(s3Call(m, method, host, target, header, body))
}

func s3Call(m *S3Mapping, method, host, target string, header http.Header, body string) *call {
	path, query, _ := strings.Cut(target, "?")
	if header == nil {
		header = http.Header{}
	}
	c := &call{e: &Engine{o: Options{Mapping: m, Bodies: DefaultBodies()}}, now: testNow, r: &Request{Method: method, Host: host, RawPath: path, RawQuery: query, Header: header,
		ContentLength: int64(len(body)), TLSVersion: tls.VersionTLS13}}
	if body != "" {
		c.r.Body = strings.NewReader(body)
	}
	c.principal = newRoot(&RootKey{}).Principal
	c.subject = &Subject{Principal: c.principal}
	if strings.Contains(query, "X-Amz-Signature") {
		c.credential.scheme = schemePresigned
	}
	return c
}

func resolveS3Call(c *call) (*call, *Refusal) {
	m, body := c.e.o.Mapping.(*S3Mapping), c.r.Body
	name, err := urlpath.CanonicalHost(c.r.Host)
	if err != nil {
		return c, malformed(MalformedHost, err)
	}
	c.host = name
	if refusal := m.locate(c); refusal != nil {
		return c, refusal
	}
	if c.r.Method != "OPTIONS" {
		c.verified = must(verifiedFor(c.r))
		if c.r.Body = body; body == nil {
			c.r.Body = strings.NewReader("")
		}
	}
	return c, m.resolve(c)
}

// verifiedFor signs a copy of the request so that its body can be read as a signed one.
func verifiedFor(r *Request) (*sigv4.Verified, error) {
	s := &sigv4.Request{Method: r.Method, Host: r.Host, RawPath: "/", Header: http.Header{}, ContentLength: r.ContentLength}
	err := sigv4.Sign(s, rootCredentials(), sigv4.SignOptions{Time: testNow.Add(-90 * time.Second), Region: testRegion, Service: "s3", PayloadHash: sigv4.UnsignedPayload})
	if err != nil {
		return nil, err
	}
	a, err := sigv4.Parse(s)
	if err != nil {
		return nil, err
	}
	return a.Verify(rootSecret, sigv4.Options{Now: testNow, Regions: []string{testRegion}, Services: []string{"s3"}})
}

// needs lists the actions and resources of a call in one line: "s3:GetObject bucket/key, …".
func (c *call) needs() string {
	list := make([]string, len(c.targets))
	for i, t := range c.targets {
		list[i] = strings.TrimPrefix(t.action, "s3:") + " " + strings.TrimPrefix(t.resource, "arn:aws:s3:::")
	}
	return strings.Join(list, ", ")
}

func h(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Add(pairs[i], pairs[i+1])
	}
	return header
}

func TestS3RequestsNeedTheseActions(t *testing.T) {
	const (
		retention = `<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-11-25T12:00:00Z</RetainUntilDate></Retention>`
		hold      = `<LegalHold><Status>ON</Status></LegalHold>`
		tagging   = `<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>`
		remove    = `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="x"><Object><Key>a/1 &amp; 2</Key></Object><Object><Key>b</Key><VersionId>v1</VersionId></Object><Quiet>true</Quiet></Delete>`
	)
	for _, tc := range []struct {
		line   string
		header http.Header
		body   string
		needs  string
	}{
		// Objects.
		{"GET /b-1/k", nil, "", "GetObject b-1/k"},
		{"GET /b-1/a%2Fb", nil, "", "GetObject b-1/a/b"},
		{"GET /b-1%2Fk", nil, "", "GetObject b-1/k"},
		{"GET /b-1/a%252Fb", nil, "", "GetObject b-1/a%2Fb"},
		{"GET /b-1/a+b", nil, "", "GetObject b-1/a+b"},
		{"GET /b-1/dir/", nil, "", "GetObject b-1/dir/"},
		{"GET /b-1/k?x-id=GetObject&partNumber=2&response-content-type=text/plain", nil, "", "GetObject b-1/k"},
		{"GET /b-1/k?versionId=null", nil, "", "GetObjectVersion b-1/k"},
		{"HEAD /b-1/k", nil, "", "GetObject b-1/k"},
		{"HEAD /b-1/k?versionId=v", nil, "", "GetObjectVersion b-1/k"},
		{"GET /b-1/k?attributes", nil, "", "GetObject b-1/k, GetObjectAttributes b-1/k"},
		{"GET /b-1/k?attributes&versionId=v", nil, "", "GetObjectVersion b-1/k, GetObjectVersionAttributes b-1/k"},
		{"GET /b-1/k?acl", nil, "", "GetObjectAcl b-1/k"},
		{"GET /b-1/k?acl=&versionId=v", nil, "", "GetObjectVersionAcl b-1/k"},
		{"GET /b-1/k?tagging", nil, "", "GetObjectTagging b-1/k"},
		{"GET /b-1/k?tagging&versionId=v", nil, "", "GetObjectVersionTagging b-1/k"},
		{"GET /b-1/k?retention&versionId=v", nil, "", "GetObjectRetention b-1/k"},
		{"GET /b-1/k?legal-hold", nil, "", "GetObjectLegalHold b-1/k"},
		{"GET /b-1/k?torrent", nil, "", "GetObject b-1/k, GetObjectTorrent b-1/k"},
		{"GET /b-1/k?uploadId=u&max-parts=5", nil, "", "ListMultipartUploadParts b-1/k"},
		{"PUT /b-1/k", nil, "", "PutObject b-1/k"},
		{"PUT /b-1/k", h("x-amz-acl", "public-read"), "", "PutObject b-1/k, PutObjectAcl b-1/k"},
		{"PUT /b-1/k", h("x-amz-grant-read", "id=1"), "", "PutObject b-1/k, PutObjectAcl b-1/k"},
		{"PUT /b-1/k", h("x-amz-tagging", "team=red"), "", "PutObject b-1/k, PutObjectTagging b-1/k"},
		{"PUT /b-1/k", h("x-amz-object-lock-mode", "GOVERNANCE", "x-amz-object-lock-legal-hold", "ON"), "",
			"PutObject b-1/k, PutObjectRetention b-1/k, PutObjectLegalHold b-1/k"},
		{"PUT /b-1/k", h("x-amz-copy-source", "/src/a%2Bb?versionId=v"), "",
			"PutObject b-1/k, GetObjectVersion src/a+b, GetObjectVersionTagging src/a+b, PutObjectTagging b-1/k"},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/a%3Fb", "x-amz-tagging-directive", "REPLACE"), "", "PutObject b-1/k, GetObject src/a?b"},
		{"PUT /b-1/k", h("x-amz-copy-source", "src%2Fa+b%2Bc", "x-amz-tagging-directive", "REPLACE"), "", "PutObject b-1/k, GetObject src/a b+c"},
		{"PUT /b-1/k", h("x-amz-copy-source", "%2fsrc%2Fa", "x-amz-tagging-directive", "REPLACE"), "", "PutObject b-1/k, GetObject src/a"},
		{"GET /b-1/k?x-user=ada&x-user=bob&X-Trace=1", nil, "", "GetObject b-1/k"},
		{"PUT /b-1/k?Content-Type=a&X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=s", nil, "", "PutObject b-1/k"},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/a"), "", "PutObject b-1/k, GetObject src/a, GetObjectTagging src/a, PutObjectTagging b-1/k"},
		{"PUT /b-1/k?acl", h("x-amz-acl", "private"), "", "PutObjectAcl b-1/k"},
		{"PUT /b-1/k?acl&versionId=v", nil, "", "PutObjectVersionAcl b-1/k"},
		{"PUT /b-1/k?tagging", nil, tagging, "PutObjectTagging b-1/k"},
		{"PUT /b-1/k?tagging&versionId=v", nil, tagging, "PutObjectVersionTagging b-1/k"},
		{"PUT /b-1/k?retention", nil, retention, "PutObjectRetention b-1/k"},
		{"PUT /b-1/k?retention", h("x-amz-bypass-governance-retention", "true"), retention, "PutObjectRetention b-1/k, BypassGovernanceRetention b-1/k"},
		{"PUT /b-1/k?retention", h("x-amz-bypass-governance-retention", "FALSE"), retention, "PutObjectRetention b-1/k"},
		{"PUT /b-1/k?legal-hold", nil, hold, "PutObjectLegalHold b-1/k"},
		{"PUT /b-1/k?encryption", nil, "", "PutObject b-1/k, UpdateObjectEncryption b-1/k"},
		{"DELETE /b-1/k", nil, "", "DeleteObject b-1/k"},
		{"DELETE /b-1/k?versionId=v", h("x-amz-bypass-governance-retention", "True"), "", "DeleteObjectVersion b-1/k, BypassGovernanceRetention b-1/k"},
		{"DELETE /b-1/k?tagging", nil, "", "DeleteObjectTagging b-1/k"},
		{"DELETE /b-1/k?tagging&versionId=v", nil, "", "DeleteObjectVersionTagging b-1/k"},
		{"POST /b-1/k?restore", nil, "<RestoreRequest><Days>1</Days></RestoreRequest>", "RestoreObject b-1/k"},
		{"POST /b-1/k?restore&versionId=v", nil, "<RestoreRequest><Days>1</Days></RestoreRequest>", "RestoreObject b-1/k"},
		{"POST /b-1/k?select&select-type=2", nil, "", "GetObject b-1/k"},
		{"POST /b-1/k?uploads", h("x-amz-tagging", "a=b"), "", "PutObject b-1/k, PutObjectTagging b-1/k"},
		{"PUT /b-1/k?partNumber=1&uploadId=u", nil, "", "PutObject b-1/k"},
		{"PUT /b-1/k?partNumber=1&uploadId=u", h("x-amz-copy-source", "src/a"), "", "PutObject b-1/k, GetObject src/a"},
		{"POST /b-1/k?uploadId=u", nil, "", "PutObject b-1/k"},
		{"DELETE /b-1/k?uploadId=u", nil, "", "AbortMultipartUpload b-1/k"},
		// Several objects.
		{"POST /b-1?delete", nil, remove, "DeleteObject b-1/a/1 & 2, DeleteObjectVersion b-1/b"},
		{"POST /b-1/?delete", h("x-amz-bypass-governance-retention", "true"), "<Delete><Object><Key>k</Key></Object></Delete>", "DeleteObject b-1/k, BypassGovernanceRetention b-1/k"},
		// Buckets and the account.
		{"GET /", nil, "", "ListAllMyBuckets *"},
		{"GET /?max-buckets=3&prefix=a", nil, "", "ListAllMyBuckets *"},
		{"GET /b-1", nil, "", "ListBucket b-1"},
		{"GET /b-1/", nil, "", "ListBucket b-1"},
		{"GET /b-1?list-type=2&prefix=a/&delimiter=/&max-keys=10&fetch-owner=true&start-after=a&continuation-token=x&encoding-type=url", nil, "", "ListBucket b-1"},
		{"GET /b-1?prefix=&marker=x", nil, "", "ListBucket b-1"},
		{"GET /b-1?versions&key-marker=x&version-id-marker=y&prefix=p", nil, "", "ListBucketVersions b-1"},
		{"GET /b-1?uploads&prefix=p&max-uploads=3", nil, "", "ListBucketMultipartUploads b-1"},
		{"GET /b-1?location", nil, "", "GetBucketLocation b-1"},
		{"HEAD /b-1", nil, "", "ListBucket b-1"},
		{"PUT /b-1", nil, "", "CreateBucket b-1"},
		{"PUT /b-1", h("x-amz-acl", "private"), "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>", "CreateBucket b-1"},
		{"PUT /b-1", h("x-amz-acl", "public-read", "x-amz-bucket-object-lock-enabled", "true", "x-amz-object-ownership", "ObjectWriter"), "",
			"CreateBucket b-1, PutBucketAcl b-1, PutBucketObjectLockConfiguration b-1, PutBucketVersioning b-1, PutBucketOwnershipControls b-1"},
		{"DELETE /b-1", nil, "", "DeleteBucket b-1"},
		{"GET /b-1?acl", nil, "", "GetBucketAcl b-1"},
		{"PUT /b-1?requestPayment", nil, "", "PutBucketRequestPayment b-1"},
		{"DELETE /b-1?tagging", nil, "", "PutBucketTagging b-1"},
		{"DELETE /b-1?website", nil, "", "DeleteBucketWebsite b-1"},
		{"DELETE /b-1?policy", nil, "", "DeleteBucketPolicy b-1"},
		{"GET /b-1?policyStatus", nil, "", "GetBucketPolicyStatus b-1"},
		{"DELETE /b-1?cors", nil, "", "PutBucketCORS b-1"},
		{"PUT /b-1?lifecycle", nil, "", "PutLifecycleConfiguration b-1"},
		{"GET /b-1?encryption", nil, "", "GetEncryptionConfiguration b-1"},
		{"DELETE /b-1?replication", nil, "", "PutReplicationConfiguration b-1"},
		{"PUT /b-1?accelerate", nil, "", "PutAccelerateConfiguration b-1"},
		{"GET /b-1?inventory&id=1", nil, "", "GetInventoryConfiguration b-1"},
		{"DELETE /b-1?intelligent-tiering&id=1", nil, "", "PutIntelligentTieringConfiguration b-1"},
		{"PUT /b-1?object-lock", nil, "", "PutBucketObjectLockConfiguration b-1"},
		{"DELETE /b-1?ownershipControls", nil, "", "PutBucketOwnershipControls b-1"},
		{"GET /b-1?publicAccessBlock", nil, "", "GetBucketPublicAccessBlock b-1"},
		{"PUT /b-1?abac", nil, "", "PutBucketAbac b-1"},
		{"POST /b-1?metadataConfiguration", nil, "", "CreateBucketMetadataTableConfiguration b-1"},
		{"PUT /b-1?metadataJournalTable", nil, "", "UpdateBucketMetadataJournalTableConfiguration b-1"},
		// Presigned.
		{"GET /b-1/k?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=s", nil, "", "GetObject b-1/k"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		c, refusal := mapS3(&S3Mapping{Region: testRegion, Account: testAccount}, method, "s3.example", target, tc.header, tc.body)
		if refusal != nil {
			t.Errorf("%s: %s %s", tc.line, refusal.Name(), refusal.Detail)
		} else if got := c.needs(); got != tc.needs {
			t.Errorf("%s: %s; want %s", tc.line, got, tc.needs)
		}
	}
}

func TestS3RequestsThatAreNotServed(t *testing.T) {
	long := strings.Repeat("k", s3key.MaxBytes+1)
	for _, tc := range []struct {
		line   string
		header http.Header
		body   string
		reason Reason
	}{
		{"GET /b-1/k?acl&tagging", nil, "", ConflictingParameters},
		{"GET /b-1/k?acl&acl", nil, "", RepeatedParameter},
		{"GET /b-1/k?versionId=a&versionId=b", nil, "", RepeatedParameter},
		{"GET /b-1/k?versionId=", nil, "", EmptyVersion},
		{"PUT /b-1?x", nil, "", UnknownRequest}, // would be CreateBucket
		{"PUT /b-1/k?x", nil, "", UnknownRequest},
		{"PUT /b-1/k?ACL", nil, "", UnknownRequest},
		{"PUT /b-1/k?Content-Type=a", nil, "", UnknownRequest},
		{"PUT /b-1/k?x-amz-user=a", nil, "", UnknownRequest},
		{"PUT /b-1/k?x-", nil, "", UnknownRequest},
		{"GET /b-1/k?lambdaArn=x", nil, "", UnknownRequest},
		{"GET /b-1/k?prefix=a", nil, "", UnknownRequest},
		{"PUT /b-1/k?partNumber=1", nil, "", InvalidValue},
		{"PUT /b-1/k?partNumber=1", h("x-amz-copy-source", "src/a"), "", InvalidValue},
		{"GET /b-1?start-after=a", nil, "", InvalidValue},
		{"GET /b-1?start-after=", nil, "", InvalidValue},
		{"PUT /b-1/k?versionId=v", nil, "", UnknownRequest},
		{"GET /b-1?versionId=v", nil, "", UnknownRequest},
		{"GET /b-1?retention", nil, "", UnknownRequest},
		{"GET /b-1/k?policy", nil, "", Misplaced},
		{"GET /b-1?session", nil, "", UnknownRequest},
		{"PUT /b-1/k?renameObject", nil, "", UnknownRequest},
		{"POST /b-1", nil, "", UnknownRequest},
		{"POST /b-1/k", nil, "", MethodNotServed},
		{"GET /b-1/k?X-Amz-Date=x", nil, "", UnknownRequest},
		{"GET /b-1?list-type=3", nil, "", InvalidListType},
		{"PATCH /b-1/k", nil, "", MethodNotServed},
		{"DELETE /b-1?acl", nil, "", MethodNotServed},
		{"PUT /", nil, "", MethodNotServed},
		{"OPTIONS /b-1/k", nil, "", Preflight},
		{"GET /b", nil, "", InvalidBucket},
		{"GET /Bucket/k", nil, "", InvalidBucket},
		{"GET /b_1/k", nil, "", InvalidBucket},
		{"GET /b..1/k", nil, "", InvalidBucket},
		{"GET /-b1/k", nil, "", InvalidBucket},
		{"GET /b-1/" + long, nil, "", KeyTooLong},
		// Keys that a store on a file system would resolve to others.
		{"GET /b-1/../b-2/k", nil, "", MalformedPath},
		{"GET /b-1/a/../k", nil, "", MalformedPath},
		{"GET /b-1/./k", nil, "", MalformedPath},
		{"GET /b-1/a/..", nil, "", MalformedPath},
		{"GET /b-1/%2e%2e/b-2/k", nil, "", MalformedPath},
		{"GET /b-1/a%2f..%2fk", nil, "", MalformedPath},
		{"GET /b-1/%252e%252e/b-2/k", nil, "", MalformedPath},
		{`GET /b-1/a%5c..%5ck`, nil, "", MalformedPath},
		{"GET //b-1/k", nil, "", MalformedPath},
		{"GET /b-1//k", nil, "", MalformedPath},
		{"GET /b-1/a//k", nil, "", MalformedPath},
		{"GET /b-1/a%2F%2Fk", nil, "", MalformedPath},
		{"GET /b-1/%00", nil, "", MalformedPath},
		{"GET /b-1/%ff", nil, "", MalformedPath},
		{"GET /b-1/%", nil, "", MalformedPath},
		{"GET /b-1?prefix=a/../b/", nil, "", InvalidPrefix},
		{"GET /b-1?prefix=a//b", nil, "", InvalidPrefix},
		{"GET /b-1?list-type=2&prefix=%2e%2e/", nil, "", InvalidPrefix},
		{"GET /b-1?prefix=a;b=c", nil, "", MalformedQuery},
		{"PUT /b-1/k", h("x-amz-copy-source", "src"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/../x/k"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/%2e%2e/x"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", ""), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", " "), "", InvalidCopySource},
		{"PUT /b-1/k?partNumber=1&uploadId=u", h("x-amz-copy-source", ""), "", InvalidCopySource},
		{"GET /b-1/k", h("x-amz-copy-source", ""), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "//src/a"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "%2F%2Fsrc%2Fa"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "/%2Fsrc/a"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "%2F"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/a?versionId=1&versionId=2"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/a?x=1"), "", InvalidCopySource},
		{"PUT /b-1/k", h("x-amz-copy-source", "src/a", "x-amz-copy-source", "src/b"), "", InvalidHeader},
		{"PUT /b-1/k", h("x-amz-copy-source", "arn:aws:s3:us-east-1:1:accesspoint/x/object/k"), "", InvalidCopySource},
		{"PUT /b-1/k?acl", h("x-amz-copy-source", "src/a"), "", InvalidCopySource},
		{"GET /b-1/k", h("x-amz-copy-source", "src/a"), "", InvalidCopySource},
		{"GET /b-1/k", h("x-amz-tagging", "a=b"), "", InvalidHeader},
		{"PUT /b-1/k", h("x-amz-acl", "private", "x-amz-acl", "public-read"), "", InvalidHeader},
		{"PUT /b-1/k", h("x-amz-tagging", "a=b&a=c"), "", InvalidValue},
		{"PUT /b-1/k?tagging", nil, "<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key></Tag></TagSet></Tagging>", MalformedXML},
		{"PUT /b-1/k?tagging", nil, "", MalformedXML},
		{"PUT /b-1/k?retention", nil, "<Retention><Mode>GOVERNANCE</Mode><Mode>COMPLIANCE</Mode></Retention>", MalformedXML},
		{"POST /b-1?delete", nil, "", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete></Delete>", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete><Object></Object></Delete>", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete><Object><Key>a/../b</Key></Object></Delete>", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete><Object><Key>a<!-- -->b</Key></Object></Delete>", MalformedXML},
		{"POST /b-1?delete", nil, `<!DOCTYPE x [<!ENTITY e "k">]><Delete><Object><Key>&e;</Key></Object></Delete>`, MalformedXML},
		{"POST /b-1?delete", nil, "<Delete><Object><Key>a</Key></Object></Delete><Delete/>", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete>" + strings.Repeat("<Object><Key>k</Key></Object>", 1001) + "</Delete>", MalformedXML},
		{"POST /b-1?delete", nil, "<Delete>" + strings.Repeat("<a>", 100), MalformedXML},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		c, refusal := mapS3(&S3Mapping{Region: testRegion, Account: testAccount}, method, "s3.example", target, tc.header, tc.body)
		if refusal == nil {
			t.Errorf("%.80s: needs %s; want %s", tc.line, c.needs(), tc.reason)
		} else if refusal.Reason != tc.reason {
			t.Errorf("%.80s: %s %s; want %s", tc.line, refusal.Name(), refusal.Detail, tc.reason)
		}
	}
}

func TestTheBucketIsInThePathOrTheHost(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount, Prefix: "/s3", Store: s3key.Store{Endpoints: s3key.Endpoints{Names: []string{"s3.example", "localhost"}}}}
	for _, tc := range []struct{ host, target, needs, forwarded, path string }{
		{"s3.example", "/s3/b-1/k", "GetObject b-1/k", "/b-1/k", "/s3/b-1/k"},
		{"S3.Example:9000", "/s3/b-1/k%20x(1)", "GetObject b-1/k x(1)", "/b-1/k%20x%281%29", "/s3/b-1/k x(1)"},
		{"b-1.s3.example", "/s3/k", "GetObject b-1/k", "/b-1/k", "/s3/b-1/k"},
		{"b.1.s3.example", "/s3/", "ListBucket b.1", "/b.1/", "/s3/b.1/"},
		{"localhost:8080", "/s3", "ListAllMyBuckets *", "/", "/s3/"},
		{"localhost:8080", "/s3/", "ListAllMyBuckets *", "/", "/s3/"},
	} {
		c, refusal := mapS3(m, "GET", tc.host, tc.target, nil, "")
		if refusal != nil {
			t.Errorf("%s%s: %+v", tc.host, tc.target, refusal)
		} else if c.needs() != tc.needs || c.rawPath != tc.forwarded || c.path != tc.path {
			t.Errorf("%s%s: %s, forwards %s, decided on %s", tc.host, tc.target, c.needs(), c.rawPath, c.path)
		}
	}
	for _, tc := range [][2]string{{"other.example", "/s3/b-1/k"}, {"xs3.example", "/s3/b-1/k"}, {"s3.example", "/b-1/k"}, {"s3.example", "/s3x/b-1/k"}} {
		if c, refusal := mapS3(m, "GET", tc[0], tc[1], nil, ""); refusal == nil {
			t.Errorf("%s%s: %s", tc[0], tc[1], c.needs())
		}
	}
}

func TestEmptySegmentsAreAllowedForFlatStores(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{ExactKeys: true}}
	for target, needs := range map[string]string{"/b-1//k": "GetObject b-1//k", "/b-1/a//": "GetObject b-1/a//", "/b-1?prefix=a//b": "ListBucket b-1"} {
		if c, refusal := mapS3(m, "GET", "h", target, nil, ""); refusal != nil || c.needs() != needs {
			t.Errorf("%s: %s, %+v", target, c.needs(), refusal)
		}
	}
}

func FuzzS3Mapping(f *testing.F) {
	f.Add("GET", "/b-1/k?versionId=1", "", "")
	f.Add("PUT", "/b-1/a%2f..%2fb", "src/a?versionId=x", "")
	f.Add("POST", "/b-1?delete", "", "<Delete><Object><Key>k</Key></Object></Delete>")
	f.Add("GET", "/b-1?prefix=a/../b", "", "")
	m := &S3Mapping{Region: testRegion, Account: testAccount}
	f.Fuzz(func(t *testing.T, method, target, source, body string) {
		header := http.Header{}
		if source != "" {
			header["X-Amz-Copy-Source"] = []string{source}
		}
		if !strings.HasPrefix(target, "/") || len(method) > 10 || !headers.IsToken(method) {
			return
		}
		c, refusal := mapS3(m, method, "s3.example", target, header, body)
		if refusal != nil {
			return
		}
		if len(c.targets) == 0 {
			t.Fatal("an accepted request has no targets")
		}
		for _, x := range c.targets {
			key := strings.TrimPrefix(x.resource, "arn:aws:s3:::")
			for _, segment := range strings.FieldsFunc(key, func(r rune) bool { return r == '/' || r == '\\' }) {
				if segment == "." || segment == ".." {
					t.Fatalf("%s: resource %q", target, x.resource)
				}
			}
			if strings.Contains(key, "//") || strings.Contains(key, "\x00") {
				t.Fatalf("%s: resource %q", target, x.resource)
			}
		}
		if u := (&url.URL{Path: c.passed, RawPath: c.rawPath}); u.EscapedPath() != c.rawPath {
			t.Fatalf("%s would be forwarded as %q, not %q", target, u.EscapedPath(), c.rawPath)
		}
		// The forwarded request must have the meaning that was decided on.
		m.forward(c)
		if c.rewritten {
			body = string(c.body)
		}
		again, refusal := mapS3(m, method, "s3.example", c.rawPath+"?"+c.query, header, body)
		if refusal != nil || fmt.Sprint(again.targets) != fmt.Sprint(c.targets) || again.rawPath != c.rawPath {
			t.Fatalf("%s: forwarded as %s it needs %s (%+v)", target, c.rawPath, again.needs(), refusal)
		}
	})
}
