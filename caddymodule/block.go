package caddymodule

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/config"
)

// option parses one option of a block. The dispenser is at its name.
type option func(d *caddyfile.Dispenser) error

// parseBlock parses the options of a block. what is the name of the block in errors.
func parseBlock(d *caddyfile.Dispenser, what string, options map[string]option) error {
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

// usage returns the error for an option with wrong arguments. syntax starts with the name of the option.
func usage(d *caddyfile.Dispenser, syntax string) error {
	name, _, _ := strings.Cut(syntax, " ")
	return d.Errf("wrong arguments for %s; write: %s", name, syntax)
}

// noBlock checks that the line ends and that no block follows, whose options would be read as the parent's.
func noBlock(d *caddyfile.Dispenser, syntax string) error {
	if d.NextArg() {
		return usage(d, syntax)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		return d.Errf("unexpected block; write: %s", syntax)
	}
	return nil
}

// oneString parses one argument. The option must not be repeated.
func oneString(field *string, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if *field != "" {
			return d.Errf("%s is set twice; remove one of them", name)
		}
		if !d.NextArg() {
			return usage(d, syntax)
		}
		if *field = d.Val(); *field == "" {
			return d.Errf("%s is empty; write: %s, or remove the line", name, syntax)
		}
		return noBlock(d, syntax)
	}
}

// manyStrings parses one or more arguments and appends them.
func manyStrings(field *[]string, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		args := d.RemainingArgs()
		if len(args) == 0 {
			return usage(d, syntax)
		}
		*field = append(*field, args...)
		return noBlock(d, syntax)
	}
}

// onOff parses on or off. Without an argument it means on.
func onOff(field *bool, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		*field = true
		if d.NextArg() {
			switch d.Val() {
			case "on":
			case "off":
				*field = false
			default:
				return usage(d, syntax)
			}
		}
		return noBlock(d, syntax)
	}
}

// oneDuration parses a duration such as 90s, 5m or 2d.
func oneDuration(field *config.Duration, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return usage(d, syntax)
		}
		span, err := caddy.ParseDuration(d.Val())
		if err != nil {
			return d.Errf("%q is not a duration; write one such as 90s, 5m or 1h", d.Val())
		}
		*field = config.Duration(span)
		if time.Duration(*field) != span {
			return d.Errf("the duration %q is too long", d.Val())
		}
		return noBlock(d, syntax)
	}
}

// oneInt parses an integer.
func oneInt(field *int, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return usage(d, syntax)
		}
		n, err := strconv.Atoi(d.Val())
		if err != nil {
			return d.Errf("%q is not a whole number; write: %s", d.Val(), syntax)
		}
		*field = n
		return noBlock(d, syntax)
	}
}

// header parses "header <name> <value>".
func header(field *[]config.Header) option {
	return func(d *caddyfile.Dispenser) error {
		const syntax = "header <name> <value>"
		var h config.Header
		if !d.Args(&h.Name, &h.Value) {
			return usage(d, syntax)
		}
		*field = append(*field, h)
		return noBlock(d, syntax)
	}
}

// places are positions in the Caddyfile by the words that config.Problem uses.
type places map[string]place

type place struct {
	file string
	line int
}

// mark records the position of the current token.
func (p places) mark(d *caddyfile.Dispenser, at string) {
	if _, ok := p[at]; !ok {
		p[at] = place{d.File(), d.Line()}
	}
}

// locate puts file and line before each problem. A problem without a recorded position gets the fallback.
func (p places) locate(err error, fallback place) error {
	if err == nil {
		return nil
	}
	var all []error
	for _, e := range flatten(err) {
		at := fallback
		var problem *config.Problem
		if errors.As(e, &problem) {
			for words := problem.At; words != ""; words = parent(words) {
				if marked, ok := p[words]; ok {
					at = marked
					break
				}
			}
		}
		all = append(all, errors.New(at.file+":"+strconv.Itoa(at.line)+": "+e.Error()))
	}
	return errors.Join(all...)
}

// parent cuts off the last ": part", so that a problem with an option is reported at its block if the option has no
// position.
func parent(words string) string {
	if i := strings.LastIndex(words, ": "); i >= 0 {
		return words[:i]
	}
	return ""
}

func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
