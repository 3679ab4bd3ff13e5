package dev

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
)

const seedText = `{
	"groups": [{"name": "readers"}],
	"users": [{"username": "ada", "password": "Correct-Horse-7-Battery", "attributes": {"email": "ada@example.com"}, "groups": ["readers"]}],
	"userPools": [{"id": "us-east-1_staff0001", "clients": [{"id": "staff", "settings": {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}}],
		"users": [{"username": "eve", "password": "Correct-Horse-7-Battery"}]}],
	"roles": [{"name": "auditor", "trust": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}]},
		"policies": {"read": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}}]
}`

// start starts a server with the seed, if there is one.
func start(t *testing.T, o Options, seed string) *Server {
	t.Helper()
	if seed != "" {
		var err error
		if o.Seed, err = ParseSeed("users.json", []byte(seed)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// call calls an operation of the user pools API with the administrator's key.
func call(t *testing.T, s *Server, operation, input string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", strings.NewReader(input))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	err = sigv4.Sign(sigv4.FromHTTP(r), RootKey, sigv4.SignOptions{Time: time.Now(), Region: Region, Service: "cognito-idp", PayloadHash: sigv4.HashPayload([]byte(input))})
	if err != nil {
		t.Fatal(err)
	}
	return do(t, r)
}

func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	return do(t, r)
}

func signIn(t *testing.T, s *Server, client, name, password string) (int, string) {
	t.Helper()
	return call(t, s, "InitiateAuth", `{"ClientId": "`+client+`", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "`+name+`", "PASSWORD": "`+password+`"}}`)
}

func TestASeededServerSignsUsersInAndGuardsTheSampleAPI(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	s := start(t, Options{}, seedText)
	t.Logf("ready after %s", time.Since(begun).Round(time.Millisecond))
	if status, body := signIn(t, s, "staff", "eve", "Correct-Horse-7-Battery"); status != http.StatusOK {
		t.Errorf("the second pool: %d %s", status, body)
	}
	status, body := signIn(t, s, Client, "ada@example.com", "Correct-Horse-7-Battery")
	var answer struct{ AuthenticationResult struct{ AccessToken string } }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	status, body = get(t, s.Facts().APIURL+"/notes", "Authorization", "Bearer "+answer.AuthenticationResult.AccessToken, "Origin", "http://localhost:5173")
	if status != http.StatusOK || !strings.Contains(body, `"groups":["readers"]`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body = get(t, s.Facts().APIURL+"/notes"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, body)
	}
	for _, page := range []string{homePath, mailPath, callbackPath + "?code=x", homePath + "static/dev.css", "/" + UserPool + "/.well-known/openid-configuration"} {
		if status, body := get(t, s.URL+page); status != http.StatusOK {
			t.Errorf("%s: %d %s", page, status, body)
		}
	}
	if status, _ := get(t, s.Facts().LoginURL); status != http.StatusOK {
		t.Errorf("login page: %d", status)
	}
}

// Everybody knows the administrator's key, so that a web page of another machine must not reach the server through a browser.
func TestOnlyPagesOfThisMachineReachTheServer(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Origins: []string{"https://app.test"}}, "")
	for name, tc := range map[string]struct {
		header []string
		status int
	}{
		"a program":                        {nil, 200},
		"a page of this machine":           {[]string{"Origin", "http://localhost:5173"}, 200},
		"a page of an allowed origin":      {[]string{"Origin", "https://app.test"}, 200},
		"a page of another machine":        {[]string{"Origin", "https://evil.example"}, 403},
		"a page without an origin":         {[]string{"Origin", "null", "Sec-Fetch-Mode", "cors"}, 403},
		"a navigation from another page":   {[]string{"Origin", "null", "Sec-Fetch-Mode", "navigate"}, 200},
		"an image of another page":         {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		"a link of another page":           {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		"a link of a page of this machine": {[]string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"}, 200},
		"the name of an allowed origin":    {[]string{"Host", "app.test"}, 200},
		"an address of another machine":    {[]string{"Host", "192.0.2.1"}, 421},
		"a name that leads here (rebound)": {[]string{"Host", "evil.example"}, 421},
		"a name of this machine":           {[]string{"Host", "notes.auth.localhost:1"}, 200},
	} {
		if status, body := get(t, s.URL+mailPath, tc.header...); status != tc.status && (status != 404 || !strings.Contains(name, "name of")) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// Links from elsewhere lead to pages, but not to the APIs, which take a presigned query.
func TestNoNavigationOfAnotherPageCallsAnAPI(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Host: "127.0.0.1"}, "")
	if status, body := get(t, s.URL+"/?Action=GetCallerIdentity&Version=2011-06-15", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"); status != http.StatusForbidden || !strings.Contains(body, "--origin") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get(t, s.URL+mailPath, "Host", "evil.example"); status != http.StatusMisdirectedRequest {
		t.Errorf("a name that leads here, for a server at an address: %d", status)
	}
	all := &Server{URL: "http://localhost:9000"}
	for host, served := range map[string]bool{"192.0.2.1": true, "sluice": true, "localhost": true, "notes.localhost": true, "evil.example": false, "": false} {
		if got := all.serves(Options{Host: "0.0.0.0", Origins: []string{"http://sluice:9000"}}, host); got != served {
			t.Errorf("of a server at every address, %q: %t", host, got)
		}
	}
}

func TestTheMailboxShowsMessagesAsTheyArrive(t *testing.T) {
	t.Parallel()
	s := start(t, Options{}, seedText)
	events, err := http.Get(s.URL + mailPath + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	if !lines.Scan() || lines.Text() != "data: 0" {
		t.Fatalf("%q", lines.Text())
	}
	if _, body := get(t, s.URL+mailPath+"?format=json&to=ada"); strings.TrimSpace(body) != `{"last":0,"messages":[]}` {
		t.Errorf("at first: %s", body)
	}
	if status, body := call(t, s, "ForgotPassword", `{"ClientId": "`+Client+`", "Username": "ada"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var answer struct {
		Last     int
		Messages []struct {
			ID                                int
			To, Username, Code, Purpose, Body string
		}
	}
	_, body := get(t, s.URL+mailPath+"?to=ADA@example.com&wait=30s", "Accept", "application/json")
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Messages) != 1 {
		t.Fatalf("%v %s", err, body)
	}
	m := answer.Messages[0]
	if answer.Last != 1 || m.ID != 1 || m.Username != "ada" || m.Purpose != "forgot" || len(m.Code) != 6 || !strings.Contains(m.Body, m.Code) {
		t.Errorf("%s", body)
	}
	for _, query := range []string{"?format=json&after=1", "?format=json&to=eve", "?format=json&purpose=signup", "?format=json&to=eve&wait=1ms"} {
		if _, body := get(t, s.URL+mailPath+query); !strings.Contains(body, `"messages":[]`) {
			t.Errorf("%s: %s", query, body)
		}
	}
	for _, query := range []string{"?after=x", "?wait=x", "?wait=1h"} {
		if status, body := get(t, s.URL+mailPath+query); status != http.StatusBadRequest || !strings.Contains(body, "write") {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if _, page := get(t, s.URL+mailPath); !strings.Contains(page, "<output>"+m.Code+"</output>") {
		t.Errorf("the page lacks the code %s:\n%s", m.Code, page)
	}
	if lines.Scan(); !lines.Scan() || lines.Text() != "data: 1" {
		t.Errorf("event %q", lines.Text())
	}
}

func TestDataStaysWhereItIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := Start(t.Context(), Options{Data: folder, Seed: mustSeed(t, seedText)})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := call(t, s, "AdminSetUserPassword", `{"UserPoolId": "`+UserPool+`", "Username": "ada", "Password": "Another-Horse-8-Battery", "Permanent": true}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, Options{Data: folder}, seedText)
	if status, body := signIn(t, s, Client, "ada", "Another-Horse-8-Battery"); status != http.StatusOK {
		t.Errorf("the second start changed the password: %d %s", status, body)
	}
	if _, err := node.Open(t.Context(), node.Options{Config: config.App{DataDir: folder}, APIs: true, RootKey: RootKey}); err == nil || !strings.Contains(err.Error(), "sluice dev") {
		t.Errorf("production started on the data: %v", err)
	}
	production := t.TempDir()
	if err := os.WriteFile(filepath.Join(production, "sluice.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Data: production}); err == nil || !strings.Contains(err.Error(), "publicly known") {
		t.Errorf("data of production: %v", err)
	}
}

func TestTemporaryDataIsDeleted(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.DataDir); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.DataDir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", s.DataDir, err)
	}
}

func mustSeed(t *testing.T, text string) *Seed {
	t.Helper()
	s, err := ParseSeed("users.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMistakesInASeedHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"users": [{"username": "ada", "pasword": "x"}]}`: `users.json:1:32: an entry of users has no member "pasword"; did you mean password?`,
		`{"usrs": []}`:                                      `users.json:1:2: the seed has no member "usrs"; did you mean users?`,
		`{"users": {}}`:                                     `users.json:1:11: users is a list, not an object`,
		"{\n\"users\": [{\"password\": \"x\"}]}":            `users.json:2:11: this user has no "username"; add it`,
		`{"users": [{"username": 1}]}`:                      `users.json:1:25: username is a string, not a number`,
		`{"identityPools": [{"id": "x", "guests": "yes"}]}`: `users.json:1:42: guests is true or false, not a string`,
		`{"groups": [{"name": "a", "precedence": 1.5}]}`:    `users.json:1:41: precedence is a whole number`,
		`{"settings": []}`:                                  `users.json:1:14: settings is an object, not a list`,
		`{"users": [], "users": []}`:                        `users.json:1:15: `,
		`{"users": [}`:                                      `users.json:1:12: `,
		"{\"settings\":\n {\"Polices\": {}}}":               `users.json:2:3: the request has no member "Polices"; did you mean Policies?`,
		"{\"users\": [\n{\"username\": \"ada\", \"password\": \"short\"}]}":                                                    `users.json:2:2: user pool us-east-1_dev000001: user ada: `,
		"{\"users\": [\n{\"username\": \"ada\", \"password\": \"x\", \"groups\": [\"g\"]}]}":                                   `users.json:2:2: user_pool us-east-1_dev000001: user ada: the pool declares no group "g"`,
		"{\"roles\": [{\"name\": \"r\",\n\"trust\": {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Alow\"}]}}]}": `users.json:2:`,
		`{"roles": [{"name": "r", "policies": {"../x": {}}}]}`:                                                                 `"../x" is not the name of a policy`,
	} {
		seed, err := ParseSeed("users.json", []byte(text))
		if err == nil {
			var s *Server
			if s, err = Start(t.Context(), Options{Seed: seed}); err == nil {
				_ = s.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), os.TempDir()) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

// The roles are declared after the identity pools that use them.
func TestAStartHasNothingToWarnOf(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	start(t, Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))}, seedText)
	if log.Len() > 0 {
		t.Errorf("the log has\n%s", log.String())
	}
}
