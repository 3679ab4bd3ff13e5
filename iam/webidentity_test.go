package iam_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
)

// Trust policies of the tests, named by the condition that they lack.
const (
	federated   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity"]`
	withoutAll  = federated + `}]}`
	withoutAMR  = federated + `,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + poolID + `"}}}]}`
	withoutAud  = federated + `,"Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`
	withoutTags = federated + `,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + poolID + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`
	oneSubject  = federated + `,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:sub":"` + identity + `"}}}]}`
	otherOne    = federated + `,"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:sub":"us-east-1:other"}}}]}`
	forAWS      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:*"}]}`
	wrongAction = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	denying     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"},
		{"Effect":"Deny","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringEquals":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}}}]}`
)

func TestTrustPoliciesDecideWhichIdentitiesAssumeARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const other = "us-east-1:22222222-2222-4333-8444-555555555555"
	full := string(iam.PoolTrust(poolID, true))
	for name, tc := range map[string]struct {
		trust, pool, amr string
		ok               bool
	}{
		"an authenticated identity of the pool":                          {full, poolID, "authenticated", true},
		"a guest cannot take the authenticated role":                     {full, poolID, "unauthenticated", false},
		"another pool's identity cannot":                                 {full, other, "authenticated", false},
		"the guest's role takes a guest":                                 {string(iam.PoolTrust(poolID, false)), poolID, "unauthenticated", true},
		"the guest's role takes no authenticated identity":               {string(iam.PoolTrust(poolID, false)), poolID, "authenticated", false},
		"without amr a guest passes, as on AWS":                          {withoutAMR, poolID, "unauthenticated", true},
		"without aud any pool passes, as on AWS":                         {withoutAud, other, "authenticated", true},
		"without both everyone is trusted, as in AWS":                    {withoutAll, other, "unauthenticated", true},
		"a condition on the subject that is the identity":                {oneSubject, poolID, "authenticated", true},
		"a condition on the subject that is another":                     {otherOne, poolID, "authenticated", false},
		"a trust policy for AWS principals lets no federated user in":    {forAWS, poolID, "authenticated", false},
		"a trust policy for another action does not":                     {wrongAction, poolID, "authenticated", false},
		"an explicit deny in the trust policy wins":                      {denying, poolID, "unauthenticated", false},
		"an explicit deny that does not match leaves the allow standing": {denying, poolID, "authenticated", true},
	} {
		role := w.role("trusting", tc.trust, allowAll)
		_, err := w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{
			RoleARN: role, SessionName: "test", Token: w.poolToken(tc.pool, tc.amr),
		})
		if tc.ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !tc.ok && !fault.Is(err, fault.AccessDenied) {
			t.Errorf("%s: error %v, want AccessDenied", name, err)
		}
		// The enhanced flow evaluates the same trust policy.
		_, err = w.AssumeForIdentity(t.Context(), session.Record{
			RoleARN: role, SessionName: "CognitoIdentityCredentials", IdentityID: identity, IdentityPoolID: tc.pool, AMR: []string{tc.amr},
		}, time.Hour, "", "", false)
		if (err == nil) != tc.ok {
			t.Errorf("%s: enhanced flow: %v", name, err)
		}
	}
}

func TestTheTagsOfAnIdentityAreBoundedAsThoseOfOtherSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("tagged", string(iam.PoolTrust(poolID, true)), allowAll)
	for n, ok := range map[int]bool{15: true, 16: false} {
		var tags []principal.Tag
		for i := range n {
			tags = append(tags, principal.Tag{Key: fmt.Sprint("k", 10+i), Value: strings.Repeat("v", 256)})
		}
		_, err := w.AssumeForIdentity(t.Context(), session.Record{RoleARN: role, SessionName: "CognitoIdentityCredentials", IdentityID: identity,
			IdentityPoolID: poolID, AMR: []string{"authenticated"}, PrincipalTags: tags}, time.Hour, "", "", false)
		if err == nil != ok || !ok && !fault.Is(err, fault.PackedPolicyTooLarge) {
			t.Errorf("%d tags: %v", n, err)
		}
	}
}

// IAM user guide, "Keys for AWS OIDC federation": azp is :aud, and then aud is :oaud.
func TestTrustPoliciesTestGooglesClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := map[string]any{"sub": "g-1", "aud": "server", "azp": "android", "email": "ada@example.com", "email_verified": true}
	for name, tc := range map[string]struct {
		condition string
		without   string
		ok        bool
	}{
		"audience":                {`"accounts.google.com:aud":"android"`, "", true},
		"audience without azp":    {`"accounts.google.com:aud":"server"`, "azp", true},
		"the other audience":      {`"accounts.google.com:oaud":"server"`, "", true},
		"subject":                 {`"accounts.google.com:sub":"g-1"`, "", true},
		"another subject":         {`"accounts.google.com:sub":"g-2"`, "", false},
		"address":                 {`"accounts.google.com:email":"ada@example.com"`, "", true},
		"another address":         {`"accounts.google.com:email":"eve@example.com"`, "", false},
		"an address not verified": {`"accounts.google.com:email":"ada@example.com"`, "email_verified", false},
	} {
		claims := maps.Clone(all)
		delete(claims, tc.without)
		role := w.role("google", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{`+tc.condition+`}}}]}`)
		_, err := w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: role, SessionName: "test", Token: w.sign("https://accounts.google.com", claims)})
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvalidWebIdentitiesAreRefusedWithTheirError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("partner", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::`+account+`:oidc-provider/idp.example.com/tenant"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"idp.example.com/tenant:aud":"partner","idp.example.com/tenant:sub":"alice"}}}]}`, allowAll)
	good := map[string]any{"sub": "alice", "aud": "partner"}
	call := func(raw string, change func(*iam.WebIdentityInput)) (iam.Assumed, error) {
		in := iam.WebIdentityInput{RoleARN: role, SessionName: "test", Token: raw}
		if change != nil {
			change(&in)
		}
		return w.AssumeRoleWithWebIdentity(t.Context(), in)
	}
	out, err := call(w.sign(oidcURL, good), nil)
	must(t, err)
	if out.Subject != "alice" || out.Audience != "partner" || out.Provider != "arn:aws:iam::123456789012:oidc-provider/idp.example.com/tenant" ||
		out.ARN != "arn:aws:sts::123456789012:assumed-role/partner/test" {
		t.Errorf("answer %+v", out)
	}
	if c := w.caller(out.Credentials); c.Session.Logins[0].Issuer != oidcURL || c.Session.Logins[0].Subject != "alice" {
		t.Errorf("the session lacks its login: %+v", c.Session.Logins)
	}
	forged := w.sign(oidcURL, good)
	forged = forged[:len(forged)-4] + "AAAA"
	for name, tc := range map[string]struct {
		raw    string
		change func(*iam.WebIdentityInput)
		kind   fault.Kind
	}{
		"a foreign issuer":          {w.sign("https://evil.example.com", good), nil, fault.InvalidIdentityToken},
		"a wrong signature":         {forged, nil, fault.InvalidIdentityToken},
		"not a token":               {"abcd", nil, fault.InvalidIdentityToken},
		"another client":            {w.sign(oidcURL, map[string]any{"sub": "alice", "aud": "other"}), nil, fault.InvalidIdentityToken},
		"an expired token":          {w.sign(oidcURL, map[string]any{"sub": "alice", "aud": "partner", "exp": w.now.Unix() - 3600}), nil, fault.ExpiredToken},
		"another user":              {w.sign(oidcURL, map[string]any{"sub": "bob", "aud": "partner"}), nil, fault.AccessDenied},
		"azp replaces aud":          {w.sign(oidcURL, map[string]any{"sub": "alice", "aud": "partner", "azp": "other"}), nil, fault.AccessDenied},
		"a role that is not there":  {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.RoleARN += "x" }, fault.AccessDenied},
		"a provider id":             {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.ProviderID = "www.amazon.com" }, fault.InvalidIdentityToken},
		"tags the trust forbids":    {w.sign(oidcURL, map[string]any{"sub": "alice", "aud": "partner", "https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"x"}}}}), nil, fault.AccessDenied},
		"malformed tags":            {w.sign(oidcURL, map[string]any{"sub": "alice", "aud": "partner", "https://aws.amazon.com/tags": "team"}), nil, fault.RejectedClaim},
		"a tag of two values":       {w.sign(oidcURL, map[string]any{"sub": "alice", "aud": "partner", "https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"x", "y"}}}}), nil, fault.RejectedClaim},
		"a session policy of junk":  {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.Limits.Policy = "{" }, fault.MalformedPolicy},
		"a session policy unknown":  {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.Limits.PolicyARNs = []string{"arn:aws:iam::aws:policy/None"} }, fault.MalformedPolicy},
		"a session of 2 hours":      {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.Limits.Duration = 2 * time.Hour }, fault.Validation},
		"a session of a minute":     {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.Limits.Duration = time.Minute }, fault.Validation},
		"a session name with space": {w.sign(oidcURL, good), func(in *iam.WebIdentityInput) { in.SessionName = "a b" }, fault.Validation},
	} {
		_, err := call(tc.raw, tc.change)
		if !fault.Is(err, tc.kind) {
			t.Errorf("%s: error %v, want %s", name, err, tc.kind)
		}
	}
}

