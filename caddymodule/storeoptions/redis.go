package storeoptions

import (
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/caddymodule/block"
	"github.com/sluicegate/sluice/config"
)

// ParseRedis parses redis. Syntax:
//
//	redis <host:port>... {
//	    master            <name>
//	    username          <name>
//	    password          <password>
//	    sentinel_username <name>
//	    sentinel_password <password>
//	    tls               [on|off]         # or:
//	    tls {
//	        ca          <file>
//	        cert        <file>
//	        key         <file>
//	        server_name <name>
//	    }
//	    database          <number>
//	    max_stale         <duration>
//	    outage            fail_closed|fail_open
//	    sign_ins          fail_closed|fail_open
//	    rates             fail_closed|fail_open
//	    hourly_limits     fail_closed|fail_open
//	}
//
// The paths of files are relative to the directory of the Caddyfile.
func ParseRedis(d *caddyfile.Dispenser, app *config.App) error {
	if app.Redis != nil {
		return d.Err("redis is set twice; remove one of them")
	}
	dir, err := filepath.Abs(filepath.Dir(d.File()))
	if err != nil {
		return d.WrapErr(err)
	}
	app.Redis = &config.Redis{Addresses: d.RemainingArgs()}
	return block.Parse(d, "redis", RedisOptions(dir, app.Redis))
}

// RedisOptions returns the parsers of the options of redis. dir is the directory that paths are relative to.
func RedisOptions(dir string, redis *config.Redis) map[string]block.Option {
	return map[string]block.Option{
		"master":            block.String(&redis.Master, "master <name>"),
		"username":          block.String(&redis.Username, "username <name>"),
		"password":          block.String(&redis.Password, "password <password>"),
		"sentinel_username": block.String(&redis.SentinelUsername, "sentinel_username <name>"),
		"sentinel_password": block.String(&redis.SentinelPassword, "sentinel_password <password>"),
		"tls":               redisTLS(dir, redis),
		"database":          block.Int(&redis.Database, "database <number>"),
		"max_stale":         block.Duration(&redis.MaxStale, "max_stale <duration>"),
		"outage":            block.String(&redis.Outage, "outage fail_closed|fail_open"),
		"sign_ins":          block.String(&redis.SignIns, "sign_ins fail_closed|fail_open"),
		"rates":             block.String(&redis.Rates, "rates fail_closed|fail_open"),
		"hourly_limits":     block.String(&redis.HourlyLimits, "hourly_limits fail_closed|fail_open"),
	}
}

// redisTLS parses tls, which switches TLS on or off, or has a block of options.
func redisTLS(dir string, redis *config.Redis) block.Option {
	return block.Once(func(d *caddyfile.Dispenser) error {
		const syntax = "tls [on|off], or: tls { … }"
		if d.CountRemainingArgs() > 0 {
			return block.OnOff(&redis.TLS, syntax)(d)
		}
		var o config.RedisTLS
		redis.TLS = true
		if err := block.Parse(d, "redis: tls", RedisTLSOptions(&o)); err != nil {
			return err
		}
		for _, path := range []*string{&o.CA, &o.Certificate, &o.Key} {
			if *path != "" && !filepath.IsAbs(*path) && !strings.HasPrefix(*path, "{") {
				*path = filepath.Join(dir, *path)
			}
		}
		if o != (config.RedisTLS{}) {
			redis.TLSOptions = &o
		}
		return nil
	})
}

// RedisTLSOptions returns the parsers of the options in the block of tls.
func RedisTLSOptions(o *config.RedisTLS) map[string]block.Option {
	return map[string]block.Option{
		"ca":          block.String(&o.CA, "ca <file>"),
		"cert":        block.String(&o.Certificate, "cert <file>"),
		"key":         block.String(&o.Key, "key <file>"),
		"server_name": block.String(&o.ServerName, "server_name <name>"),
	}
}
