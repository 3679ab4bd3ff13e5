package oauth

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// Limits of a request, in bytes.
const (
	maxQuery = 16 << 10 // of all parameters
	maxValue = 4 << 10  // of one
)

// Parse checks an authorization request, which the login pages get too. The error is a *PageError, a *RedirectError, or one of the
// store. Unknown parameters are ignored. The parameters of a pushed request are those that were pushed; see Open.
//
// Source: RFC 6749 section 4.1.2.1: an error of client_id or redirect_uri must not go to the redirect URI.
func (s *Service) Parse(ctx context.Context, poolID string, query url.Values) (*Authorization, error) {
	if !s.isPushed(query) {
		return s.parse(ctx, poolID, query, false)
	}
	query, err := s.opened(poolID, query)
	if err != nil {
		return nil, err
	}
	return s.parse(ctx, poolID, query, true)
}

// parse checks a request, which the client may have pushed.
func (s *Service) parse(ctx context.Context, poolID string, query url.Values, pushed bool) (*Authorization, error) {
	a, err := s.identify(ctx, poolID, query)
	if err != nil {
		return nil, err
	}
	if err := a.parseResponse(query, s.o.Strict); err != nil {
		return nil, err
	}
	if !pushed && a.Client.Settings.OAuth.RequiresPAR() {
		return nil, a.refuse(InvalidRequest, "the client must push its authorization requests")
	}
	if err := a.parseProof(query); err != nil {
		return nil, err
	}
	if err := a.parseScope(query, s.o.Strict); err != nil {
		return nil, err
	}
	if err := s.parseProvider(ctx, a, query); err != nil {
		return nil, err
	}
	if err := a.parseResource(query); err != nil {
		return nil, err
	}
	if err := a.parseInteraction(query, s.o.Strict); err != nil {
		return nil, err
	}
	return a, a.parseHint(ctx, query, s.o.Strict)
}

// identify finds the client and checks the redirect URI. Its errors are shown on a page.
func (s *Service) identify(ctx context.Context, poolID string, query url.Values) (*Authorization, error) {
	if !Fits(query) {
		return nil, Shown(KeyRequest, "")
	}
	id, ok := single(query, "client_id")
	switch {
	case !ok, len(id) > maxValue:
		return nil, Shown(KeyRequest, "")
	case id == "":
		return nil, Shown(KeyNoClient, "")
	}
	p, c, err := s.o.Pools.ClientOf(ctx, poolID, id)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil, Shown(KeyClient, id)
	}
	if err != nil {
		return nil, err
	}
	a := &Authorization{Pool: p, Client: c}
	if !s.o.Strict {
		a.iss = p.Issuer
	}
	given, ok := single(query, "redirect_uri")
	a.RedirectURI, a.RedirectGiven = given, given != ""
	if !a.RedirectGiven {
		a.RedirectURI = c.Settings.DefaultRedirectURI
	}
	if !ok || !s.isCallback(a.RedirectURI, c) {
		return nil, Shown(KeyRedirect, id)
	}
	return a, nil
}

