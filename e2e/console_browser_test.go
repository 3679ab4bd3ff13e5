package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluicegate/sluice/e2e/harness"
)

// hostile is an attribute that would be a script if a page did not escape it.
const hostile = `<script>document.title="owned"</script>"'><img src=x onerror=alert(1)>`

// consoleScreens are the pages that docs/console.md shows.
var consoleScreens = []struct{ file, page, scheme string }{
	{"console-overview", "/", "light"},
	{"console-users", "/users?pool=" + harness.Pool, "light"},
	{"console-user", "/user?pool=" + harness.Pool + "&user=ada", "dark"},
	{"console-policy", "/role-policy?role=notes-user&policy=role-user", "light"},
	{"console-role", "/role?role=notes-user", "light"},
	{"console-decision", "", "dark"},
	{"console-decisions", "/decisions", "light"},
}

// TestTheConsoleInABrowser signs in with the keyboard, looks at every page with axe, searches, edits a policy, acts, and signs out.
func TestTheConsoleInABrowser(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key\n\t\t\twrite")
	for name, groups := range map[string][]string{"ada": {"editors", "readers"}, "rita": {"readers"}, "tom": nil} {
		makeUser(t, c.Sluice, name, groups...)
	}
	attribute := func(name, value string) {
		_, err := c.Users(harness.Admin).AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{UserPoolId: aws.String(harness.Pool), Username: aws.String("tom"),
			UserAttributes: []types.AttributeType{{Name: &name, Value: &value}}})
		ok(t, err)
	}
	attribute("name", hostile)
	c.provide(t)
	for name, disabled := range map[string]bool{"grace": false, "charles": true} {
		_, err := c.Users(harness.Admin).AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: aws.String(harness.Pool), Username: &name, MessageAction: types.MessageActionTypeSuppress,
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}}})
		ok(t, err)
		if disabled {
			_, err = c.Users(harness.Admin).AdminDisableUser(t.Context(), &cip.AdminDisableUserInput{UserPoolId: aws.String(harness.Pool), Username: &name})
			ok(t, err)
		}
	}
	if status := c.Get(t, "GET", "/api/notes").Status; status != http.StatusUnauthorized && status != http.StatusForbidden { // a decision to look at
		t.Errorf("without a token: %d", status)
	}
	tokens := signIn(t, c.Sluice, "rita")
	if r := c.Get(t, "DELETE", "/api/notes/1", "Authorization", "Bearer "+*tokens.AccessToken); r.Status != http.StatusForbidden {
		t.Errorf("rita deletes a note: %d", r.Status)
	}
	for _, request := range []string{"DELETE /trial/1", "DELETE /trial/2", "DELETE /trial/2", "GET /trial/1", "GET /trial/2?page=2"} { // which shadow mode lets pass
		method, path, _ := strings.Cut(request, " ")
		if r := c.Get(t, method, path, "Authorization", *tokens.AccessToken); r.Status != http.StatusOK { // without Bearer, as some clients send it
			t.Errorf("rita: %s: %d", request, r.Status)
		}
	}
	b := harness.StartBrowser(t, c.at("/"))
	b.Show(desktop, map[string]string{"prefers-color-scheme": "light"})
	b.Settle()
	audit(t, b, "the sign-in")
	b.Type(harness.RootKey) // the field has the focus
	b.Press("Tab")
	b.Type(harness.RootSecret)
	b.Press("Enter")
	c.heading(t, b, "Overview")
	c.look(t, b)
	c.edit(t, b)
	c.actInBrowser(t, b)
}

