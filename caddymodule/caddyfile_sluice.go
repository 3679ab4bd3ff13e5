package caddymodule

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/caddymodule/storeoptions"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

func init() { httpcaddyfile.RegisterGlobalOption("sluice", parseSluice) }

// parseSluice parses the global option. Syntax:
//
//	sluice {
//	    data_dir   <path>
//	    public_url <url>
//	    domain_suffix <host>
//	    region     <region>... [any]       # the first is the default
//	    account    <twelve digits>
//	    issuer     public|aws
//	    strict_aws [on|off]
//	    audit_log  [on|off] {              # to the logger sluice.audit
//	        chain [on|off]                 # whose records are a chain that sluice audit verify checks
//	    }
//	    decision_log [on|off] {            # to the logger sluice.decisions
//	        allowed all|none|<one of so many>
//	        keys    <condition key>...     # to record in addition
//	    }
//	    allow_declared_users [on|off]      # permits user blocks in user pools
//	    compromised_passwords <file or folder>
//	    outbound_networks <cidr>...        # in addition to public addresses, for identity providers
//	    token_endpoint <provider> <url>    # graph.facebook.com, www.amazon.com or api.twitter.com; may be repeated
//	    login_languages <folder>           # {language}.json: texts of the login pages
//
//	    user_pool <id> {
//	        name     <name>
//	        settings <file>                # a CreateUserPool request
//	        client <id> {
//	            name     <name>
//	            settings <file>            # a CreateUserPoolClient request
//	            secret   <secret>
//	            jwks     <file>            # private_key_jwt with the keys of a file; or:
//	            jwks_uri <url>             # with those of a URL
//	            device_grant [on|off]      # RFC 8628
//	            require_pkce [on|off]
//	            require_par [on|off]       # RFC 9126
//	            token_exchange {           # RFC 8693
//	                subject  <client id>...
//	                audience <uri>...
//	            }
//	        }
//	        group <name> {
//	            description <text>
//	            precedence  <number>
//	            role        <name>|<arn>
//	        }
//	        user <name> {                  # for demos and tests; needs allow_declared_users
//	            password     <password>
//	            groups       <name>...
//	            email        <address>     # verified, like phone_number
//	            phone_number <number>
//	            attribute    <name> <value>  # may be repeated
//	        }
//	        domain <prefix>|<host> {       # one prefix, one host
//	            managed_login 1|2
//	        }
//	        identity_provider <name> {     # see parseIdentityProvider
//	            client_id <id>
//	            …
//	        }
//	        resource_server <identifier> {
//	            name  <name>
//	            scope <name> [<description>] # may be repeated
//	        }
//	    }
//
//	    identity_pool <id> {
//	        name         <name>
//	        user_pool    <id> [<client>...] {
//	            check_tokens [on|off]
//	        }
//	        guests       [on|off]
//	        classic_flow [on|off]
//	        role         authenticated|guest <name>|<arn>
//	        role_mapping token
//	        ambiguous    authenticated|deny
//	    }
//
//	    role <name> {
//	        description <text>
//	        trust       identity_pool <id> authenticated|guest
//	        trust       <file>             # a trust policy document
//	        policy      <file>             # a policy document; may be repeated
//	        boundary    <file>
//	        max_session <duration>
//	    }
//
//	    trigger <arn> {
//	        javascript <file>              # in process; or one of:
//	        command    <program> [<argument>...]
//	        url        <url>
//	        invoke     <url>
//	        timeout    <duration>
//	        handler    <name>
//	        env        <name> <value>      # may be repeated
//	        instances  <number>
//	        memory     <size>
//	        fetch      <host>...
//	        watch      <file>              # may be repeated
//	        header     <name> <value>      # may be repeated
//	    }
//
//	    rate_limit <calls per second> [<calls at once>] | off
//	    upload_space <size>
//
//	    smtp <host:port> {
//	        from     <sender>
//	        username <name>
//	        password <password>
//	        tls      starttls|implicit|none
//	        timeout  <duration>
//	    }
//
//	    sms <url> {
//	        method     POST|PUT|GET
//	        header     <name> <value>      # may be repeated
//	        body       <text>              # JSON, a form or XML with {sms.to}, {sms.text} and {sms.sender}
//	        basic_auth <user> <password>
//	        sigv4      <service> <region> <access key> <secret key>
//	        sender     <name or number>
//	        timeout    <duration>
//	    }
//
//	    kms_key alias/<name>|<arn>         # may be repeated
//
//	    store <postgres URL> {             # left out: SQLite in data_dir
//	        password_file <path>
//	        max_stale     <duration>
//	        outage        fail_closed|fail_open
//	    }
//	    master_key file [<file>]           # may be repeated: the first one's first key seals, all keys open
//	    master_key env  [<variable>]
//	    master_key command <program> [<argument>...] {
//	        timeout <duration>
//	    }
//	    master_key kms <id>|<arn>|<alias> { # AWS KMS
//	        also     <key>...              # that wrapped older master keys
//	        trust    <fingerprint>...      # of master keys in the store
//	        region   <region>
//	        endpoint <url>
//	        context  <name> <value>        # may be repeated
//	        timeout  <duration>
//	    }
//	    master_key vault <key> {           # Vault's transit engine
//	        trust      <fingerprint>...
//	        address    <url>
//	        mount      <path>
//	        namespace  <name>
//	        token_file <file>
//	        ca         <file>
//	        timeout    <duration>
//	    }
//	    key_rotation {                     # see storeoptions.ParseKeyRotation
//	        signing <duration>
//	        sealing <duration>
//	    }
//	    backup {                           # may be repeated; see storeoptions.ParseBackup
//	        to <folder>|s3://<bucket>/<prefix>
//	        …
//	    }
//
//	    redis <host:port>... {             # see storeoptions.ParseRedis
//	        …
//	    }
//	}
//
// Paths of files are relative to the directory of the Caddyfile that names them.
func parseSluice(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next() // the option's name
	if existing != nil {
		return nil, d.Err("sluice appears twice; put everything into one block")
	}
	start := place{d.File(), d.Line()}
	app, at := new(config.App), places{}
	app.Placeholders, d = placeholdersOf(d)
	if d.NextArg() {
		return nil, usage(d, "sluice { … }")
	}
	if err := parseBlock(d, "sluice", sluiceOptions(app, at)); err != nil {
		return nil, err
	}
	var err error
	if app.BaseDir, err = filepath.Abs(filepath.Dir(start.file)); err != nil {
		return nil, d.WrapErr(err)
	}
	if app.DataDir != "" {
		app.DataDir = relativeTo(start.file, app.DataDir)
	}
	if app.CompromisedPasswords != "" {
		app.CompromisedPasswords = relativeTo(start.file, app.CompromisedPasswords)
	}
	if app.Store != nil && app.Store.PasswordFile != "" {
		app.Store.PasswordFile = relativeTo(start.file, app.Store.PasswordFile)
	}
	if app.LoginLanguages != "" {
		app.LoginLanguages = relativeTo(start.file, app.LoginLanguages)
	}
	checked, err := clone(app)
	if err != nil {
		return nil, err
	}
	checked.Defaults(os.Getenv)
	if err := at.locate(checked.Validate(), start); err != nil {
		return nil, err
	}
	// Without the variables of its placeholders a Caddyfile can be adapted; Provision refuses it.
	if filled := (&App{App: *checked}); filled.replace(caddy.NewReplacer()) == nil {
		if err := at.locate(node.Check(&filled.App), start); err != nil {
			return nil, err
		}
	}
	if app.Digests, err = digests(append(app.Files(), languageFiles(app.LoginLanguages)...)); err != nil {
		return nil, err
	}
	stamp(app.Digests, os.Getenv("SLUICE_ROOT_ACCESS_KEY_ID_FILE"), os.Getenv("SLUICE_ROOT_SECRET_ACCESS_KEY_FILE"))
	raw, err := json.Marshal(app)
	return httpcaddyfile.App{Name: appName, Value: raw}, err
}

