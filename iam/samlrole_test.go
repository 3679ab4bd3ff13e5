package iam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
)

const samlAttribute = "https://aws.amazon.com/SAML/Attributes/"

// assertor registers an identity provider.
func (w *world) assertor() (*assertiontest.Provider, iam.SAMLProvider) {
	w.t.Helper()
	p := assertiontest.New(w.t, "https://idp.example.com/metadata", w.now)
	provider, err := w.CreateSAMLProvider(w.t.Context(), iam.SAMLProvider{Name: "corp", Metadata: p.Metadata()}, "")
	must(w.t, err)
	return p, provider
}

// samlAnswer is what an identity provider answers for a role.
func (w *world) samlAnswer(role, provider string, more ...[]string) assertiontest.Answer {
	return assertiontest.Answer{Recipient: "https://signin.aws.amazon.com/saml", Audience: "urn:amazon:webservices", NameID: "alice", SignResponse: true,
		Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient", IssuedAt: w.now, NotBefore: w.now, Until: w.now.Add(5 * time.Minute),
		Attributes: append([][]string{{samlAttribute + "Role", "arn:aws:iam::1:role/x,arn:aws:iam::1:saml-provider/y", provider + "," + role}, {samlAttribute + "RoleSessionName", "alice"}}, more...)}
}

