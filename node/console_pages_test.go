package node_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

const (
	consoleAll    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	consolePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
)

// api calls an operation of user pools as the administrator, in a region, and returns the answer.
func (w *consoleWorld) api(region, operation, input string) string {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://"+consoleHost+"/", strings.NewReader(input))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	w.must(sigv4.Sign(sigv4.FromHTTP(r), exampleRoot, sigv4.SignOptions{Time: time.Now(), Region: region, Service: "cognito-idp", PayloadHash: sigv4.HashPayload([]byte(input))}))
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", operation, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// makePool makes a user pool and returns its ID.
func (w *consoleWorld) makePool(region, name string) string {
	w.t.Helper()
	return regexp.MustCompile(`"Id":"([^"]*)"`).FindStringSubmatch(w.api(region, "CreateUserPool", `{"PoolName": "`+name+`"}`))[1]
}

// enterWithKey signs in with the administrator's key and opens a page.
func (b *consoleTab) enterWithKey(page string) *consoleTab {
	b.w.t.Helper()
	b.open(page).submit("/console/sign-in", "key", exampleRoot.AccessKeyID, "secret", exampleRoot.SecretAccessKey)
	if b.at.RequestURI() != page || b.status != http.StatusOK {
		b.w.t.Fatalf("arrived at %s, %d:\n%s", b.at, b.status, b.page)
	}
	return b
}

// says fails the test unless the page has the status and all texts.
func (b *consoleTab) says(what string, status int, texts ...string) {
	b.w.t.Helper()
	for _, text := range texts {
		if b.status != status || !strings.Contains(b.page, text) {
			b.w.t.Errorf("%s: %d, without %q:\n%s", what, b.status, text, b.page)
		}
	}
}

// silent fails the test if the page has one of the texts.
func (b *consoleTab) silent(what string, texts ...string) {
	b.w.t.Helper()
	for _, text := range texts {
		if strings.Contains(b.page, text) {
			b.w.t.Errorf("%s: with %q:\n%s", what, text, b.page)
		}
	}
}

// Any site can open the console with a link or a form. The forms that are open in other tabs stay valid.
func TestALinkFromAnotherSiteVoidsNoForm(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{AccessKey: true, Write: true}, consoleAll)
	const editor = "/console/role-policy?role=operator"
	saved := 0
	for name, enter := range map[string]func(*consoleTab) *consoleTab{
		"a member": func(b *consoleTab) *consoleTab { return b.enter("ada", editor) },
		"the key":  func(b *consoleTab) *consoleTab { return b.enterWithKey(editor) },
	} {
		for from, visit := range map[string]func(*consoleTab){
			"a link": func(b *consoleTab) { b.open("/console/pools") },
			"a form": func(b *consoleTab) {
				b.do(http.MethodPost, "/console/user/disable", url.Values{"pool": {examplePool}, "user": {"eve"}})
			},
			"a form for a page": func(b *consoleTab) { b.do(http.MethodPost, "/console/pools", nil) },
			"a form for none":   func(b *consoleTab) { b.do(http.MethodPost, "/console/nothing", nil) },
		} {
			first := enter(w.browser("https", false))
			second := first.tab()
			second.foreign = true
			visit(second)
			if name == "the key" && from == "a link" {
				second.says("the way back in", http.StatusOK, "If you are signed in already", `href="/console/pools"`)
			}
			if from == "a form" {
				second.says("a form of another site", http.StatusForbidden, "was not sent by this console", `href="/console/"`)
			}
			saved++
			first.submit("/console/role-policy", "policy", fmt.Sprint("p", saved), "document", consolePolicy, "do", "save")
			first.says(name+", after "+from+" of another site", http.StatusOK, "The policy is saved.")
		}
	}
}