// IAM user guide, "Passing session tags using AssumeRoleWithWebIdentity": the tags are in one claim, or in a claim each.
func TestSessionTagsOfATokenAreNestedOrFlattened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const claim = "https://aws.amazon.com/tags"
	const flat, keys = claim + "/principal_tags/", claim + "/transitive_tag_keys"
	type object = map[string]any
	trust := func(actions, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + account + `:oidc-provider/idp.example.com/tenant"},
			"Action":` + actions + `,"Condition":{"StringEquals":{` + condition + `}}}]}`
	}
	audience := `"idp.example.com/tenant:aud":"partner"`
	plain := w.role("plain", trust(`"sts:AssumeRoleWithWebIdentity"`, audience), allowAll)
	open := w.role("open", trust(`["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`, audience), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",
		"Resource":"arn:aws:s3:::b/${aws:PrincipalTag/Team}/*"}}`)
	tested := w.role("tested", trust(`["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`, audience+`,"aws:RequestTag/Team":"blue","sts:TransitiveTagKeys":"Team"`), allowAll)
	call := func(role string, claims object) (iam.Assumed, error) {
		all := object{"sub": "alice", "aud": "partner"}
		maps.Copy(all, claims)
		return w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: role, SessionName: "test", Token: w.sign(oidcURL, all)})
	}
	for name, claims := range map[string]object{
		"nested":                  {claim: object{"principal_tags": object{"Team": []string{"blue"}}, "transitive_tag_keys": []string{"Team"}}},
		"nested, a string":        {claim: object{"principal_tags": object{"Team": "blue"}, "transitive_tag_keys": []string{"Team"}}},
		"flattened":               {flat + "Team": "blue", keys: []string{"Team"}},
		"flattened, a list":       {flat + "Team": []string{"blue"}, keys: []string{"Team"}},
		"flattened, among others": {flat + "Team": "blue", flat + "Cost/Center": "", keys: []string{"Team"}, claim + "/other": "x"},
	} {
		_, err := call(plain, claims)
		wantFault(t, err, fault.AccessDenied) // no sts:TagSession
		_, err = call(tested, claims)
		must(t, err)
		out, err := call(open, claims)
		must(t, err)
		c := w.caller(out.Credentials)
		if !w.may(c, "s3:GetObject", "arn:aws:s3:::b/blue/x") || w.may(c, "s3:GetObject", "arn:aws:s3:::b/red/x") || fmt.Sprint(c.Session.TransitiveTagKeys) != "[Team]" {
			t.Errorf("%s: %+v, transitive %q", name, c.Session.PrincipalTags, c.Session.TransitiveTagKeys)
		}
	}
	many := object{}
	for i := range 51 {
		many[fmt.Sprint(flat, i)] = "v"
	}
	for name, tc := range map[string]struct {
		claims object
		kind   fault.Kind
	}{
		"both forms":                         {object{claim: object{}, flat + "Team": "blue"}, fault.RejectedClaim},
		"both forms, keys only":              {object{claim: object{"principal_tags": object{"Team": "blue"}}, keys: []string{"Team"}}, fault.RejectedClaim},
		"two values":                         {object{flat + "Team": []string{"blue", "red"}}, fault.RejectedClaim},
		"no value":                           {object{flat + "Team": []string{}}, fault.RejectedClaim},
		"null":                               {object{flat + "Team": nil}, fault.RejectedClaim},
		"a list of null":                     {object{flat + "Team": []any{nil}}, fault.RejectedClaim},
		"a number":                           {object{flat + "Team": 1}, fault.RejectedClaim},
		"an object":                          {object{flat + "Team": object{"a": "b"}}, fault.RejectedClaim},
		"nested, a number":                   {object{claim: object{"principal_tags": object{"Team": 1}}}, fault.RejectedClaim},
		"nested, a list of null":             {object{claim: object{"principal_tags": object{"Team": []any{nil}}}}, fault.RejectedClaim},
		"transitive keys that are a number":  {object{flat + "Team": "blue", keys: 7}, fault.RejectedClaim},
		"transitive keys that are null":      {object{flat + "Team": "blue", keys: nil}, fault.RejectedClaim},
		"a transitive key that is no tag":    {object{flat + "Team": "blue", keys: []string{"Unit"}}, fault.InvalidParameter},
		"two keys that differ in case":       {object{flat + "Team": "blue", flat + "team": "red"}, fault.InvalidParameter},
		"a reserved key":                     {object{flat + "aws:x": "blue"}, fault.InvalidParameter},
		"no key":                             {object{flat: "blue"}, fault.Validation},
		"a value that is too long":           {object{flat + "Team": strings.Repeat("x", 257)}, fault.Validation},
		"a tag that the trust policy denies": {object{flat + "Team": "red", keys: []string{"Team"}}, fault.AccessDenied},
	} {
		if _, err := call(tested, tc.claims); !fault.Is(err, tc.kind) {
			t.Errorf("%s: error %v, want %s", name, err, tc.kind)
		}
	}
	if _, err := call(tested, many); err == nil {
		t.Error("51 tags are accepted")
	}
}

