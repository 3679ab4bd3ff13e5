package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Domain is a declared domain of a user pool.
type Domain struct {
	// Name is a prefix of one label, or the host name of a custom domain.
	Name string `json:"name"`
	// ManagedLogin is the version of the login pages: 1 for the classic ones, 2 for managed login. Default 2, and 1 in the tier LITE.
	ManagedLogin int `json:"managed_login,omitempty"`
}

// ResourceServer is a declared resource server of a user pool.
type ResourceServer struct {
	// ID is the identifier, with which its scopes begin in tokens.
	ID string `json:"id"`
	// Name is the name. Default: the identifier.
	Name string `json:"name,omitempty"`
	// Scopes are the scopes.
	Scopes []Scope `json:"scopes,omitempty"`
}

// Scope is a scope of a resource server.
type Scope struct {
	// Name is the name, without the identifier of the resource server.
	Name string `json:"name"`
	// Description describes the scope. Default: its name.
	Description string `json:"description,omitempty"`
}

// defaultsOfUserPools sets the defaults of the declared user pools.
func (a *App) defaultsOfUserPools() {
	for i := range a.UserPools {
		p := &a.UserPools[i]
		_, suffix, _ := strings.Cut(p.ID, "_")
		setDefault(&p.Name, suffix)
		for j := range p.Clients {
			setDefault(&p.Clients[j].Name, p.Clients[j].ID)
		}
		for j := range p.IdentityProviders {
			if i := &p.IdentityProviders[j]; i.Type == "" && slices.Contains(socialTypes, i.Name) {
				i.Type = i.Name
			}
		}
		for j := range p.ResourceServers {
			for k := range p.ResourceServers[j].Scopes {
				s := &p.ResourceServers[j].Scopes[k]
				setDefault(&s.Description, s.Name)
			}
		}
	}
}

// defaultSuffix returns the suffix of prefix domains for a public URL.
func defaultSuffix(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Hostname() == "" {
		return "auth.localhost"
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return "auth.localhost"
	}
	return "auth." + strings.ToLower(u.Hostname())
}

var suffixPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// validateDomains checks the suffix, and that each declared domain is one pool's and the only one of its kind.
func (a *App) validateDomains(v *validator) {
	if len(a.DomainSuffix) > 190 || !suffixPattern.MatchString(a.DomainSuffix) {
		v.add("domain_suffix", "%q is not a host name in lower case; write one such as auth.example.com", a.DomainSuffix)
	}
	names := seen{}
	for _, p := range a.UserPools {
		kinds, servers := map[bool]string{}, seen{}
		for _, d := range p.Domains {
			at := "user_pool " + p.ID + ": domain " + d.Name
			v.once(names, at, d.Name)
			custom := strings.Contains(d.Name, ".")
			if other := kinds[custom]; other != "" && other != d.Name {
				v.add(at, "a pool has one prefix domain and one custom domain; remove this one or %s", other)
			}
			kinds[custom] = d.Name
			if d.ManagedLogin < 0 || d.ManagedLogin > 2 {
				v.add(at, "managed_login is 1 for the classic pages or 2 for managed login")
			}
		}
		for _, r := range p.ResourceServers {
			v.once(servers, "user_pool "+p.ID+": resource_server "+r.ID, r.ID)
		}
	}
}
