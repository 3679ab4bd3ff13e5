package caddymodule

import (
	"errors"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/config"
)

// option parses one option of a block.
type option = block.Option

// The parsers of package block, by the names that they have here.
var (
	parseBlock  = block.Parse
	usage       = block.Usage
	noBlock     = block.End
	oneString   = block.String
	manyStrings = block.Strings
	onOff       = block.OnOff
	oneDuration = block.Duration
	oneInt      = block.Int
)

// regions parses the regions of a process or of a route. The option must not be repeated.
func regions(first *string, others *[]string) option {
	return func(d *caddyfile.Dispenser) error {
		const syntax = "region <region>... [any]"
		if *first != "" {
			return d.Err("region is set twice; remove one of them")
		}
		args := d.RemainingArgs()
		if len(args) == 0 {
			return usage(d, syntax)
		}
		if *first, *others = args[0], args[1:]; *first == "" {
			return d.Errf("region is empty; write: %s, or remove the line", syntax)
		}
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
