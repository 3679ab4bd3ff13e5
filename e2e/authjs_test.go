package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// authServer is a server around the configuration of docs/guides/nextjs.md: / shows the session.
const authServer = `
config.callbacks = { session: ({ session, token }) => ({ ...session, sub: token.sub }) };
const { createServer } = await import('node:http');
const origin = 'http://localhost:' + process.env.PORT;
createServer(async (from, to) => {
  const body = [];
  for await (const part of from) body.push(part);
  const path = from.url === '/' ? '/api/auth/session' : from.url;
  const answer = await Auth(new Request(origin + path, { method: from.method, headers: from.headers, body: body.length ? Buffer.concat(body) : undefined }), config);
  to.writeHead(answer.status, [...answer.headers].flat());
  to.end(await answer.text());
}).listen(process.env.PORT, 'localhost');
`

// TestUsersSignInThroughAuthJS serves the configuration of docs/guides/nextjs.md, of which Next.js makes the same routes, and signs a user in
// on its pages and Sluice's.
func TestUsersSignInThroughAuthJS(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	makeUser(t, s, "ada")
	site := fmt.Sprintf("http://localhost:%d", harness.FreePort(t))
	made, err := newest(t, s, harness.Admin, "CreateUserPoolClient", fields{"UserPoolId": harness.Pool, "ClientName": "authjs", "GenerateSecret": true,
		"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid", "email", "profile"},
		"CallbackURLs": []string{site + "/api/auth/callback/cognito"}, "SupportedIdentityProviders": []string{"COGNITO"}})
	ok(t, err)
	client, _ := made["UserPoolClient"].(fields)
	startAuthJS(t, s, site, client)

	v := newVisitor(t)
	page, at := v.open(site + "/api/auth/signin?callbackUrl=" + site + "/")
	button := formWith(page, "csrfToken")
	if button == nil {
		t.Fatalf("no button at %s:\n%.2000s", at, page)
	}
	page, at = v.submit(at, button, nil)
	form := formWith(page, "username", "password")
	if form == nil {
		t.Fatalf("no form at %s:\n%.2000s", at, page)
	}
	page, at = v.submit(at, form, map[string]string{"username": "ada", "password": password})
	var session struct {
		User struct{ Email string }
		Sub  string
	}
	if err := json.Unmarshal([]byte(page), &session); err != nil || session.User.Email != "ada@example.com" || session.Sub == "" {
		t.Errorf("at %s: %v, %.2000s", at, err, page)
	}
	if page, at = v.open(site + "/"); !strings.Contains(page, "ada@example.com") {
		t.Errorf("then, at %s: %.500s", at, page)
	}
}

// startAuthJS starts the server of the site.
func startAuthJS(t *testing.T, s *harness.Sluice, site string, client fields) {
	t.Helper()
	folder := filepath.Join(harness.Root(), "e2e", "guides")
	installed(t, folder)
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "guides", "nextjs.md"))
	ok(t, err)
	config := regexp.MustCompile("(?s)```mjs\n(.*?)```").FindSubmatch(text)
	if config == nil {
		t.Fatal("docs/guides/nextjs.md has no program")
	}
	folder, err = os.MkdirTemp(folder, "run-") // below the packages that it imports
	ok(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	ok(t, os.WriteFile(filepath.Join(folder, "server.mjs"), append(config[1], authServer...), 0o600))
	var log bytes.Buffer
	run := exec.Command("node", filepath.Join(folder, "server.mjs"))
	run.Env = append(os.Environ(), "SLUICE_ISSUER="+s.URL+"/"+harness.Pool, fmt.Sprintf("SLUICE_SERVER_CLIENT_ID=%s", client["ClientId"]),
		fmt.Sprintf("SLUICE_SERVER_CLIENT_SECRET=%s", client["ClientSecret"]), "PORT="+site[strings.LastIndex(site, ":")+1:])
	run.Stdout, run.Stderr = &log, &log
	ok(t, run.Start())
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Logf("Auth.js: %s", log.String())
		}
	})
	s.Await(t, func() bool {
		answer, err := http.Get(site + "/")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
}
