package e2e

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluicegate/sluice/e2e/harness"
)

// operator is what operators may do in the console.
const operator = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["cognito-idp:*","cognito-identity:*","iam:Get*","iam:List*","sluice:*"],"Resource":"*"},
	{"Effect":"Deny","Action":"cognito-idp:AdminDeleteUser","Resource":"*"}]}`

// consoleSite is a Sluice with a console at /ops/console.
type consoleSite struct {
	*harness.Sluice
	audit string // the file of the audit log
}

func startConsole(t *testing.T, options string) *consoleSite {
	t.Helper()
	dir := t.TempDir()
	c := &consoleSite{audit: filepath.Join(dir, "audit.jsonl")}
	role := filepath.Join(dir, "operator.json")
	ok(t, os.WriteFile(role, []byte(operator), 0o600))
	c.Sluice = harness.Prepare(t, harness.Config{Global: "audit_log on\n\t\trole operator {\n\t\t\ttrust identity_pool us-east-1:11111111-2222-4333-8444-555555555555 authenticated\n\t\t\tpolicy " + role + "\n\t\t}",
		Edit: func(text string) string {
			text = strings.Replace(text, "\tservers {", "\tlog audit {\n\t\tinclude sluice.audit\n\t\toutput file "+c.audit+"\n\t}\n\tservers {", 1)
			text = strings.Replace(text, filepath.Join(harness.Root(), "examples", "notes", "client.json"), filepath.Join(dir, "client.json"), 1)
			return strings.Replace(text, "\thandle /metrics {", "\thandle /trial/* {\n\t\tsluice_authorize {\n\t\t\tapi trial\n\t\t\tmode shadow\n\t\t\tuser_pool "+harness.Pool+
				"\n\t\t\tallow group editors GET /trial/*\n\t\t\tdeny any DELETE /trial/*\n\t\t}\n\t\trespond ok\n\t}\n\n\thandle /ops/* {\n\t\turi strip_prefix /ops\n\t\tsluice_console {\n\t\t\tpath /ops/console\n\t\t\t"+options+"\n\t\t}\n\t}\n\n\thandle /metrics {", 1)
		}})
	text, err := os.ReadFile(filepath.Join(harness.Root(), "examples", "notes", "client.json"))
	ok(t, err)
	var settings map[string]any
	ok(t, json.Unmarshal(text, &settings))
	for name, path := range map[string]string{"CallbackURLs": "callback", "LogoutURLs": "logout"} {
		urls, _ := settings[name].([]any)
		settings[name] = append(urls, c.URL+"/ops/console/auth/"+path, c.URL+"/.sluice/"+path)
	}
	text, err = json.Marshal(settings)
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(dir, "client.json"), text, 0o600))
	c.Launch(t)
	return c
}

// at is the address of a page of the console.
func (c *consoleSite) at(page string) string { return c.URL + "/ops/console" + page }

// enter signs in with the administrator's key and returns the page that it leads to.
func (c *consoleSite) enter(v *visitor, page string) string {
	v.t.Helper()
	text, at := v.open(c.at(page))
	text, at = v.submit(at, formWith(text, "secret"), map[string]string{"key": harness.RootKey, "secret": harness.RootSecret})
	if at.String() != c.at(page) {
		v.t.Fatalf("signed in at %s\n%.2000s", at, text)
	}
	return text
}

var csrfField = regexp.MustCompile(`name="_csrf" value="([^"]*)"`)

// post sends a form that no page has.
func (c *consoleSite) post(v *visitor, csrf, path string, header map[string]string, pairs ...string) (int, string) {
	v.t.Helper()
	form := url.Values{"_csrf": {csrf}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, c.at(path), strings.NewReader(form.Encode()))
	ok(v.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := v.client.Do(r)
	ok(v.t, err)
	defer func() { _ = answer.Body.Close() }() // read closes it as well
	page, _ := v.read(answer, nil)
	return answer.StatusCode, page
}

func tokenOf(t *testing.T, page string) string {
	t.Helper()
	m := csrfField.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no form:\n%.2000s", page)
	}
	return html.UnescapeString(m[1])
}

