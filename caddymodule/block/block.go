package block

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/config"
)

// Option parses one option of a block and checks that its line ends. The dispenser is at its name. The error says where it is, and
// what to write.
type Option func(d *caddyfile.Dispenser) error

// Parse parses the options of a block. what is the name of the block in errors.
func Parse(d *caddyfile.Dispenser, what string, options map[string]Option) error {
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		read, ok := options[name]
		if !ok {
			known := slices.Sorted(maps.Keys(options))
			if near := config.Nearest(name, known); near != "" {
				return d.Errf("%s has no option %q; did you mean %s?", what, name, near)
			}
			return d.Errf("%s has no option %q; its options are: %s", what, name, strings.Join(known, ", "))
		}
		if err := read(d); err != nil {
			return err
		}
	}
	return nil
}

// Usage returns the error for an option with wrong arguments. syntax starts with the name of the option.
func Usage(d *caddyfile.Dispenser, syntax string) error {
	name, _, _ := strings.Cut(syntax, " ")
	return d.Errf("wrong arguments for %s; write: %s", name, syntax)
}

// End checks that the line ends and that no block follows, whose options would be read as the parent's.
func End(d *caddyfile.Dispenser, syntax string) error {
	if d.NextArg() {
		return Usage(d, syntax)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		return d.Errf("unexpected block; write: %s", syntax)
	}
	return nil
}

// String parses one argument. The option must not be repeated.
func String(field *string, syntax string) Option {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if *field != "" {
			return d.Errf("%s is set twice; remove one of them", name)
		}
		if !d.NextArg() {
			return Usage(d, syntax)
		}
		if *field = d.Val(); *field == "" {
			return d.Errf("%s is empty; write: %s, or remove the line", name, syntax)
		}
		return End(d, syntax)
	}
}

// Strings parses one or more arguments and appends them.
func Strings(field *[]string, syntax string) Option {
	return func(d *caddyfile.Dispenser) error {
		name, args := d.Val(), d.RemainingArgs()
		if len(args) == 0 {
			return Usage(d, syntax)
		}
		if slices.Contains(args, "") {
			return d.Errf("%s has an empty value; write: %s, or remove it", name, syntax)
		}
		*field = append(*field, args...)
		return End(d, syntax)
	}
}

// Once refuses an option that is set again in the same block. A parser of options that is made anew for each block is needed.
func Once(read Option) Option {
	set := false
	return func(d *caddyfile.Dispenser) error {
		if set {
			return d.Errf("%s is set twice; remove one of them", d.Val())
		}
		set = true
		return read(d)
	}
}

// OnOff parses on or off. Without an argument it means on. The option must not be repeated.
func OnOff(field *bool, syntax string) Option {
	return Once(func(d *caddyfile.Dispenser) error {
		*field = true
		if d.NextArg() {
			switch d.Val() {
			case "on":
			case "off":
				*field = false
			default:
				return Usage(d, syntax)
			}
		}
		return End(d, syntax)
	})
}

// Duration parses a duration such as 90s, 5m or 2d. 0 is refused, because the setting would then have its default. The option must not be
// repeated.
func Duration(field *config.Duration, syntax string) Option {
	read := DurationOrZero(field, syntax)
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if err := read(d); err != nil {
			return err
		}
		if *field == 0 {
			return d.Errf("%s cannot be 0; write a longer time, or remove the line for the default", name)
		}
		return nil
	}
}

// DurationOrZero is Duration for a setting in which 0 means no time.
func DurationOrZero(field *config.Duration, syntax string) Option {
	return Once(func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return Usage(d, syntax)
		}
		span, err := caddy.ParseDuration(d.Val())
		if err != nil {
			return d.Errf("%q is not a duration; write one such as 90s, 5m or 1h", d.Val())
		}
		*field = config.Duration(span)
		if time.Duration(*field) != span {
			return d.Errf("the duration %q is too long", d.Val())
		}
		return End(d, syntax)
	})
}

// Int parses an integer. The option must not be repeated.
func Int(field *int, syntax string) Option {
	return Once(func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return Usage(d, syntax)
		}
		n, err := strconv.Atoi(d.Val())
		if err != nil {
			return d.Errf("%q is not a whole number; write: %s", d.Val(), syntax)
		}
		*field = n
		return End(d, syntax)
	})
}
