package oauth

import (
	"context"
	"net/url"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// SignedOut is where the browser goes after a sign-out.
type SignedOut struct {
	Location string     // "" for the page that says so
	Login    url.Values // the parameters of the login page, if the browser goes there instead
	ClientID string     // whose request it was; "" if the request does not say
}

// Logout checks a request of the logout endpoint and ends the browser's session. A request that is not in order ends nothing and is a
// *PageError.
//
// Source: Cognito's logout endpoint; OpenID Connect RP-Initiated Logout 1.0, which Cognito does not know.
func (s *Service) Logout(ctx context.Context, poolID string, query url.Values, cookie string) (*SignedOut, error) {
	ctx = context.WithoutCancel(ctx)
	to, err := s.afterLogout(ctx, poolID, query)
	if err != nil {
		return nil, err
	}
	return to, s.EndSession(ctx, poolID, cookie)
}

// EndSession ends the sessions of a browser in the pool. Tokens that were issued in them stay valid, as in Cognito.
func (s *Service) EndSession(ctx context.Context, poolID, cookie string) error {
	ctx = context.WithoutCancel(ctx) // who leaves the page is signed out nevertheless
	browser := hashBrowser(cookie)
	if browser == nil {
		return nil
	}
	none := false
	err := s.base.View(ctx, func(tx store.Tx) error { // a browser without sessions, or a made-up one, costs no write
		list, err := tx.Sessions.OfBrowser(poolID, browser)
		none = len(list) == 0
		return err
	})
	if err != nil || none {
		return err
	}
	return s.base.Update(ctx, func(tx store.Tx) error {
		list, err := tx.Sessions.OfBrowser(poolID, browser)
		if err != nil {
			return err
		}
		for _, x := range list {
			if err := tx.Sessions.Delete(x.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// logoutParameters may occur once.
var logoutParameters = []string{"client_id", "logout_uri", "redirect_uri", "response_type", "id_token_hint", "post_logout_redirect_uri", "state"}

// logoutTargets are the parameters that name a client, or where the browser goes. Without any of them the browser signs out of the pool.
//
// Source: OpenID Connect RP-Initiated Logout 1.0 section 2: all parameters are optional.
var logoutTargets = []string{"client_id", "id_token_hint", "logout_uri", "redirect_uri", "post_logout_redirect_uri"}

// afterLogout returns where the browser goes according to the request.
func (s *Service) afterLogout(ctx context.Context, poolID string, query url.Values) (*SignedOut, error) {
	if !Fits(query) {
		return nil, Shown(KeyRequest, "")
	}
	for _, name := range logoutParameters {
		value, ok := single(query, name)
		if name == "client_id" && !ok { // from a library that adds its own to the app's
			ok = !slices.ContainsFunc(query[name], func(other string) bool { return other != value })
		}
		if !ok || (name != "id_token_hint" && len(value) > maxValue) {
			return nil, Shown(KeyRequest, "")
		}
	}
	if !s.o.Strict && !slices.ContainsFunc(logoutTargets, func(name string) bool { return query.Get(name) != "" }) {
		return &SignedOut{}, nil
	}
	c, err := s.clientOfLogout(ctx, poolID, query)
	if err != nil {
		return nil, err
	}
	settings := &c.Settings
	if uri := query.Get("logout_uri"); uri != "" {
		if !registered(uri, settings.LogoutURLs) {
			return nil, Shown(KeyLogout, c.ID)
		}
		return &SignedOut{ClientID: c.ID, Location: uri}, nil
	}
	if uri := query.Get("post_logout_redirect_uri"); uri != "" && !s.o.Strict {
		if !registered(uri, settings.LogoutURLs) {
			return nil, Shown(KeyLogout, c.ID)
		}
		to := &SignedOut{ClientID: c.ID, Location: uri}
		if state := query.Get("state"); state != "" {
			back := &Authorization{RedirectURI: uri, ResponseMode: ModeQuery}
			to.Location = back.answer(Pair{"state", state}).Location
		}
		return to, nil
	}
	if uri := query.Get("redirect_uri"); uri != "" {
		if !s.isCallback(uri, c) {
			return nil, Shown(KeyRedirect, c.ID)
		}
		return &SignedOut{ClientID: c.ID, Login: nextSignIn(query)}, nil
	}
	if s.o.Strict {
		return nil, Shown(KeyLogout, c.ID)
	}
	return &SignedOut{ClientID: c.ID}, nil
}

// nextSignIn returns the parameters of a sign-in that follows a sign-out. The user chooses how to sign in: a provider at which the user is
// still signed in would sign them in again at once.
//
// Source: the developer guide, "The managed login sign-out endpoint": its parameters; those of PKCE are needed by public clients.
func nextSignIn(query url.Values) url.Values {
	next := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
		"code_challenge_method", "resource", "lang"} {
		if values := query[name]; len(values) > 0 {
			next[name] = values
		}
	}
	return next
}

// clientOfLogout returns the client of client_id, or the one for which the ID token in id_token_hint was issued. As at Cognito, a request
// with client_id and logout_uri needs no hint, and may have any: client libraries add one that has expired, or is of another pool.
func (s *Service) clientOfLogout(ctx context.Context, poolID string, query url.Values) (*userpool.Client, error) {
	id, hint := query.Get("client_id"), query.Get("id_token_hint")
	if s.o.Strict || (id != "" && query.Get("logout_uri") != "") {
		hint = ""
	}
	if hint != "" {
		p, err := s.o.Pools.Pool(ctx, poolID)
		if fault.Is(err, fault.ResourceNotFound) {
			return nil, Shown(KeyClient, id)
		}
		if err != nil {
			return nil, err
		}
		t, err := p.VerifyHint(ctx, hint)
		if err != nil || len(t.Audience) != 1 || (id != "" && t.Audience[0] != id) {
			return nil, Shown(KeyRequest, id)
		}
		id = t.Audience[0]
	}
	if id == "" {
		return nil, Shown(KeyNoClient, "")
	}
	_, c, err := s.o.Pools.ClientOf(ctx, poolID, id)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil, Shown(KeyClient, id)
	}
	return c, err
}
