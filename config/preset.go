package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// preset is an issuer whose URL and claims are known.
type preset struct {
	needs    []string // options that the URL is made of, all required
	url      string   // with {option} for each of them
	aliases  []string // Aliases
	groups   string   // GroupsClaim; "" = the tokens have no groups
	username string   // UsernameClaim
	client   string   // ClientClaim; "" = the usual ones
}

// presets are the issuers by the name that represents the URL. The user names are those that their issuers say identify a user:
// Google, Apple and Microsoft warn of email and preferred_username, which change and may be somebody else's.
//
// Sources: Google Identity, "Validate an ID token"; Microsoft identity platform, "Access token claims reference"; Okta, "OpenID Connect &
// OAuth 2.0 API"; Auth0, "Access token profiles"; Keycloak, "Server administration guide", protocol mappers; Apple, "Generate and
// validate tokens"; GitHub, "OpenID Connect reference".
var presets = map[string]preset{
	"google":         {url: "https://accounts.google.com", aliases: []string{"accounts.google.com"}, username: "sub"},
	"apple":          {url: "https://appleid.apple.com", username: "sub"},
	"entra":          {needs: []string{"tenant"}, url: "https://login.microsoftonline.com/{tenant}/v2.0", groups: "groups", username: "oid"},
	"okta":           {needs: []string{"domain", "server"}, url: "https://{domain}/oauth2/{server}", groups: "groups", username: "sub", client: "cid"},
	"auth0":          {needs: []string{"domain"}, url: "https://{domain}/", groups: "permissions", username: "sub"},
	"keycloak":       {needs: []string{"base", "realm"}, url: "{base}/realms/{realm}", groups: "realm_access.roles", username: "preferred_username"},
	"github-actions": {url: "https://token.actions.githubusercontent.com", username: "sub"},
}

func presetList() []preset { return slices.Collect(maps.Values(presets)) }

// IsPreset reports whether text, in the place of an issuer's URL, is or should be the name of a preset.
func IsPreset(text string) bool { return !strings.Contains(text, "://") }

// Preset holds the options that only presets have. Their values become part of the issuer's URL.
type Preset struct {
	Tenant string // entra: the directory's id
	Domain string // okta, auth0: the host name
	Server string // okta: the authorization server; default "default"
	Base   string // keycloak: its URL, without /realms
	Realm  string // keycloak
}

func (p *Preset) options() map[string]string {
	return map[string]string{"tenant": p.Tenant, "domain": p.Domain, "server": p.Server, "base": p.Base, "realm": p.Realm}
}

var tenantPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Apply sets the URL of the issuer with a preset's name, and the claims that the issuer does not name itself. The error says which
// option is missing, wrong or not one of this preset.
func (p *Preset) Apply(name string, i *Issuer) error {
	known, ok := presets[name]
	if !ok {
		names := slices.Sorted(maps.Keys(presets))
		return fmt.Errorf("%q is neither the URL of an issuer nor one of %s%s", name, strings.Join(names, ", "), nearest(name, names))
	}
	if name == "okta" && p.Server == "" {
		p.Server = "default"
	}
	if p.Base = strings.TrimSuffix(p.Base, "/"); name == "entra" && p.Tenant != "" && !tenantPattern.MatchString(p.Tenant) {
		return fmt.Errorf("tenant must be the directory's ID, a UUID in lower case: iss never contains a name or common")
	}
	i.URL, i.Aliases = known.url, known.aliases
	given := p.options()
	for _, option := range slices.Sorted(maps.Keys(given)) {
		value := given[option]
		switch needed := slices.Contains(known.needs, option); {
		case needed && value == "":
			return fmt.Errorf("%s needs %s", name, option)
		case !needed && value != "":
			return fmt.Errorf("%s has no option %s", name, option)
		case needed && option != "base" && url.PathEscape(value) != value:
			return fmt.Errorf("%s %q has characters that cannot be in the issuer's URL", option, value)
		case needed:
			i.URL = strings.ReplaceAll(i.URL, "{"+option+"}", value)
		}
	}
	if i.GroupsClaim == "" {
		i.GroupsClaim = known.groups
	}
	if i.UsernameClaim == "" {
		i.UsernameClaim = known.username
	}
	if i.ClientClaim == "" {
		i.ClientClaim = known.client
	}
	return nil
}
