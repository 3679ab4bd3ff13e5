package caddymodule

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/config"
)

// replace fills in placeholders such as {env.SMTP_PASSWORD}. An unknown, unset or empty placeholder is an error, because it
// would silently change the setting's meaning, for example from a confidential app client to a public one.
func (a *App) replace(repl *caddy.Replacer) error {
	r := replacement{repl: repl}
	r.fill("data_dir", &a.DataDir)
	r.fill("public_url", &a.PublicURL)
	r.fill("region", &a.Region)
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
	}
	for i := range a.Roles {
		r.role(&a.Roles[i])
	}
	for i := range a.Triggers {
		r.trigger(&a.Triggers[i])
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
	if s := a.Redis; s != nil {
		for i := range s.Addresses {
			r.fill("redis", &s.Addresses[i])
		}
		r.fill("redis: username", &s.Username)
		r.fill("redis: password", &s.Password)
	}
	return errors.Join(r.problems...)
}

// fillAll replaces the placeholders in the values of a map, whose keys name them.
func (r *replacement) fillAll(at string, values map[string]string) {
	for key, value := range values {
		r.fill(at+": "+key, &value)
		values[key] = value
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
	problems []error
}

// fill replaces the placeholders in a setting; at names it.
func (r *replacement) fill(at string, text *string) {
	full, err := r.repl.ReplaceOrErr(*text, true, true)
	if err != nil {
		r.problems = append(r.problems, unset(at, *text))
		return
	}
	*text = full
}

func unset(at, text string) error {
	return fmt.Errorf("%s: %s is not set, or empty; set it, or remove the option", at, text)
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
			r.problems = append(r.problems, unset(at, found))
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
				r.problems = append(r.problems, unset("header "+h.Name, found))
			}
		}
	}
}