func (c *consoleSite) enabled(t *testing.T, name string) bool {
	t.Helper()
	u, err := c.Users(harness.Admin).AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(harness.Pool), Username: aws.String(name)})
	ok(t, err)
	return u.Enabled
}

// TestAConsoleThatOnlyShowsChangesNothing sends forms by hand. The console has a path below a prefix that the site strips.
func TestAConsoleThatOnlyShowsChangesNothing(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key")
	makeUser(t, c.Sluice, "rita", "readers")
	stranger := newVisitor(t)
	page, at := stranger.open(c.at("/users?pool=" + harness.Pool))
	if strings.Contains(page, "rita") || formWith(page, "secret") == nil {
		t.Fatalf("a stranger sees\n%s", page)
	}
	if page, _ = stranger.submit(at, formWith(page, "secret"), map[string]string{"key": harness.RootKey, "secret": "wrong"}); !strings.Contains(page, "is wrong") {
		t.Errorf("with a wrong secret:\n%s", page)
	}
	if status, _ := c.post(stranger, tokenOf(t, page), "/user/disable", nil, "pool", harness.Pool, "user", "rita"); status != http.StatusForbidden {
		t.Errorf("a stranger's form: %d", status)
	}
	v := newVisitor(t)
	page = c.enter(v, "/users?pool="+harness.Pool)
	if !strings.Contains(page, ">rita</a>") || !strings.Contains(page, "Read only") || strings.Contains(page, "Create a user") {
		t.Errorf("the users:\n%s", page)
	}
	for _, path := range []string{"/user/disable", "/user/delete", "/user/sign-out", "/user/create", "/role-policy", "/client/secret", "/pool/create", "/role/create", "/role/attach", "/role/detach"} {
		status, answer := c.post(v, tokenOf(t, page), path, nil, "pool", harness.Pool, "user", "rita", "name", "rita", "username", "new", "client", harness.Client, "role", "notes-user",
			"names", "username", "trust", "account", "arn", "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy", "policy", "x", "document", `{"Version":"2012-10-17","Statement":[]}`, "do", "save")
		if status != http.StatusForbidden && status != http.StatusBadRequest || strings.Contains(answer, "Client secret") {
			t.Errorf("%s: %d\n%s", path, status, answer)
		}
	}
	if !c.enabled(t, "rita") {
		t.Error("rita is disabled")
	}
	for _, path := range []string{"/nothing", "/user?pool=" + harness.Pool + "&user=nobody", "/role?role=none"} {
		if r, err := v.client.Get(c.at(path)); err != nil || r.StatusCode != http.StatusNotFound || r.Body.Close() != nil {
			t.Errorf("%s: %v %v", path, r, err)
		}
	}
	if status := c.Get(t, "GET", "/ops/other").Status; status == http.StatusForbidden {
		t.Errorf("a path beside the console: %d", status)
	}
}

