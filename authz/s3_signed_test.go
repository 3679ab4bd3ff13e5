package authz

import (
	"net/http"
	"testing"
	"time"

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
