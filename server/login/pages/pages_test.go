package pages_test

import (
	"bytes"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/login/pages/samples"
	"github.com/sluicegate/sluice/userpool/branding"
)

var update = flag.Bool("update", false, "write the golden files")

func renderer(t *testing.T) *pages.Renderer {
	t.Helper()
	r, err := pages.New(pages.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// render returns the page's HTML.
func render(t *testing.T, r *pages.Renderer, in pages.Frame, page pages.Page) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := r.Render(w, 200, in, page); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestPagesInEnglishAreTheGoldenFiles(t *testing.T) {
	r := renderer(t)
	for _, s := range samples.All() {
		t.Run(s.Name, func(t *testing.T) {
			got := withoutDigests(render(t, r, s.Frame, s.Page))
			if s.Name != "sign-in" { // which shows what is around all pages
				_, got, _ = strings.Cut(got, "<main")
				got, _, _ = strings.Cut("<main"+got, "</main>")
				got += "</main>\n"
			}
			file := filepath.Join("testdata", s.Name+".html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s:\n%s", file, got)
			}
		})
	}
}

// withoutDigests takes the digests of the assets out of a page.
func withoutDigests(page string) string {
	for _, ext := range []string{".css", ".js", ".svg"} {
		before, rest, found := strings.Cut(page, "/login/assets/login-")
		if !found {
			break
		}
		_, after, _ := strings.Cut(rest, ext)
		page = before + "/login/assets/login" + ext + after
	}
	return page
}

func TestEveryPageInEveryLanguageIsWellFormedAndHasAllTexts(t *testing.T) {
	r := renderer(t)
	for _, lang := range r.Languages() {
		for _, s := range samples.All() {
			s.Frame.Lang = lang
			page := render(t, r, s.Frame, s.Page)
			for _, bad := range []string{"{{", "ZgotmplZ", "<no value>", "%!"} {
				if strings.Contains(page, bad) {
					t.Errorf("%s in %s contains %q", s.Name, lang, bad)
				}
			}
			if missing := unfilled(page); missing != "" {
				t.Errorf("%s in %s shows the key or place %s", s.Name, lang, missing)
			}
			ids := map[string]bool{}
			walk(t, page, func(n *html.Node) {
				for _, a := range n.Attr {
					if a.Key == "id" {
						if ids[a.Val] {
							t.Errorf("%s: the id %s is there twice", s.Name, a.Val)
						}
						ids[a.Val] = true
					}
					if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
						t.Errorf("%s: attribute %s is inline style or script", s.Name, a.Key)
					}
				}
				if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
					t.Errorf("%s: <%s> is inline", s.Name, n.Data)
				}
			})
		}
	}
}

// unfilled returns a key or a {place} that the text of a page shows.
func unfilled(page string) string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return err.Error()
	}
	for n := range doc.Descendants() {
		if n.Type != html.TextNode {
			continue
		}
		if i := strings.IndexByte(n.Data, '{'); i >= 0 {
			return n.Data[i:]
		}
		if word := strings.TrimSpace(n.Data); strings.Contains(strings.Trim(word, "."), ".") && !strings.ContainsAny(word, " @/，。") && strings.ToLower(word) == word && !strings.HasPrefix(word, "ana.") {
			return word
		}
	}
	return ""
}

func walk(t *testing.T, page string, visit func(*html.Node)) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			visit(n)
		}
	}
}

