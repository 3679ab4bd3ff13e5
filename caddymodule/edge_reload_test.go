package caddymodule

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/node"
)

// reload changes the configuration in place, on the same port.
func (e *edge) reload(block, site string) error {
	return e.tryLoad(block, "http://:%PORT% {\n"+site+"\n}\n")
}

// load starts n clients that send requests until stop is called.
type load struct {
	asked    atomic.Int64
	failures failures
	stop     func()
}

func startLoad(n int, ask func(worker int) error) *load {
	l := new(load)
	done := make(chan struct{})
	var running sync.WaitGroup
	for worker := range n {
		running.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := ask(worker); err != nil {
					l.failures.add("%v", err)
				}
				l.asked.Add(1)
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		close(done)
		running.Wait()
	})
	return l
}

func TestAReloadUnderLoadDropsNothingAndForgetsNothing(t *testing.T) {
	e := startEdge(t, open(""))
	users := []string{"ada", "bob", "cy", "dee"}
	bearers := make([]string, len(users))
	for i, user := range users {
		bearers[i] = strings.TrimPrefix(e.issuer.bearer(t, user), "Authorization: ")
		if a := e.get(t, "/x", "Authorization: "+bearers[i]); a.status != 200 {
			t.Fatalf("status %d", a.status)
		}
	}
	before := e.metrics(t)
	fetches := e.issuer.fetches.Load()
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: aMinute}
	l := startLoad(2*len(users), func(worker int) error {
		request, err := http.NewRequest(http.MethodPost, e.url("/x"), strings.NewReader("a body")) // which no client sends twice
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", bearers[worker/2])
		client := e.http
		if worker%2 == 0 {
			client = fresh
		}
		a, err := try(client, request)
		if err == nil && a.status != 200 {
			err = errors.New(http.StatusText(a.status) + " " + a.body)
		}
		return err
	})
	const reloads = 10
	for n := range reloads {
		site := open("realm other")
		if n%2 == 0 {
			site = open("")
		}
		if err := e.reload("", site); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
	}
	l.stop()
	l.failures.report(t)
	after := e.metrics(t)
	t.Logf("%d requests during %d reloads", l.asked.Load(), reloads)
	if n := after.sum("sluice_token_verifications_total", "issuer", e.issuer.url) - before.sum("sluice_token_verifications_total", "issuer", e.issuer.url); n != 0 {
		t.Errorf("%v tokens were verified again", n)
	}
	if n := e.issuer.fetches.Load() - fetches; n != 0 {
		t.Errorf("the keys were fetched %d more times", n)
	}
	if after.sum("sluice_token_cache_entries", "partition", "good") != before.sum("sluice_token_cache_entries", "partition", "good") {
		t.Error("the cache lost entries")
	}
}

// A configuration that does not start answers nothing, whichever of its apps started first.
func TestReloadsThatFailUnderLoadDisturbNobody(t *testing.T) {
	e := startEdge(t, open(""))
	bearer := strings.TrimPrefix(e.issuer.bearer(t, "ada"), "Authorization: ")
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: aMinute}
	l := startLoad(4, func(worker int) error {
		request, err := http.NewRequest(http.MethodPost, e.url("/x"), strings.NewReader("a body"))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", bearer)
		client := e.http
		if worker%2 == 0 {
			client = fresh
		}
		a, err := try(client, request)
		if err == nil && (a.status != 200 || a.header.Get("X-Served-By") != "") {
			err = errors.New(http.StatusText(a.status) + " " + a.header.Get("X-Served-By") + " " + a.body)
		}
		return err
	})
	adapted, err := e.adapt(globalOptions, "", "http://:%PORT% {\nheader X-Served-By another\n"+open("realm other")+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		reloadInVain(t, adapted)
	}
	l.stop()
	l.failures.report(t)
	t.Logf("%d requests during reloads that failed", l.asked.Load())
}