func TestATypedPolicyOutlivesItsSession(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{AccessKey: true, Write: true}, consoleAll)
	const editor = "/console/role-policy?role=operator"
	ended := w.browser("https", false).enterWithKey(editor)
	delete(ended.cookies, "__Host-sluice-console")
	ended.submit("/console/role-policy", "policy", "typed", "document", consolePolicy, "do", "save")
	ended.says("after the session", http.StatusForbidden, "Your session has ended. Nothing was changed.", "s3:GetObject")
	ended.submit("/console/sign-in", "key", exampleRoot.AccessKeyID, "secret", exampleRoot.SecretAccessKey)
	if ended.at.RequestURI() != editor {
		t.Errorf("the sign-in leads to %s", ended.at)
	}
	other := w.browser("https", false).enterWithKey(editor)
	other.tab().open("/console/").submit("/console/sign-out")
	other.tab().enter("ada", "/console/")
	other.submit("/console/role-policy", "policy", "typed", "document", consolePolicy, "do", "save")
	other.says("in another session", http.StatusForbidden, "signed in or out since", "s3:GetObject")
	other.submit("/console/role-policy", "document", consolePolicy, "do", "save")
	other.says("once more", http.StatusOK, "The policy is saved.")
	foreign := other.tab()
	foreign.foreign = true
	foreign.do(http.MethodPost, "/console/role-policy", url.Values{"role": {"operator"}, "policy": {"x"}, "document": {"words of another site"}, "do": {"save"}})
	foreign.says("another site", http.StatusForbidden, "was not sent by this console")
	foreign.silent("another site", "words of another site")
}

// Chromium applies form-action to the redirects after a form: a sign-out that goes on to an identity provider would end there.
func TestASignOutLeavesTheConsoleWithoutARedirect(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{}, consoleAll)
	b := w.browser("https", false).enter("ada", "/console/pools")
	b.submit("/console/sign-out")
	refresh := regexp.MustCompile(`<meta http-equiv="refresh" content="0; ?url=([^"]*)">`).FindStringSubmatch(b.page)
	if b.status != http.StatusOK || refresh == nil || !strings.Contains(refresh[1], examplePool+"/logout?") || len(b.header["Location"]) > 0 {
		t.Fatalf("signed out: %d %v\n%s", b.status, b.header, b.page)
	}
	to, err := url.Parse(html.UnescapeString(refresh[1]))
	w.must(err)
	b.open(to.RequestURI()).says("the end", http.StatusOK, "You are signed out", `href="/console/auth/login?return_to=%2Fconsole%2F"`)
	if b.open("/console/pools"); strings.Contains(b.page, "User pools</h1>") {
		t.Error("the session lives")
	}
	b.open("/console/auth/login?return_to=%2Fconsole%2F").submit("/"+examplePool+"/login", "username", "ada", "password", consolePassword)
	if b.at.Path != "/console/" {
		t.Errorf("signed in again at %s", b.at)
	}
	b.open("/console/auth/callback?code=old&state=" + strings.Repeat("0", 40))
	if b.at.Path != "/console/" || b.status != http.StatusOK {
		t.Errorf("a step back leads to %s, %d", b.at, b.status)
	}
}

var policyOfDocs = regexp.MustCompile("(?s)```json\n(.*?)```")

