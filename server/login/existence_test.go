package login_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

var randomParts = regexp.MustCompile(`name="(_csrf|passkey_state)" value="[^"]*"|data-options="[^"]*"`)

// trace is what a browser sees of a page: status, path, headers, names and sizes of cookies, and the body less random parts.
func (b *browser) trace(name string) string {
	var out strings.Builder
	fmt.Fprintln(&out, b.path, b.status, b.left)
	for _, h := range slices.Sorted(maps.Keys(b.header)) {
		if h != "Set-Cookie" {
			fmt.Fprintln(&out, h, b.header[h])
		}
	}
	for _, c := range slices.Sorted(maps.Keys(b.cookies)) {
		fmt.Fprintln(&out, c, len(b.cookies[c]))
	}
	fmt.Fprintln(&out, strings.ReplaceAll(randomParts.ReplaceAllString(b.body, ""), name, "(name)"))
	return out.String()
}

// Names of the same length and initial, which pages show.
const known, unknown = "ada.known", "ada.other"

func TestPagesDoNotTellWhoExists(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		settings userpool.PoolSettings
		client   userpool.ClientSettings
		visit    func(b *browser, name string)
	}{
		"a wrong password": {verified, web, func(b *browser, name string) {
			b.get("/login" + b.s.query())
			b.submit("signin", "username", name, "password", "Wrong-password-1")
		}},
		"six wrong passwords": {verified, web, func(b *browser, name string) {
			b.get("/login" + b.s.query())
			for range 6 {
				b.submit("signin", "username", name, "password", "Wrong-password-1")
			}
		}},
		"a forgotten password": {verified, web, func(b *browser, name string) {
			b.get("/forgotPassword" + b.s.query())
			b.submit("forgot", "username", name)
		}},
		"a wrong reset code": {verified, web, func(b *browser, name string) {
			b.get("/forgotPassword" + b.s.query())
			b.submit("forgot", "username", name)
			b.submit("reset", "code", "000000", "password", "New-password-1", "confirm_password", "New-password-1")
		}},
		"too many reset codes": {verified, web, func(b *browser, name string) {
			b.get("/forgotPassword" + b.s.query())
			for range 8 {
				if b.path != "/forgotPassword" {
					b.get("/forgotPassword" + b.s.query())
				}
				b.submit("forgot", "username", name)
			}
		}},
		"a link to the page for the code": {verified, web, func(b *browser, name string) { b.get("/confirm" + b.s.query("username", name)) }},
		"a hint":                          {verified, web, func(b *browser, name string) { b.get("/login" + b.s.query("login_hint", name)) }},
		"a link of a mail": {verified, web, func(b *browser, name string) {
			b.get("/confirmUser?client_id=" + b.s.client.ID + "&confirmation_code=123456&user_name=" + name)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traces := map[string]string{}
			for _, who := range []string{known, unknown} {
				s := newSite(t, tc.settings, tc.client)
				s.User(s.pool.ID, known, email("ada@example.com"), userpool.Attribute{Name: "email_verified", Value: "true"})
				b := s.browser()
				tc.visit(b, who)
				traces[who] = strings.NewReplacer(s.client.ID, "(client)", s.pool.ID, "(pool)", login.PageCookie(s.at, strings.TrimPrefix(s.query(), "?")), "(page data)").
					Replace(b.trace(who))
			}
			have, lack := strings.Split(masked(traces[known]), "\n"), strings.Split(masked(traces[unknown]), "\n")
			if len(have) != len(lack) {
				t.Fatalf("a user who exists:\n%s\none who does not:\n%s", traces[known], traces[unknown])
			}
			for i := range have {
				if have[i] != lack[i] {
					t.Errorf("a user who exists:\n%s\none who does not:\n%s", have[i], lack[i])
				}
			}
		})
	}
}

// masked hides masked addresses, which follow from the name: those of a stand-in are made up.
func masked(trace string) string { return maskedAddress.ReplaceAllString(trace, "(address)") }

var maskedAddress = regexp.MustCompile(`[a-z]\*\*\*@[a-z]\*\*\*`)

func TestTheLockoutIsThatOfTheAPI(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	b.get("/login" + s.query())
	for range 10 {
		b.submit("signin", "username", "ada", "password", "Wrong-password-1")
	}
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	if b.left != "" || b.status == http.StatusOK {
		t.Fatalf("the right password passes during the lockout: %d, %q", b.status, b.left)
	}
	if _, err := s.SignIn(s.Client(s.pool.ID, userpooltest.AllFlows).ID, "ada", userpooltest.Password); err == nil {
		t.Error("the API does not share the lockout")
	}
}
