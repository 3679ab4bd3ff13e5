package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"

	"github.com/sluicegate/sluice/config"
)

// parseTrigger parses a trigger.
func parseTrigger(d *caddyfile.Dispenser, app *config.App, at places) error {
	const syntax = "trigger <arn> { … }"
	arn, words, err := named(d, at, "", syntax)
	if err != nil {
		return err
	}
	if d.NextArg() {
		return usage(d, syntax)
	}
	t := config.Trigger{ARN: arn}
	options := triggerOptions(&t)
	for name, read := range options {
		options[name] = func(d *caddyfile.Dispenser) error {
			at.mark(d, words+": "+name)
			return read(d)
		}
	}
	if err := parseBlock(d, "trigger", options); err != nil {
		return err
	}
	app.Triggers = append(app.Triggers, t)
	return nil
}

func triggerOptions(t *config.Trigger) map[string]option {
	return map[string]option{
		"javascript": file(&t.JavaScript, "javascript <file>"),
		"command":    command(&t.Command),
		"url":        oneString(&t.URL, "url <url>"),
		"invoke":     oneString(&t.Invoke, "invoke <url>"),
		"timeout":    notZero(&t.Timeout, oneDuration(&t.Timeout, "timeout <duration>")),
		"handler":    oneString(&t.Handler, "handler <name>"),
		"env":        variable(&t.Env),
		"instances":  notZero(&t.Instances, oneInt(&t.Instances, "instances <number>")),
		"memory":     oneSize(&t.Memory, "memory <size>"),
		"fetch":      manyStrings(&t.Fetch, "fetch <host>..."),
		"watch":      files(&t.Watch, "watch <file>"),
		"header":     header(&t.Headers),
	}
}

// notZero refuses 0, which would represent the default.
func notZero[T comparable](field *T, read option) option {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if err := read(d); err != nil {
			return err
		}
		if *field == *new(T) {
			return d.Errf("%s must be more than 0; leave the option out for the default", name)
		}
		return nil
	}
}

// command parses a program and its arguments.
func command(field *[]string) option {
	read := manyStrings(field, "command <program> [<argument>...]")
	return func(d *caddyfile.Dispenser) error {
		if len(*field) > 0 {
			return d.Err("command is set twice; remove one of them")
		}
		return read(d)
	}
}

// variable parses "env <name> <value>".
func variable(field *map[string]string) option {
	return func(d *caddyfile.Dispenser) error {
		const syntax = "env <name> <value>"
		var name, value string
		if !d.Args(&name, &value) {
			return usage(d, syntax)
		}
		if _, ok := (*field)[name]; ok {
			return d.Errf("env %s is set twice; remove one of them", name)
		}
		if *field == nil {
			*field = map[string]string{}
		}
		(*field)[name] = value
		return noBlock(d, syntax)
	}
}

// oneSize parses a number of bytes such as 64MiB.
func oneSize(field *int64, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return usage(d, syntax)
		}
		size, err := humanize.ParseBytes(d.Val())
		if err != nil || size == 0 || size > 1<<40 {
			return d.Errf("%q is not a size; write one such as 64MiB", d.Val())
		}
		*field = int64(size)
		return noBlock(d, syntax)
	}
}
