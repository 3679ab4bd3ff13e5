package identitypool

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Values of the API.
const (
	typeToken       = "Token"
	typeRules       = "Rules"
	ambiguousRole   = "AuthenticatedRole"
	ambiguousDeny   = "Deny"
	maxRules        = 25
	maxMappings     = 10
	badPoolRoleText = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
)

var (
	errNoRole     = fault.New(fault.InvalidIdentityPoolSetup, badPoolRoleText)
	errCustomRole = fault.New(fault.NotAuthorized, "The custom role is not allowed for this identity.")
)

// SetRoles replaces the pool's roles and mappings. Errors: ResourceNotFound, InvalidParameter.
func (s *Service) SetRoles(ctx context.Context, poolID string, roles Roles) error {
	if err := s.setRoles(ctx, poolID, roles); err != nil {
		return err
	}
	s.warn(ctx, poolID, roles)
	return nil
}

func (s *Service) setRoles(ctx context.Context, poolID string, roles Roles) error {
	p, err := s.pool(poolID)
	if err != nil {
		return err
	}
	if err := s.checkRoles(p, roles); err != nil {
		return err
	}
	text, err := json.Marshal(roles)
	if err != nil {
		return err
	}
	return s.editPool(ctx, poolID, func(r *store.IdentityPool) error {
		r.Roles = text
		return nil
	})
}

func (s *Service) warn(ctx context.Context, poolID string, roles Roles) {
	if s.o.Log == nil {
		return
	}
	for _, warning := range s.Warnings(poolID, roles) {
		s.o.Log.WarnContext(ctx, "identity pool roles", "pool", poolID, "warning", warning)
	}
}

// WarnOfRoles logs the warnings about roles that Ensure has set. Call it when the roles that are declared with the pools are there.
func (s *Service) WarnOfRoles(ctx context.Context) {
	s.ensured.Range(func(id, _ any) bool {
		s.ensured.Delete(id)
		if p, err := s.pool(id.(string)); err == nil {
			s.warn(ctx, p.ID, p.roles)
		}
		return true
	})
}

// Warnings describes risks of a pool's roles: roles that trust more than they should, and rules on claims that users can often
// change themselves.
func (s *Service) Warnings(poolID string, roles Roles) []string {
	var warnings []string
	lint := func(role string, guest bool) {
		if role != "" && s.o.Lint != nil {
			warnings = append(warnings, s.o.Lint(role, poolID, guest)...)
		}
	}
	lint(roles.Authenticated, false)
	lint(roles.Guest, true)
	for _, name := range slices.Sorted(maps.Keys(roles.Mappings)) {
		for _, rule := range roles.Mappings[name].Rules {
			lint(rule.Role, false)
			if writable(rule.Claim) {
				warnings = append(warnings, "a rule of "+name+" reads "+rule.Claim+", which users may be able to write: make it read-only in the app client")
			}
		}
	}
	return warnings
}

// writable reports whether a claim is an attribute that users of a user pool can write unless the app client forbids it: a
// custom attribute, or a standard one of OpenID Connect Core section 5.1.
func writable(claim string) bool {
	switch claim {
	case "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname",
		"phone_number", "picture", "preferred_username", "profile", "website", "zoneinfo":
		return true
	}
	return strings.HasPrefix(claim, "custom:")
}

// GetRoles returns the pool's roles and mappings as they were set. Errors: ResourceNotFound.
func (s *Service) GetRoles(poolID string) (Roles, error) {
	p, err := s.pool(poolID)
	if err != nil {
		return Roles{}, err
	}
	return p.roles, nil
}

func (s *Service) checkRoles(p *pool, roles Roles) error {
	if len(roles.Mappings) > maxMappings {
		return fault.New(fault.InvalidParameter, "At most %d role mappings can be set.", maxMappings)
	}
	seen := make(map[string]string, len(roles.Mappings))
	for _, name := range slices.Sorted(maps.Keys(roles.Mappings)) {
		m, canonical := roles.Mappings[name], s.canonicalMapping(name)
		if other, ok := seen[canonical]; ok {
			return fault.New(fault.InvalidParameter, "%s and %s are the same provider: set one role mapping for it.", other, name)
		}
		seen[canonical] = name
		if len(m.Rules) > maxRules {
			return fault.New(fault.InvalidParameter, "The number of rules in the request exceeded %d.", maxRules)
		}
		if !s.hasProvider(p, name) {
			return fault.New(fault.InvalidParameter, "(%s) is not a valid RoleMapping ProviderName or is not a configured provider.", name)
		}
		if m.Ambiguous != ambiguousRole && m.Ambiguous != ambiguousDeny {
			// AWS: RoleMapping, "If you specify Token or Rules as the Type, AmbiguousRoleResolution is required".
			return fault.New(fault.InvalidParameter, "AmbiguousRoleResolution is required for the role mapping of %s.", name)
		}
		switch {
		case m.Type == typeToken && len(m.Rules) > 0:
			return fault.New(fault.InvalidParameter, "RulesConfiguration is not allowed with the type Token.")
		case m.Type == typeRules && len(m.Rules) == 0:
			return fault.New(fault.InvalidParameter, "RulesConfiguration needs 1 to %d rules.", maxRules)
		}
	}
	return nil
}