// size is the number of bytes of all names and values.
func size(query url.Values) int {
	n := 0
	for name, values := range query {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// Fits reports whether the parameters are within the limit of a request.
func Fits(query url.Values) bool { return size(query) <= maxQuery }

// Known returns those parameters of a query that authorization and logout requests have. The others are ignored.
func Known(query url.Values) url.Values {
	out := url.Values{}
	for name, values := range query {
		if slices.Contains(once, name) || slices.Contains(logoutParameters, name) || slices.Contains(unread, name) {
			out[name] = values
		}
	}
	return out
}

// unread are parameters of OpenID Connect that are not read, or only by the login pages.
var unread = []string{"add_passkey", "claims", "claims_locales", "display", "logout_hint", "registration", "ui_locales"}

// single returns the value of a parameter, "" if it is absent. It returns false if there are several.
func single(query url.Values, name string) (string, bool) {
	values := query[name]
	if len(values) == 0 {
		return "", true
	}
	return values[0], len(values) == 1
}

// once are the parameters that may occur once. RFC 6749 section 3.1: parameters must not be included more than once.
var once = []string{"response_type", "response_mode", "state", "nonce", "scope", "code_challenge", "code_challenge_method", "resource",
	"identity_provider", "idp_identifier", "login_hint", "lang", "prompt", "max_age", "acr_values", "id_token_hint", "request", "request_uri"}

// parseResponse reads how the client wants the response. It runs first, because errors are returned the same way.
func (a *Authorization) parseResponse(query url.Values, strict bool) error {
	a.ResponseMode = ModeQuery
	if kind, ok := single(query, "response_type"); ok {
		a.ResponseType = kind
	}
	if a.ResponseType == TypeToken {
		a.ResponseMode = ModeFragment
	}
	mode, _ := single(query, "response_mode")
	valid := strict || mode == "" || a.setMode(mode)
	if state, ok := single(query, "state"); ok && len(state) <= maxValue {
		a.State = state
	}
	for _, name := range once {
		if value, ok := single(query, name); !ok {
			return a.refuse(InvalidRequest, name+" occurs more than once")
		} else if len(value) > maxValue && name != "id_token_hint" {
			return a.refuse(InvalidRequest, name+" is too long")
		}
	}
	switch {
	case !a.Client.Settings.AllowedOAuthFlowsUserPoolClient:
		return a.refuse(InvalidRequest, "Client is not enabled for OAuth2.0 flows")
	case a.ResponseType == "":
		return a.refuse(InvalidRequest, "response_type is missing")
	case a.ResponseType != TypeCode && a.ResponseType != TypeToken:
		return a.refuse(UnsupportedResponseType, "response_type must be code or token")
	case !valid:
		return a.refuse(InvalidRequest, "response_mode cannot be used with this response_type")
	case !strict && query.Get("request") != "":
		return a.refuse(RequestNotSupported, "")
	case !strict && query.Get("request_uri") != "":
		return a.refuse(RequestURINotSupported, "")
	}
	flow := map[string]string{TypeCode: "code", TypeToken: "implicit"}[a.ResponseType]
	if !slices.Contains(a.Client.Settings.AllowedOAuthFlows, flow) {
		return a.refuse(UnauthorizedClient, "")
	}
	return nil
}

// isWeb reports whether a browser can post a form to the URI.
func isWeb(uri string) bool {
	return strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://")
}

// setMode sets the response mode. It returns false for one that cannot be had: tokens never go into a query, and forms only to web
// sites.
func (a *Authorization) setMode(mode string) bool {
	if (mode == ModeFormPost && isWeb(a.RedirectURI)) || mode == ModeFragment || (mode == ModeQuery && a.ResponseType != TypeToken) {
		a.ResponseMode = mode
		return true
	}
	return false
}

// parseProof reads PKCE's challenge and the nonce.
func (a *Authorization) parseProof(query url.Values) error {
	challenge, method := query.Get("code_challenge"), query.Get("code_challenge_method")
	switch {
	case !utf8.ValidString(query.Get("nonce")): // the ID token could not return it as it is
		return a.refuse(InvalidRequest, "nonce is not valid UTF-8")
	case a.Client.Settings.OAuth.RequiresPKCE() && (challenge == "" || a.ResponseType == TypeToken):
		return a.refuse(InvalidRequest, "the client must use a code with code_challenge")
	case challenge == "" && method == "":
	case challenge == "":
		return a.refuse(InvalidRequest, "code_challenge is missing")
	case method == "":
		return a.refuse(InvalidRequest, "code_challenge_method is missing")
	case method != "S256":
		return a.refuse(InvalidRequest, "code_challenge_method must be S256")
	case !isChallenge(challenge):
		return a.refuse(InvalidRequest, "code_challenge is not a SHA-256 hash in base64url")
	}
	a.Challenge, a.Nonce = challenge, query.Get("nonce")
	return nil
}

// isChallenge reports whether a text is 32 bytes in unpadded base64url, which is 43 characters.
func isChallenge(text string) bool {
	if len(text) != 43 {
		return false
	}
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// openIDScopes are the scopes that are only granted together with openid.
var openIDScopes = []string{"email", "phone", "profile"}

// parseScope reads the scopes. Without any, the client asks for all that it may have.
func (a *Authorization) parseScope(query url.Values, strict bool) error {
	allowed := a.Client.UserScopes(a.Pool)
	asked := strings.Fields(query.Get("scope"))
	if len(asked) == 0 {
		asked = allowed
	}
	for _, scope := range asked {
		if !slices.Contains(allowed, scope) {
			return a.refuseScope(strict)
		}
		if !slices.Contains(a.Scopes, scope) {
			a.Scopes = append(a.Scopes, scope)
		}
	}
	if len(a.Scopes) == 0 || (!a.OpenID() && slices.ContainsFunc(a.Scopes, func(s string) bool { return slices.Contains(openIDScopes, s) })) {
		return a.refuseScope(strict)
	}
	return nil
}

// refuseScope is the error of scopes. Cognito has the code in the description.
func (a *Authorization) refuseScope(strict bool) error {
	if strict {
		return a.refuse(InvalidRequest, InvalidScope)
	}
	return a.refuse(InvalidScope, "")
}

// parseProvider reads which identity provider the client wants, by its name or by one of its identifiers.
func (s *Service) parseProvider(ctx context.Context, a *Authorization, query url.Values) error {
	offered := a.Client.Settings.SupportedIdentityProviders
	a.Provider = query.Get("identity_provider")
	if identifier := query.Get("idp_identifier"); identifier != "" && a.Provider == "" {
		if s.o.Identifier == nil {
			return Shown(KeyProvider, a.Client.ID)
		}
		name, err := s.o.Identifier(ctx, a.Pool.ID, identifier)
		if fault.Is(err, fault.ResourceNotFound) {
			return Shown(KeyProvider, a.Client.ID)
		}
		if err != nil {
			return err
		}
		a.Provider = name
	}
	if len(offered) == 0 || (a.Provider != "" && !slices.Contains(offered, a.Provider)) {
		return Shown(KeyProvider, a.Client.ID)
	}
	return nil
}

// parseResource reads the audience of the access token.
func (a *Authorization) parseResource(query url.Values) error {
	a.Resource = query.Get("resource")
	if a.Resource == "" {
		return nil
	}
	u, err := url.Parse(a.Resource)
	switch {
	case err != nil, !utf8.ValidString(a.Resource), !u.IsAbs(), strings.Contains(a.Resource, "#"), u.User != nil,
		u.Scheme == "https" && u.Host == "",
		u.Scheme == "http" && u.Hostname() != "localhost":
		return a.refuse(InvalidRequest, "resource is not valid")
	}
	return nil
}

// parseInteraction reads the client's requirements for the sign-in.
func (a *Authorization) parseInteraction(query url.Values, strict bool) error {
	a.LoginHint, a.Lang, a.Prompt = query.Get("login_hint"), query.Get("lang"), strings.Fields(query.Get("prompt"))
	if a.Prompts(PromptNone) && len(a.Prompt) > 1 && !strict {
		return a.refuse(InvalidRequest, "prompt has none and another value")
	}
	if text := query.Get("max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 {
			return a.refuse(InvalidRequest, "max_age must be a number of seconds")
		}
		a.MaxAge = new(int(seconds))
	}
	a.Acr = strings.Fields(query.Get("acr_values"))
	if a.Pool.Settings.UserPoolTier == userpool.TierLite {
		return nil
	}
	for _, value := range a.Acr {
		if level := a.Pool.Acr.Level(value); level > 0 {
			a.Levels = append(a.Levels, level)
		}
	}
	return nil
}

// parseHint reads whose session the client expects. Cognito does not know the parameter.
func (a *Authorization) parseHint(ctx context.Context, query url.Values, strict bool) error {
	hint := query.Get("id_token_hint")
	if hint == "" || strict {
		return nil
	}
	t, err := a.Pool.VerifyHint(ctx, hint)
	if err != nil {
		return a.refuse(InvalidRequest, "id_token_hint is not an ID token of this issuer")
	}
	a.Subject = t.Subject
	return nil
}
