package pages

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1)`

// everything is a page that has hostile texts wherever a text can be.
func everything() (*Frame, *Page) {
	value := Value{Text: hostile, Look: Code}
	links := Value{Text: hostile, Href: "/user?user=%22%3E"}
	return &Frame{Base: "/console", Nav: "pools", Who: hostile, Account: hostile, Region: hostile, CSRF: hostile, Notice: hostile, Problem: hostile, ProblemAt: hostile},
		&Page{Title: hostile, Kind: hostile, Refresh: "/?region=%22%3E", Now: time.Unix(0, 0), Crumbs: []Link{{hostile, "/pools"}}, Badges: []Value{value, links}, Sections: []Section{{
			ID: "a", Title: hostile, Note: hostile, Empty: hostile,
			Search: &Search{Action: "/users", Hidden: []Hidden{{hostile, hostile}}, By: []Option{{hostile, hostile, true}}, How: []Option{{hostile, hostile, false}}, Query: hostile, Hint: hostile},
			Stats:  []Stat{{Label: hostile, Value: hostile}}, Facts: []Fact{{hostile, []Value{value, {When: time.Unix(0, 0)}}}},
			Table: &Table{Caption: hostile, Columns: []string{hostile, hostile}, Rows: [][]Value{{links, value}}, Next: "/users?next=%22"},
			Texts: []Text{{hostile, hostile}}, Editor: &Editor{Action: "/a", Check: "/b", Name: hostile, Document: "</textarea>" + hostile, Checked: true, Problems: []Finding{{"error", 1, hostile}}},
			Forms: []Form{{Action: "/x", Open: hostile, Title: hostile, Text: hostile, Hidden: []Hidden{{hostile, hostile}, {"pool", hostile}}, Submit: hostile, Danger: true, Fields: []Field{
				{Name: hostile, Label: hostile, Hint: hostile, Value: hostile}, {Name: "l", Label: hostile, Type: "lines", Value: "</textarea>" + hostile, Hint: hostile},
				{Name: "s", Label: hostile, Type: "select", Options: []Option{{hostile, hostile, true}}}, {Name: "c", Label: hostile, Type: "checkbox"}}}},
		}}}
}

var scripts = regexp.MustCompile(`(?i)<script[^>]*>|<img|<style|\son[a-z]+="|href="javascript:`)

func TestTextsOfStrangersAreText(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	frame, page := everything()
	w := httptest.NewRecorder()
	if err := r.Render(w, 200, frame, page); err != nil {
		t.Fatal(err)
	}
	signIn := httptest.NewRecorder()
	if err := r.RenderSignIn(signIn, 200, frame, &SignIn{Key: true, KeyID: hostile, Pool: hostile, Start: "/console/auth/login?return_to=%22", Return: hostile, Open: "/users?q=%22%3E", Typed: "</textarea>" + hostile}); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{"page": w.Body.String(), "sign-in": signIn.Body.String()} {
		for _, found := range scripts.FindAllString(body, -1) {
			if found != `<script src="/console`+r.script+`" defer>` {
				t.Errorf("%s has %s", name, found)
			}
		}
		if n := strings.Count(body, "<textarea"); n != strings.Count(body, "</textarea>") {
			t.Errorf("%s: a text ends a field:\n%s", name, body)
		}
	}
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} {
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
			t.Errorf("the policy is %s", policy)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("a cache may keep the page")
	}
}

func TestOriginsOfFormsAreOnlyOrigins(t *testing.T) {
	h := httptest.NewRecorder().Header()
	Protect(h, []string{"https://auth.example.com", "https://a.example; script-src *", ""})
	if got := h.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https://auth.example.com;") || strings.Contains(got, "*") {
		t.Errorf("the policy is %s", got)
	}
}

func TestAssetsAreSmallAndKept(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{r.css, r.script, r.icon} {
		w := httptest.NewRecorder()
		if r.ServeAsset(w, httptest.NewRequest("GET", "/console"+path, nil), path); w.Body.Len() > 16<<10 {
			t.Errorf("%s has %d bytes", path, w.Body.Len())
		}
		for method, status := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405} {
			w := httptest.NewRecorder()
			r.ServeAsset(w, httptest.NewRequest(method, "/console"+path, nil), path)
			if w.Code != status || status == 200 && !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
		}
	}
	w := httptest.NewRecorder()
	if r.ServeAsset(w, httptest.NewRequest("GET", "/x", nil), "/assets/../page.go"); w.Code != 404 {
		t.Errorf("another file: %d", w.Code)
	}
}