func clone(app *config.App) (*config.App, error) {
	raw, err := json.Marshal(app)
	if err != nil {
		return nil, err
	}
	copied := new(config.App)
	return copied, json.Unmarshal(raw, copied)
}

func sluiceOptions(app *config.App, at places) map[string]option {
	marked := func(read option) option {
		return func(d *caddyfile.Dispenser) error {
			at.mark(d, d.Val())
			return read(d)
		}
	}
	return map[string]option{
		"data_dir":             marked(oneString(&app.DataDir, "data_dir <path>")),
		"public_url":           marked(oneString(&app.PublicURL, "public_url <url>")),
		"domain_suffix":        marked(oneString(&app.DomainSuffix, "domain_suffix <host>")),
		"region":               marked(regions(&app.Region, &app.OtherRegions)),
		"account":              marked(oneString(&app.Account, "account <twelve digits>")),
		"issuer":               marked(oneString(&app.Issuer, "issuer public|aws")),
		"audit_log":            marked(block.Once(func(d *caddyfile.Dispenser) error { return parseAuditLog(d, app) })),
		"decision_log":         marked(block.Once(func(d *caddyfile.Dispenser) error { return parseDecisionLog(d, app) })),
		"strict_aws":           onOff(&app.StrictAWS, "strict_aws [on|off]"),
		"allow_declared_users": onOff(&app.AllowDeclaredUsers, "allow_declared_users [on|off]"),
		"user_pool":            func(d *caddyfile.Dispenser) error { return parseUserPool(d, app, at) },
		"identity_pool":        func(d *caddyfile.Dispenser) error { return parseIdentityPool(d, app, at) },
		"role":                 func(d *caddyfile.Dispenser) error { return parseRole(d, app, at) },
		"trigger":              func(d *caddyfile.Dispenser) error { return parseTrigger(d, app, at) },
		"log_destination":      func(d *caddyfile.Dispenser) error { return parseLogDestination(d, app, at) },
		"rate_limit":           marked(func(d *caddyfile.Dispenser) error { return parseRateLimit(d, app) }),
		"upload_space":         marked(oneSize(&app.UploadSpace, "upload_space <size>")),
		"smtp":                 marked(func(d *caddyfile.Dispenser) error { return parseSMTP(d, app) }),
		"sms":                  marked(func(d *caddyfile.Dispenser) error { return parseSMS(d, app) }),
		"kms_key":              marked(parseKMSKey(app)),
		"store":                marked(func(d *caddyfile.Dispenser) error { return parseStore(d, app) }),
		"master_key":           marked(func(d *caddyfile.Dispenser) error { return parseMasterKey(d, app) }),
		"key_rotation":         marked(func(d *caddyfile.Dispenser) error { return storeoptions.ParseKeyRotation(d, app) }),
		"backup":               func(d *caddyfile.Dispenser) error { return parseBackup(d, app, at) },
		"redis":                marked(func(d *caddyfile.Dispenser) error { return storeoptions.ParseRedis(d, app) }),

		"outbound_networks":     marked(manyStrings(&app.OutboundNetworks, "outbound_networks <cidr>...")),
		"token_endpoint":        marked(func(d *caddyfile.Dispenser) error { return parseTokenEndpoint(d, app) }),
		"login_languages":       marked(oneString(&app.LoginLanguages, "login_languages <folder>")),
		"compromised_passwords": marked(oneString(&app.CompromisedPasswords, "compromised_passwords <file or folder>")),
	}
}

