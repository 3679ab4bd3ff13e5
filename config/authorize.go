package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/region"
)

// Authorize is a sluice_authorize directive: it lists the accepted credentials and who may use the route.
type Authorize struct {
	// UserPools are the ids of declared pools whose tokens are accepted.
	UserPools []string `json:"user_pools,omitempty"`
	// Clients limits UserPools to these app clients. Default: all clients of the pools.
	Clients []string `json:"clients,omitempty"`
	// TokenUse is the kind of tokens of UserPools to accept: "access" (default), "id", or both.
	TokenUse []string `json:"token_use,omitempty"`
	// Issuers are other OIDC issuers, such as pools of Amazon Cognito.
	Issuers []Issuer `json:"issuers,omitempty"`
	// Login signs browsers in and accepts their sessions. nil means that it does not.
	Login *Login `json:"login,omitempty"`
	// SigV4 accepts requests signed with temporary credentials or the administrator's key.
	SigV4 *SigV4 `json:"sigv4,omitempty"`

	// Rules and Policies decide. A route without any of them, and without RolePolicies, is refused as a mistake.
	Rules    []Rule   `json:"rules,omitempty"`
	Policies []Policy `json:"policies,omitempty"`
	// Placeholders are where the block has placeholders; see App.Placeholders.
	Placeholders map[string][]string `json:"placeholders,omitempty"`
	// Digests are the SHA-256 digests of the policy files by path; see App.Digests.
	Digests map[string]string `json:"digests,omitempty"`
	// RolePolicies also applies the policies of the roles to which a token's groups map.
	RolePolicies bool `json:"role_policies,omitempty"`

	// API and Stage are names in the ARN of a plain route's resources:
	// arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}. Default: sluice and default.
	API   string `json:"api,omitempty"`
	Stage string `json:"stage,omitempty"`

	// Headers are set on the upstream request. The client's headers of these names are removed first, in every spelling.
	Headers []Header `json:"headers,omitempty"`
	// KeepHeaders are headers of other gateways, such as X-Forwarded-User, that clients may send. By default, all headers in
	// which gateways send the user to upstreams are removed. A name that ends in "*" matches all names with that prefix.
	KeepHeaders []string `json:"keep_headers,omitempty"`
	// PassAuthorization passes the client's credential on. Without it, the credential is removed.
	PassAuthorization bool `json:"pass_authorization,omitempty"`

	// Mode is "enforce" (default), or "shadow" to decide, log and count, but let every request pass.
	Mode string `json:"mode,omitempty"`
	// DebugHeader is the name of a response header with the decision, such as X-Sluice-Decision. Default: none.
	DebugHeader string `json:"debug_header,omitempty"`
	// CORS lets web pages of other origins call the route. nil leaves that to the upstream.
	CORS *CORS `json:"cors,omitempty"`
	// Realm is the realm in WWW-Authenticate. Default sluice.
	Realm string `json:"realm,omitempty"`
	// Resource is the URL of the protected resource as clients know it. If it is set, its metadata (RFC 9728) is served, and
	// WWW-Authenticate names it. Default: none.
	Resource string `json:"resource,omitempty"`
	// Leeway is the difference of clocks to allow for exp, nbf and iat, up to 5m. Default 30s.
	Leeway *Duration `json:"leeway,omitempty"`
	// MaxToken is the largest size of a token, in bytes. Default 16384.
	MaxToken int `json:"max_token,omitempty"`
}

// SigV4 accepts requests with an AWS signature.
type SigV4 struct {
	// Service is the AWS service in the signature, which also determines the action: "s3" or "execute-api".
	Service string `json:"service"`
	// Prefix is the path before the bucket. Clients sign it, and it is removed from the upstream request.
	Prefix string `json:"prefix,omitempty"`
	// Region is the region in the signature. Default: the app's, with its other regions.
	Region string `json:"region,omitempty"`
	// OtherRegions are more regions that a signature may name; "any", as the last one, represents all.
	OtherRegions []string `json:"other_regions,omitempty"`
	// Hosts are endpoints at which the bucket is the first label of the host name.
	Hosts []string `json:"hosts,omitempty"`
	// ExactKeys allows keys with empty segments, such as a//b. Set it only for a store that keeps keys as bytes: a store on a
	// file system resolves such a key to another.
	ExactKeys bool `json:"exact_keys,omitempty"`
	// Buckets are names that are buckets of the store, although other stores have APIs of their own at them: admin, iceberg, riak-cs,
	// rustfs and swift, whose APIs would take the gate's signature.
	Buckets []string `json:"buckets,omitempty"`
}

