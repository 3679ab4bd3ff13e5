package caller_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

func TestAnInvalidSignatureHasTheErrorOfItsProtocol(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	role := w.Role("admin", callertest.AccountTrust(), callertest.AllowAll)
	one, other := w.As(role), w.As(role)
	old := w.As(role)
	w.SetNow(w.Now().Add(61 * time.Minute))
	fresh := w.As(role)
	revoked := w.As(w.Role("revoked", callertest.AccountTrust(), callertest.AllowAll))
	must(t, w.Services.Revocations.Revoked(t.Context(), revoke.Role(w.IAM.RoleARN("revoked"), w.Now().Add(time.Second), w.Now().Add(time.Hour))))
	const invalid = "The security token included in the request is invalid."
	for name, tc := range map[string]struct {
		by        sigv4.Credentials
		change    func(r *http.Request)
		json      string
		query     string
		message   string // of both, "" = any
		ago       time.Duration
		wantAllow bool
	}{
		"the root key":                        {by: w.Root, wantAllow: true},
		"a session":                           {by: fresh, wantAllow: true},
		"no signature":                        {json: "MissingAuthenticationTokenException", query: "MissingAuthenticationToken"},
		"a bearer token":                      {change: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, json: "MissingAuthenticationTokenException", query: "MissingAuthenticationToken"},
		"a header that does not parse":        {by: w.Root, change: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }, json: "IncompleteSignatureException", query: "IncompleteSignature"},
		"an unknown access key":               {by: sigv4.Credentials{AccessKeyID: "AKIANOBODYNOBODYNOBO", SecretAccessKey: "x"}, json: "UnrecognizedClientException", query: "InvalidClientTokenId", message: invalid},
		"the right key and a wrong secret":    {by: sigv4.Credentials{AccessKeyID: w.Root.AccessKeyID, SecretAccessKey: "wrong"}, json: "InvalidSignatureException", query: "SignatureDoesNotMatch", message: mismatch},
		"key of one session, token of other":  {by: sigv4.Credentials{AccessKeyID: one.AccessKeyID, SecretAccessKey: one.SecretAccessKey, SessionToken: other.SessionToken}, json: "UnrecognizedClientException", query: "InvalidClientTokenId", message: invalid},
		"a session's key without its token":   {by: sigv4.Credentials{AccessKeyID: fresh.AccessKeyID, SecretAccessKey: fresh.SecretAccessKey}, json: "UnrecognizedClientException", query: "InvalidClientTokenId", message: invalid},
		"the root key with a session's token": {by: sigv4.Credentials{AccessKeyID: w.Root.AccessKeyID, SecretAccessKey: w.Root.SecretAccessKey, SessionToken: fresh.SessionToken}, json: "UnrecognizedClientException", query: "InvalidClientTokenId", message: invalid},
		"a session of another's secret":       {by: sigv4.Credentials{AccessKeyID: fresh.AccessKeyID, SecretAccessKey: other.SecretAccessKey, SessionToken: fresh.SessionToken}, json: "InvalidSignatureException", query: "SignatureDoesNotMatch", message: mismatch},
		"a token with one character changed":  {by: sigv4.Credentials{AccessKeyID: fresh.AccessKeyID, SecretAccessKey: fresh.SecretAccessKey, SessionToken: flip(fresh.SessionToken)}, json: "UnrecognizedClientException", query: "InvalidClientTokenId", message: invalid},
		"an expired session":                  {by: old, json: "ExpiredTokenException", query: "ExpiredToken", message: "The security token included in the request is expired"},
		"a session that was ended":            {by: revoked, json: "ExpiredTokenException", query: "ExpiredToken", message: "The security token included in the request is expired"},
		"a clock 16 minutes behind":           {by: w.Root, ago: 16 * time.Minute, json: "InvalidSignatureException", query: "SignatureDoesNotMatch", message: "Signature expired: 20261121T094500Z is now earlier than 20261121T094600Z (20261121T100100Z - 15 min.)"},
		"a clock 16 minutes ahead":            {by: w.Root, ago: -16 * time.Minute, json: "InvalidSignatureException", query: "SignatureDoesNotMatch", message: "Signature not yet current: 20261121T101700Z is still later than 20261121T101600Z (20261121T100100Z + 15 min.)"},
		"a clock 14 minutes behind":           {by: w.Root, ago: 14 * time.Minute, wantAllow: true},
		"another host":                        {by: w.Root, change: func(r *http.Request) { r.Host = "evil.example.com" }, json: "InvalidSignatureException", query: "SignatureDoesNotMatch", message: mismatch},
		"an x-amz header that is not signed":  {by: w.Root, change: func(r *http.Request) { r.Header.Set("X-Amz-Extra", "1") }, json: "InvalidSignatureException", query: "SignatureDoesNotMatch"},
		"another method's query":              {by: w.Root, change: func(r *http.Request) { r.URL.RawQuery = "a=b" }, json: "InvalidSignatureException", query: "SignatureDoesNotMatch", message: mismatch},
		"another region": {by: w.Root, change: func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "us-east-1", "eu-west-1", 1))
		}, json: "InvalidSignatureException", query: "SignatureDoesNotMatch"},
		"another service": {by: w.Root, change: func(r *http.Request) {
			r.Header.Set("Authorization", regexp.MustCompile(`/(sts|cognito-identity)/`).ReplaceAllString(r.Header.Get("Authorization"), "/s3/"))
		}, json: "InvalidSignatureException", query: "SignatureDoesNotMatch"},
	} {
		t.Run(name, func(t *testing.T) {
			now := w.Now()
			w.SetNow(now.Add(-tc.ago))
			j := w.JSONRequest("ListIdentityPools", `{"MaxResults":1}`, tc.by)
			q := w.QueryRequest("sts", map[string][]string{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}, tc.by)
			w.SetNow(now)
			if tc.change != nil {
				tc.change(j)
				tc.change(q)
			}
			jr, qr := w.Do(j), w.Do(q)
			if tc.wantAllow {
				if jr.Code != http.StatusOK || qr.Code != http.StatusOK {
					t.Fatalf("%d %s, %d %s", jr.Code, jr.Body, qr.Code, qr.Body)
				}
				return
			}
			var out struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(jr.Body.Bytes(), &out); err != nil || jr.Code != http.StatusBadRequest || out.Type != tc.json {
				t.Errorf("awsJson: %d %s, want %s", jr.Code, jr.Body, tc.json)
			}
			if tc.message != "" && out.Message != tc.message {
				t.Errorf("awsJson: message %q, want %q", out.Message, tc.message)
			}
			if !strings.Contains(qr.Body.String(), "<Code>"+tc.query+"</Code>") || qr.Code == http.StatusOK || qr.Code >= 500 {
				t.Errorf("query: %d %s, want %s", qr.Code, qr.Body, tc.query)
			}
		})
	}
}

func TestABodyThatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	if rec := w.Do(w.JSONRequest("ListIdentityPools", `{"MaxResults":1}`, w.Root)); rec.Code != http.StatusOK {
		t.Fatalf("unchanged: %d %s", rec.Code, rec.Body)
	}
	r := w.JSONRequest("ListIdentityPools", `{"MaxResults":1}`, w.Root)
	changed := w.JSONRequest("ListIdentityPools", `{"MaxResults":2}`, sigv4.Credentials{})
	r.Body = changed.Body
	if rec := w.Do(r); !strings.Contains(rec.Body.String(), "InvalidSignatureException") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestUnsignedCallersGetNoValidationErrors(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	if rec := w.Do(w.JSONRequest("CreateIdentityPool", `{not JSON`, sigv4.Credentials{})); !strings.Contains(rec.Body.String(), "MissingAuthenticationTokenException") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestPoliciesDecideWhoMayAdministerWhat(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	mine, err := w.Pools.Create(t.Context(), "mine", identitypool.Settings{})
	must(t, err)
	other, err := w.Pools.Create(t.Context(), "other", identitypool.Settings{})
	must(t, err)
	user := w.Role("user", iam.PoolTrust(mine.ID, true))
	by := w.As(w.Role("operator", callertest.AccountTrust(), `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"cognito-identity:*","Resource":"`+w.Pools.ARN(mine.ID)+`"},
		{"Effect":"Deny","Action":"cognito-identity:DeleteIdentityPool","Resource":"*"},
		{"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam::123456789012:role/us*"},
		{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AdministratorAccess"}}},
		{"Effect":"Allow","Action":"iam:CreateRole","Resource":"*","Condition":{"StringLike":{"iam:PermissionsBoundary":"*/AdministratorAccess"}}}]}`))
	const who = "User: arn:aws:sts::123456789012:assumed-role/operator/tester is not authorized to perform: "
	roles := map[string]any{"IdentityPoolId": mine.ID, "Roles": map[string]string{"authenticated": user}}
	for name, tc := range map[string]struct {
		operation string
		in        any
		message   string // "" = allowed
	}{
		"on the pool that the policy names": {"DescribeIdentityPool", map[string]any{"IdentityPoolId": mine.ID}, ""},
		"on another pool": {"DescribeIdentityPool", map[string]any{"IdentityPoolId": other.ID},
			who + "cognito-identity:DescribeIdentityPool on resource: " + w.Pools.ARN(other.ID) + " because no identity-based policy allows the cognito-identity:DescribeIdentityPool action"},
		"on everything": {"ListIdentityPools", map[string]any{"MaxResults": 1},
			who + "cognito-identity:ListIdentityPools on resource: * because no identity-based policy allows the cognito-identity:ListIdentityPools action"},
		"what is denied": {"DeleteIdentityPool", map[string]any{"IdentityPoolId": mine.ID},
			who + "cognito-identity:DeleteIdentityPool on resource: " + w.Pools.ARN(mine.ID) + " with an explicit deny in an identity-based policy"},
		"by the ARN of a tagged resource": {"ListTagsForResource", map[string]any{"ResourceArn": w.Pools.ARN(mine.ID)}, ""},
		"handing out a role without iam:PassRole": {"SetIdentityPoolRoles", roles,
			who + "iam:PassRole on resource: " + user + " because no identity-based policy allows the iam:PassRole action"},
	} {
		rec := w.JSON(tc.operation, tc.in, by)
		var out struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		must(t, json.Unmarshal(rec.Body.Bytes(), &out))
		switch {
		case tc.message == "" && rec.Code != http.StatusOK:
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		case tc.message != "" && (out.Type != "AccessDeniedException" || out.Message != tc.message || rec.Code != http.StatusBadRequest):
			t.Errorf("%s: %d %s\nwant %s", name, rec.Code, rec.Body, tc.message)
		}
	}
	passing := w.As(w.Role("passing", callertest.AccountTrust(), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:*","Resource":"*"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"`+user+`","Condition":{"StringEquals":{"iam:PassedToService":"cognito-identity.amazonaws.com"}}}]}`))
	if rec := w.JSON("SetIdentityPoolRoles", roles, passing); rec.Code != http.StatusOK {
		t.Errorf("with iam:PassRole: %d %s", rec.Code, rec.Body)
	}
	for name, tc := range map[string]struct {
		operation string
		pairs     []string
		allowed   bool
	}{
		"a role that the policy names":       {"GetRole", []string{"RoleName", "user"}, true},
		"another role":                       {"GetRole", []string{"RoleName", "operator"}, false},
		"attaching the policy that it may":   {"AttachRolePolicy", []string{"RoleName", "user", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}, true},
		"attaching another":                  {"AttachRolePolicy", []string{"RoleName", "user", "PolicyArn", iam.GuestManagedPolicy}, false},
		"making a role with the boundary":    {"CreateRole", []string{"RoleName", "new", "AssumeRolePolicyDocument", string(callertest.AccountTrust()), "PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess"}, true},
		"making a role without the boundary": {"CreateRole", []string{"RoleName", "new2", "AssumeRolePolicyDocument", string(callertest.AccountTrust())}, false},
		"listing roles":                      {"ListRoles", nil, false},
	} {
		rec := w.Query("iam", tc.operation, by, tc.pairs...)
		if (rec.Code == http.StatusOK) != tc.allowed || !tc.allowed && (rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "<Code>AccessDenied</Code>")) {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

func TestLimitsOfASessionHoldForEveryAction(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	role := w.Role("admin", callertest.AccountTrust(), callertest.AllowAll)
	out, err := w.IAM.AssumeRole(t.Context(), &iam.Caller{Principal: w.IAM.Root(w.Root.AccessKeyID)}, iam.AssumeRoleInput{
		RoleARN: role, SessionName: "narrow", Limits: iam.SessionLimits{Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`},
	})
	must(t, err)
	by := sigv4.Credentials{AccessKeyID: out.Credentials.AccessKeyID, SecretAccessKey: out.Credentials.SecretAccessKey.Reveal(), SessionToken: out.Credentials.SessionToken}
	if rec := w.JSON("ListIdentityPools", map[string]any{"MaxResults": 1}, by); !strings.Contains(rec.Body.String(), "because no session policy allows the cognito-identity:ListIdentityPools action") {
		t.Errorf("identity pools: %s", rec.Body)
	}
	for _, call := range [][]string{{"iam", "ListRoles"}, {"sts", "AssumeRole", "RoleArn", role, "RoleSessionName", "wide"}, {"sts", "GetAccessKeyInfo", "AccessKeyId", by.AccessKeyID}} {
		if rec := w.Query(call[0], call[1], by, call[2:]...); rec.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", call[1], rec.Code, rec.Body)
		}
	}
	if rec := w.Query("sts", "GetCallerIdentity", by); rec.Code != http.StatusOK {
		t.Errorf("GetCallerIdentity: %d %s", rec.Code, rec.Body)
	}
}

func TestASessionEndsWithItsRole(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	ctx := t.Context()
	w.Role("brief", callertest.AccountTrust())
	by := w.As(w.IAM.RoleARN("brief"))
	if rec := w.Query("sts", "GetCallerIdentity", by); rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	must(t, w.IAM.DeleteRole(ctx, "brief"))
	for _, again := range []bool{false, true} {
		if again {
			w.Role("brief", callertest.AccountTrust(), callertest.AllowAll)
		}
		if rec := w.Query("sts", "GetCallerIdentity", by); rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "InvalidClientTokenId") {
			t.Errorf("role created again %v: %d %s", again, rec.Code, rec.Body)
		}
	}
}

func flip(text string) string {
	b := []byte(text)
	if i := len(b) / 2; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPresignedURLOfAnAPIEndsAfterFifteenMinutes(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	for service, query := range map[string]string{
		"sts": "Action=GetCallerIdentity&Version=2011-06-15",
		"iam": "Action=ListRoles&Version=2010-05-08",
	} {
		for _, tc := range []struct {
			life, after time.Duration
			message     string // "" = accepted
		}{
			{time.Minute, 14 * time.Minute, ""},
			{7 * 24 * time.Hour, 16 * time.Minute,
				"Signature expired: 20261121T090000Z is now earlier than 20261121T090100Z (20261121T091600Z - 15 min.)"},
		} {
			now := w.Now()
			r := httptest.NewRequest(http.MethodGet, "http://localhost:8080/?"+query, nil)
			signed, err := sigv4.Presign(sigv4.FromHTTP(r), w.Root, sigv4.SignOptions{Time: now, Region: callertest.Region, Service: service, Expires: tc.life})
			must(t, err)
			r = httptest.NewRequest(http.MethodGet, "http://localhost:8080/?"+signed, nil)
			w.SetNow(now.Add(tc.after))
			rec := w.Do(r)
			w.SetNow(now)
			if rec.Code == http.StatusOK != (tc.message == "") || !strings.Contains(rec.Body.String(), tc.message) {
				t.Errorf("%s, X-Amz-Expires %s, %s later: %d %s", service, tc.life, tc.after, rec.Code, rec.Body)
			}
		}
	}
}

func TestAWSGlobalIsARegionOfSTSAndIAMOnly(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	for service, body := range map[string]string{
		"sts": "Action=GetCallerIdentity&Version=2011-06-15", "iam": "Action=ListRoles&Version=2010-05-08", "cognito-identity": `{"MaxResults":1}`,
	} {
		var r *http.Request
		if service == "cognito-identity" {
			r = w.JSONRequest("ListIdentityPools", body, sigv4.Credentials{})
		} else {
			form, err := url.ParseQuery(body)
			must(t, err)
			r = w.QueryRequest(service, form, sigv4.Credentials{})
			body = form.Encode()
		}
		must(t, sigv4.Sign(sigv4.FromHTTP(r), w.Root, sigv4.SignOptions{Time: w.Now(), Region: "aws-global", Service: service, PayloadHash: sigv4.HashPayload([]byte(body))}))
		if rec := w.Do(r); rec.Code == http.StatusOK != (service != "cognito-identity") {
			t.Errorf("%s: %d %s", service, rec.Code, rec.Body)
		}
	}
}
