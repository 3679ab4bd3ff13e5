package authz

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// S3 verifies the signature before it looks at the key: AWS answered a presigned URL with a slash put before the bucket with
// SignatureDoesNotMatch.
func TestASignatureIsVerifiedBeforeTheKeyIsRead(t *testing.T) {
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", nil)
	presign := func(path string) string {
		return must(sigv4.Presign(&sigv4.Request{Method: "GET", Host: "api.example", RawPath: path, Header: http.Header{}}, rootCredentials(),
			sigv4.SignOptions{Time: g.clock.now(), Region: testRegion, Service: "s3", PayloadHash: sigv4.UnsignedPayload, Expires: time.Minute}))
	}
	for _, path := range []string{"/%2Fb-1/k", "//b-1/k", "/b-1/../k", "/B_1/k"} {
		want(t, g.Engine, get("GET", path+"?"+presign("/b-1/k"), ""), Unauthenticated)
		if got := g.Authorize(t.Context(), get("GET", path+"?"+presign(path), "")); got.Outcome != Malformed {
			t.Errorf("%s, with a right signature: %s %v", path, got.Outcome, got.Refusal)
		}
		if got := g.Authorize(t.Context(), get("GET", path, "")); got.Outcome != Malformed {
			t.Errorf("%s, without one: %s %v", path, got.Outcome, got.Refusal)
		}
	}
}

// S3 takes the coding with a hash of the body for that of the object, and refuses it without one.
func TestThreatChunksThatNoSignatureNamesAreNotTakenForTheObject(t *testing.T) {
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", nil)
	for hash, outcome := range map[string]Outcome{sigv4.UnsignedPayload: Malformed, sigv4.HashPayload(nil): Allowed, sigv4.StreamingUnsignedTrailer: Allowed, "": Malformed} {
		r := get("PUT", "/b-1/k", "")
		r.Header["Content-Encoding"] = []string{"gzip, aws-chunked"}
		if hash == "" {
			r = get("PUT", "/b-1/k?"+must(sigv4.Presign(&sigv4.Request{Method: "PUT", Host: "api.example", RawPath: "/b-1/k", Header: r.Header}, rootCredentials(),
				sigv4.SignOptions{Time: g.clock.now(), Region: testRegion, Service: "s3", Expires: time.Minute})), "")
			r.Header["Content-Encoding"] = []string{"gzip, aws-chunked"}
		} else {
			r = g.sign(r, rootCredentials(), "s3", hash)
		}
		got := g.Authorize(t.Context(), r)
		if got.Outcome != outcome || outcome == Malformed && (got.Refusal.Reason != InvalidValue || got.Refusal.Subject != "Content-Encoding") {
			t.Errorf("%q: %s %v", hash, got.Outcome, got.Refusal)
		}
	}
}

// CloudFront adds the header to each request, and no signature covers it: whoever sends it must not decide with it.
func TestThreatTheIDThatCloudFrontAddsDecidesNothing(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":{"http:header/X-Amz-Cf-Id":"false"}}}}`), policy.Identity))
	for _, mapping := range []Mapping{httpMapping(), &S3Mapping{Region: testRegion, Account: testAccount}} {
		service := "execute-api"
		if _, s3 := mapping.(*S3Mapping); s3 {
			service = "s3"
		}
		g := newSignedGate(t, mapping, service, func(o *Options) { o.Policies = []policy.Source{{Name: "cloudfront", Document: document}} })
		r := g.sign(get("GET", "/b-1/k", ""), rootCredentials(), service, sigv4.HashPayload(nil))
		r.Header["X-Amz-Cf-Id"] = []string{"abc=="}
		want(t, g.Engine, r, Allowed)
		if len(r.Header["X-Amz-Cf-Id"]) > 0 {
			t.Errorf("%s: the upstream gets it", service)
		}
		want(t, g.Engine, r, Allowed)
	}
}

// The SDK for JavaScript and Spring presign the name of an algorithm. S3 refuses it where it is not presigned.
func TestAnAlgorithmThatIsPresignedWithoutAChecksumIsIgnored(t *testing.T) {
	for target, kept := range map[string]bool{"/b-1/k?X-Amz-Signature=s&x-amz-sdk-checksum-algorithm=CRC32": false, "/b-1/k?X-Amz-Signature=s": false,
		"/b-1/k?X-Amz-Signature=s&x-amz-sdk-checksum-algorithm=CRC32&x-amz-checksum-crc32=NhCmhg%3D%3D": true, "/b-1/k": true} {
		header := http.Header{}
		if len(target) < 40 {
			header["X-Amz-Sdk-Checksum-Algorithm"] = []string{"CRC32"}
		}
		c, refusal := mapS3(plainS3, "PUT", "s3.example", target, header, "hello")
		if refusal != nil || c.has("X-Amz-Sdk-Checksum-Algorithm") != kept {
			t.Errorf("%s: %v, %+v", target, c.r.Header, refusal)
		}
	}
}

func TestTooManyTagsAreRefusedAsByS3(t *testing.T) {
	tags := func(n int) (list string) {
		for i := range n {
			list += "<Tag><Key>" + strconv.Itoa(i) + "</Key><Value/></Tag>"
		}
		return list
	}
	for n, detail := range map[int]string{10: "", 11: "Object tags cannot be greater than 10", 20: "Object tags cannot be greater than 10"} {
		_, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k?tagging", nil, "<Tagging><TagSet>"+tags(n)+"</TagSet></Tagging>")
		if (refusal != nil) != (detail != "") || refusal != nil && *refusal != (Refusal{Reason: TooManyTags, Detail: detail}) {
			t.Errorf("%d of an object: %+v", n, refusal)
		}
	}
	for n, detail := range map[int]string{50: "", 51: "Bucket tag count cannot be greater than 50"} {
		_, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1", nil, "<CreateBucketConfiguration><Tags>"+tags(n)+"</Tags></CreateBucketConfiguration>")
		if (refusal != nil) != (detail != "") || refusal != nil && *refusal != (Refusal{Reason: TooManyTags, Detail: detail}) {
			t.Errorf("%d of a bucket: %+v", n, refusal)
		}
	}
}
