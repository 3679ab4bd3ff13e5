package caddymodule

import (
	"encoding/json"
	"maps"
	"os"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/config"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("sluice_authorize", parseAuthorize)
	httpcaddyfile.RegisterDirectiveOrder("sluice_authorize", httpcaddyfile.Before, "basic_auth")
}

// parseAuthorize parses the directive. Syntax:
//
//	sluice_authorize [<matcher>] {
//	    user_pool  <id>...                # declared pools whose tokens are taken
//	    client_id  <id>...                # only tokens of these app clients
//	    token_use  access|id...
//	    issuer <url> {                    # a remote OIDC issuer; may be repeated
//	        jwks_url   <url>
//	        client_id  <id>...
//	        audience   <aud>...
//	        any_client [on|off]
//	        groups_claim   <claim>        # a.b is b in the object a
//	        username_claim <claim>
//	        token_use  access|id...
//	        algorithms <alg>...
//	        max_stale  <duration>
//	    }
//	    login <client id> [<secret>] {    # browsers sign in, with a user pool or an issuer of the route
//	        with            <pool id or issuer url>
//	        scope           <scope>...
//	        callback        <path>
//	        logout          <path>
//	        session         <duration>
//	        unauthenticated redirect|deny|allow
//	        return_to       <host>...
//	        alb_headers     [on|off]      # x-amzn-oidc-* as a load balancer of AWS sets them
//	    }
//	    sigv4 s3|execute-api {            # requests signed with temporary credentials
//	        prefix <path>
//	        region <region>... [any]      # default: those of the process
//	        hosts  <host>...
//	        buckets <name>...             # the store has no API at these names: admin, swift
//	        exact_keys [on|off]           # the store keeps keys as bytes: a//b is a key of its own
//	    }
//
//	    allow   any|anonymous                            <method>[,<method>...] <path>
//	    allow   group|user|scope|client|role <name>...   <method>[,<method>...] <path>
//	    allow   claim <claim> <value>...                 <method>[,<method>...] <path>
//	    deny    …                         # the same forms; a deny beats every allow
//	    require …                         # denies everyone who does not have it
//	    policy  <file> [group <name>]     # a policy document
//	    role_policies [on|off]            # the policies of the roles that groups map to decide too
//
//	    api                <name>         # in the ARN that plain routes decide on
//	    stage              <name>
//	    header             <name> <value>
//	    keep_headers       <name>...      # headers of other gateways that clients may send
//	    pass_authorization [on|off]
//	    mode               enforce|shadow
//	    debug_header       <name>
//	    cors <origin>... {                # scheme and host, https://*.example.com, or *; answers preflights
//	        methods     <method>...
//	        headers     <name>...
//	        expose      <name>...
//	        credentials [on|off]
//	        max_age     <duration>
//	    }
//	    realm              <text>
//	    resource           <url>          # serve RFC 9728 metadata for it
//	    leeway             <duration>
//	    max_token          <bytes>
//	}
func parseAuthorize(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	authorize := new(Authorize)
	return authorize, authorize.Parse(h, "sluice_authorize", nil, nil)
}

// declared returns the sluice block of this Caddyfile with its defaults, or an empty one.
func declared(h httpcaddyfile.Helper) (*config.App, error) {
	app := new(config.App)
	if block, ok := h.Option("sluice").(httpcaddyfile.App); ok {
		if err := json.Unmarshal(block.Value, app); err != nil {
			return nil, err
		}
	}
	app.Defaults(os.Getenv)
	return app, nil
}

// authorizeParser parses the options of a sluice_authorize block.
type authorizeParser struct {
	into *config.Authorize
	at   places
}

func authorizeOptions(a *config.Authorize, at places) map[string]option {
	p := authorizeParser{a, at}
	return map[string]option{
		"user_pool": p.marked(manyStrings(&a.UserPools, "user_pool <id>...")),
		"client_id": p.marked(manyStrings(&a.Clients, "client_id <id>...")),
		"token_use": p.marked(manyStrings(&a.TokenUse, "token_use access|id...")),
		"issuer":    p.issuer,
		"login":     p.login,
		"sigv4":     p.sigv4,

		"allow": p.rule, "deny": p.rule, "require": p.rule,
		"policy":        p.policy,
		"role_policies": p.marked(onOff(&a.RolePolicies, "role_policies [on|off]")),

		"api":                p.marked(oneString(&a.API, "api <name>")),
		"stage":              p.marked(oneString(&a.Stage, "stage <name>")),
		"header":             p.marked(header(&a.Headers)),
		"keep_headers":       p.marked(manyStrings(&a.KeepHeaders, "keep_headers <name>...")),
		"pass_authorization": onOff(&a.PassAuthorization, "pass_authorization [on|off]"),
		"mode":               p.marked(oneString(&a.Mode, "mode enforce|shadow")),
		"debug_header":       p.marked(oneString(&a.DebugHeader, "debug_header <name>")),
		"resource":           p.marked(oneString(&a.Resource, "resource <url>")),
		"realm":              p.marked(oneString(&a.Realm, "realm <text>")),
		"cors":               p.marked(func(d *caddyfile.Dispenser) error { return parseCORS(d, a) }),
		"leeway": p.marked(block.Once(func(d *caddyfile.Dispenser) error {
			a.Leeway = new(config.Duration)
			return block.DurationOrZero(a.Leeway, "leeway <duration>")(d)
		})),
		"max_token": p.marked(notZero(&a.MaxToken, oneInt(&a.MaxToken, "max_token <bytes>"))),
	}
}

