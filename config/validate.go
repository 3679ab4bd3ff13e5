package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/throttle"
)

// Validate checks the settings after Defaults. Its error joins a *Problem for each mistake.
func (a *App) Validate() error {
	v := &validator{}
	v.match("public_url", publicURLProblem(a.PublicURL))
	if _, err := region.New(a.Region, a.OtherRegions...); err != nil {
		v.add("region", "%v", err)
	}
	if !accountPattern.MatchString(a.Account) {
		v.add("account", "%q is not an account; write twelve digits", a.Account)
	}
	v.oneOf("issuer", a.Issuer, "public", "aws")
	if a.AuditChain && !a.AuditLog {
		v.add("audit_log", "chain needs the audit log; write audit_log on, or remove chain")
	}
	if _, err := a.networks(); err != nil {
		v.add("outbound_networks", "%v", err)
	}
	a.validateTokenEndpoints(v)
	a.validateUserPools(v)
	a.validateDomains(v)
	a.validateProviders(v)
	a.validateIdentityPools(v)
	a.validateRoles(v)
	a.validateTriggers(v)
	a.validateLogs(v)
	a.validateDecisionLog(v)
	a.validateMasterKeys(v)
	a.validateUpkeep(v)
	if a.RateLimit != nil {
		a.RateLimit.validate(v)
	}
	if a.SMTP != nil {
		a.SMTP.validate(v)
	}
	if a.SMS != nil {
		a.SMS.validate(v)
	}
	if a.Store != nil {
		a.Store.validate(v)
	}
	if a.Redis != nil {
		a.Redis.validate(v)
	}
	return v.err()
}

// servedRegion checks that a process of several regions is that of a declared pool.
func (a *App) servedRegion(v *validator, at, id string) {
	if s := a.Regions(); !s.IsZero() && !s.Serves(id) {
		v.add(at, "%q is not a region of this process; write: region %s %s", region.OfID(id), strings.Join(s.Names(), " "), region.OfID(id))
	}
}

func (l *RateLimit) validate(v *validator) {
	switch _, err := throttle.New(throttle.Options{Rate: l.PerSecond, Burst: l.Burst, Now: time.Now}); {
	case l.Off && (l.PerSecond != 0 || l.Burst != 0):
		v.add("rate_limit", "a limit that is off takes no numbers; write: rate_limit off")
	case !l.Off && err != nil:
		v.add("rate_limit", "%g calls a second and %d at once are out of range; write, for example: rate_limit 50 200", l.PerSecond, l.Burst)
	}
}

func (a *App) validateUserPools(v *validator) {
	pools, clients := seen{}, seen{}
	for _, p := range a.UserPools {
		at := "user_pool " + p.ID
		if !poolid.IsUserPool(p.ID) {
			v.add(at, "an id is the region, an underscore, and letters and digits, such as %s_notes0001", a.Region)
		}
		a.servedRegion(v, at, p.ID)
		v.once(pools, at, p.ID)
		for _, c := range p.Clients {
			if !poolid.IsClient(c.ID) {
				v.add(at+": client "+c.ID, "a client id has 1 to 128 lower-case letters and digits")
			}
			v.once(clients, at+": client "+c.ID, c.ID)
			c.validateOAuth(v, at+": client "+c.ID)
		}
		groups := seen{}
		for _, g := range p.Groups {
			at := at + ": group " + g.Name
			if !groupNamePattern.MatchString(g.Name) || utf8.RuneCountInString(g.Name) > 128 {
				v.add(at, "a group name has 1 to 128 letters, digits and signs, and no spaces")
			}
			v.once(groups, at, g.Name)
			v.description(at, g.Description, 2048)
			if g.Precedence != nil && (*g.Precedence < 0 || *g.Precedence > math.MaxInt32) {
				v.add(at, "precedence %d is out of range; write 0 to %d", *g.Precedence, math.MaxInt32)
			}
			a.declaredRole(v, at+": role", g.Role)
		}
		a.validateUsers(v, at, &p)
	}
}

// validateOAuth checks the options of a client that AWS's settings do not have.
func (c *Client) validateOAuth(v *validator, at string) {
	switch {
	case c.JWKS != "" && c.JWKSURI != "":
		v.add(at, "the keys come from a file or from a URL; remove jwks or jwks_uri")
	case (c.JWKS != "" || c.JWKSURI != "") && c.Secret != "":
		v.add(at, "a client with keys needs no secret; remove secret, or jwks and jwks_uri")
	}
	if e := c.TokenExchange; e != nil && (len(e.Subjects) == 0 || len(e.Audiences) == 0) {
		v.add(at, "token_exchange needs whose tokens are exchanged and for whom; write: token_exchange { subject <client id>..., audience <uri>... }")
	}
}

