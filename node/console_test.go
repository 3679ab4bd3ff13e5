package node_test

import (
	"crypto/tls"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/server/audit"
)

const (
	consoleHost     = "localhost:8080"
	consolePassword = "Correct-Horse-7-Battery"
)

// consoleWorld is a node with a console, whose members are the operators of a pool.
type consoleWorld struct {
	*node.Node
	t       *testing.T
	console *node.Console
	below   func(path string) bool
	mu      sync.Mutex
	records []audit.Record
}

// openConsole opens a node with the console that is given. The policy is that of operators; ada is one of them, and eve is not. The peer is a
// trusted proxy.
func openConsole(t *testing.T, c config.Console, policy string, edit ...func(*config.App)) *consoleWorld {
	t.Helper()
	folder, w := t.TempDir(), &consoleWorld{t: t}
	write := func(name string, value any) string {
		text, ok := value.(string)
		if !ok {
			raw, err := json.Marshal(value)
			w.must(err)
			text = string(raw)
		}
		path := filepath.Join(folder, name)
		w.must(os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	ends := func(path string) []string {
		return []string{"http://" + consoleHost + path, "https://" + consoleHost + path}
	}
	client := write("client.json", map[string]any{"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid"},
		"SupportedIdentityProviders": []string{"COGNITO"}, "CallbackURLs": ends("/console/auth/callback"), "LogoutURLs": ends("/console/auth/logout")})
	trust := write("trust.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)
	c.UserPool, c.Client, c.Groups = examplePool, exampleClient, []config.ConsoleGroup{{Name: "operators", Role: "operator"}}
	app := config.App{DataDir: folder, Account: "123456789012", PublicURL: "http://" + consoleHost, RateLimit: &config.RateLimit{Off: true}, AllowDeclaredUsers: true,
		Roles: []config.Role{{Name: "operator", Trust: []config.Trust{{File: trust}}, Policies: []string{write("operator.json", policy)}}},
		UserPools: []config.UserPool{{ID: examplePool, Clients: []config.Client{{ID: exampleClient, Settings: client}}, Groups: []config.Group{{Name: "operators"}},
			Users: []config.User{{Name: "ada", Password: consolePassword, Groups: []string{"operators"}}, {Name: "eve", Password: consolePassword}}}}}
	for _, change := range edit {
		change(&app)
	}
	plan, err := node.Read(node.Options{Config: app, RootKey: exampleRoot, PasswordMemory: 64, Denials: authz.NewDenials(0), Trusted: func(*http.Request) bool { return true }, Audit: w.record})
	w.must(err)
	planned, err := plan.Console(&c)
	w.must(err)
	w.below = c.Below
	w.Node, err = plan.Open(t.Context())
	w.must(err)
	t.Cleanup(func() { w.must(w.Close()) })
	w.console, err = w.Node.Console(planned)
	w.must(err)
	return w
}

func (w *consoleWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *consoleWorld) record(r audit.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, r)
}

// audited returns the last record of an operation; its zero value if there is none.
func (w *consoleWorld) audited(operation string) (last audit.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.records {
		if r.Operation == operation {
			last = r
		}
	}
	return last
}

// consoleTab is a tab of a browser, without scripts. Tabs of one browser share its cookies.
type consoleTab struct {
	w       *consoleWorld
	cookies map[string]*http.Cookie
	proto   string      // what the proxy says; "" = nothing
	tls     bool        // the proxy speaks TLS
	foreign bool        // the next request comes from another site
	at      *url.URL    // of the page
	status  int         // of the page
	header  http.Header // of the page
	page    string
}

func (w *consoleWorld) browser(proto string, tls bool) *consoleTab {
	return &consoleTab{w: w, cookies: map[string]*http.Cookie{}, proto: proto, tls: tls}
}

// tab is another tab of the browser.
func (b *consoleTab) tab() *consoleTab {
	return &consoleTab{w: b.w, cookies: b.cookies, proto: b.proto, tls: b.tls}
}

// do sends a request and follows redirects of the site.
func (b *consoleTab) do(method, target string, form url.Values) {
	b.w.t.Helper()
	foreign := b.foreign
	b.foreign = false
	for range 12 {
		r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
		r.Host, r.TLS, r.RequestURI = consoleHost, nil, r.URL.RequestURI()
		if b.tls {
			r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
		}
		if b.proto != "" {
			r.Header.Set("X-Forwarded-Proto", b.proto)
		}
		r.Header.Set("User-Agent", "Tester/1.0")
		site := "same-origin"
		if foreign {
			site = "cross-site"
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"} {
			r.Header.Set(name, value)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range b.cookies {
			if !foreign || c.SameSite == http.SameSiteLaxMode && method == http.MethodGet {
				r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			}
		}
		answer := httptest.NewRecorder()
		if b.w.below(r.URL.Path) {
			b.w.console.ServeHTTP(answer, r)
		} else {
			b.w.ServeHTTP(answer, r)
		}
		for _, c := range answer.Result().Cookies() {
			if b.cookies[c.Name] = c; c.MaxAge < 0 {
				delete(b.cookies, c.Name)
			}
		}
		b.at, b.status, b.header, b.page = r.URL, answer.Code, answer.Result().Header, answer.Body.String()
		if b.status != http.StatusFound && b.status != http.StatusSeeOther {
			return
		}
		to, err := b.at.Parse(b.header.Get("Location"))
		b.w.must(err)
		if to.Host != "" && to.Host != consoleHost {
			b.at = to
			return
		}
		method, target, form = http.MethodGet, to.RequestURI(), nil
	}
	b.w.t.Fatal("redirects without end")
}

func (b *consoleTab) open(target string) *consoleTab {
	b.w.t.Helper()
	b.do(http.MethodGet, target, nil)
	return b
}

var (
	consoleForm  = regexp.MustCompile(`(?s)<form[^>]* method="post" action="([^"]*)".*?</form>`)
	consoleField = regexp.MustCompile(`<input[^>]* name="([^"]*)"(?: [a-z]+="[^"]*")*? value="([^"]*)"`)
)

// fields returns the fields of the form of the page that has the action, nil if it has none.
func (b *consoleTab) fields(action string) url.Values {
	for _, m := range consoleForm.FindAllStringSubmatch(b.page, -1) {
		if path, _, _ := strings.Cut(html.UnescapeString(m[1]), "?"); path != action {
			continue
		}
		fields := url.Values{}
		for _, f := range consoleField.FindAllStringSubmatch(m[0], -1) {
			fields.Set(f[1], html.UnescapeString(f[2]))
		}
		return fields
	}
	return nil
}

// submit fills in the form of the page that has the action, and sends it.
func (b *consoleTab) submit(action string, pairs ...string) *consoleTab {
	b.w.t.Helper()
	fields := b.fields(action)
	if fields == nil {
		b.w.t.Fatalf("%s, %d, has no form %s:\n%s", b.at, b.status, action, b.page)
	}
	for i := 0; i < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	target := action
	for _, m := range consoleForm.FindAllStringSubmatch(b.page, -1) {
		if path, _, _ := strings.Cut(html.UnescapeString(m[1]), "?"); path == action {
			target = html.UnescapeString(m[1])
		}
	}
	b.do(http.MethodPost, target, fields)
	return b
}

// enter signs a member in and opens a page.
func (b *consoleTab) enter(name, page string) *consoleTab {
	b.w.t.Helper()
	b.open("/console/auth/login?return_to=" + url.QueryEscape(page))
	b.submit("/"+examplePool+"/login", "username", name, "password", consolePassword)
	if b.at.RequestURI() != page {
		b.w.t.Fatalf("%s arrived at %s, %d:\n%s", name, b.at, b.status, b.page)
	}
	return b
}

// The console's calls have the conditions of the API call that they stand for: what a trusted proxy says about TLS, and one User-Agent in all
// decisions.
func TestACallOfTheConsoleHasTheConditionsOfTheBrowsersRequest(t *testing.T) {
	t.Parallel()
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:UserAgent":"sluice-console *"}}},
		{"Effect":"Deny","Action":["cognito-idp:ListUserPools","sluice:ListKeys"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	w := openConsole(t, config.Console{}, policy)
	for name, c := range map[string]struct {
		proto  string
		tls    bool
		status int
	}{
		"TLS that ends at the proxy":   {"https", false, http.StatusOK},
		"TLS that begins at the proxy": {"http", true, http.StatusForbidden},
		"TLS":                          {"", true, http.StatusOK},
		"no TLS":                       {"", false, http.StatusForbidden},
	} {
		b := w.browser(c.proto, c.tls).enter("ada", "/console/roles")
		for _, page := range []string{"/console/pools", "/console/keys"} {
			if b.open(page); b.status != c.status {
				t.Errorf("%s: %s: %d\n%s", name, page, b.status, b.page)
			}
		}
	}
}
