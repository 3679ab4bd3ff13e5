package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/config"
)

// parseIdentityProvider parses an identity provider of a user pool. Syntax:
//
//	identity_provider <name> {
//	    type          Google|Facebook|LoginWithAmazon|SignInWithApple|OIDC|SAML # default: the name
//	    client_id     <id>
//	    client_secret <secret>
//	    scopes        <scope>...
//	    issuer        <url>            # of OIDC
//	    metadata      <file>|<url>     # of SAML
//	    detail        <key> <value>    # any other member of ProviderDetails; may be repeated
//	    map           <attribute> <name of the provider> # may be repeated
//	    acr           <value of the pool> <value of the provider> # may be repeated
//	    identifiers   <identifier>...
//	    link_verified_email [on|off]
//	}
func parseIdentityProvider(d *caddyfile.Dispenser, pool *config.UserPool, at places, words string) error {
	name, _, err := named(d, at, words+": ", "identity_provider <name> { … }")
	if err != nil {
		return err
	}
	if d.NextArg() {
		return usage(d, "identity_provider <name> { … }")
	}
	p := config.IdentityProvider{Name: name}
	if err := parseBlock(d, "identity_provider", identityProviderOptions(&p)); err != nil {
		return err
	}
	pool.IdentityProviders = append(pool.IdentityProviders, p)
	return nil
}

func identityProviderOptions(p *config.IdentityProvider) map[string]option {
	return map[string]option{
		"type":                oneString(&p.Type, "type <type>"),
		"client_id":           detail(p, "client_id", "client_id <id>"),
		"client_secret":       detail(p, "client_secret", "client_secret <secret>"),
		"issuer":              detail(p, "oidc_issuer", "issuer <url>"),
		"map":                 twoStrings(&p.Mapping, "map <attribute> <name of the provider>"),
		"acr":                 twoStrings(&p.Acr, "acr <level> <value of the provider>"),
		"detail":              twoStrings(&p.Details, "detail <key> <value>"),
		"identifiers":         manyStrings(&p.Identifiers, "identifiers <identifier>..."),
		"link_verified_email": onOff(&p.LinkVerifiedEmail, "link_verified_email [on|off]"),
		"scopes": func(d *caddyfile.Dispenser) error {
			var scopes []string
			if err := manyStrings(&scopes, "scopes <scope>...")(d); err != nil {
				return err
			}
			return setOnce(d, &p.Details, "authorize_scopes", strings.Join(scopes, " "))
		},
		"metadata": func(d *caddyfile.Dispenser) error {
			from, where := d.File(), ""
			if err := oneString(&where, "metadata <file>|<url>")(d); err != nil {
				return err
			}
			if strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://") {
				return setOnce(d, &p.Details, "MetadataURL", where)
			}
			if p.Metadata != "" {
				return d.Err("metadata is set twice; remove one of them")
			}
			p.Metadata = relativeTo(from, where)
			return exists(d, p.Metadata)
		},
	}
}

// detail reads an option that is a member of ProviderDetails.
func detail(p *config.IdentityProvider, key, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		value := ""
		if err := oneString(&value, syntax)(d); err != nil {
			return err
		}
		return setOnce(d, &p.Details, key, value)
	}
}

// twoStrings reads an option of two arguments, a key and a value.
func twoStrings(into *map[string]string, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		var key, value string
		if !d.Args(&key, &value) || d.NextArg() {
			return usage(d, syntax)
		}
		if err := setOnce(d, into, key, value); err != nil {
			return err
		}
		return noBlock(d, syntax)
	}
}

func setOnce(d *caddyfile.Dispenser, into *map[string]string, key, value string) error {
	if _, ok := (*into)[key]; ok {
		return d.Errf("%s is set twice; remove one of them", key)
	}
	if *into == nil {
		*into = map[string]string{}
	}
	(*into)[key] = value
	return nil
}
