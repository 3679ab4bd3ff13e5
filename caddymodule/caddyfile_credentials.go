package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("sluice_credentials", parseCredentials)
	httpcaddyfile.RegisterDirectiveOrder("sluice_credentials", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("sluice_pools", parsePools)
	httpcaddyfile.RegisterDirectiveOrder("sluice_pools", httpcaddyfile.Before, "reverse_proxy")
}

// parseCredentials parses the directive. Syntax:
//
//	sluice_credentials [<matcher>] {
//	    sigv4 <service> {            # sign the request again for the store behind
//	        access_key <key id>
//	        secret_key <secret>
//	        region     <region>
//	        host       <host>
//	    }
//	    header <name> <value>
//	}
func parseCredentials(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next() // the directive's name
	start := place{h.File(), h.Line()}
	credentials, at := new(Credentials), places{}
	credentials.Placeholders, h.Dispenser = placeholdersOf(h.Dispenser)
	if h.NextArg() {
		return nil, usage(h.Dispenser, "sluice_credentials [<matcher>] { … }")
	}
	if err := parseBlock(h.Dispenser, "sluice_credentials", credentialsOptions(&credentials.Credentials, at)); err != nil {
		return nil, err
	}
	return credentials, at.locate(credentials.Validate(), start)
}

func credentialsOptions(c *config.Credentials, at places) map[string]option {
	return map[string]option{
		"sigv4": func(d *caddyfile.Dispenser) error {
			if c.SigV4 != nil {
				return d.Err("sigv4 is set twice; remove one of them")
			}
			service, _, err := named(d, at, "", "sigv4 <service> { … }")
			if err != nil {
				return err
			}
			c.SigV4 = &config.Resign{Service: service}
			return parseBlock(d, "sigv4", resignOptions(c.SigV4))
		},
		"header": header(&c.Headers),
	}
}

func resignOptions(r *config.Resign) map[string]option {
	return map[string]option{
		"access_key": oneString(&r.AccessKey, "access_key <key id>"),
		"secret_key": oneString(&r.SecretKey, "secret_key <secret>"),
		"region":     oneString(&r.Region, "region <region>"),
		"host":       oneString(&r.Host, "host <host>"),
	}
}

// parsePools parses the directive. Syntax:
//
//	sluice_pools [<matcher>]
//
// It serves the APIs of user pools, identity pools, STS and IAM, discovery documents and key sets, /healthz and /readyz.
// It does not call the next handler: unknown paths get 404.
func parsePools(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next() // the directive's name
	if err := noBlock(h.Dispenser, "sluice_pools [<matcher>]"); err != nil {
		return nil, err
	}
	return new(Pools), nil
}