func TestAnIdentitysTagsNeedTagSessionAndReachTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := session.Record{
		SessionName: "CognitoIdentityCredentials", IdentityID: identity, IdentityPoolID: poolID, AMR: []string{"authenticated"},
		PrincipalTags: []principal.Tag{{Key: "team", Value: "blue"}}, Username: "alice",
		Logins: []session.Login{{Issuer: "https://pool", Subject: "sub", OriginJTI: "o"}},
	}
	record.RoleARN = w.role("plain", withoutTags, allowAll)
	_, err := w.AssumeForIdentity(t.Context(), record, time.Hour, "", "", false)
	wantFault(t, err, fault.AccessDenied)

	record.RoleARN = w.role("tagged", string(iam.PoolTrust(poolID, true)), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",
		"Resource":["arn:aws:s3:::b/${aws:PrincipalTag/team}/${cognito-identity.amazonaws.com:sub}/*","arn:aws:s3:::n/${aws:username}/*"]}]}`)
	minted, err := w.AssumeForIdentity(t.Context(), record, time.Hour, "", "", false)
	must(t, err)
	c := w.caller(minted)
	for resource, want := range map[string]bool{
		"arn:aws:s3:::b/blue/" + identity + "/x": true,
		"arn:aws:s3:::b/red/" + identity + "/x":  false,
		"arn:aws:s3:::b/blue/other/x":            false,
		"arn:aws:s3:::n/alice/x":                 true,
		"arn:aws:s3:::n/bob/x":                   false,
	} {
		if w.may(c, "s3:GetObject", resource) != want {
			t.Errorf("%s: want %v", resource, want)
		}
	}
	if c.Principal.ARN != "arn:aws:sts::123456789012:assumed-role/tagged/CognitoIdentityCredentials" || c.Principal.Logins[0].OriginJTI != "o" {
		t.Errorf("principal %+v", c.Principal)
	}
}

func TestWarningsNameMissingConditionsOfATrustPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	narrow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`
	for name, tc := range map[string]struct {
		trust, policy string
		guest         bool
		warnings      int
	}{
		"a full trust policy":                   {string(iam.PoolTrust(poolID, true)), narrow, false, 0},
		"a full trust policy for guests":        {string(iam.PoolTrust(poolID, false)), narrow, true, 0},
		"no amr":                                {withoutAMR, narrow, false, 1},
		"no aud":                                {withoutAud, narrow, false, 1},
		"neither":                               {withoutAll, narrow, false, 2},
		"a role that trusts others":             {accountTrust(""), narrow, false, 1},
		"a guest role that allows everything":   {string(iam.PoolTrust(poolID, false)), allowAll, true, 1},
		"an authenticated role that allows it":  {string(iam.PoolTrust(poolID, true)), allowAll, false, 0},
		"a guest's role given to the signed in": {string(iam.PoolTrust(poolID, false)), narrow, false, 2},
	} {
		got := w.RoleWarnings(w.role("linted", tc.trust, tc.policy), poolID, tc.guest)
		if len(got) != tc.warnings {
			t.Errorf("%s: %d warnings, want %d: %q", name, len(got), tc.warnings, got)
		}
	}
	if got := w.RoleWarnings("arn:aws:iam::123456789012:role/none", poolID, false); len(got) != 1 {
		t.Errorf("warnings for a missing role: %q", got)
	}
}
