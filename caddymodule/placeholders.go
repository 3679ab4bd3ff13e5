package caddymodule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/sluicegate/sluice/caddymodule/storeoptions"
	"github.com/sluicegate/sluice/config"
)

// replace fills in placeholders such as {env.SMTP_PASSWORD}. An unknown, unset or empty placeholder is an error, because it
// would silently change the setting's meaning, for example from a confidential app client to a public one.
func (a *App) replace(repl *caddy.Replacer) error {
	r := replacement{repl: repl, lines: a.Placeholders}
	r.fill("data_dir", &a.DataDir)
	r.fill("public_url", &a.PublicURL)
	r.fill("region", &a.Region)
	for i := range a.OtherRegions {
		r.fill("region", &a.OtherRegions[i])
	}
	r.fill("account", &a.Account)
	r.fill("login_languages", &a.LoginLanguages)
	for i := range a.UserPools {
		pool := &a.UserPools[i]
		r.fill("user_pool "+pool.ID+": settings", &pool.Settings)
		for j := range pool.IdentityProviders {
			p := &pool.IdentityProviders[j]
			at := "user_pool " + pool.ID + ": identity_provider " + p.Name
			r.fill(at+": metadata", &p.Metadata)
			r.fillAll(at, p.Details)
		}
		for j := range pool.Clients {
			at := "user_pool " + pool.ID + ": client " + pool.Clients[j].ID
			r.fill(at+": settings", &pool.Clients[j].Settings)
			r.fill(at+": secret", &pool.Clients[j].Secret)
			r.fill(at+": jwks", &pool.Clients[j].JWKS)
			r.fill(at+": jwks_uri", &pool.Clients[j].JWKSURI)
			r.looks(at, &pool.Clients[j])
		}
		r.users(pool)
	}
	for i := range a.LogDestinations {
		r.fill("log_destination "+a.LogDestinations[i].ARN, &a.LogDestinations[i].URL)
		r.fill("log_destination "+a.LogDestinations[i].ARN, &a.LogDestinations[i].File)
	}
	for i := range a.Roles {
		r.role(&a.Roles[i])
	}
	for i := range a.Triggers {
		r.trigger(&a.Triggers[i])
	}
	for i := range a.MasterKeys {
		r.masterKey(&a.MasterKeys[i])
	}
	if s := a.SMTP; s != nil {
		r.fill("smtp", &s.Address)
		r.fill("smtp: from", &s.From)
		r.fill("smtp: username", &s.Username)
		r.fill("smtp: password", &s.Password)
	}
	if s := a.SMS; s != nil {
		r.sms(s)
	}
	r.store(a.Store)
	for i := range a.Backups {
		r.fill("backup", &a.Backups[i].To)
		a.Backups[i].To = storeoptions.Folder(a.BaseDir, a.Backups[i].To)
	}
	r.redis(a.Redis)
	r.rest(&a.App)
	return errors.Join(r.problems...)
}

// rest fills in {env.…} and {file.…} in all other settings, unless replace has reported a problem already.
func (r *replacement) rest(a *config.App) {
	if len(r.problems) > 0 {
		return
	}
	placeholders := a.Placeholders
	a.Placeholders = nil
	a.EachText(r.fillEarly)
	a.Placeholders = placeholders
}

// redis fills in where the other processes are heard of.
func (r *replacement) redis(s *config.Redis) {
	if s == nil {
		return
	}
	for i := range s.Addresses {
		r.fill("redis", &s.Addresses[i])
	}
	r.fill("redis: username", &s.Username)
	r.fill("redis: password", &s.Password)
	r.fill("redis: sentinel_username", &s.SentinelUsername)
	r.fill("redis: sentinel_password", &s.SentinelPassword)
}

// store fills in where the records are.
func (r *replacement) store(s *config.Store) {
	if s != nil {
		r.fill("store", &s.URL)
		r.fill("store: password_file", &s.PasswordFile)
	}
}

// fillAll replaces the placeholders in the values of a map, whose keys name them.
func (r *replacement) fillAll(at string, values map[string]string) {
	for key, value := range values {
		r.fill(at+": "+key, &value)
		values[key] = value
	}
}

// users fills in the declared users of a pool.
func (r *replacement) users(pool *config.UserPool) {
	for i := range pool.Users {
		at := "user_pool " + pool.ID + ": user " + pool.Users[i].Name
		r.fill(at+": password", &pool.Users[i].Password)
		r.fillAll(at, pool.Users[i].Attributes)
	}
}

// looks fills in what a client's login pages show.
func (r *replacement) looks(at string, client *config.Client) {
	if b := client.Branding; b != nil {
		r.fill(at+": branding", &b.Settings)
		for i := range b.Images {
			r.fill(at+": branding: image", &b.Images[i].File)
		}
	}
	for i := range client.Terms {
		r.fill(at+": terms", &client.Terms[i].URL)
	}
}

