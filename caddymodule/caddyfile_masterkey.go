package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/config"
)

const masterKeySyntax = "master_key file|env|command|kms|vault …"

// parseMasterKey parses master_key. The syntax is in the comment of parseSluice.
func parseMasterKey(d *caddyfile.Dispenser, app *config.App) error {
	var m config.MasterKey
	if !d.Args(&m.Source) {
		return usage(d, masterKeySyntax)
	}
	from, args := d.File(), d.RemainingArgs()
	if err := masterKeyArgs(d, &m, from, args); err != nil {
		return err
	}
	if err := parseBlock(d, "master_key "+m.Source, masterKeyOptions(&m)); err != nil {
		return err
	}
	for _, path := range []*string{&m.TokenFile, &m.CA} {
		if *path != "" {
			*path = relativeTo(from, *path)
		}
	}
	app.MasterKeys = append(app.MasterKeys, m)
	return nil
}

// masterKeyOptions are the options of a source.
func masterKeyOptions(m *config.MasterKey) map[string]option {
	options := map[string]option{"timeout": oneDuration(&m.Timeout, "timeout <duration>")}
	switch m.Source {
	case config.MasterKeyFile, config.MasterKeyEnv:
		return nil
	case config.MasterKeyKMS:
		options["trust"] = manyStrings(&m.Trust, "trust <fingerprint>...")
		options["also"] = manyStrings(&m.Also, "also <key>...")
		options["region"] = oneString(&m.Region, "region <region>")
		options["endpoint"] = oneString(&m.Endpoint, "endpoint <url>")
		options["context"] = encryptionContext(m)
	case config.MasterKeyVault:
		options["trust"] = manyStrings(&m.Trust, "trust <fingerprint>...")
		options["address"] = oneString(&m.Address, "address <url>")
		options["mount"] = oneString(&m.Mount, "mount <path>")
		options["namespace"] = oneString(&m.Namespace, "namespace <name>")
		options["token_file"] = oneString(&m.TokenFile, "token_file <file>")
		options["ca"] = oneString(&m.CA, "ca <file>")
	}
	return options
}

// masterKeyArgs reads what follows the name of the source.
func masterKeyArgs(d *caddyfile.Dispenser, m *config.MasterKey, from string, args []string) error {
	switch {
	case m.Source == config.MasterKeyFile && len(args) <= 1:
		if len(args) == 1 {
			m.File = relativeTo(from, args[0])
		}
	case m.Source == config.MasterKeyEnv && len(args) <= 1:
		if len(args) == 1 {
			m.Variable = args[0]
		}
	case m.Source == config.MasterKeyCommand && len(args) > 0:
		m.Command = args
	case (m.Source == config.MasterKeyKMS || m.Source == config.MasterKeyVault) && len(args) == 1:
		m.Key = args[0]
	default:
		return usage(d, "master_key file [<file>], env [<name>], command <program> [<argument>...], kms <key> { … } or vault <key> { … }")
	}
	return nil
}

// encryptionContext parses context.
func encryptionContext(m *config.MasterKey) option {
	return func(d *caddyfile.Dispenser) error {
		const syntax = "context <name> <value>"
		var name, value string
		if !d.Args(&name, &value) {
			return usage(d, syntax)
		}
		if m.Context == nil {
			m.Context = map[string]string{}
		}
		if _, ok := m.Context[name]; ok {
			return d.Errf("context %s is set twice; remove one of them", name)
		}
		m.Context[name] = value
		return noBlock(d, syntax)
	}
}