// ask sends a GET request. It does not use testing.TB, so that other goroutines can call it.
func (e *edge) ask(path, authorization string) (answer, error) {
	request, err := http.NewRequest(http.MethodGet, e.url(path), nil)
	if err != nil {
		return answer{}, err
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return try(e.http, request)
}

func TestAFailedReloadKeepsTheRunningConfiguration(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.file(t, "broken.json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Resource": "*"}]}`)
	e.load(t, poolBlock, poolSite)
	e.addUser(t, "ada", "readers")
	in := e.mustSignIn(t, "ada")
	for what, c := range map[string]struct{ block, site string }{
		"a policy with a duplicate key": {poolBlock, gate("policy %DIR%/broken.json")},
		"a missing policy file":         {poolBlock, gate("policy %DIR%/nowhere.json")},
		"a pool that is not declared":   {poolBlock, "sluice_authorize {\n user_pool us-east-1_nowhere01\n allow any * *\n}"},
		"settings that are not JSON":    {strings.Replace(poolBlock, "client.json", "caddy.log", 1), poolSite},
		"a role's policy is broken":     {strings.Replace(poolBlock, "role.json", "broken.json", 1), poolSite},
		"a client moved to another pool": {strings.NewReplacer("us-east-1_edge00001", "us-east-1_edge00002").Replace(poolBlock),
			strings.ReplaceAll(poolSite, "us-east-1_edge00001", "us-east-1_edge00002")},
		"an unknown directive": {poolBlock, "sluice_authorise"},
	} {
		if err := e.reload(c.block, c.site); err == nil {
			t.Errorf("%s: the reload succeeded", what)
		}
		if status := e.apiStatus(t, "/api/x", in.access); status != 200 {
			t.Errorf("%s: status %d", what, status)
		}
		if _, err := e.signIn("ada"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestReloadsAddAndRemoveRoutes(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, poolBlock, poolSite)
	e.addUser(t, "ada", "readers")
	in := e.mustSignIn(t, "ada")
	more := "handle /more/* {\n sluice_authorize {\n user_pool us-east-1_edge00001\n allow any * *\n }\n reverse_proxy %UPSTREAM%\n}\n"
	for round := range 3 {
		if err := e.reload(poolBlock, more+poolSite); err != nil {
			t.Fatal(err)
		}
		if status := e.apiStatus(t, "/more/x", in.access); status != 200 {
			t.Errorf("round %d: the new route gives %d", round, status)
		}
		if err := e.reload(poolBlock, poolSite); err != nil {
			t.Fatal(err)
		}
		if a, err := e.api("/more/x", in.access); err != nil || a.got != nil {
			t.Errorf("round %d: the removed route gives %d, %v", round, a.status, err)
		}
		if status := e.apiStatus(t, "/api/x", in.access); status != 200 {
			t.Errorf("round %d: what stays gives %d", round, status)
		}
	}
	// A changed rule takes effect at once, including for cached tokens.
	if err := e.reload(poolBlock, strings.Replace(poolSite, "allow group readers GET /api/*", "allow group editors GET /api/*", 1)); err != nil {
		t.Fatal(err)
	}
	if status := e.apiStatus(t, "/api/x", in.access); status != 403 {
		t.Errorf("a rule that was taken away still allows: %d", status)
	}
}

// A call in progress during a reload is answered, even if the next configuration opens no store.
func TestACallUnderWayOutlivesItsConfiguration(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, poolBlock, poolSite)
	body := `{"ClientId": "` + clientID + `", "Username": "late", "Password": "Correct-Horse-7-Battery", "UserAttributes": [{"Name": "email", "Value": "late@example.com"}]}`
	conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: %sSignUp\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		idp, len(body)); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" { // the API reads the body
		t.Fatalf("%q, %v", line, err)
	}
	if line, err := in.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := io.WriteString(conn, body[:10]); err != nil {
		t.Fatal(err)
	}
	reloaded := make(chan error, 1)
	go func() { reloaded <- e.reload("", gate("allow any * *")+"reverse_proxy %UPSTREAM%") }()
	time.Sleep(300 * time.Millisecond) // and the old configuration waits for it
	if _, err := io.WriteString(conn, body[10:]); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || !strings.Contains(string(answer), "UserSub") {
		t.Errorf("%d %s, %v", resp.StatusCode, answer, err)
	}
	if err := <-reloaded; err != nil {
		t.Error(err)
	}
}

// Caddy skips a reload if the text of the configuration is unchanged. It must not skip one after a policy file was edited.
func TestAReloadAfterEditingAFileTakesEffect(t *testing.T) {
	e := newEdge(t)
	policy := func(action string) {
		e.file(t, "policy.json", `{"Version": "2012-10-17", "Statement": [{"Effect": "`+action+`", "Action": "*", "Resource": "*"}]}`)
	}
	policy("Allow")
	site := gate("policy %DIR%/policy.json") + "reverse_proxy %UPSTREAM%"
	e.load(t, "", site)
	token := e.issuer.bearer(t, "ada")
	if a := e.get(t, "/api/x", token); a.status != 200 {
		t.Fatalf("status %d %s", a.status, a.body)
	}
	policy("Deny")
	adapted, err := e.adapt(globalOptions, "", "http://:%PORT% {\n"+site+"\n}\n")
	if err == nil {
		err = caddy.Load(adapted, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	if a := e.get(t, "/api/x", token); a.status != 403 {
		t.Errorf("the edited policy does not count: status %d", a.status)
	}
}

// declaredFiles are the files of declarations that can be in force in two versions.
// Each file that a configuration names is part of what is adapted, so that `sluice reload` sees an edited one. Adapting writes nothing.
func TestAnEditedFileIsAnotherConfiguration(t *testing.T) {
	const pool, client = "user_pool us-east-1_edge00001 {\n", "user_pool us-east-1_edge00001 {\nclient 1example23456789abcdefghij {\n"
	for name, tc := range map[string]struct{ block, site, first, second string }{
		"a pool's settings":       {pool + "settings %DIR%/f.json\n}", "", `{}`, `{"MfaConfiguration": "OFF"}`},
		"a client's settings":     {client + "settings %DIR%/f.json\n}\n}", "", `{}`, `{"IdTokenValidity": 2}`},
		"a client's keys":         {client + "jwks %DIR%/f.json\n}\n}", "", `{"keys": []}`, `{"keys": [ ]}`},
		"the look of login pages": {client + "branding %DIR%/f.json\n}\n}", "", `{}`, `{ }`},
		"a provider's metadata":   {pool + "identity_provider Corp {\ntype SAML\nmetadata %DIR%/f.json\n}\n}", "", `<a/>`, `<b/>`},
		"a role's trust policy":   {"role r {\ntrust %DIR%/f.json\n}", "", allowEverything, allowEverything + "\n"},
		"a role's policy":         {"role r {\ntrust %DIR%/other.json\npolicy %DIR%/f.json\n}", "", allowEverything, allowEverything + "\n"},
		"a role's boundary":       {"role r {\ntrust %DIR%/other.json\nboundary %DIR%/f.json\n}", "", allowEverything, allowEverything + "\n"},
		"a trigger's function":    {"trigger arn:aws:lambda:us-east-1:123456789012:function:f {\njavascript %DIR%/f.json\n}", "", "1", "2"},
		"a file that one watches": {"trigger arn:aws:lambda:us-east-1:123456789012:function:f {\ncommand sh %DIR%/f.json\nwatch %DIR%/f.json\n}", "", "1", "2"},
		"a route's policy":        {"", gate("policy %DIR%/f.json"), allowEverything, allowEverything + "\n"},
	} {
		e := newEdge(t)
		e.file(t, "other.json", allowEverything)
		adapted := map[string]bool{}
		for _, content := range []string{tc.first, tc.second, tc.first} {
			e.file(t, "f.json", content)
			text, err := e.adapt(globalOptions, tc.block, "http://:%PORT% {\n"+tc.site+"\nrespond ok\n}\n")
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			adapted[string(text)] = true
		}
		if len(adapted) != 2 {
			t.Errorf("%s: %d configurations of two contents", name, len(adapted))
		}
		if entries, err := os.ReadDir(e.dir); err != nil || len(entries) != 2 {
			t.Errorf("%s: adapting wrote files: %v, %v", name, entries, err)
		}
	}
}

func TestTheStoreClosesWithTheLastConfigurationThatUsesIt(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	open := func() bool {
		n, there := inUse.References(node.StorageKey(e.dir))
		return there && n > 0
	}
	e.load(t, poolBlock, poolSite)
	if !open() {
		t.Fatal("the store is not open")
	}
	// Caddy cleans a configuration up some time after the next one has started.
	e.load(t, "", gate("allow any * *")+"reverse_proxy %UPSTREAM%")
	eventually(t, "the store is closed", func() bool { return !open() })
	e.load(t, poolBlock, poolSite)
	e.addUser(t, "ada", "readers")
	if status := e.apiStatus(t, "/api/x", e.mustSignIn(t, "ada").access); status != 200 {
		t.Errorf("opened again, status %d", status)
	}
}