// TestTheConsoleTakesFormsOfItsOwnPagesOnly tries those of other sites, browsers and sessions, and links.
func TestTheConsoleTakesFormsOfItsOwnPagesOnly(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key\n\t\t\twrite")
	makeUser(t, c.Sluice, "rita", "readers")
	v, other := newVisitor(t), newVisitor(t)
	page := c.enter(v, "/users?pool="+harness.Pool)
	foreign := tokenOf(t, c.enter(other, "/users?pool="+harness.Pool))
	user := []string{"pool", harness.Pool, "user", "rita"}
	for name, try := range map[string]struct {
		csrf   string
		header map[string]string
	}{
		"no token": {"", nil}, "another browser's token": {foreign, nil}, "a wrong token": {strings.Repeat("A", len(foreign)), nil},
		"another site": {tokenOf(t, page), map[string]string{"Origin": "https://evil.example"}}, "another origin of the site": {tokenOf(t, page), map[string]string{"Sec-Fetch-Site": "same-site"}},
		"not a form": {tokenOf(t, page), map[string]string{"Content-Type": "text/plain"}},
	} {
		if status, answer := c.post(v, try.csrf, "/user/disable", try.header, user...); status != http.StatusForbidden && status != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d\n%s", name, status, answer)
		}
	}
	for _, path := range []string{"/user/disable", "/sign-out"} { // a GET has no effect
		if r, err := v.client.Get(c.at(path + "?pool=" + harness.Pool + "&user=rita")); err != nil || r.StatusCode != http.StatusMethodNotAllowed || r.Body.Close() != nil {
			t.Errorf("GET %s: %v %v", path, r, err)
		}
	}
	if !c.enabled(t, "rita") {
		t.Fatal("rita is disabled")
	}
	if status, answer := c.post(v, tokenOf(t, page), "/user/disable", nil, user...); status != http.StatusOK || c.enabled(t, "rita") {
		t.Errorf("the console's own form: %d\n%s", status, answer)
	}
	before := v.jar.Cookies(mustParse(t, c.URL))
	if _, answer := c.post(v, tokenOf(t, page), "/sign-out", nil); formWith(answer, "secret") == nil {
		t.Errorf("after the sign-out:\n%s", answer)
	}
	thief := newVisitor(t)
	thief.jar.SetCookies(mustParse(t, c.URL), before)
	if answer, _ := thief.open(c.at("/pools")); formWith(answer, "secret") == nil {
		t.Error("a session that has ended shows the pools")
	}
}

