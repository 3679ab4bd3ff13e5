package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// OpenID Connect Core section 3.1.2.1: with id_token_hint, only that user's session and sign-in answer.
func TestIDTokenHint(t *testing.T) {
	s := newSiteWithUsers(t)
	q, cookie := s.complete("ann", "")
	set, err := s.redeem(q.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Forward(time.Second)
	_, cookie = s.complete("bob", cookie)
	s.Clock.Forward(2 * time.Hour) // the hint may have expired
	_, cookie = s.complete("bob", cookie)
	p, err := s.Pools.Pool(t.Context(), s.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	if hint, err := p.VerifyHint(t.Context(), set.IDToken); err != nil || hint.Audience[0] != s.client.ID {
		t.Errorf("%+v %v", hint, err)
	}
	if s.resume(cookie, "id_token_hint="+set.IDToken) != "" {
		t.Error("the session of another user answers")
	}
	a := s.parse("id_token_hint=" + set.IDToken)
	_, err = s.OAuth.Complete(t.Context(), a, s.signIn(s.client.ID, "bob"), cookie)
	var refused *oauth.RedirectError
	if !errors.As(err, &refused) || refused.Err.Code != oauth.LoginRequired {
		t.Error("another user signs in", err)
	}
	if _, err = s.OAuth.Complete(t.Context(), a, s.signIn(s.client.ID, "ann"), cookie); err != nil {
		t.Error("the user signs in", err)
	}
	for name, hint := range map[string]string{"an access token": set.AccessToken, "a forged token": set.IDToken[:len(set.IDToken)-3] + "AAA", "text": "x"} {
		_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("id_token_hint="+hint))
		if e, ok := err.(*oauth.RedirectError); !ok || e.Err.Code != oauth.InvalidRequest { //nolint:errorlint // Parse does not wrap it
			t.Error(name, err)
		}
	}
}

// OpenID Connect RP-Initiated Logout 1.0 section 2: an ID token that has expired ends a session, which may be older than the pool's keys.
func TestAnIDTokenIsAHintAfterItsKeyIsPublishedNoMore(t *testing.T) {
	s := newSiteWithUsers(t)
	q, _ := s.complete("ann", "")
	set, err := s.redeem(q.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(d time.Duration) {
		t.Helper()
		s.Clock.Forward(d)
		if err := s.Pools.RotateKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	published := func(text string) bool {
		t.Helper()
		document, err := s.Pools.JWKS(t.Context(), s.pool.ID)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(document), `"`+userpooltest.Header(t, text)["kid"]+`"`)
	}
	rotate(89 * 24 * time.Hour)
	rotate(24 * time.Hour)
	rotate(25*time.Hour + time.Second)
	if published(set.IDToken) || published(set.AccessToken) {
		t.Fatal("the first keys are published")
	}
	accepted := func() bool {
		t.Helper()
		_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("id_token_hint="+set.IDToken))
		_, left := s.OAuth.Logout(t.Context(), s.pool.ID, url.Values{"id_token_hint": {set.IDToken}}, "")
		if (err == nil) != (left == nil) {
			t.Errorf("authorize: %v; logout: %v", err, left)
		}
		return err == nil
	}
	if !accepted() {
		t.Error("the hint is refused")
	}
	p, err := s.Pools.Pool(t.Context(), s.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.VerifyHint(t.Context(), set.AccessToken); err == nil {
		t.Error("an access token is a hint")
	}
	if _, err := s.Pools.KeySet(s.pool.ID).Lookup(t.Context(), userpooltest.Header(t, set.IDToken)["kid"]); err == nil {
		t.Error("the key verifies tokens")
	}
	rotate(90 * 24 * time.Hour) // as long as the longest session
	if accepted() {
		t.Error("the key is kept for ever")
	}
}

// Whoever knows a key that was revoked makes no hints with it.
func TestThreatARevokedKeyMakesNoHints(t *testing.T) {
	s := newSiteWithUsers(t)
	q, _ := s.complete("ann", "")
	set, err := s.redeem(q.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pools.RevokeKey(t.Context(), s.pool.ID, userpooltest.Header(t, set.IDToken)["kid"]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OAuth.Logout(t.Context(), s.pool.ID, url.Values{"id_token_hint": {set.IDToken}}, ""); err == nil {
		t.Error("the hint is accepted")
	}
}
