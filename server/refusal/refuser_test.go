package refusal

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// answer returns the answer to a refused GET request.
func answer(t *testing.T, o Options, result *authz.Result) *httptest.ResponseRecorder {
	t.Helper()
	if result.Principal == nil {
		result.Principal = &principal.Principal{Kind: principal.Anonymous}
	}
	rec := httptest.NewRecorder()
	if err := New(o).Refuse(rec, httptest.NewRequest(http.MethodGet, "/bucket/key", nil), result); err != nil {
		t.Fatal(err)
	}
	return rec
}

func refused(reason authz.Reason, scheme string) *authz.Result {
	return &authz.Result{Outcome: reason.Outcome(), Scheme: scheme, Refusal: &authz.Refusal{Reason: reason, Detail: reason.Sentence()}}
}

func TestProblemsFollowRFC9457(t *testing.T) {
	rec := answer(t, Options{Tokens: true}, refused(authz.TokenNotYetValid, "bearer"))
	const want = `{"type":"urn:sluice:problem:not-yet-valid","title":"Token not valid yet","status":401,"detail":"The token is not valid yet."}`
	if rec.Code != 401 || rec.Body.String() != want || rec.Header().Get("Content-Type") != "application/problem+json" ||
		rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Content-Length") != fmt.Sprint(len(want)) {
		t.Errorf("%d %v\n%s", rec.Code, rec.Header(), rec.Body)
	}
	denied := refused(authz.NotAllowed, "bearer")
	denied.DecisionID = "0123456789abcdef"
	if rec := answer(t, Options{Tokens: true}, denied); rec.Code != 403 || !strings.HasSuffix(rec.Body.String(), `,"decision_id":"0123456789abcdef"}`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	path := &authz.Result{Scheme: "none", Refusal: &authz.Refusal{Reason: authz.MalformedPath, Detail: "The path holds a dot segment."}}
	if rec := answer(t, Options{Tokens: true}, path); rec.Code != 400 || !strings.Contains(rec.Body.String(), `"detail":"The path holds a dot segment."`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestChallenges(t *testing.T) {
	const metadata = "https://api.example/.well-known/oauth-protected-resource"
	tokens := Options{Tokens: true, Realm: "notes", ResourceMetadata: metadata}
	both := Options{Tokens: true, Realm: "notes", Service: "execute-api"}
	signature := &authz.Result{Scheme: "other", Refusal: authz.RefusalOf(&sigv4.Error{Reason: sigv4.Mismatch})}
	for name, tc := range map[string]struct {
		o      Options
		result *authz.Result
		want   []string
	}{
		"an expired token": {tokens, refused(authz.TokenExpired, "bearer"),
			[]string{`Bearer realm="notes", error="invalid_token", error_description="The token has expired", resource_metadata="` + metadata + `"`}},
		"no credential":         {tokens, refused(authz.NoCredential, "none"), []string{`Bearer realm="notes", resource_metadata="` + metadata + `"`}},
		"nothing to tell":       {Options{Tokens: true}, refused(authz.NoCredential, "none"), []string{"Bearer"}},
		"two credentials":       {Options{Tokens: true}, refused(authz.TooManyCredentials, "none"), []string{`Bearer error="invalid_request", error_description="Exactly one credential may be shown"`}},
		"a realm with quotes":   {Options{Tokens: true, Realm: `a"b\c`}, refused(authz.NoCredential, "none"), []string{`Bearer realm="a\"b\\c"`}},
		"tokens and signatures": {both, refused(authz.NoCredential, "none"), []string{`Bearer realm="notes"`, "AWS4-HMAC-SHA256"}},
		"a signature's 401":     {Options{Tokens: true}, signature, []string{"Bearer"}},
		"signatures only":       {Options{Service: "execute-api"}, refused(authz.UnsupportedCredential, "bearer"), []string{"AWS4-HMAC-SHA256"}},
		"a denial":              {both, refused(authz.NotAllowed, "bearer"), nil},
		"a malformed path":      {both, refused(authz.MalformedPath, "none"), nil},
		"S3":                    {Options{Tokens: true, Service: "s3"}, refused(authz.NoCredential, "none"), nil},
		"API Gateway":           {both, refused(authz.UnknownAccessKey, "sigv4"), nil},
	} {
		if got := answer(t, tc.o, tc.result).Header().Values("WWW-Authenticate"); fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// The same refusal is an S3 error document on a route for S3, and problem+json elsewhere.
func TestARefusedSignatureHasTheFormOfItsRoute(t *testing.T) {
	wrong := sigv4.Error{Reason: sigv4.WrongScope, Credential: true, Detail: "the region 'x' is wrong; expecting 'us-east-1'", Facts: sigv4.Facts{Region: "us-east-1"}}
	presigned := wrong
	presigned.Presigned = true
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		err                   sigv4.Error
		status, s3            int
		code, message, detail string
		facts                 string
	}{
		"in a header": {wrong, 401, 400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'x' is wrong; expecting 'us-east-1'",
			"Wrong credential scope: the region 'x' is wrong; expecting 'us-east-1'.", "Region=us-east-1"},
		"in a query": {presigned, 401, 400, "AuthorizationQueryParametersError",
			"Error parsing the X-Amz-Credential parameter; the region 'x' is wrong; expecting 'us-east-1'",
			"Wrong credential scope: the region 'x' is wrong; expecting 'us-east-1'.", "Region=us-east-1"},
		"another service": {sigv4.Error{Reason: sigv4.WrongScope, Detail: "x", Facts: sigv4.Facts{Service: "s3"}}, 401, 400,
			"AuthorizationHeaderMalformed", "The authorization header is malformed; x", "Wrong credential scope: x.", ""},
		"another parameter": {sigv4.Error{Reason: sigv4.Malformed, Presigned: true, Detail: "the query and a header differ in x"}, 400, 400,
			"AuthorizationQueryParametersError", "The query and a header differ in x", "Malformed signature: the query and a header differ in x.", ""},
		"a sentence": {sigv4.Error{Reason: sigv4.Unsupported, Detail: "this is not supported."}, 400, 400, "InvalidRequest",
			"This is not supported.", "Unsupported signature or payload mode: this is not supported.", ""},
		"without a detail": {sigv4.Error{Reason: sigv4.Unsupported}, 400, 400, "InvalidRequest", "", "Unsupported signature or payload mode.", ""},
		"a text of its own": {sigv4.Error{Reason: sigv4.UnsignedHeader, Detail: "x-amz-acl", Facts: sigv4.Facts{Unsigned: "x-amz-acl"}}, 401, 403, "AccessDenied",
			"There were headers present in the request which were not signed", "Header not signed: x-amz-acl.", "HeadersNotSigned=x-amz-acl"},
		"a clock that is off": {sigv4.Error{Reason: sigv4.Skewed, Facts: sigv4.Facts{SignedAt: at, Now: at.Add(time.Hour), Allowed: sigv4.MaxSkew}}, 401, 403,
			"RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", "Request time too skewed.",
			"RequestTime=20261121T120000Z ServerTime=2026-11-21T13:00:00Z MaxAllowedSkewMilliseconds=900000"},
		"a request that has expired": {sigv4.Error{Reason: sigv4.Expired, Facts: sigv4.Facts{SignedAt: at, Now: at.Add(time.Hour), Allowed: time.Minute}}, 401, 403,
			"AccessDenied", "Request has expired", "Request has expired.",
			"X-Amz-Expires=60 Expires=2026-11-21T12:01:00Z ServerTime=2026-11-21T13:00:00Z"},
		"a request from the future": {sigv4.Error{Reason: sigv4.NotYetValid, Facts: sigv4.Facts{SignedAt: at, Now: at.Add(-time.Hour), Allowed: time.Minute}}, 401, 403,
			"AccessDenied", "Request is not yet valid", "Request is not valid yet.",
			"X-Amz-Date=1795262400000 Expires=2026-11-21T12:01:00Z ServerTime=2026-11-21T11:00:00Z"},
	} {
		r := authz.RefusalOf(&tc.err)
		s3 := s3Of(r)
		var facts []string
		for _, f := range s3.facts {
			facts = append(facts, f.XMLName.Local+"="+f.Value)
		}
		if Status(r) != tc.status || s3.status != tc.s3 || s3.code != tc.code || s3.message != tc.message || r.Detail != tc.detail ||
			strings.Join(facts, " ") != tc.facts {
			t.Errorf("%s: %d %+v %q", name, Status(r), s3, r.Detail)
		}
	}
}

func TestAnInvalidArgumentNamesItWithTheMessageOfS3(t *testing.T) {
	const message = "Part number must be an integer between 1 and 10000, inclusive"
	rec := answer(t, Options{Service: "s3"}, &authz.Result{Scheme: "sigv4", Refusal: &authz.Refusal{Reason: authz.InvalidValue, Subject: "partNumber", Detail: message}})
	if text := rec.Body.String(); rec.Code != 400 || !strings.Contains(text, "<Code>InvalidArgument</Code><Message>"+message+"</Message><ArgumentName>partNumber</ArgumentName>") {
		t.Errorf("%d %s", rec.Code, text)
	}
}

func TestArgumentsOfS3HaveTheirElements(t *testing.T) {
	for want, refusal := range map[string]*authz.Refusal{
		"<Code>InvalidArgument</Code><Message>m</Message><ArgumentName>maxKeys</ArgumentName><ArgumentValue>-1</ArgumentValue><Resource>": {Reason: authz.InvalidValue, Subject: "maxKeys", Value: "-1", Detail: "m"},
		"<Code>InvalidLocationConstraint</Code><Message>m</Message><LocationConstraint></LocationConstraint><Resource>":                   {Reason: authz.InvalidValue, Subject: "LocationConstraint", Detail: "m"},
		"<Code>InvalidRequest</Code><Message>Value for x-amz-sdk-checksum-algorithm header is invalid.</Message><Resource>": authz.RefusalOf(
			&sigv4.Error{Reason: sigv4.InvalidDigest, Detail: "x-amz-sdk-checksum-algorithm"}),
	} {
		rec := answer(t, Options{Service: "s3"}, &authz.Result{Scheme: "sigv4", Refusal: refusal})
		if rec.Code != 400 || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%d %s, want %s", rec.Code, rec.Body, want)
		}
	}
}

func TestAnErrorDocumentOfS3(t *testing.T) {
	unknown := &authz.Result{Scheme: "sigv4", Refusal: &authz.Refusal{Reason: authz.UnknownAccessKey, Subject: "AKIAIOSFODNN7EXAMPLF"}}
	rec := answer(t, Options{Service: "s3"}, unknown)
	var document struct {
		XMLName                 xml.Name `xml:"Error"`
		Code, Message, Resource string
		AccessKey               string `xml:"AWSAccessKeyId"`
		RequestID               string `xml:"RequestId"`
		HostID                  string `xml:"HostId"`
	}
	if err := xml.Unmarshal(rec.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if rec.Code != 403 || document.Code != "InvalidAccessKeyId" || document.AccessKey != "AKIAIOSFODNN7EXAMPLF" || document.Resource != "/bucket/key" ||
		document.RequestID == "" || document.RequestID != rec.Header().Get("X-Amz-Request-Id") || document.HostID != rec.Header().Get("X-Amz-Id-2") {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	denied := refused(authz.NotAllowed, "sigv4")
	denied.DecisionID = "0123456789abcdef"
	if rec := answer(t, Options{Service: "s3"}, denied); rec.Header().Get("X-Amz-Request-Id") != "0123456789abcdef" ||
		!strings.Contains(rec.Body.String(), "<Message>Access Denied (decision 0123456789abcdef)</Message>") {
		t.Errorf("%v %s", rec.Header(), rec.Body)
	}
	rec = httptest.NewRecorder()
	if err := New(Options{Service: "s3"}).Refuse(rec, httptest.NewRequest(http.MethodHead, "/b/k", nil), denied); err != nil || rec.Code != 403 || rec.Body.Len() != 0 {
		t.Errorf("HEAD: %v %d %s", err, rec.Code, rec.Body)
	}
}

func TestCallersThatSignGetTheAnswersOfAPIGateway(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	signature := func(e sigv4.Error) *authz.Result {
		return &authz.Result{Scheme: "sigv4", Refusal: authz.RefusalOf(&e)}
	}
	denied := func(effect policy.Effect, layer policy.Layer) *authz.Result {
		r := refused(authz.NotAllowed, "sigv4")
		r.Principal = &principal.Principal{Kind: principal.RoleSession, ARN: "arn:aws:sts::123456789012:assumed-role/reader/web"}
		r.Action, r.Resource = authz.ActionInvoke, "arn:aws:execute-api:us-east-1:123456789012:notes/prod/GET/a:b"
		r.Decision = policy.Decision{Effect: effect, Layer: layer}
		return r
	}
	const user = `{"Message":"User: arn:aws:sts::123456789012:assumed-role/reader/web is not authorized to perform: execute-api:Invoke on resource: ` +
		`arn:aws:execute-api:us-east-1:********9012:notes/prod/GET/a:b `
	for name, tc := range map[string]struct {
		result *authz.Result
		status int
		kind   string
		body   string
	}{
		"no signature": {refused(authz.NoCredential, "none"), 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`},
		"a header that does not parse": {signature(sigv4.Error{Reason: sigv4.Incomplete, Detail: "no Signature"}), 403, "IncompleteSignatureException",
			`{"message":"no Signature"}`},
		"another signature": {signature(sigv4.Error{Reason: sigv4.Mismatch}), 403, "InvalidSignatureException",
			`{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`},
		"a clock behind": {signature(sigv4.Error{Reason: sigv4.Skewed, Facts: sigv4.Facts{SignedAt: at, Now: at.Add(time.Hour), Allowed: sigv4.MaxSkew}}), 403,
			"InvalidSignatureException", `{"message":"Signature expired: 20261121T120000Z is now earlier than 20261121T124500Z (20261121T130000Z - 15 min.)"}`},
		"a clock ahead": {signature(sigv4.Error{Reason: sigv4.Skewed, Facts: sigv4.Facts{SignedAt: at, Now: at.Add(-time.Hour), Allowed: sigv4.MaxSkew}}), 403,
			"InvalidSignatureException", `{"message":"Signature not yet current: 20261121T120000Z is still later than 20261121T111500Z (20261121T110000Z + 15 min.)"}`},
		"another region": {signature(sigv4.Error{Reason: sigv4.WrongScope, Facts: sigv4.Facts{Region: "us-east-1"}}), 403, "InvalidSignatureException",
			`{"message":"Credential should be scoped to a valid region. "}`},
		"another service": {signature(sigv4.Error{Reason: sigv4.WrongScope, Facts: sigv4.Facts{Service: "execute-api"}}), 403, "InvalidSignatureException",
			`{"message":"Credential should be scoped to correct service: 'execute-api'. "}`},
		"an unknown key":        {refused(authz.UnknownAccessKey, "sigv4"), 403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`},
		"another's token":       {refused(authz.InvalidSessionToken, "sigv4"), 403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`},
		"an expired session":    {refused(authz.SessionExpired, "presigned"), 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`},
		"a revoked session":     {refused(authz.Revoked, "sigv4"), 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`},
		"no policy":             {denied(policy.ImplicitDeny, 0), 403, "AccessDeniedException", user + `because no identity-based policy allows the execute-api:Invoke action"}`},
		"an explicit deny":      {denied(policy.ExplicitDeny, 0), 403, "AccessDeniedException", user + `with an explicit deny in an identity-based policy"}`},
		"no session policy":     {denied(policy.ImplicitDeny, policy.LayerSession), 403, "AccessDeniedException", user + `because no session policy allows the execute-api:Invoke action"}`},
		"a malformed path":      {&authz.Result{Scheme: "none", Refusal: &authz.Refusal{Reason: authz.MalformedPath, Detail: "The path holds a dot segment."}}, 400, "BadRequestException", `{"message":"The path holds a dot segment."}`},
		"a body that is short":  {signature(sigv4.Error{Reason: sigv4.IncompleteBody}), 400, "BadRequestException", `{"message":"Incomplete body."}`},
		"a body that is longer": {refused(authz.BodyTooLarge, "sigv4"), 413, "BadRequestException", `{"message":"The body is larger than this gate reads before deciding."}`},
		"revocations too old":   {refused(authz.Unavailable, "sigv4"), 503, "ServiceUnavailableException", `{"message":"Service Unavailable"}`},
	} {
		rec := answer(t, Options{Service: "execute-api"}, tc.result)
		if rec.Code != tc.status || rec.Header().Get("x-amzn-ErrorType") != tc.kind || rec.Body.String() != tc.body ||
			rec.Header().Get("Content-Type") != "application/json" || !requestID.MatchString(rec.Header().Get("x-amzn-RequestId")) {
			t.Errorf("%s: %d %v\n%s", name, rec.Code, rec.Header(), rec.Body)
		}
	}
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func TestTheRequestIDOfADenialIsItsDecision(t *testing.T) {
	denied := refused(authz.NotAllowed, "sigv4")
	denied.DecisionID = "0123456789abcdef"
	if rec := answer(t, Options{Service: "execute-api"}, denied); rec.Header().Get("x-amzn-RequestId") != "0123456789abcdef" {
		t.Errorf("%v", rec.Header())
	}
}

func TestTheFormFollowsTheCredential(t *testing.T) {
	for name, tc := range map[string]struct {
		o      Options
		scheme string
		reason authz.Reason
		want   string
	}{
		"a token on a route for tokens":          {Options{Tokens: true}, "bearer", authz.NotAllowed, "application/problem+json"},
		"a signature on a route for both":        {Options{Tokens: true, Service: "execute-api"}, "sigv4", authz.NotAllowed, "application/json"},
		"a presigned request on a route of both": {Options{Tokens: true, Service: "execute-api"}, "presigned", authz.NotAllowed, "application/json"},
		"a token on a route for both":            {Options{Tokens: true, Service: "execute-api"}, "bearer", authz.NotAllowed, "application/problem+json"},
		"a token on a route for signatures":      {Options{Service: "execute-api"}, "bearer", authz.UnsupportedCredential, "application/problem+json"},
		"nothing on a route for both":            {Options{Tokens: true, Service: "execute-api"}, "none", authz.NoCredential, "application/problem+json"},
		"nothing on a route for signatures":      {Options{Service: "execute-api"}, "none", authz.NoCredential, "application/json"},
		"a signature on a route for tokens":      {Options{Tokens: true}, "sigv4", authz.UnsupportedCredential, "application/problem+json"},
		"a signature on a route for S3":          {Options{Service: "s3"}, "sigv4", authz.NotAllowed, "application/xml"},
		"a token on a route for S3":              {Options{Tokens: true, Service: "s3"}, "bearer", authz.NotAllowed, "application/xml"},
	} {
		if got := answer(t, tc.o, refused(tc.reason, tc.scheme)).Header().Get("Content-Type"); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestAMethodThatIsNotServedNamesThoseThatAre(t *testing.T) {
	for name, reason := range map[string]authz.Reason{"": authz.UnknownRequest, "DELETE, GET, HEAD, POST, PUT": authz.MethodNotServed} {
		if got := answer(t, Options{Service: "s3"}, refused(reason, "sigv4")).Header().Get("Allow"); got != name {
			t.Errorf("%s: Allow: %s", reason, got)
		}
	}
}

func TestAnAccountTellsTheStatus(t *testing.T) {
	d := &authz.Denial{ID: "0123456789abcdef", Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Explanation: &authz.Explanation{
		Outcome: "denied", Reason: "denied", Detail: "No.", Scheme: "bearer", Refusal: &authz.Refusal{Reason: authz.NotAllowed}, Method: "GET", Host: "h", Path: "/x"}}
	raw, err := json.Marshal(AccountOf(d))
	if want := `{"id":"0123456789abcdef","time":"2026-11-21T12:00:00Z","outcome":"denied","status":403,"reason":"denied","detail":"No.","scheme":"bearer",`; err != nil ||
		!strings.HasPrefix(string(raw), want) {
		t.Errorf("%v\n got %s\nwant %s", err, raw, want)
	}
	var b strings.Builder
	if err := AccountOf(d).WriteText(&b); err != nil || !strings.HasPrefix(b.String(), "denied: 403 denied: No.\nrequest    GET h/x\n") {
		t.Errorf("%v %s", err, &b)
	}
}

func TestABrokenBodyInChunksHasTheTextsOfS3(t *testing.T) {
	for want, refused := range map[string]*sigv4.Error{
		"InvalidRequest: Value for x-amz-checksum-crc32 trailing header is invalid.": {Reason: sigv4.InvalidDigest, Detail: "x-amz-checksum-crc32 trailing"},
		"IncompleteBody: The request body terminated unexpectedly":                   {Reason: sigv4.IncompleteBody, Facts: sigv4.Facts{Chunks: true}},
		"IncompleteBody: " + s3ShortBody:                                             {Reason: sigv4.IncompleteBody},
	} {
		if got := s3SignatureError(refused); got.status != 400 || got.code+": "+got.message != want {
			t.Errorf("%d %s: %s, want %s", got.status, got.code, got.message, want)
		}
	}
}
