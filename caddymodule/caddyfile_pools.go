package caddymodule

import (
	"errors"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/config"
)

// named parses the argument after the name of a block and records its position as "<block> <argument>".
func named(d *caddyfile.Dispenser, at places, prefix, syntax string) (name, words string, err error) {
	block := d.Val()
	if !d.NextArg() {
		return "", "", usage(d, syntax)
	}
	name = d.Val()
	words = prefix + block + " " + name
	at.mark(d, words)
	return name, words, nil
}

func parseUserPool(d *caddyfile.Dispenser, app *config.App, at places) error {
	id, words, err := named(d, at, "", "user_pool <id> { … }")
	if err != nil {
		return err
	}
	if d.NextArg() {
		return usage(d, "user_pool <id> { … }")
	}
	pool := config.UserPool{ID: id}
	options := userPoolOptions(&pool, at, words)
	addDomains(options, &pool, at, words)
	if err := parseBlock(d, "user_pool", options); err != nil {
		return err
	}
	app.UserPools = append(app.UserPools, pool)
	return nil
}

func userPoolOptions(pool *config.UserPool, at places, words string) map[string]option {
	return map[string]option{
		"name":     oneString(&pool.Name, "name <name>"),
		"settings": file(&pool.Settings, "settings <file>"),
		"client": func(d *caddyfile.Dispenser) error {
			id, _, err := named(d, at, words+": ", "client <id> { … }")
			if err != nil {
				return err
			}
			client := config.Client{ID: id}
			if err := parseBlock(d, "client", clientOptions(&client)); err != nil {
				return err
			}
			pool.Clients = append(pool.Clients, client)
			return nil
		},
		"group": func(d *caddyfile.Dispenser) error {
			name, _, err := named(d, at, words+": ", "group <name> { … }")
			if err != nil {
				return err
			}
			group := config.Group{Name: name}
			if err := parseBlock(d, "group", groupOptions(&group)); err != nil {
				return err
			}
			pool.Groups = append(pool.Groups, group)
			return nil
		},
		"user": func(d *caddyfile.Dispenser) error {
			name, _, err := named(d, at, words+": ", "user <name> { … }")
			if err != nil {
				return err
			}
			user := config.User{Name: name, Attributes: map[string]string{}}
			if err := parseBlock(d, "user", userOptions(&user)); err != nil {
				return err
			}
			pool.Users = append(pool.Users, user)
			return nil
		},
	}
}

// userOptions are the options of a declared user. An address is a verified one.
func userOptions(user *config.User) map[string]option {
	set := func(d *caddyfile.Dispenser, name, value string) error {
		if _, ok := user.Attributes[name]; ok {
			return d.Errf("%s is set twice; remove one of them", name)
		}
		user.Attributes[name] = value
		return nil
	}
	address := func(name, syntax string) option {
		return func(d *caddyfile.Dispenser) error {
			if !d.NextArg() {
				return usage(d, syntax)
			}
			if err := errors.Join(set(d, name, d.Val()), set(d, name+"_verified", "true")); err != nil {
				return err
			}
			return noBlock(d, syntax)
		}
	}
	return map[string]option{
		"password":     oneString(&user.Password, "password <password>"),
		"groups":       manyStrings(&user.Groups, "groups <name>..."),
		"email":        address("email", "email <address>"),
		"phone_number": address("phone_number", "phone_number <number>"),
		"attribute": func(d *caddyfile.Dispenser) error {
			const syntax = "attribute <name> <value>"
			var name, value string
			if !d.Args(&name, &value) {
				return usage(d, syntax)
			}
			if err := set(d, name, value); err != nil {
				return err
			}
			return noBlock(d, syntax)
		},
	}
}

// addDomains adds the options for domains, identity providers and resource servers.
func addDomains(options map[string]option, pool *config.UserPool, at places, words string) {
	options["domain"] = func(d *caddyfile.Dispenser) error {
		name, _, err := named(d, at, words+": ", "domain <prefix>|<host> { … }")
		if err != nil {
			return err
		}
		domain := config.Domain{Name: name}
		if err := parseBlock(d, "domain", map[string]option{"managed_login": oneInt(&domain.ManagedLogin, "managed_login 1|2")}); err != nil {
			return err
		}
		pool.Domains = append(pool.Domains, domain)
		return nil
	}
	options["identity_provider"] = func(d *caddyfile.Dispenser) error { return parseIdentityProvider(d, pool, at, words) }
	options["resource_server"] = func(d *caddyfile.Dispenser) error {
		id, _, err := named(d, at, words+": ", "resource_server <identifier> { … }")
		if err != nil {
			return err
		}
		server := config.ResourceServer{ID: id}
		if err := parseBlock(d, "resource_server", resourceServerOptions(&server)); err != nil {
			return err
		}
		pool.ResourceServers = append(pool.ResourceServers, server)
		return nil
	}
}