// marked records the positions of an option and of its arguments before read parses it.
func (p authorizeParser) marked(read option) option {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		p.at.mark(d, name)
		for _, arg := range peekArgs(d) {
			p.at[name+" "+arg] = place{d.File(), d.Line()}
		}
		return read(d)
	}
}

func (p authorizeParser) issuer(d *caddyfile.Dispenser) error {
	const syntax = "issuer <url or name> { … }"
	name, words, err := named(d, p.at, "", syntax)
	if err != nil {
		return err
	}
	if d.NextArg() {
		return usage(d, syntax)
	}
	issuer, preset := config.Issuer{URL: name}, config.Preset{}
	options := issuerOptions(&issuer)
	if config.IsPreset(name) {
		maps.Copy(options, presetOptions(&preset))
	}
	if err := parseBlock(d, "issuer", options); err != nil {
		return err
	}
	if config.IsPreset(name) {
		if err := preset.Apply(name, &issuer); err != nil {
			return d.Errf("issuer: %v", err)
		}
		p.at["issuer "+issuer.URL] = p.at[words]
	}
	p.into.Issuers = append(p.into.Issuers, issuer)
	return nil
}

func (p authorizeParser) login(d *caddyfile.Dispenser) error {
	const syntax = "login <client id> [<secret>] { … }"
	if p.into.Login != nil {
		return d.Err("login is set twice; remove one of them")
	}
	args := peekArgs(d)
	if len(args) == 0 || len(args) > 2 {
		return usage(d, syntax)
	}
	p.at.mark(d, "login "+args[0])
	l := &config.Login{ClientID: args[0]}
	if len(args) == 2 {
		if l.Secret = args[1]; l.Secret == "" {
			return d.Err("login: the secret is empty; write it, or leave it out for a client without one")
		}
	}
	d.RemainingArgs()
	p.into.Login = l
	return parseBlock(d, "login", map[string]option{
		"with":            oneString(&l.With, "with <pool id or issuer url>"),
		"scope":           manyStrings(&l.Scopes, "scope <scope>..."),
		"callback":        oneString(&l.Callback, "callback <path>"),
		"logout":          oneString(&l.Logout, "logout <path>"),
		"session":         oneDuration(&l.Session, "session <duration>"),
		"unauthenticated": oneString(&l.Unauthenticated, "unauthenticated redirect|deny|allow"),
		"return_to":       manyStrings(&l.ReturnTo, "return_to <host>..."),
		"alb_headers":     onOff(&l.ALBHeaders, "alb_headers [on|off]"),
	})
}

func (p authorizeParser) sigv4(d *caddyfile.Dispenser) error {
	if p.into.SigV4 != nil {
		return d.Err("sigv4 is set twice; remove one of them")
	}
	p.at.mark(d, "sigv4")
	p.into.SigV4 = new(config.SigV4)
	if !d.Args(&p.into.SigV4.Service) || d.NextArg() {
		return usage(d, "sigv4 s3|execute-api { … }")
	}
	return parseBlock(d, "sigv4", sigv4Options(p.into.SigV4))
}

func (p authorizeParser) policy(d *caddyfile.Dispenser) error {
	const syntax = "policy <file> [group <name>]"
	from, args := d.File(), d.RemainingArgs()
	if len(args) != 1 && (len(args) != 3 || args[1] != "group") {
		return usage(d, syntax)
	}
	policy := config.Policy{File: relativeTo(from, args[0])}
	if len(args) == 3 {
		policy.Group = args[2]
	}
	if err := exists(d, policy.File); err != nil {
		return err
	}
	p.into.Policies = append(p.into.Policies, policy)
	return noBlock(d, syntax)
}

// peekArgs returns the arguments on this line and resets the dispenser.
func peekArgs(d *caddyfile.Dispenser) []string {
	args := d.RemainingArgs()
	for range args {
		d.Prev()
	}
	return args
}

