package oauth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool/oauth"
)

// RFC 6749 section 4.1.2.1 and RFC 9700 section 4.1: such errors are shown, and never go to a redirect URI.
func TestErrorsThatAreShownOnAPage(t *testing.T) {
	s := newSite(t)
	other := newSite(t)
	for name, tc := range map[string]struct {
		change []string
		key    string
	}{
		"no client":                    {[]string{"client_id="}, oauth.KeyNoClient},
		"an unknown client":            {[]string{"client_id=nobody"}, oauth.KeyClient},
		"a client of another pool":     {[]string{"client_id=" + other.client.ID}, oauth.KeyClient},
		"two clients":                  {[]string{"+client_id=" + s.client.ID}, oauth.KeyRequest},
		"two redirect URIs":            {[]string{"+redirect_uri=" + callback}, oauth.KeyRedirect},
		"an unregistered redirect URI": {[]string{"redirect_uri=https://evil.example.com/"}, oauth.KeyRedirect},
		"a longer redirect URI":        {[]string{"redirect_uri=" + callback + "/x"}, oauth.KeyRedirect},
		"with a query":                 {[]string{"redirect_uri=" + callback + "?a=b"}, oauth.KeyRedirect},
		"with a fragment":              {[]string{"redirect_uri=" + callback + "#a"}, oauth.KeyRedirect},
		"with dot segments":            {[]string{"redirect_uri=https://app.example.com/x/..;/callback"}, oauth.KeyRedirect},
		"with user info":               {[]string{"redirect_uri=https://app.example.com@evil.example.com/callback"}, oauth.KeyRedirect},
		"in capitals":                  {[]string{"redirect_uri=HTTPS://APP.EXAMPLE.COM/callback"}, oauth.KeyRedirect},
		"with a line break":            {[]string{"redirect_uri=" + callback + "\r\nX: y"}, oauth.KeyRedirect},
		"encoded once more":            {[]string{"redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback"}, oauth.KeyRedirect},
		"a logout URL":                 {[]string{"redirect_uri=https://app.example.com/out"}, oauth.KeyRedirect},
		"too much of everything":       {[]string{"x=" + strings.Repeat("a", 17<<10)}, oauth.KeyRequest},
		"an unknown provider":          {[]string{"identity_provider=Google"}, oauth.KeyProvider},
	} {
		_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request(tc.change...))
		var shown *oauth.PageError
		if !errors.As(err, &shown) || shown.Key != tc.key || shown.Status != 400 || shown.Text == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsThatGoToTheRedirectURI(t *testing.T) {
	s := newSite(t)
	const at = callback + "?error_description="
	iss := "&iss=http%3A%2F%2Flocalhost%3A8080%2F" + s.pool.ID
	for name, tc := range map[string]struct {
		change         []string
		code, location string
	}{
		"no response type":            {[]string{"response_type="}, oauth.InvalidRequest, at + "response_type+is+missing&state=st%26te&error=invalid_request" + iss},
		"an ID token only":            {[]string{"response_type=id_token"}, oauth.UnsupportedResponseType, at},
		"two response types":          {[]string{"+response_type=token"}, oauth.InvalidRequest, at},
		"two states":                  {[]string{"+state=b"}, oauth.InvalidRequest, callback + "?error_description=state+occurs+more+than+once&error=invalid_request" + iss},
		"a method alone":              {[]string{"code_challenge_method=S256"}, oauth.InvalidRequest, at},
		"a challenge alone":           {[]string{"code_challenge=" + challenge}, oauth.InvalidRequest, at},
		"a plain challenge":           {[]string{"code_challenge=" + challenge, "code_challenge_method=plain"}, oauth.InvalidRequest, at},
		"a short challenge":           {[]string{"code_challenge=abc", "code_challenge_method=S256"}, oauth.InvalidRequest, at},
		"a scope it may not have":     {[]string{"scope=openid phone"}, oauth.InvalidScope, callback + "?state=st%26te&error=invalid_scope" + iss},
		"email without openid":        {[]string{"scope=email"}, oauth.InvalidScope, callback},
		"two resources":               {[]string{"+resource=https://a.example", "+resource=https://b.example"}, oauth.InvalidRequest, at},
		"a resource without a scheme": {[]string{"resource=api"}, oauth.InvalidRequest, at},
		"a nonce of broken text":      {[]string{"nonce=a\xff"}, oauth.InvalidRequest, at},
		"a resource of broken text":   {[]string{"resource=https://api.example/\xff"}, oauth.InvalidRequest, at},
		"a resource without TLS":      {[]string{"resource=http://api.example"}, oauth.InvalidRequest, at},
		"a resource with a fragment":  {[]string{"resource=https://api.example/#a"}, oauth.InvalidRequest, at},
		"none and login":              {[]string{"prompt=none login"}, oauth.InvalidRequest, at},
		"an age that is no number":    {[]string{"max_age=soon"}, oauth.InvalidRequest, at},
		"an age below zero":           {[]string{"max_age=-1"}, oauth.InvalidRequest, at},
		"a request object":            {[]string{"request=a.b.c"}, oauth.RequestNotSupported, callback},
		"a long state":                {[]string{"state=" + strings.Repeat("a", 5000)}, oauth.InvalidRequest, at},
		"tokens in a query":           {[]string{"response_type=token", "response_mode=query"}, oauth.InvalidRequest, callback + "#error_description="},
		"a form to an app":            {[]string{"redirect_uri=myapp://in?from=sluice", "response_mode=form_post"}, oauth.InvalidRequest, "myapp://in?from=sluice&error_description="},
		"with the implicit flow":      {[]string{"response_type=token", "scope=x"}, oauth.InvalidScope, callback + "#state="},
		"in another redirect URI":     {[]string{"redirect_uri=myapp://in?from=sluice", "scope=x"}, oauth.InvalidScope, "myapp://in?from=sluice&state="},
	} {
		_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request(tc.change...))
		var refused *oauth.RedirectError
		if !errors.As(err, &refused) || refused.Err.Code != tc.code || !strings.HasPrefix(refused.Response.Location, tc.location) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.HasPrefix(refused.Response.Location, callback) && !strings.HasPrefix(refused.Response.Location, "myapp://in?") {
			t.Errorf("%s: %s", name, refused.Response.Location)
		}
	}
	t.Run("as a form", func(t *testing.T) {
		_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("response_mode=form_post", "scope=x"))
		var refused *oauth.RedirectError
		if !errors.As(err, &refused) || refused.Response.Location != callback || !slices.Contains(refused.Response.Form, oauth.Pair{Name: "error", Value: "invalid_scope"}) {
			t.Error(err)
		}
	})
}