// Rule is one line of allow, deny or require.
type Rule struct {
	// Effect is "allow", "deny", or "require": deny all who lack it.
	Effect string `json:"effect"`
	// Subject is "any", "anonymous", "group", "user", "scope", "client", "role" or "claim".
	Subject string `json:"subject"`
	// Names are the groups, users, scopes, clients or roles, or the accepted values of a claim.
	Names []string `json:"names,omitempty"`
	// Claim is the name of the claim.
	Claim string `json:"claim,omitempty"`
	// Method is an HTTP method, several separated by commas, or * for all.
	Method string `json:"method"`
	// Path is a pattern for the decoded path, or * for all. In it, * matches any characters including slashes, and ? matches
	// one character.
	Path string `json:"path"`
}

// Policy is a policy document and the principals that it applies to.
type Policy struct {
	// File is the path of the document.
	File string `json:"file"`
	// Group is the group whose members it applies to; "" for everyone on the route.
	Group string `json:"group,omitempty"`
}

// Header is a header of the upstream request. Value may have placeholders.
type Header struct {
	Name  string `json:"name"`  // the header; clients cannot send it, in any spelling
	Value string `json:"value"` // the value, with placeholders such as {http.auth.user.id}
}

// DefaultAPI is the default of Authorize.API.
const DefaultAPI = "sluice"

// Regions returns the regions that a signature may name; the zero Set if they are wrong.
func (s *SigV4) Regions() region.Set {
	set, _ := region.New(s.Region, s.OtherRegions...) // Validate reports the error
	return set
}

// Defaults sets the default of each setting that is empty, after those of app.
func (a *Authorize) Defaults(app *App) {
	if len(a.TokenUse) == 0 && len(a.UserPools) > 0 {
		a.TokenUse = []string{"access"}
	}
	setDefault(&a.API, DefaultAPI)
	setDefault(&a.Stage, "default")
	setDefault(&a.Mode, "enforce")
	setDefault(&a.Realm, "sluice")
	if a.Leeway == nil { // 0s is a valid setting
		a.Leeway = new(Duration(token.DefaultLeeway))
	}
	if a.MaxToken == 0 {
		a.MaxToken = 16 << 10
	}
	for i := range a.Issuers {
		if len(a.Issuers[i].Algorithms) == 0 {
			a.Issuers[i].Algorithms = []string{"RS256"}
		}
		if a.Issuers[i].MaxStale == 0 {
			a.Issuers[i].MaxStale = Duration(24 * time.Hour)
		}
	}
	if a.Login != nil {
		a.Login.defaults(a)
	}
	if a.SigV4 != nil {
		s := a.SigV4
		switch s.Region, s.OtherRegions = regionsOf(s.Region, s.OtherRegions); {
		case s.Region == "" && len(s.OtherRegions) == 0:
			s.Region, s.OtherRegions = app.Region, app.OtherRegions
		case s.Region == "":
			s.Region = app.Region
		}
		a.SigV4.Prefix = strings.TrimSuffix(a.SigV4.Prefix, "/")
	}
}

// Validate checks the settings after Defaults. app is the sluice block. The error joins a *Problem for each mistake.
func (a *Authorize) Validate(app *App) error {
	v := &validator{}
	for _, id := range a.UserPools {
		if _, ok := app.UserPool(id); !ok {
			v.add("user_pool "+id, "no such user pool is declared in the sluice block%s", nearest(id, app.userPoolIDs()))
		}
	}
	for _, c := range a.Clients {
		known := false
		for _, id := range a.UserPools {
			if pool, ok := app.UserPool(id); ok && pool.hasClient(c) {
				known = true
			}
		}
		if !known && !poolid.IsClient(c) {
			v.add("client_id "+c, "a client id has 1 to 128 lower-case letters and digits")
		}
	}
	for _, use := range a.TokenUse {
		v.oneOf("token_use", use, "access", "id")
	}
	a.validateIssuers(v)
	if a.SigV4 != nil {
		a.SigV4.validate(v)
		if _, err := region.New(a.SigV4.Region, a.SigV4.OtherRegions...); err != nil {
			v.add("sigv4", "region: %v", err)
		}
	}
	if a.Login != nil {
		a.Login.validate(v, a, app)
	}
	a.validateRules(v, app)
	if len(a.UserPools) == 0 && len(a.Issuers) == 0 && a.SigV4 == nil && !a.onlyAnonymous() {
		v.add("sluice_authorize", "no credential is accepted; add: user_pool <id>, issuer <url> or sigv4 <service>")
	}
	if !a.allows() && a.SigV4 == nil { // the administrator's key may do everything
		v.add("sluice_authorize", "no rule and no policy allows anything here, so every request would be refused; add: allow any * *, or: policy <file>")
	}
	a.CORS.validate(v)
	a.validateResource(v)
	a.answers(v)
	a.validateRolePolicies(v, app)
	v.oneOf("mode", a.Mode, "enforce", "shadow")
	if *a.Leeway < 0 || time.Duration(*a.Leeway) > 5*time.Minute {
		v.add("leeway", "%s is out of range; write 0s to 5m", time.Duration(*a.Leeway))
	}
	if a.MaxToken < 256 || a.MaxToken > 64<<10 {
		v.add("max_token", "%d is out of range; write 256 to 65536 bytes", a.MaxToken)
	}
	return v.err()
}

