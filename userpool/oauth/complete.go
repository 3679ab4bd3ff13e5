package oauth

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Complete answers the request at the end of a hosted sign-in, and makes the browser's session. cookie is the value of the session
// cookie that the browser has, "" for none. A user who changed since the sign-in is userpool.ErrWrongPassword. A user whom the client
// does not expect, or who signed in by a provider that it does not have, is a *RedirectError or *PageError.
func (s *Service) Complete(ctx context.Context, a *Authorization, by *signin.Authentication, cookie string) (*Response, error) {
	if by.Pool.ID != a.Pool.ID || by.Client.ID != a.Client.ID {
		return nil, errors.New("oauth: the sign-in is not for the client of the request")
	}
	x, err := s.newSession(a, by)
	switch {
	case err != nil:
		return nil, err
	case !offers(a.Client, x.Provider):
		return nil, Shown(KeyProvider, a.Client.ID)
	case a.NeedsConsent() && !a.AsksConsent:
		return nil, a.refuse(s.code(ConsentRequired), "")
	case a.Subject != "" && x.Sub != a.Subject: // OpenID Connect Core section 3.1.2.1
		return nil, a.refuse(LoginRequired, "another user has signed in")
	}
	secret, err := s.newBrowser()
	if err != nil {
		return nil, err
	}
	x.Browser = hashBrowser(secret)
	response, err := s.respond(ctx, a, x, func(tx store.Tx, u *store.User) error {
		if err := x.Record.Check(u); err != nil {
			return err
		}
		return s.enter(tx, x, hashBrowser(cookie))
	})
	if errors.Is(err, errEnded) {
		return nil, a.refuse(LoginRequired, "the identity provider has ended the session")
	}
	if err != nil {
		return nil, err
	}
	response.Cookie, response.CookieMaxAge = secret, x.ExpiresAt.Sub(x.CreatedAt)
	return response, nil
}

// Resume answers the request from the browser's session. It returns nil if the user must be asked, and a *RedirectError if that is
// so and prompt is none. cookie is the value of the session cookie.
func (s *Service) Resume(ctx context.Context, a *Authorization, cookie string) (*Response, error) {
	browser := hashBrowser(cookie)
	switch {
	case browser == nil || s.asks(a):
		return nil, a.ask(LoginRequired)
	case a.NeedsConsent() && (a.Prompts(PromptNone) || !a.AsksConsent):
		return nil, a.ask(s.code(ConsentRequired))
	}
	var x *session
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		x, err = s.find(tx, a, browser)
		return err
	}); err != nil {
		return nil, err
	}
	if x == nil {
		return nil, a.ask(LoginRequired)
	}
	enough, err := s.reaches(ctx, a, x)
	if err != nil {
		return nil, err
	}
	if !enough {
		return nil, a.ask(s.code(InteractionRequired))
	}
	expires := x.ExpiresAt
	response, err := s.respond(ctx, a, x, func(tx store.Tx, u *store.User) error {
		if err := x.Record.Check(u); err != nil {
			return err
		}
		now, err := tx.Sessions.Get(x.ID)
		if err != nil {
			return err
		}
		if !slices.Equal(now.Browser, browser) {
			return store.ErrNotFound
		}
		x.Session = now
		return s.use(tx, a, x)
	})
	if errors.Is(err, userpool.ErrWrongPassword) {
		return nil, a.ask(LoginRequired)
	}
	if err == nil && x.ExpiresAt.After(expires) {
		response.Cookie, response.CookieMaxAge = cookie, x.ExpiresAt.Sub(s.base.Now())
	}
	return response, err
}

// asks reports whether the user must be asked regardless of the session.
func (s *Service) asks(a *Authorization) bool {
	return a.Prompts(PromptLogin) || (a.Prompts(PromptSelectAccount) && a.Account == "" && !s.o.Strict)
}

// code returns an error code that Cognito does not have, or the one that it has.
func (s *Service) code(beyond string) string {
	if s.o.Strict {
		return LoginRequired
	}
	return beyond
}

// ask returns the error of a request that must not show a page, or nil.
func (a *Authorization) ask(code string) error {
	if !a.Prompts(PromptNone) {
		return nil
	}
	return a.refuse(code, "")
}

// find returns the session that answers the request, or nil.
func (s *Service) find(tx store.Tx, a *Authorization, browser []byte) (*session, error) {
	list, err := s.ofBrowser(tx, a.Pool.ID, browser)
	if err != nil {
		return nil, err
	}
	x := a.chosen(list)
	if x == nil || !a.fresh(x.Provider, &x.Record, s.base.Now()) {
		return nil, nil
	}
	u, err := tx.Users.Get(x.PoolID, x.Sub)
	if err != nil {
		return nil, err // the session is deleted with the user, so the store has failed
	}
	if x.Record.Check(&u) != nil {
		return nil, nil
	}
	return x, nil
}

// reaches reports whether the session has the level that acr_values demands: the first that its user can reach.
func (s *Service) reaches(ctx context.Context, a *Authorization, x *session) (bool, error) {
	if len(a.Levels) == 0 || x.level() >= a.Levels[0] {
		return true, nil
	}
	if s.o.Reach == nil {
		return false, nil
	}
	can, err := s.o.Reach(ctx, a.Pool, a.Client, x.Sub)
	if err != nil {
		return false, err
	}
	for _, level := range a.Levels {
		if slices.Contains(can, level) || x.level() >= level {
			return x.level() >= level, nil
		}
	}
	return false, nil
}
