package iam_test

import (
	"testing"

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
