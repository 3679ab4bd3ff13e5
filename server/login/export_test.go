package login

import (
	"net/url"

	"github.com/sluicegate/sluice/server/mount"
)

// PageCookie returns the name of the first cookie of page data for an authorization request at a mount point.
func PageCookie(at mount.Point, query string) string {
	values, _ := url.ParseQuery(query)
	values.Del("lang")
	v := &visit{at: at, query: values}
	return at.CookieName(v.partName(0))
}
