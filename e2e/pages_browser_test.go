package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// sent returns the form that the gallery received last, and waits for it.
func sent(t *testing.T, b *harness.Browser) map[string][]string {
	t.Helper()
	var text string
	b.Read(`new Promise((resolve) => { const look = () => document.contentType === "application/json" ? resolve(document.body.innerText) : setTimeout(look, 20); look(); })`, &text)
	var form map[string][]string
	ok(t, json.Unmarshal([]byte(text), &form))
	return form
}

// focus describes what has the focus: its name, its address or its text.
const focus = `(() => { const e = document.activeElement; return e === document.body ? "" : e.name || e.getAttribute("aria-label") || e.innerText.trim(); })()`

func TestKeyboardAloneReachesEverythingOnASignInPage(t *testing.T) {
	address, _ := gallery(t)
	b := harness.StartBrowser(t, address)
	b.Show(desktop, nil)
	b.Visit(address + "/sample/sign-in-providers?lang=en")
	want := []string{"Continue with Google", "Continue with Apple", "Continue with Acme Corporation", "username", "Forgot password?", "password",
		"Show password", "Sign in", "Sign in with a passkey", "Create an account", "Language: English"}
	var got []string
	for range 3 { // the field of the name has the focus; the providers are before it
		b.Press("Shift+Tab")
	}
	for i := range want {
		if i > 0 {
			b.Press("Tab")
		}
		var on struct {
			Name    string
			Visible bool
		}
		b.Evaluate(`(() => { const s = getComputedStyle(document.activeElement); return { Name: `+focus+`, Visible: s.outlineStyle !== "none" && s.outlineWidth !== "0px" }; })()`, &on)
		if got = append(got, strings.Join(strings.Fields(on.Name), " ")); !on.Visible {
			t.Errorf("nobody sees that %q has the focus", on.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("Tab goes through %q\nwant %q", got, want)
	}
	b.Press("Enter")
	var opened bool
	if b.Evaluate(`document.querySelector(".languages").open`, &opened); !opened {
		t.Error("Enter does not open the languages")
	}
	b.Press("Tab")
	b.Press("Escape")
	var name string
	if b.Evaluate(`document.querySelector(".languages").open ? "open" : `+focus, &name); !strings.HasPrefix(name, "Language") {
		t.Errorf("after Escape: %q", name)
	}
}

func TestKeyboardAloneSignsIn(t *testing.T) {
	address, _ := gallery(t)
	b := harness.StartBrowser(t, address)
	b.Show(phone, nil)
	b.Visit(address + "/sample/sign-in-password?lang=en") // the first field has the focus
	b.Type("ana")
	b.Press("Tab") // over the link to a forgotten password
	b.Press("Tab")
	b.Type("Secret-1")
	b.Press("Tab")
	b.Press("Space") // shows the password
	var kind string
	if b.Evaluate(`document.querySelector("[name=password]").type`, &kind); kind != "text" {
		t.Errorf("the password's field has type %q", kind)
	}
	b.Press("Shift+Tab")
	b.Press("Enter")
	form := sent(t, b)
	for name, want := range map[string]string{"action": "signin", "username": "ana", "password": "Secret-1", "_csrf": "csrf-token"} {
		if got := form[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	b.Visit(address + "/sample/choose-factor?lang=en")
	for range 3 { // over the link to another account
		b.Press("Tab")
	}
	b.Press("Enter")
	if got := sent(t, b)["choice"]; !slices.Equal(got, []string{"PASSWORD"}) {
		t.Errorf("choice is %q", got)
	}
}

func TestErrorsHaveTheFocusAndAreDescribed(t *testing.T) {
	address, _ := gallery(t)
	b := harness.StartBrowser(t, address)
	for page, want := range map[string]string{
		"code-wrong":    "This code is not correct. Check it and try again.",
		"sign-in-wrong": "Incorrect username or password.",
		"sign-up-wrong": "This name is taken. Choose another one.",
	} {
		b.Visit(address + "/sample/" + page + "?lang=en")
		var got struct {
			Described, Title string
			Alert            bool
		}
		b.Evaluate(`(() => { const ids = (document.activeElement.getAttribute("aria-describedby") || "").split(" ");
			return { Described: ids.map((id) => document.getElementById(id)?.innerText.trim()).join(" "), Title: document.title, Alert: !!document.querySelector("[role=alert]:not([hidden])") }; })()`, &got)
		if !strings.Contains(got.Described, want) || !strings.HasPrefix(got.Title, "Error: ") {
			t.Errorf("%s: the focus is described as %q, the title is %q", page, got.Described, got.Title)
		}
	}
}

func TestPasswordRulesAreCheckedWhileTyping(t *testing.T) {
	address, _ := gallery(t)
	b := harness.StartBrowser(t, address)
	b.Visit(address + "/sample/sign-up?lang=en")
	for _, tc := range []struct {
		password string
		met      []string
	}{
		{"", []string{}},
		{"abc", []string{"lower"}},
		{"ABCdef12", []string{"length", "upper", "lower", "number"}},
		{"Äöü-ñandú", []string{"length", "lower", "symbol"}},
		{"two words", []string{"length", "lower", "symbol"}},
		{" leading ", []string{"length", "lower"}},
		{"Secret-123", []string{"length", "upper", "lower", "number", "symbol"}},
	} {
		var met []string
		password, err := json.Marshal(tc.password)
		ok(t, err)
		b.Evaluate(`(() => { const i = document.querySelector("[name=password]"); i.value = `+string(password)+`; i.dispatchEvent(new Event("input"));
			return [...document.querySelectorAll(".rules .met")].map((e) => e.dataset.rule); })()`, &met)
		if !slices.Equal(met, tc.met) {
			t.Errorf("%q fulfils %v, want %v", tc.password, met, tc.met)
		}
	}
	var state string
	if b.Evaluate(`document.querySelector("[data-rule=upper]").innerText`, &state); !strings.Contains(state, "fulfilled") {
		t.Errorf("a screen reader hears %q", state)
	}
}

func TestPasskeysAreMadeAndOfferedByTheBrowser(t *testing.T) {
	address, _ := gallery(t)
	b := harness.StartBrowser(t, address)
	credential := func(form map[string][]string) (c struct {
		ID, RawID, Type string
		Response        struct{ ClientDataJSON, AttestationObject, AuthenticatorData, Signature, UserHandle string }
	}) {
		t.Helper()
		if len(form["credential"]) != 1 {
			t.Fatalf("the form has no credential: %v", form)
		}
		ok(t, json.Unmarshal([]byte(form["credential"][0]), &c))
		return c
	}
	b.Visit(address + "/sample/sign-in?lang=en") // no passkey yet: the browser keeps the page
	b.Visit(address + "/sample/add-passkey?lang=en")
	b.Evaluate(`document.querySelector("[data-passkey] button").click()`, nil)
	form := sent(t, b)
	made := credential(form)
	if made.Type != "public-key" || made.Response.AttestationObject == "" || made.Response.ClientDataJSON == "" || form["action"][0] != "addpasskey" {
		t.Errorf("made %+v", made)
	}
	b.Visit(address + "/sample/passkey?lang=en")
	b.Evaluate(`document.querySelector("[data-passkey] button").click()`, nil)
	form = sent(t, b)
	if used := credential(form); used.ID != made.ID || used.Response.Signature == "" || used.Response.UserHandle != "YW5h" || form["action"][0] != "passkey" {
		t.Errorf("used %+v", used)
	}
	// The first page offers passkeys in the browser's list of names; the virtual authenticator takes the one that there is.
	b.Visit(address + "/sample/sign-in?lang=en")
	if offered := credential(sent(t, b)); offered.ID != made.ID || offered.Response.AuthenticatorData == "" {
		t.Errorf("offered %+v", offered)
	}
}