// validateResource checks Resource by RFC 9728, section 1.2. It permits plain http for development.
func (a *Authorize) validateResource(v *validator) {
	if a.Resource == "" {
		return
	}
	u, err := url.Parse(a.Resource)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || strings.ContainsAny(a.Resource, "?#%") {
		v.add("resource", "%q is not the URL of a resource; write one without query and fragment, such as https://api.example.com/notes", a.Resource)
	}
	if len(a.UserPools) == 0 && len(a.Issuers) == 0 {
		v.add("resource", "its metadata would name no authorization server; add: user_pool <id> or issuer <url>")
	}
}

// validateRolePolicies checks that only an administrator of a declared pool can assign a role. A remote issuer could name any
// role, and two pools may have groups of the same name with different roles.
func (a *Authorize) validateRolePolicies(v *validator, app *App) {
	if !a.RolePolicies {
		return
	}
	if len(a.Issuers) > 0 {
		v.add("role_policies", "tokens of a remote issuer could name any role; use policies for this route: policy <file> [group <name>]")
	}
	var first map[string]string // the roles of the first pool's groups
	for _, id := range a.UserPools {
		pool, ok := app.UserPool(id)
		if !ok {
			continue // reported above
		}
		roles, same := map[string]string{}, true
		for _, g := range pool.Groups {
			roles[g.Name] = g.Role
			role, known := first[g.Name]
			if known && role != g.Role {
				v.add("role_policies", "group %s has different roles in two pools of this route; write one route for each pool", g.Name)
			}
			same = same && known
		}
		if first == nil {
			first = roles
		} else if !same || len(roles) != len(first) {
			v.add("role_policies", "the pools of this route have different groups; write one route for each pool")
		}
	}
}

// allows reports whether anything on the route can allow a request.
func (a *Authorize) allows() bool {
	return len(a.Policies) > 0 || a.RolePolicies || a.Login != nil && a.Login.Unauthenticated == "allow" || slices.ContainsFunc(a.Rules, func(r Rule) bool { return r.Effect != "deny" && r.Effect != "require" })
}

func (a *Authorize) onlyAnonymous() bool {
	for _, r := range a.Rules {
		if r.Subject != "anonymous" {
			return false
		}
	}
	return len(a.Rules) > 0
}

func (a *Authorize) validateIssuers(v *validator) {
	urls := seen{}
	for _, i := range a.Issuers {
		v.once(urls, "issuer "+i.URL, i.URL)
		i.validate(v)
	}
}

// String returns the rule as a line of the Caddyfile.
func (r *Rule) String() string {
	words := []string{r.Effect, r.Subject}
	if r.Claim != "" {
		words = append(words, r.Claim)
	}
	return strings.Join(append(append(words, r.Names...), r.Method, r.Path), " ")
}

func (r *Rule) validate(v *validator) {
	at := r.String()
	v.oneOf(at, r.Effect, "allow", "deny", "require")
	v.oneOf(at, r.Subject, "any", "anonymous", "group", "user", "scope", "client", "role", "claim")
	switch r.Subject {
	case "any", "anonymous":
		if r.Effect == "require" {
			v.add(at, "require needs something to require; write, for example: require scope <name> <method> <path>")
		}
	case "claim":
		if r.Claim == "" || len(r.Names) == 0 {
			v.add(at, "write %s claim <name> <value> <method> <path>", r.Effect)
		}
	default:
		if len(r.Names) == 0 {
			v.add(at, "write %s %s <name> <method> <path>", r.Effect, r.Subject)
		}
	}
	for _, text := range append([]string{r.Claim, r.Path}, r.Names...) {
		v.literal(at, text)
	}
	if slices.Contains(r.Names, "") {
		v.add(at, "a name is empty; write it, or remove the rule")
	}
	for _, method := range strings.Split(r.Method, ",") {
		if method != "*" && !methodPattern.MatchString(method) {
			v.add(at, "%q is not a method; write it in upper case, or * for all", method)
			continue
		}
		v.misspelt(at, method)
	}
	if !strings.HasPrefix(r.Path, "/") && r.Path != "*" {
		v.add(at, "%q is not a path; write one that starts with /, or * for all", r.Path)
	}
	if queryPattern.MatchString(r.Path) {
		v.add(at, "%q is never the path of a request, because a query is not part of it; use a policy with a condition on http:query/<name>. "+
			"A ? for one character stands after a slash or another ?, as in /public/?*", r.Path)
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && (addr.IsLoopback() || addr.IsUnspecified())
}
