package profiles_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// house is a pool with two OIDC providers, Google, and a SAML provider.
type house struct {
	*userpooltest.Harness
	t      testing.TB
	pool   string
	client string
}

// nothing is a Maker that reads no metadata.
type nothing struct{}

func (nothing) Make(context.Context, *providers.Provider, *providers.Provider) error { return nil }

// mapping is that of every provider of a house.
var mapping = map[string]string{"email": "mail", "email_verified": "mail_ok", "name": "display", "custom:team": "team", "custom:born": "born"}

func settings() userpool.PoolSettings {
	return userpool.PoolSettings{AliasAttributes: []string{"email", "preferred_username"}, Schema: []userpool.SchemaAttribute{
		{Name: "team", AttributeDataType: "String"}, {Name: "born", AttributeDataType: "String", Mutable: new(false)}, {Name: "secret", AttributeDataType: "String"}}}
}

// enter makes a house. mapping nil is that of all houses.
func enter(t testing.TB, s userpool.PoolSettings, run func(userpooltest.Event) error) (*house, *userpooltest.Lambda) {
	t.Helper()
	h := &house{t: t, Harness: userpooltest.New(t, func(o *idp.Options) {
		o.Makers = map[providers.Type]providers.Maker{providers.SAML: nothing{}}
	})}
	var lambda *userpooltest.Lambda
	if run != nil {
		f := &userpool.LambdaFunction{LambdaVersion: "V1_0", LambdaArn: userpooltest.ARN}
		s.LambdaConfig = &userpool.LambdaConfig{PreSignUp: userpooltest.ARN, PostConfirmation: userpooltest.ARN, PreAuthentication: userpooltest.ARN,
			PostAuthentication: userpooltest.ARN, PreTokenGeneration: userpooltest.ARN, InboundFederation: f}
		lambda = h.Lambda(run)
	}
	h.pool = h.Pool(s).ID
	for _, p := range []struct {
		name string
		of   providers.Type
	}{{"Corp", providers.OIDC}, {"Other", providers.OIDC}, {"Google", providers.Google}, {"Saml", providers.SAML}} {
		details := map[string]string{"client_id": "c", "client_secret": "s", "authorize_scopes": "openid"}
		switch p.of {
		case providers.OIDC:
			details["oidc_issuer"], details["attributes_request_method"] = "https://"+p.name+".test", "GET"
		case providers.SAML:
			details = map[string]string{"MetadataURL": "https://saml.test"}
		default:
		}
		if _, err := h.Providers.Create(t.Context(), providers.Change{PoolID: h.pool, Name: p.name, Type: p.of, Details: details, Mapping: mapping}); err != nil {
			t.Fatal(err)
		}
	}
	h.client = h.Client(h.pool, userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: userpooltest.AllFlows.ExplicitAuthFlows,
		SupportedIdentityProviders: []string{"COGNITO", "Corp", "Other", "Google", "Saml"},
		WriteAttributes:            []string{"email", "name", "custom:team", "custom:born"}}).ID
	return h, lambda
}

// proof says that a provider has proved the subject. says are pairs of its attributes and their values.
func proof(subject string, says ...string) *providers.Proof {
	p := &providers.Proof{Subject: subject, Attributes: map[string]string{}}
	for i := 0; i < len(says); i += 2 {
		p.Attributes[says[i]] = says[i+1]
	}
	return p
}

func (h *house) signIn(provider string, proof *providers.Proof) (*signin.Authentication, error) {
	h.t.Helper()
	p, err := h.Providers.Get(h.t.Context(), h.pool, provider)
	if err != nil {
		h.t.Fatal(err)
	}
	pool, c, err := h.Pools.ClientOf(h.t.Context(), h.pool, h.client)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.Profiles.SignIn(h.t.Context(), p, pool, c, proof, userpool.ClientContext{})
}

func (h *house) must(provider string, proof *providers.Proof) *signin.Authentication {
	h.t.Helper()
	by, err := h.signIn(provider, proof)
	if err != nil {
		h.t.Fatal(err)
	}
	return by
}

// refused checks the code and the text of a sign-in that is refused.
func (h *house) refused(provider string, proof *providers.Proof, code, text string) {
	h.t.Helper()
	_, err := h.signIn(provider, proof)
	r, ok := errors.AsType[*providers.Refusal](err)
	if !ok || r.Code != code || r.Description != text {
		h.t.Errorf("%v, want %s: %q", err, code, text)
	}
}

func (h *house) user(name string) *directory.User {
	h.t.Helper()
	u, err := h.Users.AdminGetUser(h.t.Context(), h.pool, name)
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// idToken returns the claims of the ID token of a sign-in, as text.
func (h *house) idToken(by *signin.Authentication) string {
	h.t.Helper()
	set, err := h.Tokens.Issue(h.t.Context(), by.Record().Request(by.Pool, by.Client, "openid"))
	if err != nil {
		h.t.Fatal(err)
	}
	return payload(h.t, set.IDToken)
}

// payload returns the claims of a token, as text.
func payload(t testing.TB, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func claim(t testing.TB, token, name string) string {
	t.Helper()
	var claims map[string]json.RawMessage
	if err := json.Unmarshal([]byte(token), &claims); err != nil {
		t.Fatal(err)
	}
	return string(claims[name])
}