// TestTheConsoleMakesPoolsAndRoles sends the forms, and asks the APIs for what they have made.
func TestTheConsoleMakesPoolsAndRoles(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key\n\t\t\twrite\n\t\t\tuser_pool "+harness.Pool+" "+harness.Client+"\n\t\t\tgroup editors operator")
	v := newVisitor(t)
	page := c.enter(v, "/pools")
	if !strings.Contains(page, "Create a user pool") {
		t.Errorf("the pools have no form:\n%s", page)
	}
	token := tokenOf(t, page)
	post := func(want int, path string, pairs ...string) string {
		t.Helper()
		status, answer := c.post(v, token, path, nil, pairs...)
		if status != want {
			t.Errorf("%s %q: %d\n%.3000s", path, pairs, status, answer)
		}
		return answer
	}
	post(400, "/pool/create", "name", "shop", "names", "shoe-size")
	post(400, "/pool/create", "name", "", "names", "email")
	made := post(200, "/pool/create", "name", "shop", "names", "email", "open", "on", "protected", "on")
	id := regexp.MustCompile(`us-east-1_[0-9A-Za-z]{9}`).FindString(made)
	pool, err := c.Users(harness.Admin).DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: &id})
	if err != nil || *pool.UserPool.Name != "shop" || len(pool.UserPool.UsernameAttributes) != 1 || pool.UserPool.UsernameAttributes[0] != "email" || pool.UserPool.DeletionProtection != "ACTIVE" ||
		pool.UserPool.AdminCreateUserConfig.AllowAdminCreateUserOnly || !strings.Contains(made, "The user pool is created.") {
		t.Errorf("the pool: %+v %v\n%.2000s", pool, err, made)
	}
	c.wantAudit(t, "cognito-idp:CreateUserPool", ":root", "ok")
	post(400, "/role/create", "name", "shopper", "trust", "everybody")
	post(400, "/role/create", "name", "shopper", "trust", "root us-east-1:11111111-2222-4333-8444-555555555555")
	for name, trust := range map[string]string{"shopper": "authenticated " + harness.IdentityPool, "visitor": "unauthenticated " + harness.IdentityPool, "clerk": "account"} {
		answer := post(200, "/role/create", "name", name, "description", "in the shop", "trust", trust)
		role, err := c.IAM(harness.Admin).GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: &name})
		ok(t, err)
		document, err := url.QueryUnescape(*role.Role.AssumeRolePolicyDocument)
		ok(t, err)
		kind, about, _ := strings.Cut(trust, " ")
		if kind != "account" && !strings.Contains(document, "sts:TagSession") {
			t.Errorf("%s cannot get tags from the identity pool: %s", name, document)
		}
		if kind == "account" {
			kind, about = "sts:AssumeRole", ":root"
		}
		if !strings.Contains(document, `"`+kind+`"`) || !strings.Contains(document, about) || !strings.Contains(answer, "in the shop") || !strings.Contains(answer, "Trust policy") {
			t.Errorf("%s: %s\n%.3000s", name, document, answer)
		}
	}
	post(400, "/role/create", "name", "shopper", "trust", "account")
	sells, err := c.IAM(harness.Admin).CreatePolicy(t.Context(), &awsiam.CreatePolicyInput{PolicyName: aws.String("sells"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`)})
	ok(t, err)
	arn := *sells.Policy.Arn
	if answer := post(200, "/role/attach", "role", "clerk", "arn", arn); !strings.Contains(answer, "sells</a>") {
		t.Errorf("attached:\n%s", answer)
	}
	if answer := post(200, "/role/detach", "role", "clerk", "arn", arn); !strings.Contains(answer, "No managed policy is attached.") {
		t.Errorf("detached:\n%s", answer)
	}
	c.wantAudit(t, "iam:CreateRole", ":root", "ok")
}

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	ok(t, err)
	return u
}

// TestMembersOfAGroupUseTheConsole signs in at the pool, is limited by the role, and ends with the membership.
func TestMembersOfAGroupUseTheConsole(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "user_pool "+harness.Pool+" "+harness.Client+"\n\t\t\tgroup editors operator\n\t\t\twrite")
	makeUser(t, c.Sluice, "ada", "editors")
	makeUser(t, c.Sluice, "rita", "readers")
	enter := func(name string) (*visitor, string) {
		v := newVisitor(t)
		v.client.Transport = navigating{}
		page, at := v.open(c.at("/users?pool=" + harness.Pool))
		link := regexp.MustCompile(`<a class="button wide" href="([^"]*)"`).FindStringSubmatch(page)
		if link == nil {
			t.Fatalf("no link to the pool at %s:\n%s", at, page)
		}
		page, at = v.open(c.URL + html.UnescapeString(link[1]))
		for form := formWith(page, "username", "password"); form != nil && !strings.HasPrefix(at.Path, "/ops/"); form = formWith(page, "username", "password") {
			page, at = v.submit(at, form, map[string]string{"username": name, "password": password})
		}
		if at.String() != c.at("/users?pool="+harness.Pool) {
			t.Fatalf("%s arrived at %s\n%.3000s", name, at, page)
		}
		return v, page
	}
	if _, page := enter("rita"); !strings.Contains(page, "not in a group") || strings.Contains(page, ">ada</a>") {
		t.Errorf("rita, who is no editor, sees\n%s", page)
	}
	v, page := enter("ada")
	if !strings.Contains(page, "assumed-role/operator/ada") || !strings.Contains(page, ">rita</a>") {
		t.Fatalf("ada sees\n%s", page)
	}
	token := tokenOf(t, page)
	if status, answer := c.post(v, token, "/user/disable", nil, "pool", harness.Pool, "user", "rita"); status != http.StatusOK || c.enabled(t, "rita") {
		t.Errorf("ada disables rita: %d\n%s", status, answer)
	}
	if status, answer := c.post(v, token, "/user/delete", nil, "pool", harness.Pool, "user", "rita", "name", "rita"); status != http.StatusForbidden || !strings.Contains(answer, "explicit deny") {
		t.Errorf("ada deletes rita, which the role denies: %d\n%s", status, answer)
	}
	c.wantAudit(t, "cognito-idp:AdminDisableUser", "assumed-role/operator/ada", "ok")
	c.wantAudit(t, "cognito-idp:AdminDeleteUser", "assumed-role/operator/ada", "AccessDenied")
	_, err := c.Users(harness.Admin).AdminRemoveUserFromGroup(t.Context(), &cip.AdminRemoveUserFromGroupInput{UserPoolId: aws.String(harness.Pool), Username: aws.String("ada"), GroupName: aws.String("editors")})
	ok(t, err)
	c.Await(t, func() bool {
		page, _ := v.open(c.at("/pools"))
		return !strings.Contains(page, "User pools</h1>")
	})
	if status, _ := c.post(v, token, "/user/enable", nil, "pool", harness.Pool, "user", "rita"); status != http.StatusForbidden || c.enabled(t, "rita") {
		t.Errorf("ada, who is no editor any more, enables rita: %d", status)
	}
}

