package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/config"
)

func parseSMS(d *caddyfile.Dispenser, app *config.App) error {
	const syntax = "sms <url> { … }"
	if app.SMS != nil {
		return d.Err("sms is set twice; remove one of them")
	}
	app.SMS = new(config.SMS)
	if !d.Args(&app.SMS.URL) || d.NextArg() {
		return usage(d, syntax)
	}
	return parseBlock(d, "sms", smsOptions(app.SMS))
}

// parseKMSKey parses kms_key.
func parseKMSKey(app *config.App) option {
	return func(d *caddyfile.Dispenser) error {
		var key string
		if err := oneString(&key, "kms_key alias/<name>|<arn>")(d); err != nil {
			return err
		}
		app.KMSKeys = append(app.KMSKeys, key)
		return nil
	}
}

func smsOptions(sms *config.SMS) map[string]option {
	return map[string]option{
		"method":  oneString(&sms.Method, "method POST|PUT|GET"),
		"header":  header(&sms.Headers),
		"body":    oneString(&sms.Body, "body <text>"),
		"sender":  oneString(&sms.Sender, "sender <name or number>"),
		"timeout": oneDuration(&sms.Timeout, "timeout <duration>"),
		"basic_auth": func(d *caddyfile.Dispenser) error {
			const syntax = "basic_auth <user> <password>"
			if !d.Args(&sms.Username, &sms.Password) {
				return usage(d, syntax)
			}
			return noBlock(d, syntax)
		},
		"sigv4": func(d *caddyfile.Dispenser) error {
			const syntax = "sigv4 <service> <region> <access key> <secret key>"
			s := new(config.SMSSignature)
			if !d.Args(&s.Service, &s.Region, &s.AccessKey, &s.SecretKey) {
				return usage(d, syntax)
			}
			sms.SigV4 = s
			return noBlock(d, syntax)
		},
	}
}
