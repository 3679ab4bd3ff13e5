package identitypool

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/poolid"
)

// Names of providers that are not issuers.
const (
	// Issuer is the iss of the identity pools' own OpenID tokens, ownProvider the key of Logins under which they are sent.
	Issuer      = "https://cognito-identity.amazonaws.com"
	ownProvider = "cognito-identity.amazonaws.com"
)

// canonical returns the one name of a provider: a user pool of this server is called
// "cognito-idp.<region>.amazonaws.com/<id>", whichever of its two names is given; any other name stays as it is.
func (s *Service) canonical(name string) string {
	slash := strings.LastIndexByte(name, '/')
	region, _, isPool := strings.Cut(name[slash+1:], "_")
	if slash < 0 || !isPool {
		return name
	}
	aws := "cognito-idp." + region + ".amazonaws.com/" + name[slash+1:]
	if name == aws || name == withoutScheme(s.o.IssuerFor(name[slash+1:])) {
		return aws
	}
	return name
}

// checkUserPools refuses providers of a request whose name no user pool has, except those that the pool has already: configurations and
// earlier versions may have written them.
func (s *Service) checkUserPools(providers, before []UserPool) error {
	for _, u := range providers {
		id := u.Provider[strings.LastIndexByte(u.Provider, '/')+1:]
		region, _, _ := strings.Cut(id, "_")
		named := poolid.IsUserPool(id) && s.canonical(u.Provider) == "cognito-idp."+region+".amazonaws.com/"+id
		if !named && !slices.ContainsFunc(before, func(b UserPool) bool { return b.Provider == u.Provider }) {
			return errInvalidUserPool
		}
	}
	return nil
}

var errInvalidUserPool = fault.New(fault.InvalidParameter, "Invalid Cognito Identity Provider")

// canonicalMapping is canonical for names of role mappings. The name of a user pool is followed by ":<clientId>".
func (s *Service) canonicalMapping(name string) string {
	colon := strings.LastIndexByte(name, ':')
	if colon < 0 || colon < strings.LastIndexByte(name, '/') {
		return name
	}
	return s.canonical(name[:colon]) + name[colon:]
}

// canonicalTags is canonical for names of principal tag maps. An OIDC provider may be named by its ARN, too.
func (s *Service) canonicalTags(name string) string {
	if issuer := oidcIssuer(name); issuer != "" {
		return issuer
	}
	return s.canonicalMapping(s.canonical(name))
}

// byName returns what is stored under names of providers, by their canonical names. Releases that kept both names of one provider may have
// left two values: the one under the canonical name holds, and no other process takes the other.
func byName[T any](stored map[string]T, canonical func(string) string) map[string]T {
	all := make(map[string]T, len(stored))
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		if of := canonical(name); name == of || !has(all, of) {
			all[of] = stored[name]
		}
	}
	return all
}

func has[T any](m map[string]T, key string) bool {
	_, ok := m[key]
	return ok
}

// isUserPool reports whether a canonical name is that of a user pool.
func isUserPool(name string) bool {
	return strings.HasPrefix(name, "cognito-idp.") && strings.Contains(name, ".amazonaws.com/")
}

// oidcIssuer returns the issuer without scheme in an OIDC provider's ARN, or "".
func oidcIssuer(arn string) string {
	head, issuer, found := strings.Cut(arn, ":oidc-provider/")
	if !found || !strings.HasPrefix(head, "arn:") || strings.Count(head, ":") != 4 {
		return ""
	}
	return issuer
}

// isSAML reports whether a name is the ARN of a SAML provider of IAM.
func isSAML(arn string) bool {
	head, name, found := strings.Cut(arn, ":saml-provider/")
	return found && name != "" && strings.HasPrefix(head, "arn:") && strings.Count(head, ":") == 4
}

func withoutScheme(issuer string) string {
	if _, rest, found := strings.Cut(issuer, "://"); found {
		return rest
	}
	return issuer
}

// isNameOf reports whether a provider with the canonical name issues tokens with the iss. A slash at the end of iss does not count, as on
// AWS (https://blog.ashphy.com/tag/auth0/): clients send tokens of Auth0 and authentik under a key without it. With the slash in both, the
// names are the same, too.
func (s *Service) isNameOf(name, iss string) bool {
	issuer := s.canonical(withoutScheme(iss))
	return issuer == name || !isUserPool(name) && strings.TrimSuffix(issuer, "/") == name
}

// registeredAs returns the URL under which IAM has the OIDC provider with a name that issues tokens with the iss.
func registeredAs(name, iss string) string {
	if withoutScheme(iss) == name {
		return iss
	}
	return strings.TrimSuffix(iss, "/")
}

// oidcARN returns the ARN in the pool's list that registers the issuer, or "".
func (p *pool) oidcARN(issuer string) string {
	for _, arn := range p.OIDC {
		if oidcIssuer(arn) == issuer {
			return arn
		}
	}
	return ""
}

// publicIssuers are the issuers of the public providers that issue OpenID tokens, with the URLs of their keys. Google's tokens have
// either spelling of its issuer.
var publicIssuers = map[string]string{
	"https://accounts.google.com": "https://www.googleapis.com/oauth2/v3/certs",
	"accounts.google.com":         "https://www.googleapis.com/oauth2/v3/certs",
	"https://appleid.apple.com":   "https://appleid.apple.com/auth/keys",
}

// PublicIssuer returns where the keys of a public provider of identity pools are, by the iss of its tokens.
func PublicIssuer(iss string) (jwksURL string, ok bool) {
	jwksURL, ok = publicIssuers[iss]
	return jwksURL, ok
}

// IsGoogle reports whether iss is that of Google's tokens.
func IsGoogle(iss string) bool { return withoutScheme(iss) == "accounts.google.com" }

// isOpenID has the keys of public providers that issue OpenID tokens. Other tokens cannot be verified without calling the provider.
var isOpenID = map[string]bool{"accounts.google.com": true, "appleid.apple.com": true}
