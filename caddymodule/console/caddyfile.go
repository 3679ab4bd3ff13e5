package console

import (
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("sluice_console", parse)
	httpcaddyfile.RegisterDirectiveOrder("sluice_console", httpcaddyfile.Before, "basic_auth")
}

// parse parses the directive. Syntax:
//
//	sluice_console [<matcher>] {
//	    path       <path>                 # as browsers see it; default /console
//	    access_key [on|off]               # the administrator's access key signs in
//	    user_pool  <id> <client id>       # members of these groups of the pool sign in, with these roles:
//	    group      <name> <role>          # may be repeated; the first that a user is in counts
//	    write      [on|off]               # allows changes
//	    session    <duration>             # default 1h
//	}
func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	c := new(Console)
	return c, c.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile parses the directive.
func (c *Console) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive
	if d.NextArg() {
		return d.Errf("sluice_console takes no arguments besides a matcher; write: sluice_console { path %s … }", d.Val())
	}
	set := map[string]bool{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		if set[name] && name != "group" {
			return d.Errf("%s is set twice; remove one of them", name)
		}
		set[name] = true
		if err := c.option(d, name); err != nil {
			return err
		}
		for inner := d.Nesting(); d.NextBlock(inner); {
			return d.Errf("%s of sluice_console takes no block", name)
		}
	}
	return nil
}

// names are the options.
var names = []string{"path", "access_key", "user_pool", "group", "write", "session"}

func (c *Console) option(d *caddyfile.Dispenser, name string) error {
	args := d.RemainingArgs()
	wrong := func(syntax string) error { return d.Errf("wrong arguments for %s; write: %s", name, syntax) }
	switch name {
	case "path":
		if len(args) != 1 {
			return wrong("path <path>")
		}
		c.Path = args[0]
	case "access_key":
		return onOff(&c.AccessKey, args, wrong("access_key [on|off]"))
	case "write":
		return onOff(&c.Write, args, wrong("write [on|off]"))
	case "user_pool":
		if len(args) != 2 {
			return wrong("user_pool <id> <client id>")
		}
		c.UserPool, c.Client = args[0], args[1]
	case "group":
		if len(args) != 2 {
			return wrong("group <name> <role>")
		}
		c.Groups = append(c.Groups, config.ConsoleGroup{Name: args[0], Role: args[1]})
	case "session":
		if len(args) != 1 {
			return wrong("session <duration>")
		}
		span, err := caddy.ParseDuration(args[0])
		if err != nil {
			return d.Errf("%q is not a duration; write one such as 90s, 5m or 1h", args[0])
		}
		if c.Session = config.Duration(span); time.Duration(c.Session) != span {
			return d.Errf("the duration %q is too long", args[0])
		}
		if c.Session == 0 {
			return d.Err("session cannot be 0; write 1m to 12h, or remove the line for the default")
		}
	default:
		if near := config.Nearest(name, names); near != "" {
			return d.Errf("sluice_console has no option %q; did you mean %s?", name, near)
		}
		return d.Errf("sluice_console has no option %q; its options are: path, access_key, user_pool, group, write, session", name)
	}
	return nil
}

func onOff(field *bool, args []string, wrong error) error {
	switch {
	case len(args) == 0, len(args) == 1 && args[0] == "on":
		*field = true
	case len(args) == 1 && args[0] == "off":
		*field = false
	default:
		return wrong
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*Console)(nil)
