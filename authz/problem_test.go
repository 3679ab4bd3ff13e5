package authz

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// One refusal reads as S3 writes it on a route of S3 and as Sluice does elsewhere.
func TestARefusedSignatureReadsAsItsWireWrites(t *testing.T) {
	region := []sigv4.Fact{{Name: "Region", Value: "us-east-1"}}
	wrong := sigv4.Error{Reason: sigv4.WrongScope, Credential: true, Detail: "the region 'x' is wrong; expecting 'us-east-1'", Facts: region}
	presigned := wrong
	presigned.Presigned = true
	for name, tc := range map[string]struct {
		err                   sigv4.Error
		status, s3            int
		code, message, detail string
	}{
		"in a header": {wrong, 401, 400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'x' is wrong; expecting 'us-east-1'",
			"Wrong credential scope: the region 'x' is wrong; expecting 'us-east-1'."},
		"in a query": {presigned, 401, 400, "AuthorizationQueryParametersError",
			"Error parsing the X-Amz-Credential parameter; the region 'x' is wrong; expecting 'us-east-1'",
			"Wrong credential scope: the region 'x' is wrong; expecting 'us-east-1'."},
		"another parameter": {sigv4.Error{Reason: sigv4.Malformed, Presigned: true, Detail: "the query and a header differ in x"}, 400, 400,
			"AuthorizationQueryParametersError", "The query and a header differ in x", "Malformed signature: the query and a header differ in x."},
		"a sentence": {sigv4.Error{Reason: sigv4.Unsupported, Detail: "this is not supported."}, 400, 400, "InvalidRequest",
			"This is not supported.", "Unsupported signature or payload mode: this is not supported."},
		"without a detail": {sigv4.Error{Reason: sigv4.Unsupported}, 400, 400, "InvalidRequest", "", "Unsupported signature or payload mode."},
		"a text of its own": {sigv4.Error{Reason: sigv4.UnsignedHeader, Detail: "x-amz-acl"}, 401, 403, "AccessDenied",
			"There were headers present in the request which were not signed", "Header not signed: x-amz-acl."},
	} {
		p := signatureProblem(&tc.err)
		if p.Status != tc.status || p.S3Status() != tc.s3 || p.AWSCode != tc.code || p.AWSMessage != tc.message || p.Detail != tc.detail ||
			fmt.Sprint(p.AWSFacts) != fmt.Sprint(tc.err.Facts) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestEveryReasonOfASignatureHasItsWords(t *testing.T) {
	seen := 0
	for reason := sigv4.Missing; reason.String() != sigv4.Reason(255).String(); reason++ {
		if signatureProblem(&sigv4.Error{Reason: reason}) == problemUnavailable {
			t.Errorf("%s: as if the gate were out of order", reason)
		}
		seen++
	}
	if seen < len(signatureCodes) {
		t.Errorf("only %d of %d", seen, len(signatureCodes))
	}
}

// S3 repeats the key. What is made once for all unknown keys, and the list of that, stay as they are.
func TestAnUnknownKeyIsRepeatedToS3Only(t *testing.T) {
	g := s3Gate(t)
	r := g.Authorize(t.Context(), g.ask("GET", "/s3/photos/k", sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLF", SecretAccessKey: "x"}))
	if r.Problem == nil || fmt.Sprint(r.Problem.AWSFacts) != "[{AWSAccessKeyId AKIAIOSFODNN7EXAMPLF}]" || r.Problem.Detail != problemUnknownKey.Detail {
		t.Fatalf("%+v", r.Problem)
	}
	if i, ok := r.Problem.Shared(); !ok || SharedProblems()[i] != problemUnknownKey || problemUnknownKey.AWSFacts != nil {
		t.Errorf("shared %v, %d", ok, i)
	}
}