func (a *App) validateIdentityPools(v *validator) {
	pools := seen{}
	for _, p := range a.IdentityPools {
		at := "identity_pool " + p.ID
		if !poolid.IsIdentityPool(p.ID) {
			v.add(at, "an id is the region, a colon and a lower-case UUID, such as %s:11111111-2222-4333-8444-555555555555", a.Region)
		}
		a.servedRegion(v, at, p.ID)
		v.once(pools, at, p.ID)
		for _, up := range p.UserPools {
			pool, ok := a.UserPool(up.Pool)
			if !ok {
				v.add(at+": user_pool "+up.Pool, "no user pool with this id is declared%s", nearest(up.Pool, a.userPoolIDs()))
				continue
			}
			for _, c := range up.Clients {
				if !pool.hasClient(c) {
					v.add(at+": user_pool "+up.Pool, "client %s is not declared in that pool", c)
				}
			}
			if len(pool.Clients) == 0 {
				v.add(at+": user_pool "+up.Pool, "that pool declares no app client, so no token could be accepted; add: client <id>")
			}
		}
		if !identityPoolName.MatchString(p.Name) {
			v.add(at, "name: %q is no name of an identity pool; write 1 to 128 letters, digits, spaces and the signs +=,.@-_", p.Name)
		}
		if len(p.UserPools) == 0 && (p.RoleMapping != "" || p.Ambiguous == "deny") {
			v.add(at, "role_mapping and ambiguous are about tokens of user pools, and it accepts none; add: user_pool <id>, or remove them")
		}
		if p.RoleMapping == "" && p.Ambiguous == "deny" {
			v.add(at, "ambiguous has an effect with a role mapping only; add: role_mapping token")
		}
		a.declaredRole(v, at+": role authenticated", p.Authenticated)
		a.declaredRole(v, at+": role guest", p.Guest)
		if p.Guests && p.Guest == "" {
			v.add(at, "guests are enabled but have no role; add: role guest <name>")
		}
		if p.RoleMapping != "" {
			v.oneOf(at+": role_mapping", p.RoleMapping, "token")
		}
		v.oneOf(at+": ambiguous", p.Ambiguous, "authenticated", "deny")
	}
}

func (a *App) validateRoles(v *validator) {
	names := seen{}
	for _, r := range a.Roles {
		at := "role " + r.Name
		if !roleNamePattern.MatchString(r.Name) {
			v.add(at, "a role name has 1 to 64 letters, digits and _+=,.@-")
		}
		v.once(names, at, strings.ToLower(r.Name))
		v.description(at, r.Description, 1000)
		if len(r.Trust) == 0 {
			v.add(at, "no one may assume this role; add: trust identity_pool <id> authenticated, or: trust <file>")
		}
		for _, t := range r.Trust {
			if t.IdentityPool != "" {
				at := at + ": trust identity_pool " + t.IdentityPool
				v.oneOf(at, t.Kind, "authenticated", "guest")
				a.declaredIdentityPool(v, at, t.IdentityPool)
			}
		}
		if d := time.Duration(r.MaxSession); d < time.Hour || d > 12*time.Hour {
			v.add(at+": max_session", "%s is out of range; write 1h to 12h", d)
		}
	}
}

// declaredRole checks that role is "", an ARN, or the name of a declared role.
func (a *App) declaredRole(v *validator, at, role string) {
	if role == "" {
		return
	}
	if strings.HasPrefix(role, "arn:") {
		if !roleARNPattern.MatchString(role) {
			v.add(at, "%q is not the ARN of a role; write arn:aws:iam::%s:role/<name>, or the name of a declared role", role, a.Account)
		}
		return
	}
	names := make([]string, 0, len(a.Roles))
	for _, r := range a.Roles {
		if r.Name == role {
			return
		}
		names = append(names, r.Name)
	}
	v.add(at, "no role %q is declared%s", role, nearest(role, names))
}

func (a *App) declaredIdentityPool(v *validator, at, id string) {
	ids := make([]string, 0, len(a.IdentityPools))
	for _, p := range a.IdentityPools {
		if p.ID == id {
			return
		}
		ids = append(ids, p.ID)
	}
	v.add(at, "no such identity pool is declared%s", nearest(id, ids))
}

