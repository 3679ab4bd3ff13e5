package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// edgeSite is a web application behind login: that of Caddyfile.example, and one below /echo/ that tells which headers it gets.
type edgeSite struct {
	*harness.Sluice
	t    *testing.T
	URL  string // of the address in front of the processes
	to   []*httputil.ReverseProxy
	next atomic.Int64
}

// startEdge starts one process behind an address. options go into the login of /echo/.
func startEdge(t *testing.T, options string) *edgeSite {
	t.Helper()
	return startEdgeWith(t, options, harness.Config{})
}

// startEdgeWith is startEdge with other settings of c.
func startEdgeWith(t *testing.T, options string, c harness.Config) *edgeSite {
	t.Helper()
	e := &edgeSite{t: t}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.to[int(e.next.Add(1))%len(e.to)].ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	e.URL = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	app := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(app.Close)
	route := "\t@echo path /echo/*\n\thandle @echo {\n\t\tsluice_authorize {\n\t\t\tuser_pool us-east-1_notes0001\n\t\t\tlogin 1example23456789abcdefghij {\n" +
		"\t\t\t\tcallback /echo/callback\n\t\t\t\tlogout /echo/logout\n" + options + "\n\t\t\t}\n\t\t\tallow any * *\n\t\t\theader X-User-Name {http.auth.user.username}\n\t\t}\n" +
		"\t\treverse_proxy " + app.Listener.Addr().String() + "\n\t}\n"
	c.Global, c.Edit = "outbound_networks 127.0.0.0/8 ::1/128", func(text string) string {
		text = regexp.MustCompile(`public_url \S+`).ReplaceAllString(text, "public_url "+e.URL)
		text = strings.Replace(text, filepath.Join(harness.Root(), "examples", "notes", "client.json"), e.client(), 1)
		return strings.Replace(text, "\t@app path", route+"\t@app path", 1)
	}
	e.Sluice = harness.Start(t, c)
	e.behind(e.Sluice)
	return e
}

// client writes the settings of the example's client with the URLs of the site.
func (e *edgeSite) client() string {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "examples", "notes", "client.json"))
	ok(e.t, err)
	var settings map[string]any
	ok(e.t, json.Unmarshal(text, &settings))
	settings["CallbackURLs"] = []string{e.URL + "/.sluice/callback", e.URL + "/echo/callback", e.URL + "/app/"}
	settings["LogoutURLs"] = []string{e.URL + "/.sluice/logout", e.URL + "/echo/logout"}
	text, err = json.Marshal(settings)
	ok(e.t, err)
	path := filepath.Join(e.t.TempDir(), "client.json")
	ok(e.t, os.WriteFile(path, text, 0o600))
	return path
}