func resourceServerOptions(server *config.ResourceServer) map[string]option {
	return map[string]option{
		"name": oneString(&server.Name, "name <name>"),
		"scope": func(d *caddyfile.Dispenser) error {
			const syntax = "scope <name> [<description>]"
			args := d.RemainingArgs()
			if len(args) == 0 || len(args) > 2 {
				return usage(d, syntax)
			}
			scope := config.Scope{Name: args[0]}
			if len(args) == 2 {
				scope.Description = args[1]
			}
			server.Scopes = append(server.Scopes, scope)
			return noBlock(d, syntax)
		},
	}
}

func clientOptions(client *config.Client) map[string]option {
	return map[string]option{
		"name":     oneString(&client.Name, "name <name>"),
		"settings": file(&client.Settings, "settings <file>"),
		"secret":   oneString(&client.Secret, "secret <secret>"),
		"jwks":     file(&client.JWKS, "jwks <file>"),
		"jwks_uri": oneString(&client.JWKSURI, "jwks_uri <url>"),

		"device_grant":   onOff(&client.DeviceGrant, "device_grant [on|off]"),
		"require_pkce":   onOff(&client.RequirePKCE, "require_pkce [on|off]"),
		"require_par":    onOff(&client.RequirePAR, "require_par [on|off]"),
		"token_exchange": func(d *caddyfile.Dispenser) error { return parseTokenExchange(d, client) },
		"branding":       func(d *caddyfile.Dispenser) error { return parseBranding(d, client) },
		"terms":          func(d *caddyfile.Dispenser) error { return parseTerms(d, client) },
	}
}

// parseTokenExchange parses token_exchange. Syntax:
//
//	token_exchange {
//	    subject  <client id>...
//	    audience <uri>...
//	}
func parseTokenExchange(d *caddyfile.Dispenser, client *config.Client) error {
	if client.TokenExchange != nil {
		return d.Err("token_exchange is set twice; put everything into one block")
	}
	client.TokenExchange = new(config.TokenExchange)
	if d.NextArg() {
		return usage(d, "token_exchange { subject <client id>..., audience <uri>... }")
	}
	return parseBlock(d, "token_exchange", map[string]option{
		"subject":  manyStrings(&client.TokenExchange.Subjects, "subject <client id>..."),
		"audience": manyStrings(&client.TokenExchange.Audiences, "audience <uri>..."),
	})
}

func groupOptions(group *config.Group) map[string]option {
	return map[string]option{
		"description": oneString(&group.Description, "description <text>"),
		"role":        oneString(&group.Role, "role <name>|<arn>"),
		"precedence": block.Once(func(d *caddyfile.Dispenser) error {
			group.Precedence = new(int)
			return oneInt(group.Precedence, "precedence <number>")(d)
		}),
	}
}

func parseIdentityPool(d *caddyfile.Dispenser, app *config.App, at places) error {
	id, words, err := named(d, at, "", "identity_pool <id> { … }")
	if err != nil {
		return err
	}
	if d.NextArg() {
		return usage(d, "identity_pool <id> { … }")
	}
	pool := config.IdentityPool{ID: id}
	if err := parseBlock(d, "identity_pool", identityPoolOptions(&pool, at, words)); err != nil {
		return err
	}
	app.IdentityPools = append(app.IdentityPools, pool)
	return nil
}

