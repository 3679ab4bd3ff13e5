package config

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/poolid"
)

// Login signs browsers in at a route, with a user pool or an issuer of the route.
type Login struct {
	// ClientID is an app client of the user pool, or the id of the client at the issuer.
	ClientID string `json:"client_id"`
	// Secret is the secret of the client at the issuer. A client of a user pool here needs none.
	Secret string `json:"secret,omitempty"`
	// With is the id of the user pool or the URL of the issuer. Default: the only one of the route.
	With string `json:"with,omitempty"`
	// Scopes are the scopes to ask for. Default: openid, profile and email at an issuer, all of the client's at a user pool.
	Scopes []string `json:"scopes,omitempty"`
	// Callback is the path that the provider sends browsers back to; its URL must be registered there. Its folder also has
	// login, which starts a sign-in, and keys. Default /.sluice/callback.
	Callback string `json:"callback,omitempty"`
	// Logout is the path that signs out; its URL must be registered as one to go to after a sign-out. Default /.sluice/logout.
	Logout string `json:"logout,omitempty"`
	// Session is how long a session lasts at most. Default 12h.
	Session Duration `json:"session,omitempty"`
	// Unauthenticated says what happens to requests without a session that the rules do not allow to everyone: "redirect"
	// (default) sends navigations to the provider and answers others with 401, "deny" answers all with 401, "allow" passes them
	// on without an identity.
	Unauthenticated string `json:"unauthenticated,omitempty"`
	// ReturnTo are the other hosts, with a port unless it is the default one, to which return_to may send a browser.
	ReturnTo []string `json:"return_to,omitempty"`
	// ALBHeaders sets x-amzn-oidc-identity, x-amzn-oidc-accesstoken and x-amzn-oidc-data as an Application Load Balancer does.
	ALBHeaders bool `json:"alb_headers,omitempty"`
	// Apart names what the sessions are for if they are none of the routes': "console". No setting of a route can set it.
	Apart string `json:"-"`
}

func (l *Login) defaults(a *Authorize) {
	setDefault(&l.Callback, "/.sluice/callback")
	setDefault(&l.Logout, "/.sluice/logout")
	setDefault(&l.Unauthenticated, "redirect")
	if l.Session == 0 {
		l.Session = Duration(12 * time.Hour)
	}
	if l.With == "" && len(a.UserPools)+len(a.Issuers) == 1 {
		if len(a.UserPools) == 1 {
			l.With = a.UserPools[0]
		} else {
			l.With = a.Issuers[0].URL
		}
	}
	if len(l.Scopes) == 0 && l.issuer(a) != nil {
		l.Scopes = []string{"openid", "profile", "email"}
	}
}

// issuer returns the issuer that the login is with, nil for a user pool.
func (l *Login) issuer(a *Authorize) *Issuer {
	for i := range a.Issuers {
		if a.Issuers[i].URL == l.With {
			return &a.Issuers[i]
		}
	}
	return nil
}

// LoginIssuer returns the issuer that the login of the route is with, nil for a user pool.
func (a *Authorize) LoginIssuer() *Issuer { return a.Login.issuer(a) }

// Limits of a session. ALB's default is 7 days.
const (
	minLoginSession = time.Minute
	maxLoginSession = 365 * 24 * time.Hour
)

var (
	loginPathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+){2,}$`)
	hostPattern      = regexp.MustCompile(`^[a-z0-9._-]+(:[0-9]{1,5})?$`)
	scopePattern     = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`) // RFC 6749 section 3.3
)

func (l *Login) validate(v *validator, a *Authorize, app *App) {
	at := "login " + l.ClientID
	v.literal(at, l.ClientID)
	issuer := l.issuer(a)
	switch {
	case l.ClientID == "":
		v.add("login", "the client is missing; write: login <client id> { … }")
	case l.With == "":
		v.add(at, "the route has several user pools and issuers, or none; write which one signs in: with <user pool id or issuer>")
	case issuer == nil && !slices.Contains(a.UserPools, l.With):
		v.add(at+": with", "%s is not a user_pool or issuer of this route%s", l.With, nearest(l.With, a.UserPools))
	case issuer == nil && l.Secret != "":
		v.add(at, "a client of a user pool here needs no secret; remove it")
	case issuer == nil:
		l.validateClient(v, app)
	}
	if (issuer != nil || len(l.Scopes) > 0) && !slices.Contains(l.Scopes, "openid") {
		v.add(at+": scope", "openid is missing, and without it there is no ID token; write: scope openid %s", strings.Join(l.Scopes, " "))
	}
	for _, h := range a.Headers {
		if l.ALBHeaders && strings.HasPrefix(strings.ToLower(strings.ReplaceAll(h.Name, "_", "-")), "x-amzn-oidc-") {
			v.add("header "+h.Name, "alb_headers of the login sets it; remove one of them")
		}
	}
	for _, scope := range l.Scopes {
		if !scopePattern.MatchString(scope) {
			v.add(at+": scope", "%q is not a scope; it has no spaces, quotes and backslashes", scope)
		}
	}
	for _, option := range []struct{ name, path string }{{"callback", l.Callback}, {"logout", l.Logout}} {
		if p := option.path; !loginPathPattern.MatchString(p) || path.Clean(p) != p {
			v.add(at+": "+option.name, "%q is not a path in a folder; write one such as /.sluice/%s", p, option.name)
		}
	}
	folder := path.Dir(l.Callback)
	if l.Logout == l.Callback || l.Logout == folder+"/login" || l.Callback == folder+"/login" || strings.HasPrefix(l.Logout, folder+"/keys/") {
		v.add(at+": logout", "%s is another path of the login; write a different one", l.Logout)
	}
	if d := time.Duration(l.Session); d < minLoginSession || d > maxLoginSession {
		v.add(at+": session", "%s is out of range; write 1m to 365d", d)
	}
	v.oneOf(at+": unauthenticated", l.Unauthenticated, "redirect", "deny", "allow")
	for _, host := range l.ReturnTo {
		if _, port, ok := strings.Cut(host, ":"); !hostPattern.MatchString(host) || ok && !isPort(port) {
			v.add(at+": return_to", "%q is not a host; write one such as app.example.com, in lower case and without scheme and path", host)
		}
	}
	if a.SigV4 != nil && a.SigV4.Service == "s3" {
		v.add(at, "browsers cannot use an S3 route with a session; remove login, or write a separate route for browsers")
	}
}

// isPort reports whether the text is a port, as URLs have it.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// validateClient finds clients that cannot be the pool's: another pool declares it, or it is nearly one that this pool declares. The
// API may have created clients that are not declared.
func (l *Login) validateClient(v *validator, app *App) {
	at := "login " + l.ClientID
	pool, ok := app.UserPool(l.With)
	if !ok || pool.hasClient(l.ClientID) {
		return
	}
	var declared []string
	for _, c := range pool.Clients {
		declared = append(declared, c.ID)
	}
	for i := range app.UserPools {
		if other := &app.UserPools[i]; other.hasClient(l.ClientID) {
			v.add(at, "it is an app client of %s and not of %s; write another client, or: with %s", other.ID, l.With, other.ID)
			return
		}
	}
	switch near := nearest(l.ClientID, declared); {
	case near != "":
		v.add(at, "user pool %s declares no such app client%s", l.With, near)
	case !poolid.IsClient(l.ClientID):
		v.add(at, "a client id has 1 to 128 lower-case letters and digits")
	}
}