// behind puts a process behind the address.
func (e *edgeSite) behind(s *harness.Sluice) {
	to, err := url.Parse(s.URL)
	ok(e.t, err)
	e.to = append(e.to, &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
}

// echo answers with the headers of the request, or with an endless stream below /echo/stream.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/echo/stream" {
		_ = json.NewEncoder(w).Encode(r.Header)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		_, _ = io.WriteString(w, "data: tick\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// navigating sends requests as the navigations of a browser.
type navigating struct{}

func (navigating) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	return http.DefaultTransport.RoundTrip(r)
}

// enter opens a page behind login in a new browser, signs in, and returns the browser, and what the page says.
func (e *edgeSite) enter(path, name string) (*visitor, string) {
	e.t.Helper()
	v := newVisitor(e.t)
	v.client.Transport = navigating{}
	page, at := v.open(e.URL + path)
	for form := formWith(page, "username", "password"); form != nil; form = formWith(page, "username", "password") {
		page, at = v.submit(at, form, map[string]string{"username": name, "password": password})
	}
	if at.String() != e.URL+path {
		e.t.Fatalf("%s arrived at %s\n%s", name, at, page)
	}
	return v, page
}

// status is that of a script's request to a process, or behind the address.
func (e *edgeSite) status(v *visitor, base, path string) int {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodGet, base+path, nil)
	ok(e.t, err)
	here, err := url.Parse(e.URL)
	ok(e.t, err)
	r.Host = here.Host
	for _, c := range v.jar.Cookies(here) {
		r.AddCookie(c)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	ok(e.t, err)
	ok(e.t, answer.Body.Close())
	return answer.StatusCode
}

// TestEdgeLoginInABrowser takes Chromium from a deep link through a sign-up to the page, out, and in again. The process is killed
// while the browser is at the sign-in page, and once more after it.
func TestEdgeLoginInABrowser(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "")
	b := harness.StartBrowser(t, e.URL+"/app/?from=mail")
	b.Await(`document.querySelector('a[href*="/signup"]')`)
	b.Evaluate(`document.querySelector('a[href*="/signup"]').click()`, nil)
	b.Fill("requiredAttributes[email]", "ada@example.com")
	b.Fill("username", "ada")
	b.Fill("password", password)
	b.Fill("confirm_password", password)
	b.Submit("signup", "")
	b.Fill("code", e.OutboxCode(t, "ada@example.com", 1))
	b.Submit("confirm", "")
	arrived := `document.querySelector("#who")?.textContent === "ada@example.com"`
	b.Await(arrived + ` || document.querySelector("form button[value=skip]")`)
	b.Evaluate(`document.querySelector("form button[value=skip]")?.click()`, nil)
	b.Await(arrived + ` && location.pathname + location.search === "/app/?from=mail"`)

	b.Evaluate(`document.querySelector("form[action='/.sluice/logout'] button").click()`, nil)
	b.Await(`document.title === "You are signed out"`)
	b.Open(e.URL + "/app/?from=mail") // the pool's own session has ended, too
	b.Fill("username", "ada")
	b.Submit("signin", "")
	e.Kill()
	e.Launch(t)
	b.Fill("password", password)
	b.Evaluate(`document.querySelector("[name=password]").form.requestSubmit()`, nil)
	b.Await(arrived + ` && location.pathname + location.search === "/app/?from=mail"`)
	e.Kill()
	e.Launch(t)
	b.Open(e.URL + "/app/?again")
	b.Await(arrived + ` && location.search === "?again"`)
}

// TestEdgeLoginReturnsToAnotherHost takes Chromium to another host of the list after a sign-in and after a sign-out, although the
// policy of the sign-in page does not name it as a target of forms.
func TestEdgeLoginReturnsToAnotherHost(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title>", r.URL.Path)
	}))
	t.Cleanup(other.Close)
	e := startEdge(t, "\t\t\t\treturn_to "+other.Listener.Addr().String())
	makeUser(t, e.Sluice, "ada")
	b := harness.StartBrowser(t, e.URL+"/echo/login?return_to="+url.QueryEscape(other.URL+"/arrived"))
	b.Fill("username", "ada")
	b.Submit("signin", "")
	b.Fill("password", password)
	b.Evaluate(`document.querySelector("[name=password]").form.requestSubmit()`, nil)
	b.Await(`document.title === "/arrived"`)
	b.Open(e.URL + "/echo/logout?return_to=" + url.QueryEscape(other.URL+"/left"))
	b.Await(`document.title === "/left"`)
}

