package providers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

type counter struct{ made int }

func (c *counter) Make(context.Context, *providers.Provider, *providers.Provider) error {
	c.made++
	return nil
}

func TestDeclaredProviders(t *testing.T) {
	c := new(counter)
	h := userpooltest.New(t, func(o *idp.Options) {
		o.Makers = map[providers.Type]providers.Maker{providers.SAML: c, providers.OIDC: c}
	})
	pool := h.Pool(userpool.PoolSettings{})
	corp := providers.Declared{Name: "Corp", Type: providers.OIDC, Mapping: map[string]string{"email": "email"}, LinkByEmail: true,
		Details: map[string]string{"client_id": "a", "authorize_scopes": "openid", "oidc_issuer": "https://corp.test"}}
	ensure := func(list ...providers.Declared) error { return h.Providers.Ensure(t.Context(), pool.ID, list) }
	get := func() *providers.Provider {
		p, err := h.Providers.Get(t.Context(), pool.ID, "Corp")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for range 2 { // a reload changes nothing, and contacts no provider
		if err := ensure(corp); err != nil {
			t.Fatal(err)
		}
	}
	if p := get(); c.made != 1 || p.Version != 1 || p.Details["attributes_request_method"] != "GET" || !p.LinkByEmail || p.Mapping["email"] != "email" {
		t.Errorf("%d %+v", c.made, p)
	}
	if _, err := h.Users.GetGroup(t.Context(), pool.ID, pool.ID+"_Corp"); err != nil {
		t.Error(err)
	}
	// What the API changes, the next start sets again.
	if p, err := h.Providers.Update(t.Context(), providers.Change{PoolID: pool.ID, Name: "Corp", Mapping: map[string]string{"name": "name"}}); err != nil || !p.LinkByEmail {
		t.Error(p, err)
	}
	if err := ensure(corp); err != nil {
		t.Fatal(err)
	}
	if p := get(); p.Mapping["email"] != "email" || p.Mapping["name"] != "" || p.Version != 3 {
		t.Errorf("%+v", p)
	}
	corp.LinkByEmail, corp.Mapping = false, nil
	if err := ensure(corp); err != nil {
		t.Fatal(err)
	}
	if p := get(); p.LinkByEmail || len(p.Mapping) != 0 {
		t.Errorf("%+v", p)
	}
	corp.Type, corp.Details = providers.SAML, map[string]string{"MetadataURL": "https://corp.test"}
	if err := ensure(corp); err == nil || !strings.Contains(err.Error(), "it has the type OIDC, which cannot change") {
		t.Error(err)
	}
}

// away is a Maker whose provider does not answer while err is set.
type away struct{ err error }

func (a *away) Make(_ context.Context, p, _ *providers.Provider) error {
	if a.err == nil {
		p.Details[providers.SignInRedirect] = "https://corp.test/sso"
	}
	return a.err
}

// A pool does without a declared provider that does not answer.
func TestADeclaredProviderThatDoesNotAnswer(t *testing.T) {
	a := &away{err: fmt.Errorf("%w: timeout", providers.ErrUnreachable)}
	h := userpooltest.New(t, func(o *idp.Options) { o.Makers = map[providers.Type]providers.Maker{providers.SAML: a} })
	pool := h.Pool(userpool.PoolSettings{})
	list := []providers.Declared{{Name: "Corp", Type: providers.SAML, Details: map[string]string{"MetadataURL": "https://corp.test"}, Mapping: map[string]string{"email": "mail"}}}
	for range 2 {
		if err := h.Providers.Ensure(t.Context(), pool.ID, list); err != nil {
			t.Fatal(err)
		}
		h.Restart()
	}
	if err := h.Providers.Ensure(t.Context(), pool.ID, list); err != nil {
		t.Fatal(err)
	}
	state := func() (redirect string, waits bool) {
		p, err := h.Providers.Get(t.Context(), pool.ID, "Corp")
		if err != nil || p.Mapping["email"] != "mail" {
			t.Fatal(p, err)
		}
		if waits, err = h.Providers.Waits(t.Context(), pool.ID, "Corp"); err != nil {
			t.Fatal(err)
		}
		return p.Details[providers.SignInRedirect], waits
	}
	if err := h.Providers.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	if redirect, waits := state(); redirect != "" || !waits {
		t.Errorf("%q %t", redirect, waits)
	}
	a.err = errors.New("the metadata are wrong")
	if err := h.Providers.Finish(t.Context()); err == nil {
		t.Error("wrong metadata are no problem")
	}
	a.err = nil
	if err := h.Providers.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	if redirect, waits := state(); redirect != "https://corp.test/sso" || waits {
		t.Errorf("%q %t", redirect, waits)
	}
	if err := h.Providers.Ensure(t.Context(), pool.ID, list); err != nil {
		t.Fatal(err)
	}
	if p, err := h.Providers.Get(t.Context(), pool.ID, "Corp"); err != nil || p.Version != 2 {
		t.Error(p, err)
	}
}

func TestDeclarationsThatNoPoolCanHave(t *testing.T) {
	details := map[string]string{"client_id": "a", "authorize_scopes": "openid", "oidc_issuer": "https://corp.test"}
	good := providers.Declared{Name: "Corp", Type: providers.OIDC, Details: details, Mapping: map[string]string{"custom:x": "x", "name": "n"}}
	if err := providers.CheckDeclared([]providers.Declared{good}); err != nil {
		t.Error(err)
	}
	for text, change := range map[string]func(*providers.Declared){
		"contains the key x":           func(d *providers.Declared) { d.Details = merged(details, map[string]string{"x": "y"}) },
		"invalid mapping: [nick_name]": func(d *providers.Declared) { d.Mapping = map[string]string{"nick_name": "n"} },
		"invalid mapping: [sub]":       func(d *providers.Declared) { d.Mapping = map[string]string{"sub": "n"} },
		"cannot be of type Google":     func(d *providers.Declared) { d.Type = providers.Google },
		"Invalid ProviderType Twitter": func(d *providers.Declared) { d.Type = "Twitter" },
		"is also that of Other":        func(d *providers.Declared) { d.Identifiers = []string{"A.test"} },
	} {
		d := good
		change(&d)
		other := good
		other.Name, other.Identifiers = "Other", []string{"a.test"}
		if err := providers.CheckDeclared([]providers.Declared{other, d}); err == nil || !strings.Contains(err.Error(), "identity_provider Corp: ") || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
