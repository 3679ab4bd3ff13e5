package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// documented returns the block of docs/gateways.md that is in the language and comes after the heading, with other addresses.
func documented(t *testing.T, heading, language string, addresses ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "gateways.md"))
	ok(t, err)
	_, section, found := strings.Cut("\n"+string(text), "\n"+heading+"\n")
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(section)
	if !found || m == nil {
		t.Fatalf("docs/gateways.md has no %s below %s", language, heading)
	}
	return strings.NewReplacer(addresses...).Replace(m[1])
}

// gateway is a program that asks Sluice, as docs/gateways.md configures it.
type gateway struct {
	name, address string
	upstream      *upstream
	behind        string // the upstream's address
	more          string // for the server of nginx
}

// startAsking starts Sluice with the first Caddyfile of docs/gateways.md, and returns its address.
func startAsking(t *testing.T, name, options string, edit func(text string) string) (*harness.Sluice, string) {
	t.Helper()
	port := fmt.Sprint(harness.FreePort(t))
	site := documented(t, "# Other gateways", "caddyfile", ":9091", ":"+port, "gateway   nginx", "gateway   "+name+"\n\t\tallow group editors * /api/*\n"+options)
	servers, _, _ := strings.Cut(strings.TrimPrefix(site, "{\n"), "\tsluice {")
	_, site, _ = strings.Cut(site, "\n}\n\n")
	s := harness.Start(t, harness.Config{Alone: true, Edit: func(text string) string {
		if edit != nil {
			text = edit(text)
		}
		return strings.Replace(text, "\tservers {", servers+"\tservers {", 1) + "\n" + site
	}})
	return s, "127.0.0.1:" + port
}

// startGateway starts a gateway with an upstream behind it. more is for the server of nginx.
func startGateway(t *testing.T, name, ask, address, more string) *gateway {
	t.Helper()
	g := &gateway{name: name, address: address, upstream: &upstream{}, more: more}
	server := httptest.NewServer(g.upstream)
	t.Cleanup(server.Close)
	if g.behind = server.Listener.Addr().String(); name == "nginx" {
		g.startNginx(t, ask)
	} else {
		g.startCaddy(t, ask)
	}
	return g
}

// startNginx starts nginx with the server of docs/gateways.md.
func (g *gateway) startNginx(t *testing.T, ask string) {
	t.Helper()
	server := documented(t, "## nginx", "nginx", "listen 80;", "listen "+g.address+";\n"+g.more,
		"$host;", "$host:$server_port;", "127.0.0.1:9091", ask, "127.0.0.1:9000", g.behind)
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	ok(t, os.WriteFile(config, []byte("daemon off; master_process off; pid "+dir+"/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off; client_body_temp_path "+dir+
		"/body; proxy_temp_path "+dir+"/proxy; fastcgi_temp_path "+dir+"/f; uwsgi_temp_path "+dir+"/u; scgi_temp_path "+dir+"/s;\n"+server+"}\n"), 0o600))
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx"
	}
	g.start(t, exec.Command(path, "-c", config, "-p", dir))
}

// startCaddy starts a separate Caddy with the Caddyfile of docs/gateways.md.
func (g *gateway) startCaddy(t *testing.T, ask string) {
	t.Helper()
	site := documented(t, "## Caddy", "caddyfile", "http://:8080", "http://"+g.address[strings.LastIndexByte(g.address, ':'):], "127.0.0.1:9091", ask, "127.0.0.1:9000", g.behind)
	dir := t.TempDir()
	config := filepath.Join(dir, "Caddyfile")
	ok(t, os.WriteFile(config, []byte("{\n\tadmin off\n\tpersist_config off\n}\n"+site), 0o600))
	run := exec.Command(harness.Binary(t), "run", "--config", config)
	run.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "SLUICE_DATA_DIR="+dir)
	g.start(t, run)
}

func (g *gateway) start(t *testing.T, run *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	run.Stdout, run.Stderr = &log, &log
	ok(t, run.Start())
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Logf("%s: %s", g.name, log.String())
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", g.address); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not listen: %s", g.name, log.String())
		}
	}
}

// send sends bytes to the gateway and returns the answer.
func (g *gateway) send(t *testing.T, request string) (int, http.Header, string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", g.address, 10*time.Second)
	ok(t, err)
	defer c.Close()
	ok(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(c, request)
	ok(t, err)
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return 0, nil, ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(body)
}

// Each gateway runs with the configuration of docs/gateways.md. Clients try to have another request decided on than the one that the
// upstream gets.
func TestGatewaysPassOnlyWhatSluiceAllows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nginx", "caddy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ask := startAsking(t, name, "", nil)
			g := startGateway(t, name, ask, fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)), "")
			g.attack(t, s, ask)
		})
	}
}

