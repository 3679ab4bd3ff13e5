package authz

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/authz/urlpath"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

// Logins resolves the cookies of browsers that signed in at the edge. The engine calls it for every request with a cookie,
// from many goroutines.
type Logins interface {
	// Subject returns the subject of a session. cached reports whether it was in memory. The error is a fault of kind
	// NotAuthorized or ExpiredToken if the cookie is not that of a session on the host, and any other error if that cannot be
	// determined.
	Subject(ctx context.Context, cookie, host string, now time.Time) (s *Subject, cached bool, err error)
	// Renew gets new tokens for a session whose subject was revoked, because the user's groups or attributes may have
	// changed. Its errors are those of Subject.
	Renew(ctx context.Context, cookie, host string, revoked *Subject) (*Subject, error)
}

// SecurePrefix is the prefix of the names of cookies on sites with https. Browsers take a cookie of such a name only from the
// host itself, over https (RFC 6265bis section 4.1.3.2).
const SecurePrefix = "__Host-"

// Session is what a login at the edge adds to the principal of its ID token.
type Session struct {
	ID          string // not the cookie's value
	Host        string // the host that the cookie is for
	Until       time.Time
	Made        time.Time    // when it was read or renewed
	AccessToken seal.Secret  // if an upstream gets it
	Claims      token.Claims // of the ID token
	Due         atomic.Int64 // when Logins checks it again, in nanoseconds since 1970

	// Data holds what the host of the engine derives from the session, such as a signed header. The engine does not use it.
	Data atomic.Pointer[SessionData]
}

// SessionData is a signed assertion about the session, until it has to be made again.
type SessionData struct {
	Text  string    // as an upstream gets it
	Until time.Time // when it has to be made again
}

// SubjectOfSession returns the subject of a session with the claims of its ID token, which must have been verified, and about
// how many bytes it keeps alive. scopes are those that were granted.
func SubjectOfSession(t *token.Token, scopes []string, session *Session) (s *Subject, size int) {
	_, p := subjectOfToken(t)
	p.Kind, p.Scopes, p.ExpiresAt, p.SessionID = principal.User, scopes, session.Until, session.ID
	session.Claims = t.Claims
	s = &Subject{Principal: p, session: session}
	size = s.sizeOfToken(t) + int(unsafe.Sizeof(*session)) + len(session.ID) + len(session.Host) + len(session.AccessToken.Reveal())
	for _, scope := range scopes {
		size += len(scope) + int(unsafe.Sizeof(scope))
	}
	return s, size
}

// Session returns the session that the subject is of, nil for other credentials.
func (s *Subject) Session() *Session { return s.session }

// secure reports whether the browser's site is https.
func (r *Request) secure() bool { return r.PublicHTTPS || r.overTLS() }

// publicHost is the host that the browser sees, without its port.
func (c *call) publicHost() string {
	if c.r.PublicHost != "" {
		if host, err := urlpath.CanonicalHost(c.r.PublicHost); err == nil {
			return host
		}
	}
	return c.host
}

// cookieName returns the name of the session cookie on the browser's site.
func (c *call) cookieName() string {
	if c.r.secure() {
		return c.e.secureCookie
	}
	return c.e.o.LoginCookie
}

// cookie takes the subject of a session. A browser sends its cookie by itself, so one that is not (or no longer) a session
// counts as no credential; c.lapsed remembers why.
func (c *call) cookie() *Refusal {
	s, cached, err := c.e.o.Logins.Subject(c.ctx, c.credential.value, c.publicHost(), c.now)
	if err != nil {
		return c.lapse(err)
	}
	c.cached = cached
	c.take(s)
	if c.crossOrigin() {
		return refuse(CrossOrigin)
	}
	return nil
}

func (c *call) lapse(err error) *Refusal {
	if kind := fault.KindOf(err); kind != fault.NotAuthorized && kind != fault.ExpiredToken {
		return refuse(Unavailable)
	}
	c.lapsed = refuseSession(err)
	c.take(c.e.anonymous)
	return nil
}

// renew handles a session whose subject is revoked. The user may have signed out, or only have other groups now: the provider
// of the tokens knows.
func (c *call) renew() *Refusal {
	s, err := c.e.o.Logins.Renew(c.ctx, c.credential.value, c.publicHost(), c.subject)
	if err != nil {
		return c.lapse(err)
	}
	epoch := c.e.o.Revocations.Epoch() + 1
	if p := c.e.principalOf(s); c.e.o.Revocations.Revoked(p) || !c.now.Before(p.ExpiresAt) {
		c.lapsed = refuse(Revoked)
		c.take(c.e.anonymous)
		return nil
	}
	s.epoch.Store(epoch)
	c.take(s)
	return nil
}

// crossOrigin reports whether a page of another origin makes the browser change something.
func (c *call) crossOrigin() bool {
	host := c.r.PublicHost
	if host == "" {
		host = c.r.Host
	}
	return headers.CrossOrigin(c.r.Method, c.r.Header, host, c.r.secure())
}
