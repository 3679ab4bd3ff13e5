package oauth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/oauth"
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
