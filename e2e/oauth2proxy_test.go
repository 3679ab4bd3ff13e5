package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestUsersSignInThroughOauth2Proxy runs oauth2-proxy with the app client and the settings of docs/relying-parties.md.
func TestUsersSignInThroughOauth2Proxy(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	_, err := s.Users(harness.Admin).CreateGroup(t.Context(), &cip.CreateGroupInput{UserPoolId: aws.String(harness.Pool), GroupName: aws.String("admins")})
	ok(t, err)
	makeUser(t, s, "ada", "admins")
	makeUser(t, s, "rita", "readers")
	site := startOauth2Proxy(t, s)
	enter := func(name string) (string, *visitor) {
		v := newVisitor(t)
		page, at := v.open(site + "/oauth2/start?rd=/hello")
		form := formWith(page, "username", "password")
		if form == nil {
			t.Fatalf("no form at %s:\n%.2000s", at, page)
		}
		page, _ = v.submit(at, form, map[string]string{"username": name, "password": password})
		return page, v
	}
	page, ada := enter("ada")
	if page != "/hello of ada@example.com in admins" {
		t.Errorf("ada sees %.500s", page)
	}
	if page, _ := ada.open(site + "/again"); page != "/again of ada@example.com in admins" {
		t.Errorf("then ada sees %.500s", page)
	}
	if page, _ := enter("rita"); strings.Contains(page, "/hello of") || !strings.Contains(page, "403") {
		t.Errorf("rita, who is in another group, sees %.500s", page)
	}
	if page, _ := ada.open(site + "/oauth2/sign_out?rd=/hello"); strings.Contains(page, "of ada") {
		t.Errorf("signed out, ada sees %.500s", page)
	}
}

// startOauth2Proxy starts oauth2-proxy before a site that tells who is signed in, and returns the site's address.
func startOauth2Proxy(t *testing.T, s *harness.Sluice) string {
	t.Helper()
	bin := harness.Tool(t, "oauth2-proxy", "github.com/oauth2-proxy/oauth2-proxy/v7")
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s of %s in %s", r.URL.Path, r.Header.Get("X-Forwarded-Email"), r.Header.Get("X-Forwarded-Groups"))
	}))
	t.Cleanup(behind.Close)
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "relying-parties.md"))
	ok(t, err)
	_, section, _ := strings.Cut(string(text), "\n## oauth2-proxy\n")
	blocks := regexp.MustCompile("(?s)```[a-z]+\n(.*?)```").FindAllStringSubmatch(section, 2)
	address := fmt.Sprintf("localhost:%d", harness.FreePort(t))
	here := strings.NewReplacer("https://app.example.com", "http://"+address, documentedIssuer, s.URL+"/"+harness.Pool, "http://127.0.0.1:9000/", behind.URL)
	in := fields{}
	ok(t, json.Unmarshal([]byte(here.Replace(blocks[0][1])), &in))
	in["UserPoolId"] = harness.Pool
	made, err := newest(t, s, harness.Admin, "CreateUserPoolClient", in)
	ok(t, err)
	client, _ := made["UserPoolClient"].(fields)
	config := filepath.Join(t.TempDir(), "oauth2-proxy.cfg")
	ok(t, os.WriteFile(config, []byte(strings.NewReplacer("CLIENT_ID", fmt.Sprint(client["ClientId"]), "CLIENT_SECRET", fmt.Sprint(client["ClientSecret"])).Replace(here.Replace(blocks[1][1]))), 0o600))
	var log bytes.Buffer
	run := exec.Command(bin, "--config", config, "--http-address", address, "--cookie-secure=false")
	run.Env = append(os.Environ(), "OAUTH2_PROXY_COOKIE_SECRET=0123456789abcdef0123456789abcdef")
	run.Stdout, run.Stderr = &log, &log
	ok(t, run.Start())
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Logf("oauth2-proxy: %s", log.String())
		}
	})
	s.Await(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
	return "http://" + address
}
