package oauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/server/oauth"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
)

// A sign-out ends the sessions of all users of the browser, so it goes to an identity provider of any of them.
func TestLogoutSignsOutAtTheProviderOfAnyUserOfTheBrowser(t *testing.T) {
	s := newSite(t)
	var asked []string
	var err error
	if s.handler, err = oauth.New(oauth.Options{OAuth: s.OAuth, Pools: s.Pools, PublicURL: "https://id.example.com", Log: slog.New(slog.DiscardHandler),
		SignOut: func(_ context.Context, _ string, f *signin.Foreign, clientID, location string) (string, error) {
			if asked = append(asked, f.Provider); clientID != s.client {
				t.Errorf("for the client %q", clientID)
			}
			switch f.Provider {
			case "Corp":
				return "https://idp.example.com/out?then=" + url.QueryEscape(location), nil
			case "Broken":
				return "", errors.New("no answer")
			}
			return "", nil
		}}); err != nil {
		t.Fatal(err)
	}
	cookie := ""
	for _, user := range []struct{ name, provider string }{{"ben", "Corp"}, {"cleo", "Mute"}, {"dan", "Broken"}, {"eve", ""}} {
		cookie = s.enter(user.name, user.provider, cookie)
		s.Clock.Forward(time.Second)
	}
	w := s.ask("GET", "/logout?client_id="+s.client, "", cookie)
	if got := w.Header().Get("Location"); got != "https://idp.example.com/out?then=%2Fsignedout" || len(asked) != 3 || asked[0] != "Broken" {
		t.Errorf("%s, asked %v", got, asked)
	}
	asked = nil
	if w = s.ask("GET", "/logout", "", s.enter("gus", "Corp", "")); w.Header().Get("Location") != "https://idp.example.com/out?then=%2Fsignedout" || len(asked) != 1 {
		t.Errorf("without a client: %v, asked %v", w.Header(), asked)
	}
	if w = s.ask("GET", "/logout?client_id="+s.client, "", s.enter("fay", "", "")); w.Header().Get("Location") != "/signedout" {
		t.Errorf("without a provider: %v", w.Header())
	}
}

// AWS's instructions for bookmarks at identity providers have the short path.
func TestAuthorizeHasAShortPath(t *testing.T) {
	s := newSite(t)
	cookie := s.signIn()
	for _, path := range []string{"/oauth2/authorize", "/authorize"} {
		if w := s.ask("GET", path+"?"+s.query(""), "", ""); w.Code != 302 || w.Header().Get("Location") != "/login?"+s.query("") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if w := s.ask("GET", path+"?"+s.query(""), "", cookie); !strings.HasPrefix(w.Header().Get("Location"), callback+"?code=") {
			t.Errorf("%s, with a session: %v", path, w.Header())
		}
	}
}

// enter signs a new user in to the browser with the cookie, with an account at the provider if it is not "". It returns the new cookie.
func (s *site) enter(name, provider, cookie string) string {
	s.T.Helper()
	values, err := url.ParseQuery(s.query(""))
	if err != nil {
		s.T.Fatal(err)
	}
	a, err := s.OAuth.Parse(s.T.Context(), s.pool, values)
	if err != nil {
		s.T.Fatal(err)
	}
	by := &signin.Authentication{Pool: a.Pool, Client: a.Client, Time: s.Clock.Now()}
	if provider != "" {
		client := *a.Client
		client.Settings.SupportedIdentityProviders = []string{provider}
		a.Client, by.Client = &client, &client
		by.Foreign = &signin.Foreign{Provider: provider, Subject: name}
	}
	sub := s.User(s.pool, name).Sub
	if err := s.Base().Update(s.T.Context(), func(tx store.Tx) (err error) {
		if by.User, err = tx.Users.Get(s.pool, sub); err != nil || provider == "" {
			return err
		}
		if err := tx.UserIdentities.Insert(store.UserIdentity{PoolID: s.pool, Provider: provider, Attribute: providers.Subject, Value: name, Sub: sub,
			Type: "SAML", CreatedAt: s.Clock.Now()}); err != nil {
			return err
		}
		if err := providers.ShowIdentities(tx, &by.User); err != nil {
			return err
		}
		return tx.Users.Update(by.User)
	}); err != nil {
		s.T.Fatal(err)
	}
	answer, err := s.OAuth.Complete(s.T.Context(), a, by, cookie)
	if err != nil {
		s.T.Fatal(err)
	}
	return answer.Cookie
}
