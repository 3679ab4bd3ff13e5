package oauth_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// Two windows of a browser sign the same user in: the app of the first one may still have a code to exchange.
func TestAnotherSignInKeepsCodesThatAreOnTheirWay(t *testing.T) {
	s := newSiteWithUsers(t)
	first, cookie := s.complete("ann", "")
	s.Clock.Forward(time.Second)
	second, cookie := s.complete("ann", cookie)
	accounts, err := s.OAuth.Accounts(t.Context(), s.pool.ID, cookie)
	if err != nil || len(accounts) != 1 {
		t.Errorf("%+v, %v", accounts, err)
	}
	for _, q := range []url.Values{first, second} {
		if _, err := s.redeem(q.Get("code")); err != nil {
			t.Error(err)
		}
	}
	first, cookie = s.complete("ann", cookie)
	s.Clock.Forward(time.Second)
	_, cookie = s.complete("ann", cookie)
	if err := s.OAuth.EndSession(t.Context(), s.pool.ID, cookie); err != nil {
		t.Fatal(err)
	}
	_, err = s.redeem(first.Get("code"))
	wantCode(t, "after a sign-out of the browser", err, oauth.InvalidGrant)
	// It leaves no session behind once its codes have ended.
	_, cookie = s.complete("ann", "")
	s.Clock.Forward(5 * time.Minute)
	s.complete("ann", cookie)
	if err := s.Base().View(t.Context(), func(tx store.Tx) error {
		n, err := tx.Sessions.CountSSO(s.Clock.Now())
		if n != 1 {
			t.Errorf("%d sessions", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