// The documented role changes users, but nothing of the pool that says who may use the console.
func TestTheDocumentedRoleOfOperatorsRaisesNobody(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/console.md")
	if err != nil {
		t.Fatal(err)
	}
	policy := strings.ReplaceAll(policyOfDocs.FindStringSubmatch(string(text))[1], "us-east-1_staff0001", examplePool)
	w := openConsole(t, config.Console{Write: true}, policy)
	shop := w.makePool("us-east-1", "shop")
	w.api("us-east-1", "AdminCreateUser", `{"UserPoolId": "`+shop+`", "Username": "bob"}`)
	w.api("us-east-1", "CreateGroup", `{"UserPoolId": "`+examplePool+`", "GroupName": "admins"}`)
	b := w.browser("https", false).enter("ada", "/console/user?pool="+shop+"&user=bob")
	b.submit("/console/user/disable").says("a user of another pool", http.StatusOK, "The user is disabled")
	for path, more := range map[string][]string{"/user/group/add": {"group", "admins"}, "/user/password": {"password", "Another-Horse-8-Battery", "permanent", "on"},
		"/user/create": {"username", "mallory"}, "/group/create": {"name", "mine"}} {
		form := url.Values{"_csrf": b.open("/console/pools").fields("/console/sign-out")["_csrf"], "pool": {examplePool}, "user": {"eve"}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		b.do(http.MethodPost, "/console"+path, form)
		b.says(path+" in the pool of operators", http.StatusForbidden, "is not authorized to perform: cognito-idp:")
	}
}

// What a console refuses itself is recorded as what the APIs refuse.
func TestRefusalsOfAConsoleAreRecorded(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{}, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sluice:*","Resource":"*"}]}`)
	b := w.browser("https", false).enter("ada", "/console/pools")
	form := url.Values{"_csrf": b.fields("/console/sign-out")["_csrf"], "pool": {examplePool}, "client": {exampleClient}, "role": {"operator"}, "policy": {"x"}, "document": {consolePolicy}, "do": {"save"}}
	for path, operation := range map[string]string{"/client/secret": "console:ShowClientSecret", "/role-policy": "iam:PutRolePolicy"} {
		b.do(http.MethodPost, "/console"+path, form)
		b.says(path, http.StatusForbidden, "This console is read-only.")
		if r := w.audited(operation); r.Result != "AccessDenied" || !strings.HasSuffix(r.Actor, "assumed-role/operator/ada") {
			t.Errorf("%s: %+v", operation, r)
		}
	}
	for page, action := range map[string]string{"/keys": "sluice:ListKeys", "/decisions": "sluice:ListDecisions", "/messages": "sluice:ListMessages"} {
		b.open("/console"+page).says(page, http.StatusForbidden, "explicit deny")
		r := w.audited(action)
		if r.Result != "AccessDenied" || !strings.HasSuffix(r.Actor, "assumed-role/operator/ada") || len(r.DecisionID) != 16 || !strings.HasPrefix(r.Agent, "sluice-console ") || r.RequestID == "" {
			t.Errorf("%s: %+v", action, r)
		}
	}
	b.open("/console/")
	if r := w.audited("sluice:GetHealth"); r.Result != "AccessDenied" {
		t.Errorf("the health: %+v", r)
	}
}

func TestTheOverviewSaysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	users := regexp.MustCompile(`<strong>([^<]*)</strong><span>Users</span>`)
	for statement, want := range map[string]string{
		`"Effect":"Deny","Action":"cognito-idp:DescribeUserPool","Resource":"*"`:                                                       "–",
		`"Effect":"Deny","Action":"cognito-idp:DescribeUserPool","NotResource":"arn:aws:cognito-idp:*:*:userpool/` + examplePool + `"`: "2+",
		`"Effect":"Allow","Action":"cognito-idp:DescribeUserPool","Resource":"*"`:                                                      "2",
	} {
		w := openConsole(t, config.Console{}, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{`+statement+`}]}`)
		w.makePool("us-east-1", "other")
		b := w.browser("https", false).enter("ada", "/console/")
		if m := users.FindStringSubmatch(html.UnescapeString(b.page)); m == nil || m[1] != want {
			t.Errorf("with %s: %q, want %s\n%s", statement, m, want, b.page)
		}
	}
}

func TestAUsersGroupsAreShownWithoutTheRightToListAll(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{Write: true}, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"cognito-idp:ListGroups","Resource":"*"}]}`)
	b := w.browser("https", false).enter("ada", "/console/user?pool="+examplePool+"&user=ada")
	b.says("her groups", http.StatusOK, ">operators</a>", "Remove from a group…", "Add to a group…")
	b.silent("her groups", "cognito-idp:ListGroups")
}

// A list that does not fit takes the name instead.
func TestAGroupThatIsNotAmongTheFirstCanBeNamed(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{Write: true}, consoleAll)
	for i := range 61 {
		w.api("us-east-1", "CreateGroup", fmt.Sprintf(`{"UserPoolId": "%s", "GroupName": "g%02d"}`, examplePool, i))
	}
	b := w.browser("https", false).enter("ada", "/console/user?pool="+examplePool+"&user=eve")
	b.says("the form", http.StatusOK, `name="group" type="text"`)
	b.submit("/console/user/group/add", "group", "g60").says("a group by its name", http.StatusOK, "The user is in the group now.", ">g60</a>")
}

func TestAddressesOfUsersHaveNoNames(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{Write: true}, consoleAll)
	w.api("us-east-1", "CreateGroup", `{"UserPoolId": "`+examplePool+`", "GroupName": "readers"}`)
	b := w.browser("https", false).enter("ada", "/console/users?pool="+examplePool)
	link := regexp.MustCompile(`href="(/console/user\?[^"]*)">eve</a>`).FindStringSubmatch(b.page)
	if link == nil {
		t.Fatalf("no link to eve:\n%s", b.page)
	}
	b.open(html.UnescapeString(link[1]))
	for _, form := range []string{"/console/user/group/add", "/console/user/group/remove", "/console/user/sign-out"} {
		if b.submit(form, "group", "readers"); b.status != http.StatusOK || !b.at.Query().Has("done") || strings.Contains(b.at.RawQuery, "eve") {
			t.Errorf("%s leads to %s, %d\n%s", form, b.at, b.status, b.page)
		}
	}
}