// hasProvider reports whether the name of a role mapping belongs to a provider of the pool.
func (s *Service) hasProvider(p *pool, name string) bool {
	canonical := s.canonicalMapping(name)
	for provider, clients := range p.userPools {
		for _, u := range clients {
			if canonical == provider+":"+u.ClientID {
				return true
			}
		}
	}
	_, public := p.PublicLogins[name]
	return public || slices.Contains(p.OIDC, name) || slices.Contains(p.SAML, name)
}

// chooseRole returns the role of an authenticated identity: developer guide, "Using role-based access control". AWS does not say
// which mapping applies if several logins are sent; here their roles must agree.
func (p *pool) chooseRole(logins []login, custom string) (string, error) {
	chosen := ""
	for i, l := range logins {
		role, err := p.roleOf(l, custom)
		if err != nil {
			return "", err
		}
		if i > 0 && role != chosen {
			return "", ambiguous(l.mapping)
		}
		chosen = role
	}
	return chosen, nil
}

// roleOf returns the role of one login.
func (p *pool) roleOf(l login, custom string) (string, error) {
	m, mapped := p.mappings[l.mapping]
	switch {
	case !mapped && l.saml:
		return p.samlRole(l, custom)
	case !mapped || l.token == nil:
		return p.defaultRole(custom)
	case m.Type == typeToken:
		return p.roleInToken(l, m, custom)
	default:
		return p.roleByRules(l, m, custom)
	}
}

// samlRole returns the role that an assertion names, or the custom role if it is one of several. An assertion that names none gets the
// pool's authenticated role. Developer guide, "Customizing your user role with SAML".
func (p *pool) samlRole(l login, custom string) (string, error) {
	switch roles := l.token.Roles; {
	case len(roles) == 0:
		return p.defaultRole(custom)
	case custom != "" && !slices.Contains(roles, custom):
		return "", errCustomRole
	case custom != "":
		return custom, nil
	case len(roles) == 1:
		return roles[0], nil
	}
	return "", fault.New(fault.NotAuthorized, "The assertion names several roles: send one of them as CustomRoleArn.")
}

// defaultRole returns the pool's authenticated role. It refuses a CustomRoleArn that no mapping grants; AWS is silent on this.
func (p *pool) defaultRole(custom string) (string, error) {
	if p.roles.Authenticated == "" {
		return "", errNoRole
	}
	if custom != "" && custom != p.roles.Authenticated {
		return "", errCustomRole
	}
	return p.roles.Authenticated, nil
}

// roleInToken returns the custom role if the token lists it, otherwise the preferred role, otherwise the only one.
func (p *pool) roleInToken(l login, m RoleMapping, custom string) (string, error) {
	roles := tokenRoles(l.token)
	switch {
	case custom != "" && slices.Contains(roles, custom):
		return custom, nil
	case custom != "":
		return "", errCustomRole
	case l.token.PreferredRole != "":
		return l.token.PreferredRole, nil
	case len(roles) == 1:
		return roles[0], nil
	}
	return p.resolveAmbiguous(l, m)
}

// tokenRoles reads cognito:roles: an array, as user pools issue it, or a comma-separated string, as AWS documents it.
func tokenRoles(t *token.Token) []string {
	// The name of a role may contain a comma, so the elements of an array are not split.
	if raw, _ := t.Claims.Raw("cognito:roles"); strings.HasPrefix(raw, `"`) && len(t.Roles) == 1 {
		return strings.Split(t.Roles[0], ",")
	}
	return t.Roles
}

// roleByRules returns the role of the first rule that matches. A custom role must be the role of a rule that matches.
func (p *pool) roleByRules(l login, m RoleMapping, custom string) (string, error) {
	matched := false
	for _, rule := range m.Rules {
		if !rule.matches(l.token) {
			continue
		}
		if custom == "" || custom == rule.Role {
			return rule.Role, nil
		}
		matched = true
	}
	if custom != "" && (matched || custom != p.roles.Authenticated) {
		return "", errCustomRole
	}
	return p.resolveAmbiguous(l, m)
}

func (p *pool) resolveAmbiguous(l login, m RoleMapping) (string, error) {
	if m.Ambiguous != ambiguousRole {
		return "", ambiguous(l.mapping)
	}
	if p.roles.Authenticated == "" {
		return "", errNoRole
	}
	return p.roles.Authenticated, nil
}

func ambiguous(provider string) error {
	return fault.New(fault.NotAuthorized, "The ambiguous role mapping rules for: %s denied this request.", provider)
}

// matches compares values as text, case-sensitively. An absent claim matches no rule, not even NotEqual. For a list, Contains
// matches if one element does, NotEqual if no element is equal; the others match only lists of one element.
func (r Rule) matches(t *token.Token) bool {
	values, ok := t.Claims.Values(r.Claim)
	if !ok || len(values) == 0 {
		return false
	}
	raw, _ := t.Claims.Raw(r.Claim)
	switch r.Match {
	case "NotEqual":
		return !slices.Contains(values, r.Value)
	case "Contains":
		if strings.HasPrefix(raw, "[") {
			return slices.Contains(values, r.Value)
		}
		return strings.Contains(values[0], r.Value)
	case "StartsWith":
		return len(values) == 1 && strings.HasPrefix(values[0], r.Value)
	case "Equals":
		return len(values) == 1 && values[0] == r.Value
	default:
		return false
	}
}
