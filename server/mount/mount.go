package mount

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Point is where a pool is mounted.
type Point struct {
	PoolID string // from the path, or of the domain; a pool with it need not exist
	Base   string // the absolute URL, without a slash at its end: "https://auth.example.com", "https://id.example.com/us-east-1_notes0001"
	Path   string // the path of Base: "", or "/us-east-1_notes0001"
}

// ByPath returns the mount point of a pool below the public URL. The id may be any text.
func ByPath(publicURL, poolID string) Point {
	path := "/" + url.PathEscape(poolID)
	return Point{PoolID: poolID, Base: strings.TrimRight(publicURL, "/") + path, Path: path}
}

type key struct{}

// With returns the context of a request that reached the point.
func With(ctx context.Context, p Point) context.Context { return context.WithValue(ctx, key{}, p) }

// From returns the point that the request reached. It returns false for a request that did not come through one.
func From(ctx context.Context) (Point, bool) {
	p, ok := ctx.Value(key{}).(Point)
	return p, ok
}

// Enter returns the request as the handlers below the point get it: the context has the point, and the path is below.
func Enter(r *http.Request, p Point, below string) *http.Request {
	inner := r.WithContext(With(r.Context(), p))
	address := *r.URL
	address.Path, address.RawPath = below, ""
	inner.URL = &address
	return inner
}

// Secure reports whether browsers reach the point by HTTPS.
func (p Point) Secure() bool { return strings.HasPrefix(p.Base, "https://") }

// Cookie returns a cookie of the point: HttpOnly, SameSite=Lax, and Secure if the site is. A maxAge of 0 ends it with the
// browser, a negative one deletes it.
func (p Point) Cookie(name, value string, maxAge time.Duration) *http.Cookie {
	age := int(maxAge / time.Second)
	if maxAge < 0 {
		age = -1
	}
	return &http.Cookie{Name: p.CookieName(name), Value: value, Path: "/", MaxAge: age, Secure: p.Secure(), HttpOnly: true, //nolint:gosec // G124: a site without HTTPS has no secure cookies
		SameSite: http.SameSiteLaxMode}
}

// CookieName returns the name of the cookie that Cookie makes. On an HTTPS site it has the prefix __Host-, which keeps other
// hosts from setting the cookie. Cookies with that prefix have the path /, so below a path the name carries the pool's id.
func (p Point) CookieName(name string) string {
	if p.Secure() {
		name = "__Host-" + name
	}
	if p.Path != "" {
		name += "-" + p.PoolID
	}
	return name
}