func TestEverythingThatAPageEchoesIsEscaped(t *testing.T) {
	r := renderer(t)
	const attack = `"><script>alert(1)</script>'{{.}}<b onx=y>`
	in := pages.Frame{
		Lang: "en", Path: "/login", CSRF: attack, Client: attack, Query: map[string][]string{attack: {attack}},
		Alert:  &pages.Alert{Kind: pages.AlertError, Key: pages.NewsCodeSent, Args: map[string]string{"destination": attack}},
		Errors: []pages.FieldError{{Field: "username", Text: attack}, {Field: "password", Text: attack}},
		Terms:  pages.Terms{Use: "javascript:alert(1)//" + attack, Privacy: attack},
	}
	passkey := pages.Passkey{Options: attack}
	attributes := []pages.Attribute{{Name: attack, Label: attack, Value: attack}, {Name: "email", Value: attack}}
	for _, page := range []pages.Page{
		pages.SignIn{Username: attack, Password: true, Passkey: &passkey, Providers: []pages.Provider{{Name: attack, Label: attack}}},
		pages.Password{Username: attack}, pages.Code{Method: "EMAIL_OTP", Username: attack, Destination: attack},
		pages.Choose{Purpose: pages.ChooseFactor, Username: attack, Options: []pages.Option{{Value: attack, Destination: attack}}},
		pages.SignInPasskey{Username: attack, Passkey: passkey}, pages.SignUp{Username: attack, Attributes: attributes, Password: true},
		pages.Confirm{Username: attack, Destination: attack}, pages.Forgot{Username: attack}, pages.Reset{Username: attack, Destination: attack},
		pages.NewPassword{Username: attack, Attributes: attributes}, pages.SetUpTOTP{Username: attack, Secret: attack, URI: "otpauth://" + attack},
		pages.SetUpContact{Username: attack, Value: attack}, pages.AddPasskey{Username: attack, Passkey: passkey},
		pages.Accounts{Accounts: []pages.Account{{ID: attack, Name: attack, Note: attack}}}, pages.UserCode{Code: attack},
		pages.Allow{Code: attack, Username: attack, Scopes: []string{attack}}, pages.Consent{Username: attack, Host: attack, Scopes: []string{attack}}, pages.SignOut{Username: attack},
		pages.Done{What: pages.DoneAllowed, Continue: "javascript:alert(1)"}, pages.Problem{What: pages.ProblemDenied, Text: attack, ID: attack, Continue: "data:text/html," + attack},
		pages.FormPost{Action: "javascript:alert(1)", Fields: map[string]string{attack: attack}},
	} {
		text := render(t, r, in, page)
		walk(t, text, func(n *html.Node) {
			if n.Data == "script" && n.FirstChild != nil || n.Data == "b" {
				t.Errorf("%T: the attack became an element:\n%s", page, text)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") || strings.HasPrefix(a.Val, "data:") {
					if a.Key != "value" && a.Key != "content" {
						t.Errorf("%T: <%s %s=%q>", page, n.Data, a.Key, a.Val)
					}
				}
			}
		})
	}
}

func TestHeadersForbidWhatPagesDoNotNeed(t *testing.T) {
	w := httptest.NewRecorder()
	in := pages.Frame{Lang: "de", Path: "/login", Sources: []string{"https://app.example.com", "bad; script-src *"}}
	if err := renderer(t).Render(w, 400, in, pages.SignIn{}); err != nil {
		t.Fatal(err)
	}
	want := "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self' https://app.example.com; frame-ancestors 'none'; base-uri 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("Content-Security-Policy %q, want %q", got, want)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if w.Code != 400 || !bytes.HasPrefix(w.Body.Bytes(), []byte("<!DOCTYPE html>")) {
		t.Errorf("status %d, page %.40s", w.Code, w.Body)
	}
}

// The classes that SetUICustomization takes: "Customizing hosted UI (classic) branding" in the developer guide.
func TestClassicPagesHaveEveryClassThatCanBeStyled(t *testing.T) {
	r := renderer(t)
	var all strings.Builder
	for _, s := range samples.All() {
		s.Frame.Style = branding.Style{Version: 1, Scheme: branding.Light, Images: map[string]branding.Image{branding.FormLogo: {Light: "/brand/logo.png"}}}
		page := render(t, r, s.Frame, s.Page)
		all.WriteString(page)
		if s.Name != "sign-in-providers-every" {
			continue
		}
		for name, social := range map[string]bool{"Google": true, "SignInWithApple": true, "Facebook": true, "LoginWithAmazon": true, "Acme": false} {
			class := "idpButton-customizable"
			if social {
				class = "socialButton-customizable"
			}
			found := false
			walk(t, page, func(n *html.Node) {
				class2, href := attributeOf(n, "class"), attributeOf(n, "href")
				found = found || n.Data == "a" && strings.Contains(href, "identity_provider="+name+"&") && strings.HasSuffix(class2, " "+class)
			})
			if !found {
				t.Errorf("the button of %s has no class %s:\n%s", name, class, page)
			}
		}
		corporate, social := strings.Index(page, "Sign in with your corporate ID"), strings.Index(page, "Sign in with your social account")
		if corporate < 0 || social < corporate {
			t.Errorf("the providers are not introduced:\n%s", page)
		}
	}
	script := get(r, regexp.MustCompile(`/login/assets/login-[\w-]+\.js`).FindString(all.String()), "").Body.String()
	for _, class := range []string{"background", "banner", "errorMessage", "idpButton", "idpDescription", "inputField", "label", "legalText", "logo", "passwordCheck-notValid", "passwordCheck-valid",
		"redirect", "socialButton", "submitButton", "textDescription"} {
		if where := all.String() + script; !strings.Contains(where, class+"-customizable") {
			t.Errorf("no element has the class %s-customizable", class)
		}
	}
	if strings.Contains(all.String(), "checkPassword-customizable") {
		t.Error("an element has a class that nobody can style")
	}
	managed := render(t, r, samples.All()[0].Frame, pages.SignIn{Providers: []pages.Provider{{Name: "Google"}, {Name: "Acme"}}})
	if strings.Contains(managed, "social account") {
		t.Error("managed login introduces the providers, too")
	}
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
