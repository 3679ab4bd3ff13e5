package caddymodule

import (
	"encoding/json"
	"os"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("sluice_authorize", parseAuthorize)
	httpcaddyfile.RegisterDirectiveOrder("sluice_authorize", httpcaddyfile.Before, "basic_auth")
}

// parseAuthorize reads the directive. Syntax:
//
//	sluice_authorize [<matcher>] {
//	    user_pool  <id>...                # declared pools whose tokens are taken
//	    client_id  <id>...                # only tokens of these app clients
//	    token_use  access|id...
//	    issuer <url> {                    # a remote OIDC issuer; may be repeated
//	        jwks_url   <url>
//	        client_id  <id>...
//	        any_client [on|off]
//	        token_use  access|id...
//	        algorithms <alg>...
//	        max_stale  <duration>
//	    }
//	    sigv4 s3|execute-api {            # requests signed with temporary credentials
//	        prefix <path>
//	        region <region>
//	        hosts  <host>...
//	    }
//
//	    allow   any|anonymous                            <method>[,<method>...] <path>
//	    allow   group|user|scope|client|role <name>...   <method>[,<method>...] <path>
//	    allow   claim <claim> <value>...                 <method>[,<method>...] <path>
//	    deny    …                         # the same forms; a deny beats every allow
//	    require …                         # denies whoever does not have it
//	    policy  <file> [group <name>]     # a policy document
//	    role_policies [on|off]            # the policies of the roles that groups map to decide too
//
//	    api                <name>         # in the ARN that plain routes decide on
//	    stage              <name>
//	    header             <name> <value>
//	    pass_authorization [on|off]
//	    mode               enforce|shadow
//	    debug_header       <name>
//	    realm              <text>
//	    resource           <url>          # serve RFC 9728 metadata for it
//	    leeway             <duration>
//	    max_token          <bytes>
//	}
func parseAuthorize(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next() // the directive's name
	start := place{h.File(), h.Line()}
	if h.NextArg() {
		return nil, h.Err("write: sluice_authorize [<matcher>] { … }")
	}
	authorize, at := new(Authorize), places{}
	if err := parseBlock(h.Dispenser, "sluice_authorize", authorizeOptions(&authorize.Authorize, at)); err != nil {
		return nil, err
	}
	app, err := declared(h)
	if err != nil {
		return nil, err
	}
	checked := authorize.Authorize
	checked.Issuers = append([]config.Issuer(nil), checked.Issuers...)
	if checked.SigV4 != nil {
		sigv4 := *checked.SigV4
		checked.SigV4 = &sigv4
	}
	checked.Defaults(app.Region)
	if err := at.locate(checked.Validate(app), start); err != nil {
		return nil, err
	}
	var policies []string
	for _, p := range authorize.Policies {
		policies = append(policies, p.File)
	}
	authorize.Digests, err = digests(policies)
	return authorize, err
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

func authorizeOptions(a *config.Authorize, at places) map[string]option {
	eachMarked := func(read option) option {
		return func(d *caddyfile.Dispenser) error {
			name, line := d.Val(), place{d.File(), d.Line()}
			if _, ok := at[name]; !ok {
				at[name] = line
			}
			for _, arg := range peekArgs(d) {
				at[name+" "+arg] = line
			}
			return read(d)
		}
	}
	rule := func(d *caddyfile.Dispenser) error { return parseRule(d, a, at) }
	return map[string]option{
		"user_pool": eachMarked(manyStrings(&a.UserPools, "user_pool <id>...")),
		"client_id": eachMarked(manyStrings(&a.Clients, "client_id <id>...")),
		"token_use": eachMarked(manyStrings(&a.TokenUse, "token_use access|id...")),
		"issuer": func(d *caddyfile.Dispenser) error {
			url, _, err := named(d, at, "", "issuer <url> { … }")
			if err != nil {
				return err
			}
			if d.NextArg() {
				return usage(d, "issuer <url> { … }")
			}
			issuer := config.Issuer{URL: url}
			if err := parseBlock(d, "issuer", issuerOptions(&issuer)); err != nil {
				return err
			}
			a.Issuers = append(a.Issuers, issuer)
			return nil
		},
		"sigv4": func(d *caddyfile.Dispenser) error {
			if a.SigV4 != nil {
				return d.Err("sigv4 is set twice")
			}
			at.mark(d, "sigv4")
			a.SigV4 = new(config.SigV4)
			if !d.Args(&a.SigV4.Service) || d.NextArg() {
				return usage(d, "sigv4 s3|execute-api { … }")
			}
			return parseBlock(d, "sigv4", sigv4Options(a.SigV4))
		},
		"allow": rule, "deny": rule, "require": rule,
		"policy": func(d *caddyfile.Dispenser) error {
			const syntax = "policy <file> [group <name>]"
			from, args := d.File(), d.RemainingArgs()
			if len(args) != 1 && (len(args) != 3 || args[1] != "group") {
				return usage(d, syntax)
			}
			policy := config.Policy{File: beside(from, args[0])}
			if len(args) == 3 {
				policy.Group = args[2]
			}
			if err := exists(d, policy.File); err != nil {
				return err
			}
			a.Policies = append(a.Policies, policy)
			return noBlock(d, syntax)
		},
		"role_policies":      eachMarked(onOff(&a.RolePolicies, "role_policies [on|off]")),
		"api":                oneString(&a.API, "api <name>"),
		"stage":              oneString(&a.Stage, "stage <name>"),
		"header":             header(&a.Headers),
		"pass_authorization": onOff(&a.PassAuthorization, "pass_authorization [on|off]"),
		"mode":               eachMarked(oneString(&a.Mode, "mode enforce|shadow")),
		"debug_header":       oneString(&a.DebugHeader, "debug_header <name>"),
		"resource":           eachMarked(oneString(&a.Resource, "resource <url>")),
		"realm":              oneString(&a.Realm, "realm <text>"),
		"leeway": eachMarked(func(d *caddyfile.Dispenser) error {
			a.Leeway = new(config.Duration)
			return oneDuration(a.Leeway, "leeway <duration>")(d)
		}),
		"max_token": eachMarked(oneInt(&a.MaxToken, "max_token <bytes>")),
	}
}

// peekArgs reads the arguments on this line and puts the dispenser back.
func peekArgs(d *caddyfile.Dispenser) []string {
	args := d.RemainingArgs()
	for range args {
		d.Prev()
	}
	return args
}

func issuerOptions(i *config.Issuer) map[string]option {
	return map[string]option{
		"jwks_url":   oneString(&i.JWKSURL, "jwks_url <url>"),
		"client_id":  manyStrings(&i.Clients, "client_id <id>..."),
		"any_client": onOff(&i.AnyClient, "any_client [on|off]"),
		"token_use":  manyStrings(&i.TokenUse, "token_use access|id..."),
		"algorithms": manyStrings(&i.Algorithms, "algorithms <alg>..."),
		"max_stale":  oneDuration(&i.MaxStale, "max_stale <duration>"),
	}
}

func sigv4Options(s *config.SigV4) map[string]option {
	return map[string]option{
		"prefix": oneString(&s.Prefix, "prefix <path>"),
		"region": oneString(&s.Region, "region <region>"),
		"hosts":  manyStrings(&s.Hosts, "hosts <host>..."),
	}
}

// parseRule reads one line of allow, deny or require.
func parseRule(d *caddyfile.Dispenser, a *config.Authorize, at places) error {
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
			return d.Errf("write: %s claim <claim> <value>... <method> <path>", effect)
		}
		rule.Claim, names = names[0], names[1:]
	case "group", "user", "scope", "client", "role":
		if len(names) == 0 {
			return d.Errf("write: %s %s <name>... <method> <path>", effect, rule.Subject)
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
	a.Rules = append(a.Rules, rule)
	at[effect+" "+rule.Subject] = line
	return noBlock(d, syntax)
}
