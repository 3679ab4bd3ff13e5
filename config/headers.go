package config

import (
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
)

// framing are headers that belong to a connection, of which HTTP servers and clients take no notice among those of a request.
var framing = headers.NewSet("Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade")

// headers checks the headers that a directive sets for its upstream.
func (v *validator) headers(list []Header) {
	for _, h := range list {
		at := "header " + h.Name
		switch {
		case placeholder.MatchString(h.Name):
			v.literal(at, h.Name)
		case !headers.IsToken(h.Name):
			v.add(at, "%q is not the name of a header; write letters, digits and hyphens, such as X-User-Id", h.Name)
		case framing.Contains(h.Name):
			v.add(at, "the server sets this header itself; remove the line, or use header_up of reverse_proxy")
		case !headers.ValidValue(h.Value):
			v.add(at, "a value has no line breaks and other control characters; remove them")
		}
		v.userPlaceholders(at, h.Value)
	}
}

// distinct refuses a second value of a header, where the last one would win.
func (v *validator) distinct(list []Header) {
	names := seen{}
	for _, h := range list {
		v.once(names, "header "+h.Name, strings.ToLower(strings.ReplaceAll(h.Name, "_", "-")))
	}
}

// answers checks the names of the route and what it adds to its answers.
func (a *Authorize) answers(v *validator) {
	for name, value := range map[string]string{"api": a.API, "stage": a.Stage} {
		if !apiPattern.MatchString(value) {
			v.add(name, "%q is not a name for the ARN of the route; write 1 to 128 letters, digits, dots, underscores and hyphens", value)
		}
	}
	if a.DebugHeader != "" && !headers.IsToken(a.DebugHeader) {
		v.add("debug_header", "%q is not the name of a header; write letters, digits and hyphens, such as X-Sluice-Decision", a.DebugHeader)
	} else if framing.Contains(a.DebugHeader) {
		v.add("debug_header", "the server sets %s itself; write another name, such as X-Sluice-Decision", a.DebugHeader)
	}
	if !headers.ValidValue(a.Realm) {
		v.add("realm", "a realm has no line breaks and other control characters; remove them")
	}
}

// kept checks the headers that clients may send although others are removed.
func (a *Authorize) kept(v *validator) {
	for _, name := range a.KeepHeaders {
		v.literal("keep_headers", name)
		if !placeholder.MatchString(name) && !headers.Known(name) {
			v.add("keep_headers "+name, "it is not a header that is removed by default; remove it from keep_headers")
		}
	}
}
