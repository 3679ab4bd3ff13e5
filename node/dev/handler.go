package dev

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// The paths that only a development server has.
const (
	homePath     = "/.dev/"
	mailPath     = "/.dev/mail"
	callbackPath = "/.dev/callback"
	samplePath   = "/api"
)

// handler returns what the server serves: the node, the pages below /.dev/ and a sample API behind a gate.
func (s *Server) handler(o Options) (http.Handler, error) {
	pools := []string{s.Seed.Pool.ID}
	for _, p := range s.Seed.UserPools {
		pools = append(pools, p.ID)
	}
	gate, err := s.node.Gate(config.Authorize{UserPools: pools, TokenUse: []string{"access", "id"}, CORS: &config.CORS{Origins: []string{"*"}}, // guard has refused other machines' pages
		Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: samplePath}, {Effect: "allow", Subject: "any", Method: "*", Path: samplePath + "/*"}}})
	if err != nil {
		return nil, err
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET "+mailPath, s.Mail.serve)
	pages.HandleFunc("GET "+mailPath+"/events", s.Mail.events)
	pages.HandleFunc("GET "+homePath+"{$}", s.home)
	pages.HandleFunc("GET "+callbackPath, s.callback)
	pages.Handle("GET "+homePath+"static/", http.StripPrefix(homePath, http.FileServerFS(static)))
	api := gate.Protect(http.HandlerFunc(sample))
	return s.guard(o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, homePath):
			pages.ServeHTTP(w, r)
		case r.URL.Path == samplePath, strings.HasPrefix(r.URL.Path, samplePath+"/"):
			api.ServeHTTP(w, r)
		default:
			s.node.ServeHTTP(w, r)
		}
	})), nil
}

// guard refuses what web pages of other machines ask for. The administrator's key is known to them, and a browser would carry their
// calls to this one, signed or not. Navigations may come from anywhere, as those of identity providers do, but not to the APIs, which
// are at "/". A name that leads here but is not of this machine is refused as well: its pages would be of the server's origin.
func (s *Server) guard(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.Now != nil { // clients of AWS's SDK take the time of answers for that of the server
			w.Header().Set("Date", o.Now().UTC().Format(http.TimeFormat))
		}
		if !s.serves(o, hostOf(r.Host)) {
			http.Error(w, fmt.Sprintf("sluice dev is not at %s: use %s, or name a URL with --public-url or --origin", r.Host, s.URL), http.StatusMisdirectedRequest)
			return
		}
		origin := r.Header.Get("Origin")
		foreign := origin != "" || r.Header.Get("Sec-Fetch-Site") == "cross-site"
		navigates := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.URL.Path != "/"
		if foreign && !navigates && !s.allowed(o.Origins, origin) {
			http.Error(w, fmt.Sprintf("sluice dev serves pages of this machine only; allow %s with --origin %s", origin, origin), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serves reports whether clients may call the server by the host name. No DNS server can make an address literal lead elsewhere.
func (s *Server) serves(o Options, host string) bool {
	if local(host) || net.ParseIP(host) != nil && !local(o.Host) || strings.EqualFold(host, o.Host) {
		return true
	}
	for _, known := range append([]string{s.URL}, o.Origins...) {
		if u, err := url.Parse(known); err == nil && strings.EqualFold(host, u.Hostname()) {
			return true
		}
	}
	return false
}

func (s *Server) allowed(origins []string, origin string) bool {
	if origin == s.URL || slices.Contains(origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && local(u.Hostname())
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func hostOf(hostport string) string {
	u, err := url.Parse("//" + hostport)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// sample answers the sample API: it names the caller.
func sample(w http.ResponseWriter, r *http.Request) {
	who, _ := node.PrincipalOf(r.Context())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "path": r.URL.Path, "username": who.Username, "sub": who.Subject, // a client that has gone needs no answer
		"groups": who.Groups, "clientId": who.ClientID, "tokenUse": who.TokenUse})
}