func TestErrorsAsCognitoHasThem(t *testing.T) {
	s := newSite(t, strict)
	_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("scope=x"))
	var refused *oauth.RedirectError
	if !errors.As(err, &refused) || refused.Response.Location != callback+"?error_description=invalid_scope&state=st%26te&error=invalid_request" {
		t.Error(err)
	}
	if a := s.parse("prompt=none login", "request=x"); !a.Prompts(oauth.PromptNone) {
		t.Error("parameters that Cognito does not know have an effect")
	}
}

func TestClientsThatMayNotAsk(t *testing.T) {
	s := newSite(t)
	none := settings()
	none.AllowedOAuthFlowsUserPoolClient = false
	codeOnly := settings()
	codeOnly.AllowedOAuthFlows = []string{"code"}
	nobody := settings()
	nobody.SupportedIdentityProviders = nil
	for name, tc := range map[string]struct {
		client string
		change string
		want   string
	}{
		"no flows":              {s.Client(s.pool.ID, none).ID, "nonce=a", "oauth: invalid_request: Client is not enabled for OAuth2.0 flows"},
		"the flow of the other": {s.Client(s.pool.ID, codeOnly).ID, "response_type=token", "oauth: unauthorized_client"},
		"no identity provider":  {s.Client(s.pool.ID, nobody).ID, "nonce=a", "oauth: Login option is not available. Please try another one"},
	} {
		_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("client_id="+tc.client, tc.change))
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAuthorizationOfARequest(t *testing.T) {
	s := newSite(t)
	a := s.parse("code_challenge="+challenge, "code_challenge_method=S256", "nonce=n", "prompt=login", "max_age=0", "login_hint=ana", "lang=de",
		"resource=https://api.example/notes", "scope=openid  openid email", "unknown=x")
	if a.Challenge != challenge || a.Nonce != "n" || !a.Prompts("login") || a.MaxAge == nil || *a.MaxAge != 0 || a.LoginHint != "ana" || a.Lang != "de" ||
		a.Resource != "https://api.example/notes" || !slices.Equal(a.Scopes, []string{"openid", "email"}) || a.State != "st&te" || !a.RedirectGiven {
		t.Errorf("%+v", a)
	}
	if a := s.parse("redirect_uri=", "scope="); a.RedirectURI != callback || a.RedirectGiven || len(a.Scopes) != 4 {
		t.Errorf("the defaults: %+v", a)
	}
}

// RFC 6749 section 3.1: parameters without a value are omitted.
func TestAParameterWithoutAValueIsOmitted(t *testing.T) {
	s := newSiteWithUsers(t)
	var empty []string
	for _, name := range []string{"request", "request_uri", "response_mode", "nonce", "code_challenge", "code_challenge_method", "resource", "identity_provider",
		"idp_identifier", "login_hint", "lang", "prompt", "max_age", "acr_values", "id_token_hint"} {
		empty = append(empty, "+"+name+"=")
	}
	want, got := s.parse(), s.parse(empty...)
	if got.Provider != want.Provider || got.ResponseMode != want.ResponseMode || got.MaxAge != nil || len(got.Prompt) > 0 {
		t.Errorf("%+v, want %+v", got, want)
	}
	q, err := s.push(s.client.ID, empty...)
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.OAuth.Open(t.Context(), s.pool.ID, q)
	if err != nil {
		t.Fatal(err)
	}
	next.Set("identity_provider", "COGNITO") // the user's choice
	a, err := s.OAuth.Parse(t.Context(), s.pool.ID, next)
	if err != nil || a.Provider != "COGNITO" {
		t.Errorf("pushed: %+v, %v", a, err)
	}
}
