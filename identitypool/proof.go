package identitypool

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Names of attributes of the tag map that AWS proposes for SAML providers: developer guide, "Using attributes for access control".
const (
	nameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
	nameClaim      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
)

// errProvider adds the names of the providers that the pool takes logins of to an error of the live service.
func (p *pool) errProvider(err error) error {
	var names []string
	for _, u := range p.UserPools {
		names = append(names, u.Provider)
	}
	for _, arn := range p.OIDC {
		names = append(names, oidcIssuer(arn))
	}
	for key := range p.PublicLogins {
		names = append(names, key)
	}
	names = append(names, p.SAML...)
	slices.Sort(names)
	text, _ := fault.Message(err)
	if names = slices.Compact(names); len(names) == 0 {
		return fault.New(fault.NotAuthorized, "%s This pool accepts logins of no provider.", text)
	}
	return fault.New(fault.NotAuthorized, "%s This pool accepts logins of: %s.", text, strings.Join(names, ", "))
}

// maxSubject bounds the bytes of a NameID or sub, which becomes a part of records, of their keys, and of tokens. OpenID Connect Core 1.0 section 2
// has at most 255.
const maxSubject = 1024

// samlLogin verifies a response of a SAML provider: developer guide, "Setting up a SAML provider as an identity pool IdP".
func (s *Service) samlLogin(arn, response string) (login, error) {
	if s.o.Assertions == nil {
		return login{}, fault.New(fault.NotAuthorized, "Logins of %s cannot be verified by this server.", arn)
	}
	a, roles, err := s.o.Assertions.VerifyAssertion(arn, response)
	if err != nil {
		if text, ok := fault.Message(err); ok {
			return login{}, fault.Wrap(fault.NotAuthorized, err, "Invalid login token. %s", text)
		}
		return login{}, err
	}
	if len(a.Subject.Value) > maxSubject {
		return login{}, fault.New(fault.NotAuthorized, "Invalid login token. The NameID has more than %d bytes.", maxSubject)
	}
	claims, err := claimsOf(attributes(a))
	if err != nil {
		return login{}, err
	}
	t := &token.Token{Issuer: &token.Issuer{URL: a.Issuer}, Subject: a.Subject.Value, Roles: roles, IssuedAt: a.IssuedAt.Unix(), ExpiresAt: a.Until.Unix(), Claims: claims}
	if !a.AuthenticatedAt.IsZero() {
		t.AuthTime = a.AuthenticatedAt.Unix()
	}
	return login{Login: store.Login{Provider: arn, Subject: t.Subject}, mapping: arn, named: arn + ":SAML:" + t.Subject, saml: true, token: t}, nil
}

// attributes returns the attributes of an assertion as claims, by their names. The subject is an attribute, too, under AWS's name.
func attributes(a *assertion.Assertion) map[string]any {
	values := map[string][]string{}
	for _, attr := range a.Attributes {
		if attr.Name != "" && !strings.HasPrefix(attr.Name, "cognito:") { // what user pools say of their users
			values[attr.Name] = append(values[attr.Name], attr.Values...)
		}
	}
	values[nameIdentifier] = []string{a.Subject.Value}
	claims := make(map[string]any, len(values))
	for name, list := range values {
		if claims[name] = list; len(list) == 1 {
			claims[name] = list[0]
		}
	}
	return claims
}

// accessLogin verifies the access token of a public provider. applications are those of the pool.
func (s *Service) accessLogin(ctx context.Context, provider, raw, applications string) (login, error) {
	if s.o.AccessTokens == nil || !s.o.AccessTokens.Knows(provider) {
		return login{}, fault.New(fault.NotAuthorized, "Logins of %s cannot be verified by this server.", provider)
	}
	apps := []string{applications} // Twitter's is "key;secret"
	if provider != accesstoken.Twitter {
		apps = applicationIDs(applications)
	}
	if len(apps) == 0 || apps[0] == "" {
		return login{}, errUnsupported
	}
	user, err := s.o.AccessTokens.Verify(ctx, provider, raw, apps...)
	switch {
	case errors.Is(err, accesstoken.ErrApplication):
		return login{}, errUnsupported
	case errors.Is(err, accesstoken.ErrIDToken):
		return login{}, invalidLogin("This is an ID token; send the access token of " + provider + " instead.")
	case errors.Is(err, accesstoken.ErrUnavailable):
		return login{}, fault.Wrap(fault.ExternalService, err, "The identity provider does not answer.")
	case errors.Is(err, accesstoken.ErrRefused):
		return login{}, invalidLogin("Not a valid access token of " + provider + ".")
	case err != nil:
		return login{}, err
	}
	app, _, _ := strings.Cut(user.App, ";") // without Twitter's secret
	claims := map[string]any{"sub": user.ID, "user_id": user.ID, "aud": app, "app_id": app}
	if user.Client != "" {
		claims["aud"] = user.Client
	}
	verified, err := claimsOf(claims)
	if err != nil {
		return login{}, err
	}
	now := s.o.Now().Unix()
	return login{Login: store.Login{Provider: provider, Subject: user.ID}, mapping: provider, named: provider + ":" + app + ":" + user.ID, token: &token.Token{
		Issuer: &token.Issuer{URL: "https://" + provider}, Subject: user.ID, Audience: []string{app}, IssuedAt: now, AuthTime: now, Claims: verified}}, nil
}

// applicationIDs splits the application ids that a pool has for a public provider.
func applicationIDs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' })
}

// claimsOf returns the members as the claims of a token. Too many are an invalid login.
func claimsOf(members map[string]any) (token.Claims, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return token.Claims{}, err
	}
	claims, err := token.ParseClaims(string(text))
	if err != nil {
		return claims, invalidLogin("It says too much of the user.")
	}
	return claims, nil
}