// replacement collects the placeholders that have no value.
type replacement struct {
	repl     *caddy.Replacer
	lines    map[string][]string // where the Caddyfile has them; empty for a configuration in JSON
	problems []error
}

// fill replaces the placeholders in a setting; at names it.
func (r *replacement) fill(at string, text *string) {
	full, err := r.repl.ReplaceOrErr(*text, true, true)
	if err != nil {
		r.unset(at, *text)
		return
	}
	*text = full
}

// unset adds the problem of a placeholder without a value. at names the option, and text is its value.
func (r *replacement) unset(at, text string) {
	where := ""
	for _, found := range early.FindAllString(text, -1) {
		if value, _ := r.repl.GetString(strings.Trim(found, "{}")); value == "" && len(r.lines[found]) > 0 {
			where = ", at " + strings.Join(r.lines[found], " and ")
			break
		}
	}
	r.problems = append(r.problems, fmt.Errorf("%s: %s is not set, or empty; set it, or remove the option%s", at, text, where))
}

// placeholdersOf returns where the next option of the Caddyfile, and its block, have placeholders. It reads them all, and a
// dispenser that starts with the option.
func placeholdersOf(d *caddyfile.Dispenser) (map[string][]string, *caddyfile.Dispenser) {
	lines := map[string][]string{}
	tokens := d.NextSegment()
	for _, token := range tokens {
		for _, found := range early.FindAllString(token.Text, -1) {
			if at := token.File + ":" + strconv.Itoa(token.Line); !slices.Contains(lines[found], at) {
				lines[found] = append(lines[found], at)
			}
		}
	}
	fresh := caddyfile.NewDispenser(tokens)
	fresh.Next()
	return lines, fresh
}

// sms fills in the placeholders of the sms block that do not depend on a message.
func (r *replacement) sms(s *config.SMS) {
	r.fillEarly("sms", &s.URL)
	r.fillEarly("sms: body", &s.Body)
	for i := range s.Headers {
		r.fillEarly("sms: header "+s.Headers[i].Name, &s.Headers[i].Value)
	}
	r.fill("sms: basic_auth", &s.Username)
	r.fill("sms: basic_auth", &s.Password)
	r.fill("sms: sender", &s.Sender)
	if sign := s.SigV4; sign != nil {
		for _, field := range []*string{&sign.Service, &sign.Region, &sign.AccessKey, &sign.SecretKey} {
			r.fill("sms: sigv4", field)
		}
	}
}

// fillEarly replaces {env.…} and {file.…}, and leaves other braces as they are.
func (r *replacement) fillEarly(at string, text *string) {
	*text = early.ReplaceAllStringFunc(*text, func(found string) string {
		value := r.repl.ReplaceAll(found, "")
		if value == "" {
			r.unset(at, found)
		}
		return value
	})
}

func (r *replacement) role(role *config.Role) {
	for i := range role.Trust {
		r.fill("role "+role.Name+": trust", &role.Trust[i].File)
	}
	for i := range role.Policies {
		r.fill("role "+role.Name+": policy", &role.Policies[i])
	}
	r.fill("role "+role.Name+": boundary", &role.Boundary)
}

func (r *replacement) trigger(t *config.Trigger) {
	at := "trigger " + t.ARN
	r.fill(at+": javascript", &t.JavaScript)
	r.fill(at+": url", &t.URL)
	r.fill(at+": invoke", &t.Invoke)
	for i := range t.Command {
		r.fill(at+": command", &t.Command[i])
	}
	for i := range t.Fetch {
		r.fill(at+": fetch", &t.Fetch[i])
	}
	for i := range t.Watch {
		r.fill(at+": watch", &t.Watch[i])
	}
	for name, value := range t.Env {
		r.fill(at+": env "+name, &value)
		t.Env[name] = value
	}
	for i := range t.Headers {
		r.fill(at+": header "+t.Headers[i].Name, &t.Headers[i].Value)
	}
}

// early matches the placeholders that have a value when a configuration loads. The others depend on a request.
var early = regexp.MustCompile(`\{(?:env|file)\.[^{}]*\}`)

// headers checks header values, whose placeholders are filled in for each request.
func (r *replacement) headers(headers []config.Header) {
	for _, h := range headers {
		for _, found := range early.FindAllString(h.Value, -1) {
			if r.repl.ReplaceAll(found, "") == "" {
				r.unset("header "+h.Name, found)
			}
		}
	}
}

func (r *replacement) masterKey(m *config.MasterKey) {
	at := "master_key " + m.Source
	for _, field := range []*string{&m.File, &m.Key, &m.Region, &m.Endpoint, &m.Address, &m.Mount, &m.Namespace, &m.TokenFile, &m.CA} {
		r.fill(at, field)
	}
	for _, list := range [][]string{m.Command, m.Also} {
		for i := range list {
			r.fill(at, &list[i])
		}
	}
}