func trustSAML(provider, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]` + condition + `}]}`
}

func TestTrustPoliciesTestAssertions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, provider := w.assertor()
	condition := func(key, value string) string {
		return `,"Condition":{"StringEquals":{"` + key + `":"` + value + `"}}`
	}
	for name, tc := range map[string]struct {
		condition string
		ok        bool
	}{
		"none":                       {"", true},
		"audience":                   {condition("SAML:aud", "https://signin.aws.amazon.com/saml"), true},
		"another audience":           {condition("saml:aud", "urn:amazon:webservices"), false},
		"issuer":                     {condition("SAML:iss", "https://idp.example.com/metadata"), true},
		"another issuer":             {condition("saml:iss", "https://other.example.com"), false},
		"subject":                    {condition("saml:sub", "alice"), true},
		"another subject":            {condition("saml:sub", "bob"), false},
		"kind of subject":            {condition("saml:sub_type", "transient"), true},
		"another kind":               {condition("saml:sub_type", "persistent"), false},
		"qualifier":                  {condition("saml:namequalifier", "BDIXzcvjxw+r6FT3NFjtWlHOzxY="), true},
		"document":                   {condition("saml:doc", account+"/corp"), true},
		"e-mail of Active Directory": {condition("saml:mail", "alice@example.com"), true},
		"organization":               {condition("saml:eduOrgLegalName", "Example"), true},
		"common name":                {condition("saml:commonName", "Alice"), true},
		"affiliation":                {condition("saml:edupersonaffiliation", "staff"), true},
		"session name":               {condition("sts:RoleSessionName", "alice"), true},
		"tag":                        {condition("aws:RequestTag/team", "blue"), true},
		"another tag":                {condition("aws:RequestTag/team", "red"), false},
		"source identity":            {condition("sts:SourceIdentity", "alice@example.com"), true},
	} {
		role := w.role("federated", trustSAML(provider.ARN, tc.condition), allowAll)
		a := w.samlAnswer(role, provider.ARN, []string{"urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "staff"}, []string{samlAttribute + "PrincipalTag:team", "blue"},
			[]string{samlAttribute + "TransitiveTagKeys", "team"}, []string{samlAttribute + "SourceIdentity", "alice@example.com"},
			[]string{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "alice@example.com"}, []string{"urn:oid:2.5.4.3", "Alice"},
			[]string{"urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "Example"})
		out, err := w.AssumeRoleWithSAML(t.Context(), iam.SAMLInput{RoleARN: role, ProviderARN: provider.ARN, Assertion: p.Response(t, a)})
		switch {
		case !tc.ok && !fault.Is(err, fault.AccessDenied):
			t.Errorf("%s: error %v, want AccessDenied", name, err)
		case tc.ok && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.ok:
			r, _, err := w.minter.Open(out.Credentials.AccessKeyID, out.Credentials.SessionToken, w.now)
			must(t, err)
			if r.Kind != session.SAMLRole || r.FederatedProvider != provider.ARN || r.SourceIdentity != "alice@example.com" || r.TransitiveTagKeys[0] != "team" ||
				out.Subject != "alice" || out.SubjectType != "transient" || out.Issuer != p.EntityID || out.Audience != a.Recipient || out.ARN != "arn:aws:sts::"+account+":assumed-role/federated/alice" {
				t.Errorf("%s: %+v %+v", name, r, out)
			}
		}
	}
}

// IAM leaves it to the operator to replace certificates that have expired.
func TestASAMLProviderWhoseCertificateHasExpiredWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := assertiontest.New(t, "https://idp.example.com/metadata", w.now.AddDate(-20, 0, 0))
	provider, err := w.CreateSAMLProvider(t.Context(), iam.SAMLProvider{Name: "old", Metadata: p.Metadata()}, "")
	must(t, err)
	must(t, w.UpdateSAMLProvider(t.Context(), provider.ARN, iam.SAMLUpdate{Metadata: p.Metadata()}))
	role := w.role("federated", trustSAML(provider.ARN, ""), allowAll)
	_, err = w.AssumeRoleWithSAML(t.Context(), iam.SAMLInput{RoleARN: role, ProviderARN: provider.ARN, Assertion: p.Response(t, w.samlAnswer(role, provider.ARN))})
	must(t, err)
}

func TestInvalidAssertionsAreRefusedWithTheirError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, provider := w.assertor()
	role := w.role("federated", trustSAML(provider.ARN, ""), allowAll)
	thief := assertiontest.New(t, p.EntityID, w.now)
	for name, tc := range map[string]struct {
		change func(a *assertiontest.Answer, in *iam.SAMLInput)
		kind   fault.Kind
		text   string
	}{
		"another's signature": {func(a *assertiontest.Answer, in *iam.SAMLInput) { in.Assertion = thief.Response(t, *a) }, fault.InvalidIdentityToken, "Response signature invalid"},
		"no signature":        {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.SignResponse = false }, fault.InvalidIdentityToken, "invalid SAML response"},
		"another issuer":      {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.Issuer = "x" }, fault.InvalidIdentityToken, "Issuer not present in specified provider"},
		"another audience":    {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.Audience = "urn:amazon:cognito:sp:us-east-1_x" }, fault.InvalidIdentityToken, "required audience"},
		"another recipient": {func(a *assertiontest.Answer, _ *iam.SAMLInput) {
			a.Recipient = "https://auth.example.com/saml2/idpresponse"
		}, fault.InvalidIdentityToken, "invalid SAML response"},
		"too late":             {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.IssuedAt = a.IssuedAt.Add(-6 * time.Minute) }, fault.ExpiredToken, "within 5 minutes"},
		"a failure":            {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.Status = "urn:x" }, fault.RejectedClaim, ""},
		"without session name": {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.Attributes = a.Attributes[:1] }, fault.InvalidIdentityToken, "RoleSessionName is required in AuthnResponse"},
		"a bad session name":   {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.Attributes[1][1] = "a b" }, fault.InvalidIdentityToken, "RoleSessionName in AuthnResponse must match"},
		"a bad source identity": {func(a *assertiontest.Answer, _ *iam.SAMLInput) {
			a.Attributes = append(a.Attributes, []string{samlAttribute + "SourceIdentity", "aws:x"})
		}, fault.InvalidIdentityToken, "Source Identity must match"},
		"two values of a tag": {func(a *assertiontest.Answer, _ *iam.SAMLInput) {
			a.Attributes = append(a.Attributes, []string{samlAttribute + "PrincipalTag:a", "b", "c"})
		}, fault.RejectedClaim, ""},
		"no role":                {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.Attributes = a.Attributes[1:] }, fault.AccessDenied, "Not authorized to perform sts:AssumeRoleWithSAML"},
		"another role":           {func(_ *assertiontest.Answer, in *iam.SAMLInput) { in.RoleARN += "x" }, fault.AccessDenied, "Not authorized to perform sts:AssumeRoleWithSAML"},
		"an unknown provider":    {func(_ *assertiontest.Answer, in *iam.SAMLInput) { in.ProviderARN += "x" }, fault.InvalidIdentityToken, "Specified provider doesn't exist"},
		"too long a session":     {func(_ *assertiontest.Answer, in *iam.SAMLInput) { in.Limits.Duration = 2 * time.Hour }, fault.Validation, "MaxSessionDuration"},
		"an answer to a request": {func(a *assertiontest.Answer, _ *iam.SAMLInput) { a.InResponseTo = "_x" }, "", ""},
	} {
		a, in := w.samlAnswer(role, provider.ARN), iam.SAMLInput{RoleARN: role, ProviderARN: provider.ARN}
		tc.change(&a, &in)
		if in.Assertion == "" {
			in.Assertion = p.Response(t, a)
		}
		_, err := w.AssumeRoleWithSAML(t.Context(), in)
		if tc.kind == "" && err == nil {
			continue
		}
		if !fault.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASessionEndsWithTheProvidersSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, provider := w.assertor()
	role := w.role("federated", trustSAML(provider.ARN, ""), allowAll)
	a := w.samlAnswer(role, provider.ARN)
	a.SessionEnd = w.now.Add(20 * time.Minute)
	out, err := w.AssumeRoleWithSAML(t.Context(), iam.SAMLInput{RoleARN: role, ProviderARN: provider.ARN, Assertion: p.Response(t, a), Limits: iam.SessionLimits{Duration: time.Hour}})
	if err != nil || !out.Credentials.Expiration.Equal(a.SessionEnd) {
		t.Error(out.Credentials.Expiration, err)
	}
	must(t, w.DeleteSAMLProvider(t.Context(), provider.ARN))
	if _, err := w.AssumeRoleWithSAML(t.Context(), iam.SAMLInput{RoleARN: role, ProviderARN: provider.ARN, Assertion: p.Response(t, a)}); !fault.Is(err, fault.InvalidIdentityToken) {
		t.Error("of a deleted provider:", err)
	}
}
