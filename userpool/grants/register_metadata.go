package grants

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// The limits of a registration.
const (
	maxURIs     = 100
	maxURI      = 1024 // characters
	maxMetadata = 1024 // characters of any other member
)

// complete checks the metadata, and fills in the defaults. allowed are the grants in the words of Cognito's settings.
func (in *Registration) complete(p *userpool.Pool, allowed []string) error {
	invalid := func(text string) error { return refuse(InvalidClientMetadata, text) }
	in.ClientID, in.ClientSecret, in.IssuedAt, in.SecretExpiresAt, in.AccessToken, in.ManagedAt = "", "", 0, nil, "", ""
	if in.AuthMethod == "" {
		in.AuthMethod = Basic
	}
	if len(in.GrantTypes) == 0 {
		in.GrantTypes = []string{grantCode}
	}
	if in.GrantTypes = granted(in.GrantTypes, allowed); len(in.GrantTypes) == 0 {
		return invalid("The user pool allows none of the grant_types for such a client.")
	}
	machine := slices.Contains(in.GrantTypes, grantMachine)
	switch {
	case !slices.Contains(AuthMethods(), in.AuthMethod):
		return invalid("token_endpoint_auth_method is not supported.")
	case machine && in.AuthMethod == None:
		return invalid("client_credentials needs a client that authenticates.")
	case in.AuthMethod != PrivateKeyJWT && (len(in.Keys) > 0 || in.KeysURL != ""):
		return invalid("jwks and jwks_uri need the token_endpoint_auth_method private_key_jwt.")
	}
	if err := in.completeResponses(machine); err != nil {
		return err
	}
	if err := in.checkTexts(); err != nil {
		return err
	}
	if in.AuthMethod == PrivateKeyJWT {
		m := oauthclient.Metadata{AuthMethod: PrivateKeyJWT, Keys: in.Keys, KeysURL: in.KeysURL}
		if u, err := url.Parse(in.KeysURL); m.Check() != nil || err != nil || in.KeysURL != "" && u.Scheme != "https" {
			return invalid("private_key_jwt needs either jwks, or jwks_uri with an https URL.")
		}
	}
	return in.completeScopes(p, machine)
}

// granted returns which of the grants a client gets: a code and refresh tokens for users, or a token for itself. Others are left out, as
// RFC 7591 section 3.2.1 allows: clients such as VS Code ask for all that they or the server know. A client that asks for a code gets
// refresh tokens too, as every client of Cognito does.
func granted(asked, allowed []string) []string {
	switch has := func(grant string) bool { return slices.Contains(asked, grant) }; {
	case has(grantCode) && slices.Contains(allowed, userpool.FlowCode):
		return []string{grantCode, grantRefresh}
	case has(grantMachine) && slices.Contains(allowed, userpool.FlowClientCredentials):
		return []string{grantMachine}
	}
	return nil
}

// completeResponses checks what belongs to authorization requests.
func (in *Registration) completeResponses(machine bool) error {
	if machine {
		if len(in.ResponseTypes) > 0 || len(in.RedirectURIs) > 0 || len(in.LogoutURIs) > 0 {
			return refuse(InvalidClientMetadata, "A client of client_credentials has no response_types and no redirect URIs.")
		}
		return nil
	}
	if len(in.ResponseTypes) > 0 && !slices.Contains(in.ResponseTypes, "code") {
		return refuse(InvalidClientMetadata, "response_types can only be code.")
	}
	in.ResponseTypes = []string{"code"} // others are left out, as grants are
	if len(in.RedirectURIs) == 0 {
		return refuse(InvalidRedirectURI, "redirect_uris is missing.")
	}
	for _, list := range [][]string{in.RedirectURIs, in.LogoutURIs} {
		if len(list) > maxURIs || slices.ContainsFunc(list, func(uri string) bool { return !redirectable(uri) }) {
			return refuse(InvalidRedirectURI, "A redirect URI is an https URL, an http URL of localhost, or one of an app's own scheme, without a fragment.")
		}
	}
	return nil
}

// redirectable reports whether anyone may register the redirect URI. userpool checks it once more.
func redirectable(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURI || u.Fragment != "" || strings.Contains(raw, "#") || u.User != nil || strings.ContainsFunc(raw, unicode.IsSpace) {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
	default: // RFC 8252 section 7.1: the scheme of an app is a domain name in reverse order; Cognito takes myapp too
		return u.Scheme != "" && !slices.Contains([]string{"javascript", "data", "vbscript", "file", "filesystem", "blob", "about", "view-source"}, u.Scheme)
	}
}

// checkTexts checks the members that are only returned.
func (in *Registration) checkTexts() error {
	for _, text := range append([]string{in.Name, in.SoftwareID, in.SoftwareVersion}, in.Contacts...) {
		if len(text) > maxMetadata || strings.ContainsFunc(text, unicode.IsControl) {
			return refuse(InvalidClientMetadata, "A member is too long or has control characters.")
		}
	}
	for _, uri := range []string{in.ClientURI, in.LogoURI, in.TermsURI, in.PolicyURI} {
		u, err := url.Parse(uri)
		if uri != "" && (err != nil || len(uri) > maxURI || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			return refuse(InvalidClientMetadata, "client_uri, logo_uri, tos_uri and policy_uri must be URLs.")
		}
	}
	if len(in.Contacts) > 10 {
		return refuse(InvalidClientMetadata, "contacts has too many members.")
	}
	return nil
}

// completeScopes keeps the scopes that a registered client may have, all of them if it names none. The scope of registration itself
// is never one.
func (in *Registration) completeScopes(p *userpool.Pool, machine bool) error {
	var possible []string
	if !machine {
		possible = []string{openID, email, phone, profile}
	}
	for _, scope := range p.DCR.Scopes {
		custom := strings.Contains(scope, "/")
		if scope != userpool.ScopeRegister && (custom && slices.Contains(p.Scopes, scope) || !custom && !machine) && !slices.Contains(possible, scope) {
			possible = append(possible, scope)
		}
	}
	granted := possible
	if asked := (Parameters{"scope": in.Scope}).scopes(); len(asked) > 0 {
		granted = slices.DeleteFunc(asked, func(scope string) bool { return !slices.Contains(possible, scope) })
	}
	if len(granted) == 0 {
		return refuse(InvalidClientMetadata, "The user pool allows none of the scopes for such a client.")
	}
	in.Scope = strings.Join(granted, " ")
	return nil
}