// A form that fails is open and has what was typed, apart from passwords; the message leads to it.
func TestAFormThatFailsKeepsItsInput(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{Write: true}, consoleAll)
	b := w.browser("https", false).enter("ada", "/console/users?pool="+examplePool)
	b.submit("/console/user/create", "username", "grace", "email", "grace@example.com", "password", "short", "verified", "on")
	b.says("a user", http.StatusBadRequest, `<details class="act" open`, `value="grace"`, `value="grace@example.com"`, `name="verified" checked`)
	b.silent("a user", `value="short"`, `name="invite" checked`)
	target := regexp.MustCompile(`<div class="alert bad" role="alert"><p>[^<]* <a href="#([^"]*)">`).FindStringSubmatch(b.page)
	if target == nil || strings.Count(b.page, `id="`+target[1]+`"`) != 1 {
		t.Errorf("the message leads to %q:\n%s", target, b.page)
	}
	b.submit("/console/user/create", "password", consolePassword).says("again", http.StatusOK, "The user is created.")
	b.open("/console/roles").submit("/console/role/create", "name", "bad name", "description", "of the shop", "trust", "account")
	b.says("a role", http.StatusBadRequest, `value="bad name"`, `value="of the shop"`)
}

func TestPagesSayWhichRegionTheyShow(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{Write: true}, consoleAll, func(a *config.App) { a.OtherRegions = []string{"us-west-2"} })
	west := w.makePool("us-west-2", "west")
	b := w.browser("https", false).enter("ada", "/console/pool?pool="+west)
	const east, there = `Region</span> us-east-1`, `Region</span> us-west-2`
	b.says("a pool of another region", http.StatusOK, there)
	b.open("/console/pool?pool="+examplePool).says("a pool of the first", http.StatusOK, east)
	for _, page := range []string{"/", "/keys", "/pools"} {
		b.open("/console"+page).says(page, http.StatusOK, east, `href="/console`+page+`?region=us-west-2"`)
		b.open("/console"+page+"?region=us-west-2").says(page, http.StatusOK, there, `href="/console`+page+`?region=us-east-1"`)
	}
	b.says("the pools there", http.StatusOK, ">west</a>")
	b.open("/console/?region=us-west-2").says("the numbers there", http.StatusOK, `href="/console/pools?region=us-west-2"`)
	secret := regexp.MustCompile(`"ClientId":"([^"]*)"`).FindStringSubmatch(w.api("us-west-2", "CreateUserPoolClient", `{"UserPoolId": "`+west+`", "ClientName": "till", "GenerateSecret": true}`))[1]
	b.open("/console/client?pool="+west+"&client="+secret).submit("/console/client/secret").says("the secret", http.StatusOK, "Client secret")
	if r := w.audited("console:ShowClientSecret"); r.Result != "ok" || r.Region != "us-west-2" {
		t.Errorf("%+v", r)
	}
}

func TestARefusedMethodSaysWhichAreTaken(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{AccessKey: true, Write: true}, consoleAll)
	b := w.browser("https", false).enter("ada", "/console/users?pool="+examplePool)
	for path, allow := range map[string]string{"/pools": "GET, HEAD", "/user/create": "POST", "/role-policy": "GET, HEAD, POST", "/sign-in": "GET, HEAD, POST"} {
		if b.do(http.MethodDelete, "/console"+path, nil); b.status != http.StatusMethodNotAllowed || b.header.Get("Allow") != allow {
			t.Errorf("%s: %d, Allow %q", path, b.status, b.header.Get("Allow"))
		}
	}
	b.open("/console/users?pool="+examplePool).submit("/console/user/create", "username", "x", "password", "short")
	b.open(b.at.RequestURI()).says("the address of a form that failed", http.StatusMethodNotAllowed, `href="/console/users?pool=`+examplePool+`"`)
	b.open("/console/user/disable").says("without a page", http.StatusMethodNotAllowed, `href="/console/"`)
}