func identityPoolOptions(pool *config.IdentityPool, at places, words string) map[string]option {
	return map[string]option{
		"name":         oneString(&pool.Name, "name <name>"),
		"guests":       onOff(&pool.Guests, "guests [on|off]"),
		"classic_flow": onOff(&pool.ClassicFlow, "classic_flow [on|off]"),
		"role_mapping": oneString(&pool.RoleMapping, "role_mapping token"),
		"ambiguous":    oneString(&pool.Ambiguous, "ambiguous authenticated|deny"),
		"user_pool": func(d *caddyfile.Dispenser) error {
			id, _, err := named(d, at, words+": ", "user_pool <id> [<client>...]")
			if err != nil {
				return err
			}
			login := config.LoginProvider{Pool: id, Clients: d.RemainingArgs()}
			if err := parseBlock(d, "user_pool", loginProviderOptions(&login)); err != nil {
				return err
			}
			pool.UserPools = append(pool.UserPools, login)
			return nil
		},
		"role": func(d *caddyfile.Dispenser) error {
			const syntax = "role authenticated|guest <name>|<arn>"
			var kind, role string
			if !d.Args(&kind, &role) {
				return usage(d, syntax)
			}
			at.mark(d, words+": role "+kind)
			switch kind {
			case "authenticated":
				pool.Authenticated = role
			case "guest":
				pool.Guest = role
			default:
				return usage(d, syntax)
			}
			return noBlock(d, syntax)
		},
	}
}

func loginProviderOptions(login *config.LoginProvider) map[string]option {
	return map[string]option{"check_tokens": onOff(&login.CheckTokens, "check_tokens [on|off]")}
}

func parseRole(d *caddyfile.Dispenser, app *config.App, at places) error {
	name, words, err := named(d, at, "", "role <name> { … }")
	if err != nil {
		return err
	}
	if d.NextArg() {
		return usage(d, "role <name> { … }")
	}
	role := config.Role{Name: name}
	if err := parseBlock(d, "role", roleOptions(&role, at, words)); err != nil {
		return err
	}
	app.Roles = append(app.Roles, role)
	return nil
}

func roleOptions(role *config.Role, at places, words string) map[string]option {
	return map[string]option{
		"description": oneString(&role.Description, "description <text>"),
		"policy":      files(&role.Policies, "policy <file>"),
		"boundary":    file(&role.Boundary, "boundary <file>"),
		"max_session": oneDuration(&role.MaxSession, "max_session <duration>"),
		"trust": func(d *caddyfile.Dispenser) error {
			const syntax = "trust identity_pool <id> authenticated|guest, or: trust <file>"
			from, args := d.File(), d.RemainingArgs()
			switch {
			case len(args) == 3 && args[0] == "identity_pool":
				at.mark(d, words+": trust identity_pool "+args[1])
				role.Trust = append(role.Trust, config.Trust{IdentityPool: args[1], Kind: args[2]})
			case len(args) == 1:
				path := relativeTo(from, args[0])
				if err := exists(d, path); err != nil {
					return err
				}
				role.Trust = append(role.Trust, config.Trust{File: path})
			default:
				return usage(d, syntax)
			}
			return noBlock(d, syntax)
		},
	}
}

func parseSMTP(d *caddyfile.Dispenser, app *config.App) error {
	const syntax = "smtp <host:port> { … }"
	if app.SMTP != nil {
		return d.Err("smtp is set twice; remove one of them")
	}
	app.SMTP = new(config.SMTP)
	if !d.Args(&app.SMTP.Address) || d.NextArg() {
		return usage(d, syntax)
	}
	return parseBlock(d, "smtp", smtpOptions(app.SMTP))
}

func smtpOptions(smtp *config.SMTP) map[string]option {
	return map[string]option{
		"from":     oneString(&smtp.From, "from <sender>"),
		"username": oneString(&smtp.Username, "username <name>"),
		"password": oneString(&smtp.Password, "password <password>"),
		"tls":      oneString(&smtp.TLS, "tls starttls|implicit|none"),
		"timeout":  oneDuration(&smtp.Timeout, "timeout <duration>"),
	}
}

func parseStore(d *caddyfile.Dispenser, app *config.App) error {
	if app.Store != nil {
		return d.Err("store is set twice; remove one of them")
	}
	app.Store = new(config.Store)
	if !d.Args(&app.Store.URL) || d.NextArg() {
		return usage(d, "store postgres://<user>@<host>/<database>")
	}
	return parseBlock(d, "store", storeOptions(app.Store))
}

func storeOptions(s *config.Store) map[string]option {
	return map[string]option{
		"password_file": oneString(&s.PasswordFile, "password_file <path>"),
		"max_stale":     oneDuration(&s.MaxStale, "max_stale <duration>"),
		"outage":        oneString(&s.Outage, "outage fail_closed|fail_open"),
	}
}