// A session of an application with the same app client is none of the console: it lasts longer, and the page that it was made for is
// another one. Nor is the console's one of the application.
func TestASessionOfAnApplicationIsNoneOfTheConsole(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "user_pool "+harness.Pool+" "+harness.Client+"\n\t\t\tgroup editors operator")
	makeUser(t, c.Sluice, "ada", "editors")
	app := &edgeSite{Sluice: c.Sluice, t: t, URL: c.URL}
	v, _ := app.enter("/app/", "ada")
	if page, _ := v.open(c.at("/users?pool=" + harness.Pool)); strings.Contains(page, ">ada</a>") || !strings.Contains(page, "Sign in") {
		t.Errorf("the application's session shows\n%.3000s", page)
	}
	home := mustParse(t, c.URL)
	sessions := func() map[string]string {
		out := map[string]string{}
		for _, cookie := range v.jar.Cookies(home) {
			if strings.HasPrefix(cookie.Name, "sluice-") {
				out[cookie.Name] = cookie.Value
			}
		}
		return out
	}
	before := sessions()
	page, at := v.open(c.at("/pools"))
	link := regexp.MustCompile(`<a class="button wide" href="([^"]*)"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no link to the pool at %s:\n%s", at, page)
	}
	page, at = v.open(c.URL + html.UnescapeString(link[1]))
	for form := formWith(page, "username", "password"); form != nil && !strings.HasPrefix(at.Path, "/ops/"); form = formWith(page, "username", "password") {
		page, at = v.submit(at, form, map[string]string{"username": "ada", "password": password})
	}
	if at.String() != c.at("/pools") || !strings.Contains(page, "assumed-role/operator/ada") {
		t.Fatalf("ada arrived at %s\n%.3000s", at, page)
	}
	tried := 0
	for name := range sessions() {
		if before[name] != "" {
			continue
		}
		for _, value := range before { // the application's cookies under the names of the console's
			forged := newVisitor(t)
			forged.jar.SetCookies(home, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
			if page, _ := forged.open(c.at("/pools")); strings.Contains(page, "assumed-role/operator/ada") {
				t.Errorf("a cookie of the application as %s shows\n%.2000s", name, page)
			}
			tried++
		}
	}
	if tried == 0 {
		t.Errorf("the console has no cookie of its own: %v", sessions())
	}
}

// wantAudit waits for a record.
func (c *consoleSite) wantAudit(t *testing.T, operation, actor, result string) {
	t.Helper()
	c.Await(t, func() bool {
		text, err := os.ReadFile(c.audit)
		ok(t, err)
		for line := range strings.Lines(string(text)) {
			var r struct{ Operation, Actor, Result, Agent string }
			ok(t, json.Unmarshal([]byte(line), &r))
			if r.Operation == operation && strings.HasSuffix(r.Actor, actor) && r.Result == result && strings.HasPrefix(r.Agent, "sluice-console ") {
				return true
			}
		}
		return false
	})
}