// TestEdgeLoginOnTwoProcesses signs users in through one address of two processes on one store, without Redis. Whoever is disabled,
// signed out by an administrator, or signs out, is out of both, and so are the streams.
func TestEdgeLoginOnTwoProcesses(t *testing.T) {
	t.Parallel()
	e := startEdgeWith(t, "", harness.Config{Alone: true}) // the test has two processes and tells them apart
	twin := e.Twin(t)
	e.behind(twin)
	admin, ctx, pool := e.Users(harness.Admin), t.Context(), aws.String(harness.Pool)
	for name, end := range map[string]func(v *visitor){
		"dis": func(*visitor) {
			_, err := admin.AdminDisableUser(ctx, &cip.AdminDisableUserInput{UserPoolId: pool, Username: aws.String("dis")})
			ok(t, err)
		},
		"glo": func(*visitor) {
			_, err := admin.AdminUserGlobalSignOut(ctx, &cip.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: aws.String("glo")})
			ok(t, err)
		},
		"del": func(*visitor) {
			_, err := admin.AdminDeleteUser(ctx, &cip.AdminDeleteUserInput{UserPoolId: pool, Username: aws.String("del")})
			ok(t, err)
		},
		"out": func(v *visitor) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+"/echo/logout", nil)
			ok(t, err)
			r.Header.Set("Origin", e.URL)
			page, at := v.read(v.client.Do(r)) //nolint:bodyclose // read closes it
			if !strings.Contains(page, "You are signed out") {
				t.Errorf("%s: %s", at, page)
			}
		},
	} {
		makeUser(t, e.Sluice, name)
		v, _ := e.enter("/echo/page", name)
		kept := newVisitor(t) // as of someone who copied the cookies
		here, err := url.Parse(e.URL)
		ok(t, err)
		kept.jar.SetCookies(here, v.jar.Cookies(here))
		var streams []io.Reader
		for _, process := range []*harness.Sluice{e.Sluice, twin} {
			equal(t, name+" at "+process.URL, e.status(kept, process.URL, "/echo/page"), http.StatusOK)
			streams = append(streams, e.stream(kept, process))
		}
		end(v)
		if name != "out" { // the administrator asked this process
			equal(t, name+" at once", e.status(kept, e.Sluice.URL, "/echo/page"), http.StatusUnauthorized)
		}
		for i, process := range []*harness.Sluice{e.Sluice, twin} {
			eventually(t, name+" is out of "+process.URL, func() bool { return e.status(kept, process.URL, "/echo/page") == http.StatusUnauthorized })
			if _, err := io.Copy(io.Discard, streams[i]); err == nil {
				t.Errorf("%s: the stream ended by itself", name)
			}
		}
	}
}

// stream opens an endless answer.
func (e *edgeSite) stream(v *visitor, process *harness.Sluice) io.Reader {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), harness.Patience)
	e.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, process.URL+"/echo/stream", nil)
	ok(e.t, err)
	here, err := url.Parse(e.URL)
	ok(e.t, err)
	r.Host = here.Host
	for _, c := range v.jar.Cookies(here) {
		r.AddCookie(c)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	ok(e.t, err)
	e.t.Cleanup(func() { _ = answer.Body.Close() })
	equal(e.t, "the stream", answer.StatusCode, http.StatusOK)
	_, err = io.ReadFull(answer.Body, make([]byte, 4))
	ok(e.t, err)
	return answer.Body
}

// TestEdgeLoginGivesALBsHeaders checks x-amzn-oidc-data with the verifier for Application Load Balancers of aws-jwt-verify.
func TestEdgeLoginGivesALBsHeaders(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "\t\t\t\talb_headers")
	makeUser(t, e.Sluice, "ada", "editors")
	_, page := e.enter("/echo/page", "ada")
	var got http.Header
	if err := json.Unmarshal([]byte(page), &got); err != nil {
		t.Fatalf("%v in %s", err, page)
	}
	equal(t, "token_use", fmt.Sprint(harness.Claims(t, got.Get("X-Amzn-Oidc-Accesstoken"))["token_use"]), "access")
	data := got.Get("X-Amzn-Oidc-Data")
	var head struct{ Signer string }
	text, err := base64.URLEncoding.DecodeString(strings.Split(data, ".")[0])
	ok(t, err)
	ok(t, json.Unmarshal(text, &head))
	cmd := oidcjs(t, "alb.mjs", "SLUICE_ISSUER="+e.URL+"/"+harness.Pool, "SLUICE_CLIENT="+harness.Client, "SLUICE_ARN="+head.Signer, "SLUICE_DATA="+data,
		"SLUICE_KEYS="+e.URL+"/echo/keys", "SLUICE_IDENTITY="+got.Get("X-Amzn-Oidc-Identity"), "SLUICE_USERNAME=ada", "SLUICE_EMAIL=ada@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
