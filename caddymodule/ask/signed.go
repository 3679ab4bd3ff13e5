package ask

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() { caddy.RegisterModule(new(Signed)) }

// Signed matches requests that claim an AWS signature for one of the services, such as s3, in their header or query. It chooses a
// route and verifies nothing: the route's sluice_authorize does. A store and the APIs of sluice_pools can so share an endpoint,
// which clients that know one URL need. Syntax:
//
//	sluice_signed <service>...
type Signed struct {
	// Services are the services in the scope of a signature that matches.
	Services []string `json:"services"`
}

// CaddyModule returns the Caddy module information.
func (*Signed) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.sluice_signed", New: func() caddy.Module { return new(Signed) }}
}

// UnmarshalCaddyfile parses the matcher.
func (s *Signed) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() {
		services := d.RemainingArgs()
		if len(services) == 0 {
			return d.Err("wrong arguments for sluice_signed; write: sluice_signed <service>..., such as s3")
		}
		s.Services = append(s.Services, services...)
		for nesting := d.Nesting(); d.NextBlock(nesting); {
			return d.Err("unexpected block; write: sluice_signed <service>...")
		}
	}
	return nil
}

// MatchWithError reports whether the request claims a signature for one of the services.
func (s *Signed) MatchWithError(r *http.Request) (bool, error) {
	claimed := scopeService(r)
	if claimed == "" {
		return false, nil
	}
	for _, service := range s.Services {
		if service == claimed {
			return true, nil
		}
	}
	return false, nil
}

// scopeService returns the service in the scope <date>/<region>/<service>/aws4_request of the credential that a request claims;
// "" if there is none, or more than one.
func scopeService(r *http.Request) string {
	var credentials []string
	for _, line := range r.Header["Authorization"] {
		if rest, ok := strings.CutPrefix(line, "AWS4-"); ok {
			if _, after, ok := strings.Cut(rest, "Credential="); ok {
				end := strings.IndexAny(after, ", \t")
				if end < 0 {
					end = len(after)
				}
				credentials = append(credentials, after[:end])
			}
		}
	}
	if raw := r.URL.RawQuery; strings.Contains(raw, "X-Amz-Credential") || strings.Contains(raw, "%") {
		credentials = append(credentials, r.URL.Query()["X-Amz-Credential"]...)
	}
	if len(credentials) != 1 {
		return ""
	}
	parts := strings.Split(credentials[0], "/")
	if n := len(parts); n < 5 || parts[n-1] != "aws4_request" {
		return ""
	}
	return parts[len(parts)-2]
}

// Interface guards.
var (
	_ caddyhttp.RequestMatcherWithError = (*Signed)(nil)
	_ caddyfile.Unmarshaler             = (*Signed)(nil)
)
