package caddymodule

import (
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/config"
)

// parseAuditLog parses audit_log. Syntax:
//
//	audit_log [on|off]
//	audit_log [on] {
//	    chain [on|off]
//	}
func parseAuditLog(d *caddyfile.Dispenser, app *config.App) error {
	const syntax = "audit_log [on|off], or: audit_log [on] { chain [on|off] }"
	app.AuditLog = true
	if d.NextArg() {
		switch d.Val() {
		case "on":
		case "off":
			app.AuditLog = false
			return noBlock(d, syntax)
		default:
			return usage(d, syntax)
		}
	}
	if d.NextArg() {
		return usage(d, syntax)
	}
	return parseBlock(d, "audit_log", map[string]option{"chain": onOff(&app.AuditChain, "chain [on|off]")})
}

// parseDecisionLog parses decision_log. Syntax:
//
//	decision_log [on|off]
//	decision_log [on] {
//	    allowed all|none|<one of so many>
//	    keys    <condition key>...
//	}
func parseDecisionLog(d *caddyfile.Dispenser, app *config.App) error {
	const syntax = "decision_log [on|off], or: decision_log [on] { … }"
	if app.DecisionLog != nil {
		return d.Err("decision_log is set twice; remove one of them")
	}
	if d.NextArg() && d.Val() != "on" {
		if d.Val() != "off" {
			return usage(d, syntax)
		}
		return noBlock(d, syntax)
	}
	if d.NextArg() {
		return usage(d, syntax)
	}
	log := &config.DecisionLog{Allowed: 1}
	app.DecisionLog = log
	return parseBlock(d, "decision_log", map[string]option{
		"keys": manyStrings(&log.Keys, "keys <condition key>..."),
		"allowed": block.Once(func(d *caddyfile.Dispenser) error {
			const syntax = "allowed all|none|<one of so many>"
			if !d.NextArg() {
				return usage(d, syntax)
			}
			switch d.Val() {
			case "all":
				log.Allowed = 1
			case "none":
				log.Allowed = 0
			default:
				n, err := strconv.ParseUint(d.Val(), 10, 31)
				if err != nil || n == 0 {
					return usage(d, syntax)
				}
				log.Allowed = uint32(n)
			}
			return noBlock(d, syntax)
		}),
	})
}

// parseLogDestination parses log_destination. Syntax:
//
//	log_destination <arn> file <name in the data directory>
//	log_destination <arn> http <url> [insecure]
func parseLogDestination(d *caddyfile.Dispenser, app *config.App, at places) error {
	const syntax = "log_destination <arn> file <name>, or: log_destination <arn> http <url> [insecure]"
	var to config.LogDestination
	var kind, where string
	if !d.Args(&to.ARN, &kind, &where) {
		return usage(d, syntax)
	}
	if d.NextArg() {
		if to.Insecure = kind == "http" && d.Val() == "insecure"; !to.Insecure || d.NextArg() {
			return usage(d, syntax)
		}
	}
	at.mark(d, "log_destination "+to.ARN)
	switch kind {
	case "file":
		to.File = where
	case "http":
		to.URL = where
	default:
		return usage(d, syntax)
	}
	app.LogDestinations = append(app.LogDestinations, to)
	return noBlock(d, syntax)
}
