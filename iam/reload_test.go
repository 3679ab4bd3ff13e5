package iam_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/store"
)

func TestAProcessReadsWhatAnotherWrote(t *testing.T) {
	w := newWorld(t)
	other := *w
	other.open()
	p, err := w.CreateOIDCProvider(t.Context(), iam.OIDCProvider{URL: "https://idp.example.com", ClientIDs: []string{"app"}})
	must(t, err)
	if _, ok := other.Issuer(p.URL); ok {
		t.Fatal("the test cannot show anything")
	}
	must(t, other.Reload(t.Context()))
	if _, ok := other.Issuer(p.URL); !ok {
		t.Error("a new provider is not known")
	}
	must(t, w.DeleteOIDCProvider(t.Context(), p.ARN))
	must(t, other.Reload(t.Context()))
	if _, ok := other.Issuer(p.URL); ok {
		t.Error("a deleted provider is still known")
	}
}

func TestAPolicyThatAnotherProcessDeletedCannotBeGivenToARole(t *testing.T) {
	w := newWorld(t)
	p, err := w.CreatePolicy(t.Context(), store.Policy{Name: "p", Document: []byte(allowAll)})
	must(t, err)
	trust := []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)
	_, err = w.CreateRole(t.Context(), store.Role{Name: "r", Trust: trust})
	must(t, err)
	other := *w
	other.open()
	must(t, w.DeletePolicy(t.Context(), p.ARN))
	if other.CheckAttachable(p.ARN) != nil {
		t.Fatal("the test cannot show anything")
	}
	_, created := other.CreateRole(t.Context(), store.Role{Name: "s", Trust: trust, Boundary: p.ARN})
	for name, err := range map[string]error{
		"attached": other.AttachRolePolicy(t.Context(), "r", p.ARN), "a boundary": other.PutBoundary(t.Context(), "r", p.ARN), "a boundary of a new role": created,
		"declared": other.Ensure(t.Context(), iam.DeclaredRole{Name: "d", Trust: trust, Attached: []string{p.ARN}}),
	} {
		if fault.KindOf(err) != fault.NoSuchEntity {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGivingAPolicyToARoleCompilesNoOtherRole(t *testing.T) {
	w := newWorld(t)
	p, err := w.CreatePolicy(t.Context(), store.Policy{Name: "p", Document: []byte(allowAll)})
	must(t, err)
	trust := []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)
	for _, name := range []string{"has", "gets"} {
		_, err = w.CreateRole(t.Context(), store.Role{Name: name, Trust: trust})
		must(t, err)
	}
	must(t, w.AttachRolePolicy(t.Context(), "has", p.ARN))
	before := w.Compiled("has")
	must(t, w.AttachRolePolicy(t.Context(), "gets", p.ARN))
	must(t, w.PutBoundary(t.Context(), "gets", p.ARN))
	_, err = w.CreateRole(t.Context(), store.Role{Name: "new", Trust: trust, Boundary: p.ARN})
	must(t, err)
	if w.Compiled("has") != before {
		t.Error("a role that has the policy already was compiled again")
	}
	_, err = w.CreatePolicyVersion(t.Context(), p.ARN, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`), true)
	must(t, err)
	if w.Compiled("has") == before {
		t.Error("a role keeps what the policy was before it changed")
	}
}

func TestAPolicyThatAnotherProcessMadeCanBeGivenToARole(t *testing.T) {
	w := newWorld(t)
	other := *w
	other.open()
	p, err := w.CreatePolicy(t.Context(), store.Policy{Name: "p", Document: []byte(allowAll)})
	must(t, err)
	trust := []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)
	_, err = other.CreateRole(t.Context(), store.Role{Name: "r", Trust: trust, Boundary: p.ARN})
	must(t, err)
	must(t, other.AttachRolePolicy(t.Context(), "r", p.ARN))
	if _, err := other.GetPolicy(p.ARN); err != nil {
		t.Errorf("the policy is not known: %v", err)
	}
}

func TestReadingWithoutNewsKeepsTheVersion(t *testing.T) {
	w := newWorld(t)
	policy, err := w.CreatePolicy(t.Context(), store.Policy{Name: "p", Document: []byte(allowAll), Tags: map[string]string{"a": "b"}})
	must(t, err)
	_, err = w.CreateRole(t.Context(), store.Role{Name: "r", Trust: []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)})
	must(t, err)
	must(t, w.AttachRolePolicy(t.Context(), "r", policy.ARN))
	_, err = w.CreateInstanceProfile(t.Context(), iam.InstanceProfile{Name: "i"})
	must(t, err)
	before := w.Version()
	must(t, w.Reload(t.Context()))
	if w.Version() != before {
		t.Errorf("version %d became %d", before, w.Version())
	}
	must(t, w.TagRole(t.Context(), "r", map[string]string{"a": "b"}))
	if w.Version() == before {
		t.Error("a change keeps the version")
	}
}

// Another process has written since this one read.
func TestChangesAreMadeToWhatTheStoreHas(t *testing.T) {
	w := newWorld(t)
	other := *w
	other.open()
	p, err := w.CreateOIDCProvider(t.Context(), iam.OIDCProvider{URL: "https://idp.example.com", ClientIDs: []string{"app"}})
	must(t, err)
	must(t, other.TagOIDCProvider(t.Context(), p.ARN, map[string]string{"a": "b"}))
	must(t, other.DeleteOIDCProvider(t.Context(), p.ARN))
	must(t, w.Reload(t.Context()))
	if _, ok := w.Issuer(p.URL); ok {
		t.Error("the provider was not deleted")
	}

	_, err = w.CreateInstanceProfile(t.Context(), iam.InstanceProfile{Name: "Web", Path: "/a/"})
	must(t, err)
	_, err = other.CreateInstanceProfile(t.Context(), iam.InstanceProfile{Name: "web", Path: "/b/"})
	if fault.KindOf(err) != fault.EntityExists {
		t.Errorf("a second profile of the name: %v", err)
	}
	_, err = w.CreateRole(t.Context(), store.Role{Name: "r", Trust: []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)})
	must(t, err)
	must(t, w.AddRole(t.Context(), "web", "r"))
	if err := other.DeleteRole(t.Context(), "r"); fault.KindOf(err) != fault.DeleteConflict {
		t.Errorf("a role in a profile: %v", err)
	}
}

func TestAProviderOfOneKindIsNotOneOfAnother(t *testing.T) {
	w := newWorld(t)
	p, err := w.CreateInstanceProfile(t.Context(), iam.InstanceProfile{Name: "web"})
	must(t, err)
	if err := w.DeleteOIDCProvider(t.Context(), p.ARN); fault.KindOf(err) != fault.NoSuchEntity {
		t.Error(err)
	}
	if err := w.DeleteSAMLProvider(t.Context(), p.ARN); fault.KindOf(err) != fault.NoSuchEntity {
		t.Error(err)
	}
	if err := w.AddClientID(t.Context(), p.ARN, "app"); fault.KindOf(err) != fault.NoSuchEntity {
		t.Error(err)
	}
	if _, err := w.InstanceProfile("web"); err != nil {
		t.Error(err)
	}
}

func TestNobodyRegistersTheNameOfTheIdentityPools(t *testing.T) {
	w := newWorld(t)
	for _, url := range []string{poolURL, poolURL + "/", "https://Cognito-Identity.amazonaws.com", poolURL + ":443"} {
		if _, err := w.CreateOIDCProvider(t.Context(), iam.OIDCProvider{URL: url}); fault.KindOf(err) != fault.Validation {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestATokenWithoutASubjectIsRefused(t *testing.T) {
	w := newWorld(t)
	arn := w.role("partner", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::`+account+`:oidc-provider/idp.example.com/tenant"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringNotEquals":{"idp.example.com/tenant:sub":"banned"}}}}`)
	for name, claims := range map[string]map[string]any{"none": {"aud": "partner"}, "empty": {"aud": "partner", "sub": ""}} {
		_, err := w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: arn, SessionName: "session", Token: w.sign(oidcURL, claims)})
		if fault.KindOf(err) != fault.InvalidIdentityToken {
			t.Errorf("%s: %v", name, err)
		}
	}
}