// parseBackup parses backup.
func parseBackup(d *caddyfile.Dispenser, app *config.App, at places) error {
	start := place{d.File(), d.Line()}
	at.mark(d, "backup")
	err := storeoptions.ParseBackup(d, app)
	if err == nil {
		at["backup to "+app.Backups[len(app.Backups)-1].To] = start
	}
	return err
}

// parseTokenEndpoint parses token_endpoint.
func parseTokenEndpoint(d *caddyfile.Dispenser, app *config.App) error {
	var provider, url string
	if !d.Args(&provider, &url) || d.NextArg() {
		return usage(d, "token_endpoint <provider> <url>")
	}
	if app.TokenEndpoints[provider] != "" {
		return d.Errf("token_endpoint %s is set twice; remove one of them", provider)
	}
	if app.TokenEndpoints == nil {
		app.TokenEndpoints = map[string]string{}
	}
	app.TokenEndpoints[provider] = url
	return noBlock(d, "token_endpoint <provider> <url>")
}

// parseRateLimit parses rate_limit.
func parseRateLimit(d *caddyfile.Dispenser, app *config.App) error {
	const syntax = "rate_limit <calls per second> [<calls at once>], or rate_limit off"
	if app.RateLimit != nil {
		return d.Err("rate_limit is set twice; remove one of them")
	}
	l := new(config.RateLimit)
	app.RateLimit = l
	switch args := d.RemainingArgs(); {
	case len(args) == 1 && args[0] == "off":
		l.Off = true
	case len(args) == 1 || len(args) == 2:
		rate, err := strconv.ParseFloat(args[0], 64)
		if err != nil || !(rate > 0) || math.IsInf(rate, 0) {
			return d.Errf("%q is not a number of calls; write: %s", args[0], syntax)
		}
		l.PerSecond = rate
		if len(args) == 2 {
			if l.Burst, err = strconv.Atoi(args[1]); err != nil || l.Burst < 1 {
				return d.Errf("%q is not a number of calls; write: %s", args[1], syntax)
			}
		}
	default:
		return usage(d, syntax)
	}
	return noBlock(d, syntax)
}
