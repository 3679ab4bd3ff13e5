// Package sitenames finds the host names in the matchers of the routes of Caddy's HTTP servers.
package sitenames

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Of returns the names of the sites of servers, sorted, without wildcards and placeholders.
func Of(app *caddyhttp.App, wanted func(*caddyhttp.Server) bool) []string {
	var names []string
	for _, server := range app.Servers {
		if wanted(server) {
			for i := range server.Routes {
				more, _ := namesOf(&server.Routes[i])
				names = append(names, more...)
			}
		}
	}
	return unique(names)
}

// All returns the names of the sites of all servers, and those in the matchers within sites, such as the one of `handle @s3` in a
// site for *.example.com.
func All(app *caddyhttp.App) []string {
	var names []string
	for _, server := range app.Servers {
		walk(server.Routes, false, func(route *caddyhttp.Route, _ bool) {
			more, _ := namesOf(route)
			names = append(names, more...)
		})
	}
	return unique(names)
}

// ServedAtAnyName reports whether a request gets to a handler of the kind whatever its host is, or with a name that All does not have.
func ServedAtAnyName(app *caddyhttp.App, kind func(caddyhttp.MiddlewareHandler) bool) bool {
	found := false
	for _, server := range app.Servers {
		walk(server.Routes, false, func(route *caddyhttp.Route, named bool) {
			found = found || !named && slices.ContainsFunc(route.Handlers, kind)
		})
	}
	return found
}

// walk calls visit for the routes and those within; named is set if a request must have a name to get there.
func walk(routes caddyhttp.RouteList, named bool, visit func(route *caddyhttp.Route, named bool)) {
	for i := range routes {
		_, all := namesOf(&routes[i])
		visit(&routes[i], named || all)
		for _, handler := range routes[i].Handlers {
			if inner, ok := handler.(*caddyhttp.Subroute); ok {
				walk(inner.Routes, named || all, visit)
			}
		}
	}
}

// namesOf returns the names in the matchers of a route, and whether each set of matchers has one.
func namesOf(route *caddyhttp.Route) (names []string, all bool) {
	all = len(route.MatcherSets) > 0
	for _, set := range route.MatcherSets {
		before := len(names)
		for _, matcher := range set {
			if hosts, ok := matcher.(*caddyhttp.MatchHost); ok {
				for _, name := range *hosts {
					if !strings.ContainsAny(name, "*{") {
						names = append(names, strings.ToLower(name))
					}
				}
			}
		}
		all = all && len(names) > before
	}
	return names, all
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
