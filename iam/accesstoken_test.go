package iam_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
)

// accessTokens knows a user for the token "good", and counts the questions. err is its answer if it is set.
type accessTokens struct {
	err   error
	asked int
}

func (a *accessTokens) Verify(_ context.Context, provider, token string, _ ...string) (*accesstoken.User, error) {
	a.asked++
	if a.err == nil && token != "good" {
		return nil, accesstoken.ErrRefused
	}
	return &accesstoken.User{Provider: provider, ID: "user-1", App: "app-1", Client: "client-1"}, a.err
}

func trustAccess(provider, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + condition + `}}]}`
}

func TestAccessTokensAssumeRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := &accessTokens{}
	in := func(role, provider, token string) iam.WebIdentityInput {
		return iam.WebIdentityInput{RoleARN: role, SessionName: "app", Token: token, ProviderID: provider}
	}
	_, err := w.AssumeRoleWithWebIdentity(t.Context(), in(w.RoleARN("none"), accesstoken.Facebook, "good"))
	wantFault(t, err, fault.InvalidIdentityToken)
	w.UseAccessTokens(tokens)
	for name, c := range map[string]struct {
		provider, trust string
		ok              bool
		key             string // of the session
	}{
		"Facebook's application":        {accesstoken.Facebook, trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:app_id":"app-1"}`), true, "id"},
		"Facebook's user":               {accesstoken.Facebook, trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:app_id":"app-1","graph.facebook.com:id":"user-1"}`), true, "id"},
		"another application":           {accesstoken.Facebook, trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:app_id":"app-2"}`), false, ""},
		"another user":                  {accesstoken.Facebook, trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:id":"user-2"}`), false, ""},
		"a key of OpenID tokens":        {accesstoken.Facebook, trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:aud":"app-1"}`), false, ""},
		"Amazon's application and user": {accesstoken.Amazon, trustAccess(accesstoken.Amazon, `"StringEquals":{"www.amazon.com:app_id":"app-1","www.amazon.com:user_id":"user-1"}`), true, "user_id"},
		"the other provider":            {accesstoken.Amazon, trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:app_id":"app-1"}`), false, ""},
	} {
		must(t, w.Ensure(t.Context(), iam.DeclaredRole{Name: "app", Trust: []byte(c.trust)}))
		got, err := w.AssumeRoleWithWebIdentity(t.Context(), in(w.RoleARN("app"), c.provider, "good"))
		if !c.ok {
			if !fault.Is(err, fault.AccessDenied) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil {
			by := w.caller(got.Credentials)
			must(t, w.Ensure(t.Context(), iam.DeclaredRole{Name: "app", Trust: []byte(c.trust), Policies: map[string]json.RawMessage{"own": json.RawMessage(
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${` + c.provider + `:` + c.key + `}/x"}}`)}}))
			if !w.may(by, "s3:GetObject", "arn:aws:s3:::b/user-1/x") || w.may(by, "s3:GetObject", "arn:aws:s3:::b/user-2/x") {
				t.Errorf("%s: the session has not the key %s", name, c.key)
			}
		}
		if err != nil || got.Provider != c.provider || got.Subject != "user-1" || got.Audience != "app-1" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAccessTokensThatProveNothingAssumeNoRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := &accessTokens{}
	w.UseAccessTokens(tokens)
	must(t, w.Ensure(t.Context(), iam.DeclaredRole{Name: "app", Trust: []byte(trustAccess(accesstoken.Facebook, `"StringEquals":{"graph.facebook.com:app_id":"app-1"}`))}))
	for name, c := range map[string]struct {
		role, provider, token string
		err                   error
		kind                  fault.Kind
		asked                 int
	}{
		"refused":                          {"app", accesstoken.Facebook, "bad", nil, fault.InvalidIdentityToken, 1},
		"an ID token":                      {"app", accesstoken.Facebook, "good", accesstoken.ErrIDToken, fault.InvalidIdentityToken, 1},
		"provider is down":                 {"app", accesstoken.Facebook, "good", accesstoken.ErrUnavailable, fault.ExternalService, 1},
		"a failure":                        {"app", accesstoken.Facebook, "good", errors.New("?"), fault.Internal, 1},
		"no such role":                     {"nobody", accesstoken.Facebook, "good", nil, fault.AccessDenied, 0},
		"another provider":                 {"app", accesstoken.Amazon, "good", nil, fault.AccessDenied, 0},
		"unknown provider":                 {"app", "accounts.google.com", "good", nil, fault.InvalidIdentityToken, 0},
		"Twitter, which STS does not take": {"app", accesstoken.Twitter, "good;x", nil, fault.InvalidIdentityToken, 0},
	} {
		tokens.err, tokens.asked = c.err, 0
		_, err := w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.RoleARN(c.role), SessionName: "app", Token: c.token, ProviderID: c.provider})
		if !fault.Is(err, c.kind) || tokens.asked != c.asked {
			t.Errorf("%s: %v after %d questions", name, err, tokens.asked)
		}
	}
}
