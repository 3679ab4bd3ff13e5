package refusal

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

func TestErrorsOfS3NameWhatTheyAreAbout(t *testing.T) {
	badHash := &sigv4.Error{Reason: sigv4.BadPayloadHash, Facts: sigv4.Facts{ClaimedHash: "x"}}
	for name, tc := range map[string]struct {
		refusal *authz.Refusal
		status  int
		want    string
		allow   string
	}{
		"a header": {&authz.Refusal{Reason: authz.UnknownRequest, Subject: "x-amz-new"}, 501,
			"<Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message><Header>x-amz-new</Header><additionalMessage>The header x-amz-new is not implemented here</additionalMessage>", ""},
		"a parameter": {&authz.Refusal{Reason: authz.UnknownRequest, Subject: "?a<b"}, 501, "<additionalMessage>The query parameter a&lt;b is not implemented here</additionalMessage>", ""},
		"a request":   {&authz.Refusal{Reason: authz.UnknownRequest}, 501, "is not implemented.</Message><Resource>", ""},
		"a method": {&authz.Refusal{Reason: authz.MethodNotServed, Subject: "SERVICE", Value: "GET"}, 405,
			"<Method>POST</Method><ResourceType>SERVICE</ResourceType>", "GET"},
		"a long key": {&authz.Refusal{Reason: authz.KeyTooLong, Value: "1025"}, 400, "<Size>1025</Size><MaxSizeAllowed>1024</MaxSizeAllowed>", ""},
		"a large upload": {&authz.Refusal{Reason: authz.UploadTooLarge, Subject: "6000000000", Value: "5368709120"}, 400,
			"<Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum allowed size</Message><ProposedSize>6000000000</ProposedSize><MaxSizeAllowed>5368709120</MaxSizeAllowed>", ""},
		"an upload of no length": {&authz.Refusal{Reason: authz.LengthRequired}, 411, "<Code>MissingContentLength</Code>", ""},
		"a copy source": {&authz.Refusal{Reason: authz.InvalidCopySource, Subject: "x-amz-copy-source", Value: "S/a", Detail: "Invalid copy source bucket name"}, 400,
			"<Code>InvalidArgument</Code><Message>Invalid copy source bucket name</Message><ArgumentName>x-amz-copy-source</ArgumentName><ArgumentValue>S/a</ArgumentValue>", ""},
		"a sub-resource": {&authz.Refusal{Reason: authz.Misplaced, Subject: "versions", Detail: "There is no such thing as the ?versions sub-resource for a key"}, 400,
			"<Code>InvalidRequest</Code><Message>There is no such thing as the ?versions sub-resource for a key</Message><Resource>", ""},
		"a kind of credential": {&authz.Refusal{Reason: authz.UnsupportedCredential}, 400, "<ArgumentName>Authorization</ArgumentName><Resource>", ""},
		"a hash":               {authz.RefusalOf(badHash), 400, "<ArgumentName>x-amz-content-sha256</ArgumentName><ArgumentValue>x</ArgumentValue>", ""},
	} {
		rec := httptest.NewRecorder()
		result := &authz.Result{Refusal: tc.refusal, Outcome: tc.refusal.Outcome(), Principal: &principal.Principal{Kind: principal.Anonymous}}
		if err := New(Options{Service: "s3"}).Refuse(rec, httptest.NewRequest(http.MethodPost, "/", nil), result); err != nil {
			t.Fatal(err)
		}
		if rec.Code != tc.status || !strings.Contains(rec.Body.String(), tc.want) || rec.Header().Get("Allow") != tc.allow {
			t.Errorf("%s: %d %v\n%s", name, rec.Code, rec.Header(), rec.Body)
		}
	}
}