func (a *App) userPoolIDs() []string {
	ids := make([]string, len(a.UserPools))
	for i, p := range a.UserPools {
		ids[i] = p.ID
	}
	return ids
}

func (p *UserPool) hasClient(id string) bool {
	for _, c := range p.Clients {
		if c.ID == id {
			return true
		}
	}
	return false
}

func (s *SMTP) validate(v *validator) {
	if !strings.Contains(s.Address, "{") && !dialable(s.Address) { // a placeholder may hold all of it
		v.add("smtp", "%q is not an address; write host:port, such as mail.example.com:587", s.Address)
	}
	if s.From == "" {
		v.add("smtp", "no sender is set; add: from no-reply@example.com")
	} else if _, err := mail.ParseAddress(s.From); err != nil && !strings.Contains(s.From, "{") {
		v.add("smtp", "from: %q is not an e-mail address; write one such as no-reply@example.com, or \"Notes <no-reply@example.com>\"", s.From)
	}
	v.oneOf("smtp: tls", s.TLS, "starttls", "implicit", "none")
	if s.Password != "" && s.TLS == "none" {
		v.add("smtp", "a password would be sent unencrypted; write tls starttls or tls implicit, or remove username and password")
	}
	if (s.Username == "") != (s.Password == "") {
		v.add("smtp", "username and password are required together; add the missing one or remove both")
	}
}

func (r *Redis) validate(v *validator) {
	if len(r.Addresses) == 0 {
		v.add("redis", "no address is set; write, for example: redis 127.0.0.1:6379")
	}
	for _, address := range r.Addresses {
		if !strings.Contains(address, "{") && !dialable(address) {
			v.add("redis", "%q is not an address; write host:port, such as 127.0.0.1:6379", address)
		}
	}
	if r.Database < 0 {
		v.add("redis: database", "%d is no database; write 0 or more", r.Database)
	}
	if r.Master == "" && r.SentinelUsername+r.SentinelPassword != "" {
		v.add("redis", "sentinel_username and sentinel_password are for Sentinels; add: master <name>, or remove them")
	}
	if r.SentinelUsername != "" && r.SentinelPassword == "" {
		v.add("redis: sentinel_username", "a user without a password cannot sign in; add sentinel_password, or remove sentinel_username")
	}
	if o := r.TLSOptions; o != nil {
		if !r.TLS {
			v.add("redis: tls", "tls is off, so its options have no effect; switch it on, or remove them")
		}
		if (o.Certificate == "") != (o.Key == "") {
			v.add("redis: tls", "cert and key are required together; add the missing one or remove both")
		}
	}
	v.oneOf("redis: outage", r.Outage, "fail_closed", "fail_open")
	v.oneOf("redis: sign_ins", r.SignIns, "fail_closed", "fail_open")
	v.oneOf("redis: rates", r.Rates, "fail_closed", "fail_open")
	v.oneOf("redis: hourly_limits", r.HourlyLimits, "fail_closed", "fail_open")
	if r.MaxStale < 0 {
		v.add("redis: max_stale", "a duration cannot be negative; write, for example: max_stale 1m")
	}
}

// Problem is a mistake in the settings.
type Problem struct {
	At   string // where, in the words of the Caddyfile: "user_pool us-east-1_a: client x"
	Text string // the mistake and its correction
}

// Error returns the place and the text.
func (p *Problem) Error() string { return p.At + ": " + p.Text }

// validator collects problems.
type validator struct{ problems []error }

type seen map[string]bool

func (v *validator) add(at, format string, args ...any) {
	v.problems = append(v.problems, &Problem{At: at, Text: fmt.Sprintf(format, args...)})
}

func (v *validator) match(at, problem string) {
	if problem != "" {
		v.add(at, "%s", problem)
	}
}

// description checks the length of a description, in characters. Source: the API references of CreateGroup and CreateRole.
func (v *validator) description(at, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		v.add(at, "the description has %d characters; AWS allows %d", n, most)
	}
}

func (v *validator) once(s seen, at, key string) {
	if s[key] {
		v.add(at, "it is declared twice; remove one")
	}
	s[key] = true
}

func (v *validator) oneOf(at, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	v.add(at, "%q is not a valid value; write %s", value, strings.Join(allowed, " or "))
}

func (v *validator) err() error { return errors.Join(v.problems...) }

// dialable reports whether an address is a host and a port that there is.
func dialable(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	n, err := net.LookupPort("tcp", port)
	return err == nil && n > 0
}
