package storeoptions

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/config"
)

// ParseKeyRotation parses key_rotation. Syntax:
//
//	key_rotation {
//	    signing <duration>                 # how long a signing key signs; default 90d
//	    sealing <duration>                 # how long a master key seals; left out: until sluice keys rotate master
//	}
func ParseKeyRotation(d *caddyfile.Dispenser, app *config.App) error {
	if app.KeyRotation != nil {
		return d.Err("key_rotation is set twice; put everything into one block")
	}
	if d.NextArg() {
		return block.Usage(d, "key_rotation { … }")
	}
	app.KeyRotation = new(config.KeyRotation)
	return block.Parse(d, "key_rotation", map[string]block.Option{
		"signing": block.Duration(&app.KeyRotation.Signing, "signing <duration>"),
		"sealing": block.Duration(&app.KeyRotation.Sealing, "sealing <duration>"),
	})
}

// ParseBackup parses backup, which may be repeated. Syntax:
//
//	backup {
//	    to         <folder>|s3://<bucket>/<prefix>
//	    every      <duration>              # between two copies; default 24h. With continuous, between two shipments; default 1s
//	    keep       <number>                # of copies; left out: all
//	    continuous [on|off]                # ships each transaction; then also:
//	    keep       <duration>              # how far back a restore can go; default 72h
//	    exact      <duration>              # how far back it can name any second; default 1h
//	    snapshot   <duration>              # between two complete copies; default 24h
//	}
//
// The path of a folder is relative to the directory of the Caddyfile.
func ParseBackup(d *caddyfile.Dispenser, app *config.App) error {
	from := d.File()
	if d.NextArg() {
		return block.Usage(d, "backup { … }")
	}
	var b config.Backup
	err := block.Parse(d, "backup", map[string]block.Option{
		"to":         block.String(&b.To, "to <folder>|s3://<bucket>/<prefix>"),
		"every":      block.Duration(&b.Every, "every <duration>"),
		"keep":       keep(&b),
		"continuous": block.OnOff(&b.Continuous, "continuous [on|off]"),
		"exact":      block.Duration(&b.Exact, "exact <duration>"),
		"snapshot":   block.Duration(&b.Snapshot, "snapshot <duration>"),
	})
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(filepath.Dir(from))
	if err != nil {
		return d.WrapErr(err)
	}
	b.To = Folder(dir, b.To)
	app.Backups = append(app.Backups, b)
	return nil
}

// keep parses keep, which takes a number of copies or a time.
func keep(b *config.Backup) block.Option {
	return block.Once(func(d *caddyfile.Dispenser) error {
		const syntax = "keep <number>, or with continuous keep <duration>"
		var text string
		if err := block.String(&text, syntax)(d); err != nil {
			return err
		}
		if n, err := strconv.Atoi(text); err == nil && n != 0 {
			b.Keep = n
			return nil
		}
		span, err := caddy.ParseDuration(text)
		if err != nil {
			return d.Errf("%q is neither a number nor a duration; write: %s", text, syntax)
		}
		if b.KeepFor = config.Duration(span); span == 0 {
			return d.Err("keep cannot be 0; write a number of copies, or with continuous a time, or remove the line for the default")
		}
		return nil
	})
}

// Folder makes the path of a folder absolute, which dir is the base of, and says by a slash at its end that it is one. URLs stay, and so does
// what begins with a placeholder, until that has a value.
func Folder(dir, to string) string {
	if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "{") {
		return to
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(dir, to)
	}
	return strings.TrimSuffix(filepath.Clean(to), "/") + "/"
}
