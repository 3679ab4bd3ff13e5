package refusal

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

var update = flag.Bool("update", false, "write testdata/refusals.golden")

// signatureReasons lists the reasons of package sigv4.
func signatureReasons() (list []sigv4.Reason) {
	unknown := sigv4.Reason(0).String()
	for reason := sigv4.Reason(1); reason.String() != unknown; reason++ {
		list = append(list, reason)
	}
	return list
}

func TestEveryReasonHasARowOnEveryWire(t *testing.T) {
	for _, reason := range authz.Reasons() {
		if int(reason) >= len(problems) || problems[reason].status == 0 || problems[reason].title == "" {
			t.Errorf("problem+json has no row for reason %d (%s)", reason, reason)
		}
		if reason == authz.SignatureRefused {
			continue
		}
		if int(reason) >= len(s3Errors) || s3Errors[reason].status == 0 || s3Errors[reason].code == "" || s3Errors[reason].message == "" {
			t.Errorf("S3 has no row for reason %d (%s)", reason, reason)
		}
	}
	for _, reason := range signatureReasons() {
		if int(reason) >= len(s3SignatureErrors) || s3SignatureErrors[reason].status == 0 || s3SignatureErrors[reason].code == "" {
			t.Errorf("S3 has no row for the signature's reason %s", reason)
		}
	}
}

// The statuses of problem+json and the outcomes in metrics agree.
func TestStatusesFitOutcomes(t *testing.T) {
	check := func(r *authz.Refusal) {
		status := Status(r)
		fits := map[authz.Outcome]bool{
			authz.Denied:          status == 403,
			authz.Unauthenticated: status == 401,
			authz.Undecidable:     status == 503,
			authz.Malformed:       status >= 400 && status < 500 && status != 401 && status != 403 || status == 501,
		}
		if !fits[r.Outcome()] {
			t.Errorf("%s is %s and %d", r.Name(), r.Outcome(), status)
		}
	}
	for _, reason := range authz.Reasons() {
		check(&authz.Refusal{Reason: reason})
	}
	for _, reason := range signatureReasons() {
		check(authz.RefusalOf(&sigv4.Error{Reason: reason}))
	}
}

// The golden file has every answer that clients get, so that a change shows as a diff.
func TestAnswersAreThoseOfTheGoldenFile(t *testing.T) {
	var b bytes.Buffer
	tell := func(r *authz.Refusal) {
		p, s := problemOf(r), s3Of(r)
		g := apiGatewayOf(&authz.Result{Refusal: r, Action: authz.ActionInvoke, Principal: &principal.Principal{ARN: "arn:aws:iam::123456789012:root"},
			Resource: "arn:aws:execute-api:us-east-1:123456789012:sluice/default/GET/x"}, "execute-api")
		fmt.Fprintf(&b, "%s: %s\n  problem      %d %q %q %q\n  s3           %d %s %q\n  api gateway  %d %s %q\n",
			r.Name(), r.Outcome(), p.status, p.title, p.code, r.Detail, s.status, s.code, s.message, g.status, g.kind, g.message)
	}
	for _, reason := range authz.Reasons() {
		if reason != authz.SignatureRefused {
			tell(&authz.Refusal{Reason: reason, Detail: reason.Sentence(), Subject: "SUBJECT"})
		}
	}
	for _, reason := range signatureReasons() {
		for _, presigned := range []bool{false, true} {
			tell(authz.RefusalOf(&sigv4.Error{Reason: reason, Presigned: presigned, Credential: presigned, Detail: "the detail"}))
		}
	}
	const golden = "testdata/refusals.golden"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("the answers differ from %s; run go test ./server/refusal -update and look at the diff\n%s", golden, b.Bytes())
	}
}
