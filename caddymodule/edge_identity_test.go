package caddymodule

import (
	"strings"
	"testing"
)

// The attack: two routes share an upstream, and the client sends an identity header to the route that does not set it.
func TestAHeaderThatOneRouteSetsIsRemovedOnAll(t *testing.T) {
	e := newEdge(t)
	other := freePort(t)
	e.more = []string{"%OTHER%", other}
	const proxy = "reverse_proxy %UPSTREAM%\n"
	sites := "http://:%PORT% {\nhandle /a/* {\n" + gate("allow anonymous * /*\nheader X-User-Id {http.auth.user.id}") + proxy + "}\n" +
		"handle /b/* {\n" + gate("allow anonymous * /*") + proxy + "}\n" +
		"handle /c/* {\n" + gate("allow anonymous * /*\nkeep_headers X-Forwarded-Email") + "sluice_credentials {\nheader X-Store-User {http.auth.user.id}\n}\n" + proxy + "}\n}\n" +
		"http://:%OTHER% {\n" + gate("allow anonymous * /*") + proxy + "}\n"
	if err := e.tryLoad("", sites); err != nil {
		t.Fatal(err)
	}
	names := []string{"X-User-Id", "x_user_id", "X-Store-User", "X.Store.User", "X-Forwarded-User", "X-Auth-Request-Email", "Remote_User"}
	first := e.port
	for _, port := range []string{first, other} {
		e.port = port
		for _, path := range []string{"/a/x", "/b/x", "/c/x"} {
			var lines strings.Builder
			for _, name := range names {
				lines.WriteString(name + ": root\r\n")
			}
			for what, request := range map[string]string{
				"headers":  "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + lines.String() + "X-Other: stays\r\n\r\n",
				"trailers": "POST " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-User-Id, X-Store-User, X-Other\r\n\r\n1\r\nx\r\n0\r\n" + lines.String() + "X-Other: stays\r\nAuthorization: Bearer root\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
			} {
				a := e.raw(t, request)
				if a.got == nil {
					t.Errorf("%s %s: status %d %s", path, what, a.status, a.body)
					continue
				}
				for _, name := range append([]string{"Authorization"}, names...) {
					name = strings.NewReplacer(".", "-").Replace(name)
					if sent := a.got.values(name); len(sent) > 0 {
						t.Errorf("%s %s: the upstream received %s: %q", path, what, name, sent)
					}
				}
				if sent := a.got.values("X-Other"); len(sent) != 1 {
					t.Errorf("%s %s: X-Other: %q", path, what, sent)
				}
				for _, sent := range a.got.values("X-Forwarded-For") {
					if sent == "203.0.113.9" {
						t.Errorf("%s %s: the upstream received the client's X-Forwarded-For", path, what)
					}
				}
			}
		}
	}
	e.port = first
	kept := e.get(t, "/c/x", "X-Forwarded-Email: ada@example.com", "X-Forwarded-User: root")
	if kept.got == nil || len(kept.got.values("X-Forwarded-Email")) != 1 || len(kept.got.values("X-Forwarded-User")) != 0 {
		t.Errorf("keep_headers: the upstream received %v", kept.got)
	}
}

func TestKeptHeadersThatSluiceSetsAreRefused(t *testing.T) {
	e := newEdge(t)
	for site, says := range map[string]string{
		gate("allow anonymous * /*\nkeep_headers X-Forwarded-User\nheader X-Forwarded-User {http.auth.user.id}"):                                                   "a client could forge it",
		gate("allow anonymous * /*\nkeep_headers X-Forwarded-*"):                                                                                                   "not a header that is removed by default",
		gate("allow anonymous * /*\nkeep_headers X-Notes"):                                                                                                         "not a header that is removed by default",
		gate("allow anonymous * /*\nkeep_headers X-Forwarded-User") + "sluice_credentials {\nheader X_Forwarded_User root\n}\n":                                    "a client could forge it",
		"handle /a {\n" + gate("allow anonymous * /*\nkeep_headers Remote-User") + "}\nhandle /b {\n" + gate("allow anonymous * /*\nheader Remote-User x") + "}\n": "a client could forge it",
	} {
		err := e.tryLoad("", "http://:%PORT% {\n"+site+"respond ok\n}\n")
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", site, err, says)
		}
	}
}

// Caddy handlers before and after the gate match paths without regard to case. A denied path must stay denied.
func TestLetterCaseBypassesNoDenyRuleAroundCaddysHandlers(t *testing.T) {
	e := newEdge(t)
	token := e.issuer.bearer(t, "ada")
	const proxy = "reverse_proxy %UPSTREAM%\n"
	for name, site := range map[string]string{
		"handle_path before":  "handle_path /app/* {\n" + gate("allow any * /*\ndeny any * /admin/*") + proxy + "}\n",
		"handle_path behind":  "route {\n" + gate("allow any * /*\ndeny any * /app/admin/*") + "handle_path /app/* {\n" + proxy + "}\n}\n",
		"strip_prefix before": "route {\nuri strip_prefix /app\n" + gate("allow any * /*\ndeny any * /admin/*") + proxy + "}\n",
		"strip_prefix behind": "route {\n" + gate("allow any * /*\ndeny any * /app/admin/*") + "uri strip_prefix /app\n" + proxy + "}\n",
		"rewrite before":      "route {\nrewrite /app/* {uri}\n" + gate("allow any * /*\ndeny any * /app/admin/*") + proxy + "}\n",
		"rewrite behind":      "route {\n" + gate("allow any * /*\ndeny any * /app/admin/*") + "rewrite /app/admin/* /admin/x\n" + proxy + "}\n",
		"a matcher behind":    "route {\n" + gate("allow any * /*\nrequire scope admin * /app/admin/*") + "@admin path /app/admin/*\n" + "reverse_proxy @admin %UPSTREAM%\nrespond 404\n}\n",
	} {
		e.load(t, "", site)
		for _, path := range []string{"/app/admin/x", "/APP/admin/x", "/app/ADMIN/x", "/App/Admin/X", "/%41pp/%61dmin/x"} {
			e.upstream.take()
			a := e.raw(t, "GET "+path+" HTTP/1.1\r\nHost: EXAMPLE.com\r\nConnection: close\r\n"+token+"\r\n\r\n")
			if seen := e.upstream.take(); a.status != 403 || len(seen) > 0 {
				t.Errorf("%s: %s: status %d, the upstream received %v", name, path, a.status, seen)
			}
		}
	}
	e.load(t, "", open(""))
	a := e.raw(t, "GET /x HTTP/1.1\r\nHost: Example.COM:80\r\nConnection: close\r\n"+token+"\r\n\r\n")
	if a.got == nil || strings.Join(a.got.values("Host"), ",") != "example.com:80" {
		t.Errorf("the upstream received %v", a.got)
	}
}