// provide makes an identity provider, and a managed policy that notes-user has.
func (c *consoleSite) provide(t *testing.T) {
	t.Helper()
	at := "https://partner.example"
	_, err := c.Users(harness.Admin).CreateIdentityProvider(t.Context(), &cip.CreateIdentityProviderInput{UserPoolId: aws.String(harness.Pool), ProviderName: aws.String("Partner"),
		ProviderType: types.IdentityProviderTypeTypeOidc, IdpIdentifiers: []string{"partner.example"}, AttributeMapping: map[string]string{"email": "email", "name": "name"},
		ProviderDetails: map[string]string{"client_id": "notes", "client_secret": "never-to-be-shown", "authorize_scopes": "openid email", "attributes_request_method": "GET", "oidc_issuer": at,
			"authorize_url": at + "/authorize", "token_url": at + "/token", "attributes_url": at + "/userinfo", "jwks_uri": at + "/keys"}})
	ok(t, err)
	made, err := c.IAM(harness.Admin).CreatePolicy(t.Context(), &awsiam.CreatePolicyInput{PolicyName: aws.String("read-notes"), Description: aws.String("Reads notes"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`)})
	ok(t, err)
	_, err = c.IAM(harness.Admin).AttachRolePolicy(t.Context(), &awsiam.AttachRolePolicyInput{RoleName: aws.String("notes-user"), PolicyArn: made.Policy.Arn})
	ok(t, err)
}

// heading waits for a page.
func (c *consoleSite) heading(t *testing.T, b *harness.Browser, want string) {
	t.Helper()
	c.Await(t, func() bool {
		var got string
		b.Read(`document.querySelector("h1")?.innerText ?? ""`, &got)
		return got == want
	})
}

// look visits every page that a link leads to, in light and dark, and takes the screenshots.
func (c *consoleSite) look(t *testing.T, b *harness.Browser) {
	t.Helper()
	var todo []string
	seen := map[string]bool{}
	add := func() {
		var links []string
		b.Read(`[...document.querySelectorAll("a[href^='/ops/console']")].map((a) => a.getAttribute("href").split("#")[0])`, &links)
		for _, l := range links {
			kind, _, _ := strings.Cut(l, "?")
			if kind == "/ops/console/user" && !strings.Contains(l, "done") || !seen[kind] { // one of each kind, and all users
				if !seen[l] {
					todo = append(todo, l)
				}
				seen[kind], seen[l] = true, true
			}
		}
	}
	add()
	visited := 0
	for ; len(todo) > 0; visited++ {
		page := todo[0]
		todo = todo[1:]
		scheme, screen := "light", desktop
		if visited%2 == 1 {
			scheme = "dark"
		}
		if visited%3 == 2 {
			screen = phone
		}
		b.Show(screen, map[string]string{"prefers-color-scheme": scheme})
		b.Visit(c.URL + page)
		audit(t, b, page)
		var title, problem string
		b.Read(`document.title`, &title)
		b.Read(`document.querySelector(".alert.bad")?.innerText ?? ""`, &problem)
		var text string
		b.Read(`document.body.innerText`, &text)
		if kind, _, _ := strings.Cut(page, "?"); kind == "/ops/console/provider" && !strings.Contains(text, "https://partner.example") || kind == "/ops/console/role" && !strings.Contains(text, "Trust policy") ||
			strings.Contains(text, "never-to-be-shown") {
			t.Errorf("%s: %s", page, text)
		}
		if strings.Contains(title, "owned") || problem != "" {
			t.Errorf("%s: %q, %s", page, title, problem)
		}
		add()
	}
	if visited < 20 || !seen["/ops/console/provider"] || !seen["/ops/console/policy"] {
		t.Errorf("only %d pages", visited)
	}
	b.Visit(c.at("/decisions"))
	var shadow []string
	b.Read(`[...document.querySelectorAll("#shadow tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText).join("|"))`, &shadow)
	if len(shadow) != 2 || !strings.HasPrefix(shadow[0], "trial|rita|execute-api:Invoke|") || !strings.Contains(shadow[0], "|3|") || !strings.HasPrefix(shadow[1], "trial|rita|execute-api:Invoke|no statement allows it|2|") {
		t.Errorf("the shadow denials are %q", shadow)
	}
	for _, scheme := range []string{"light", "dark"} {
		b.Show(desktop, map[string]string{"prefers-color-scheme": scheme})
		audit(t, b, "the decisions, "+scheme)
	}
	var decision string
	b.Read(`document.querySelector("#refusals tbody tr:last-child a").getAttribute("href").replace("/ops/console", "")`, &decision)
	for _, s := range consoleScreens {
		if s.page == "" {
			s.page = decision
		}
		b.Show(harness.Screen{Width: 1100, Height: 800}, map[string]string{"prefers-color-scheme": s.scheme})
		b.Visit(c.at(s.page))
		if *update {
			ok(t, os.WriteFile(filepath.Join(harness.Root(), "docs", "screens", s.file+".png"), b.Screenshot(false), 0o644))
		}
	}
}

// edit types a wrong policy, reads what is wrong while typing, corrects and saves it.
func (c *consoleSite) edit(t *testing.T, b *harness.Browser) {
	t.Helper()
	b.Show(desktop, map[string]string{"prefers-color-scheme": "light"})
	b.Visit(c.at("/role-policy?role=notes-user&policy=role-user"))
	b.Evaluate(`document.getElementById("document").select(), document.getElementById("document").focus()`, nil)
	b.Type("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Alow\",\n      \"Action\": \"s3:GetObject\",\n      \"Resource\": \"*\",\n      \"Condition\": {\"StringEqual\": {\"aws:PrincipalTag/team\": \"notes\"}}\n    }\n  ]\n}")
	c.Await(t, func() bool {
		var findings string
		b.Read(`document.getElementById("findings").innerText`, &findings)
		return strings.Contains(findings, "Alow") && strings.Contains(findings, "Line 5") && strings.Contains(findings, "StringEquals")
	})
	audit(t, b, "a policy with an error")
	if *update {
		b.Show(harness.Screen{Width: 1100, Height: 800}, map[string]string{"prefers-color-scheme": "light"})
		ok(t, os.WriteFile(filepath.Join(harness.Root(), "docs", "screens", "console-policy.png"), b.Screenshot(false), 0o644))
	}
	b.Evaluate(`document.getElementById("document").select()`, nil)
	b.Type(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)
	b.Evaluate(`document.querySelector("button[value=save]").click()`, nil)
	c.Await(t, func() bool {
		var notice string
		b.Read(`document.querySelector(".alert.good")?.innerText ?? ""`, &notice)
		return strings.Contains(notice, "saved")
	})
	c.wantAudit(t, "iam:PutRolePolicy", ":root", "ok")
}

// actInBrowser searches for a user, disables it, and signs out.
func (c *consoleSite) actInBrowser(t *testing.T, b *harness.Browser) {
	t.Helper()
	b.Visit(c.at("/users?pool=" + harness.Pool + "&by=username&how=is&q=rita"))
	var found []string
	if b.Read(`[...document.querySelectorAll("tbody th a")].map((a) => a.innerText)`, &found); len(found) != 1 || found[0] != "rita" {
		t.Fatalf("the search finds %q", found)
	}
	b.Evaluate(`document.querySelector("tbody th a").click()`, nil)
	c.heading(t, b, "rita")
	b.Evaluate(`(() => { const d = [...document.querySelectorAll("summary")].find((s) => s.innerText.startsWith("Disable")); d.click(); d.parentElement.querySelector("button").click(); })()`, nil)
	c.Await(t, func() bool {
		var notice string
		b.Read(`document.querySelector(".alert.good")?.innerText ?? ""`, &notice)
		return strings.Contains(notice, "disabled")
	})
	if c.enabled(t, "rita") {
		t.Error("rita is enabled")
	}
	c.wantAudit(t, "cognito-idp:AdminDisableUser", ":root", "ok")
	b.Evaluate(`document.querySelector(".who summary").click(), document.querySelector(".who button").click()`, nil)
	c.heading(t, b, "Sign in")
	c.wantAudit(t, "console:SignOut", ":root", "ok")
}