// encoded finds what Caddy encodes in targets.
var encoded = regexp.MustCompile(`[#[:^ascii:]]`)

func (g *gateway) attack(t *testing.T, s *harness.Sluice, ask string) {
	t.Helper()
	sub := makeUser(t, s, "rita", "readers")
	bearer := "Authorization: Bearer " + *signIn(t, s, "rita").AccessToken + "\r\n"
	described := "X-Original-URI: /api/notes\r\nX-Original-Method: GET\r\nX-Forwarded-Uri: /api/notes\r\nX-Forwarded-Method: GET\r\n"
	request := func(line, headers string) string {
		return line + " HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n" + headers + "\r\n"
	}
	for _, tc := range []struct {
		line, headers string
		status        int
	}{
		{"GET /api/notes?x=1", bearer, 200}, {"GET /api/notes", bearer + "X-User-Id: root\r\n", 200}, {"GET /api/notes", bearer + "x_user_id: root\r\n", 0},
		{"GET /api/notes", "", 401}, {"GET /api/notes", "X-User-Id: root\r\n", 401}, {"GET /api/notes", "Authorization: Bearer x\r\n", 401},
		{"POST /api/notes", bearer + "Content-Length: 0\r\n", 403}, {"DELETE /api/notes", bearer, 403}, {"HEAD /api/notes", bearer, 403}, {"GET /other", bearer, 403},
		{"POST /api/notes", bearer + "Content-Length: 0\r\nX-Original-Method: GET\r\n", 403}, {"POST /api/notes", bearer + "Content-Length: 0\r\nX-Forwarded-Method: GET\r\n", 403},
		{"POST /api/notes", bearer + "Content-Length: 0\r\nX-HTTP-Method-Override: GET\r\n", 403},
		{"GET /other", bearer + "X-Original-URI: /api/notes\r\n", 403}, {"GET /other", bearer + "X-Forwarded-Uri: /api/notes\r\nX-Forwarded-Uri: /api/notes\r\n", 403},
		{"GET /other", bearer + "X-Original-URL: /api/notes\r\nX-Rewrite-URL: /api/notes\r\n", 403}, {"GET /other", bearer + "X_Original_Uri: /api/notes\r\n", 403},
		{"GET /api/notes", bearer + "X-Rewrite-URL: /other\r\n", 403},
		{"GET /api/../other", bearer, 403}, {"GET /api/%2e%2e/other", bearer, 403}, {"GET /api/x%2f..%2f..%2fother", bearer, 403}, {"GET //other", bearer, 403}, {"GET /api//notes", bearer, 403},
		{"GET /other#/api/x", bearer, 403}, {"GET /api/notes#x", bearer, 403}, {"GET /other?#/api/x", bearer, 403}, {"GET /api/notes/caf\xc3\xa9", bearer, 403}, {"GET /api/notes?\xe9", bearer, 403},
		// The gateway passes these on to Sluice, with the client's description of a request.
		{"GET /.sluice/x", bearer + described, 403}, {"GET /.sluice/ask", bearer + described, 403}, {"GET /.sluice/../ask", bearer + described, 403}, {"GET /.sluice/..%2fask", bearer + described, 403},
		{"GET /.sluice/%2e%2e/ask", bearer + described, 403}, {"GET //ask", bearer + described, 403}, {"GET /ask", bearer + described, 404}, {"GET /ask?x", bearer + described, 404}, {"GET /%61sk", bearer + described, 404},
		{"GET http://127.0.0.1/ask", bearer + described, 404}, {"GET /ask", bearer + described + "Host: sluice\r\n", 0},
		// The gateway removes what the client lists in Connection.
		{"GET /api/notes", bearer + "Connection: X-User-Id\r\n", 200}, {"GET /api/notes", bearer + "Connection: Authorization, Cookie\r\n", 0},
		{"GET /other", bearer + described + "Connection: X-Original-Uri, X-Original-Method, X-Forwarded-Uri, X-Forwarded-Method, X-Forwarded-Host, X-Forwarded-Proto\r\n", 403},
		{"POST /api/notes", bearer + "Content-Length: 0\r\nConnection: X-Forwarded-Method, X-Original-Method\r\n", 403},
		// The gateway removes what overrides the method.
		{"GET /api/notes", bearer + "X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n", 200},
		// Other spellings, which an upstream may read as the identity header, do not arrive there.
		{"GET /api/notes", bearer + "X_User_Id: root\r\nX.User.Id: root\r\nX-User_Id: root\r\n", 200},
		{"GET /api/notes", bearer + "Cookie: a=b; sluice-0123=secret; c=d\r\n", 200}, {"GET http://other.example/api/notes", bearer, 200},
		{"GET /api/x;/../../other", bearer, 403}, {"GET /api/x;y", bearer, 403}, {"GET http://app.example/other", bearer, 403}, {"GET /ask", bearer, 404},
		{"GET /api/notes", bearer + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", 0},
	} {
		behind := g.upstream
		behind.take()
		status, header, body := g.send(t, request(tc.line, tc.headers))
		seen := behind.take()
		malformed := status == 400 && tc.status == 403 || tc.status == 404 && (status == 403 || status == 400) || strings.Contains(tc.line, "ask") && tc.status == 403 && status == 404
		if g.name == "caddy" && status == 200 && encoded.MatchString(tc.line) && len(seen) == 1 && !encoded.MatchString(seen[0].RequestURI) {
			malformed = true // Caddy encodes these for Sluice and for the upstream
		}
		if status != tc.status && tc.status != 0 && !malformed {
			t.Errorf("%s %q: %d, want %d: %s", tc.line, tc.headers[max(0, len(tc.headers)-60):], status, tc.status, body)
		}
		if status == 401 && header.Get("Www-Authenticate") == "" {
			t.Errorf("%s: a 401 without WWW-Authenticate: %v", tc.line, header)
		}
		if status != 200 && len(seen) > 0 {
			t.Errorf("%s: %d, and yet the upstream got %s", tc.line, status, seen[0].RequestURI)
		}
		if status == 200 && (len(seen) != 1 || !strings.HasPrefix(seen[0].RequestURI, "/api/notes") || seen[0].Method != "GET" || strings.Join(seen[0].Header["X-User-Id"], ",") != sub ||
			seen[0].Header.Get("Authorization") != "" || seen[0].Header.Get("Upgrade") != "") {
			t.Errorf("%s: the upstream got %+v", tc.line, seen)
		}
		for _, r := range seen {
			for name, values := range r.Header {
				if strings.ContainsAny(name, "_.") || strings.Contains(strings.Join(values, " "), "secret") || strings.HasPrefix(name, "X-Original-") || strings.Contains(name, "Method") {
					t.Errorf("%s: the upstream got %s: %q", tc.line, name, values)
				}
			}
			if strings.Contains(tc.headers, "Cookie: a=b") && r.Header.Get("Cookie") != "a=b; c=d" {
				t.Errorf("%s: the upstream got the cookies %q", tc.line, r.Header["Cookie"])
			}
		}
	}
	// Clients that bypass the gateway are not believed, unless they have its address.
	resp, err := http.Get("http://" + ask + "/ask")
	ok(t, err)
	defer resp.Body.Close()
	var problem struct{ Detail string }
	ok(t, json.NewDecoder(resp.Body).Decode(&problem))
	if resp.StatusCode == 200 || !strings.Contains(problem.Detail, "is missing") {
		t.Errorf("a question without a request: %d %s", resp.StatusCode, problem.Detail)
	}
}

// A browser signs in behind each gateway and comes back to the page that it wanted. The upstream learns who it is and gets no
// cookie of the session.
func TestUsersSignInBehindAGateway(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nginx", "caddy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := &edgeSite{t: t}
			port := harness.FreePort(t)
			site.URL = fmt.Sprintf("http://localhost:%d", port)
			s, ask := startAsking(t, name, "\t\tlogin 1example23456789abcdefghij\n", func(text string) string {
				return strings.Replace(text, filepath.Join(harness.Root(), "examples", "notes", "client.json"), site.client(), 1)
			})
			g := startGateway(t, name, ask, fmt.Sprintf("127.0.0.1:%d", port), "error_page 401 = @login; location @login { return 302 /.sluice/login?return_to=$request_uri; }")
			sub := makeUser(t, s, "rita", "readers")
			v, _ := site.enter("/api/notes?x=1", "rita")
			seen := g.upstream.take()
			if len(seen) != 1 || seen[0].RequestURI != "/api/notes?x=1" || seen[0].Header.Get("X-User-Id") != sub || strings.Contains(seen[0].Header.Get("Cookie"), "sluice-") {
				t.Errorf("the upstream got %+v", seen)
			}
			v.open(site.URL + "/.sluice/logout")
			if seen = g.upstream.take(); len(seen) > 0 {
				t.Errorf("the upstream got %+v", seen)
			}
			if status, _, body := g.send(t, "GET /api/notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); status != 401 && status != 302 || len(g.upstream.take()) > 0 {
				t.Errorf("without a session: %d %s", status, body)
			}
			status, header, body := g.send(t, "GET /api/%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n\r\n")
			if header.Get("X-Injected") != "" || len(g.upstream.take()) > 0 {
				t.Errorf("a line break in the path: %d %v %s", status, header, body)
			}
		})
	}
}