func issuerOptions(i *config.Issuer) map[string]option {
	return map[string]option{
		"jwks_url":       oneString(&i.JWKSURL, "jwks_url <url>"),
		"client_id":      manyStrings(&i.Clients, "client_id <id>..."),
		"audience":       manyStrings(&i.Audiences, "audience <aud>..."),
		"any_client":     onOff(&i.AnyClient, "any_client [on|off]"),
		"client_claim":   oneString(&i.ClientClaim, "client_claim <claim>"),
		"groups_claim":   oneString(&i.GroupsClaim, "groups_claim <claim>"),
		"username_claim": oneString(&i.UsernameClaim, "username_claim <claim>"),
		"token_use":      manyStrings(&i.TokenUse, "token_use access|id..."),
		"algorithms":     manyStrings(&i.Algorithms, "algorithms <alg>..."),
		"max_stale":      oneDuration(&i.MaxStale, "max_stale <duration>"),
	}
}

// presetOptions are the options of an issuer that is named by its product.
func presetOptions(p *config.Preset) map[string]option {
	return map[string]option{
		"tenant": oneString(&p.Tenant, "tenant <id>"),
		"domain": oneString(&p.Domain, "domain <host>"),
		"server": oneString(&p.Server, "server <name>"),
		"base":   oneString(&p.Base, "base <url>"),
		"realm":  oneString(&p.Realm, "realm <name>"),
	}
}

// parseCORS parses cors.
func parseCORS(d *caddyfile.Dispenser, a *config.Authorize) error {
	if a.CORS != nil {
		return d.Err("cors is set twice; name all origins in one line")
	}
	a.CORS = &config.CORS{Origins: d.RemainingArgs()}
	if len(a.CORS.Origins) == 0 {
		return usage(d, "cors <origin>... { … }")
	}
	return parseBlock(d, "cors", corsOptions(a.CORS))
}

func corsOptions(c *config.CORS) map[string]option {
	return map[string]option{
		"methods":     manyStrings(&c.Methods, "methods <method>..."),
		"headers":     manyStrings(&c.Headers, "headers <name>..."),
		"expose":      manyStrings(&c.Expose, "expose <name>..."),
		"credentials": onOff(&c.Credentials, "credentials [on|off]"),
		"max_age":     oneDuration(&c.MaxAge, "max_age <duration>"),
	}
}

func sigv4Options(s *config.SigV4) map[string]option {
	return map[string]option{
		"prefix":     oneString(&s.Prefix, "prefix <path>"),
		"region":     regions(&s.Region, &s.OtherRegions),
		"hosts":      manyStrings(&s.Hosts, "hosts <host>..."),
		"buckets":    manyStrings(&s.Buckets, "buckets <name>..."),
		"exact_keys": onOff(&s.ExactKeys, "exact_keys [on|off]"),
	}
}

// rule parses a line of allow, deny or require.
func (p authorizeParser) rule(d *caddyfile.Dispenser) error {
	effect, line := d.Val(), place{d.File(), d.Line()}
	syntax := effect + " group|user|scope|client|role <name>... <method> <path>, or: " + effect + " claim <claim> <value>... <method> <path>"
	if effect != "require" {
		syntax += ", or: " + effect + " any|anonymous <method> <path>"
	}
	args := d.RemainingArgs()
	if len(args) < 3 {
		return usage(d, syntax)
	}
	rule := config.Rule{Effect: effect, Subject: args[0], Method: args[len(args)-2], Path: args[len(args)-1]}
	names := args[1 : len(args)-2]
	switch rule.Subject {
	case "any", "anonymous":
		if len(names) > 0 {
			return d.Errf("%s takes no name; write: %s %s <method> <path>", rule.Subject, effect, rule.Subject)
		}
	case "claim":
		if len(names) < 2 {
			return usage(d, effect+" claim <claim> <value>... <method> <path>")
		}
		rule.Claim, names = names[0], names[1:]
	case "group", "user", "scope", "client", "role":
		if len(names) == 0 {
			return usage(d, effect+" "+rule.Subject+" <name>... <method> <path>")
		}
	default:
		if near := config.Nearest(rule.Subject, []string{"any", "anonymous", "group", "user", "scope", "client", "role", "claim"}); near != "" {
			return d.Errf("%s %q is not known; did you mean %s?", effect, rule.Subject, near)
		}
		return usage(d, syntax)
	}
	if len(names) > 0 {
		rule.Names = names
	}
	p.into.Rules = append(p.into.Rules, rule)
	p.at[rule.String()] = line
	return noBlock(d, syntax)
}
