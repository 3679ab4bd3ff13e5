package login_test

import (
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

var mailedLink = regexp.MustCompile(`<a href="([^"]*)">`)

func TestALinkOfAMailConfirmsAndOnlyAGetDoes(t *testing.T) {
	t.Parallel()
	settings := verified
	settings.VerificationMessageTemplate = &userpool.VerificationTemplate{DefaultEmailOption: "CONFIRM_WITH_LINK", EmailMessageByLink: "{##Confirm##}", EmailSubjectByLink: "s"}
	s := newSite(t, settings, web)
	if _, err := s.SignUp(s.client.ID, "a&b", email("ada@example.com")); err != nil {
		t.Fatal(err)
	}
	mails := s.Mails()
	link, err := url.Parse(html.UnescapeString(mailedLink.FindStringSubmatch(mails[len(mails)-1].Body)[1]))
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link.Path, "/"+s.pool.ID)
	good := link.Query()
	with := func(name, value string) string {
		q := url.Values{}
		for k, v := range good {
			q[k] = v
		}
		q.Set(name, value)
		return path + "?" + q.Encode()
	}
	status := func() string {
		u, err := s.Users.AdminGetUser(t.Context(), s.pool.ID, "a&b")
		if err != nil {
			t.Fatal(err)
		}
		return u.Status
	}
	for name, tc := range map[string]struct {
		method, target, header string
		status                 int
	}{
		"HEAD":                    {"HEAD", path + "?" + good.Encode(), "", 200},
		"a prefetch":              {"GET", path + "?" + good.Encode(), "Sec-Purpose", 503},
		"an older prefetch":       {"GET", path + "?" + good.Encode(), "Purpose", 503},
		"PUT":                     {"PUT", path + "?" + good.Encode(), "", 405},
		"POST":                    {"POST", path + "?" + good.Encode(), "", 405},
		"a wrong code":            {"GET", with("confirmation_code", "000000"), "", 400},
		"another user":            {"GET", with("user_name", "nobody"), "", 400},
		"another client":          {"GET", with("client_id", "nobody"), "", 404},
		"no code":                 {"GET", with("confirmation_code", ""), "", 400},
		"a parameter twice":       {"GET", path + "?" + good.Encode() + "&user_name=b", "", 400},
		"a parameter too long":    {"GET", with("confirmation_code", strings.Repeat("1", 2049)), "", 400},
		"a query that is not one": {"GET", path + "?%zz", "", 400},
		"a path below":            {"GET", path + "/x?" + good.Encode(), "", 404},
	} {
		b := s.browser()
		r := httptest.NewRequest(tc.method, "https://auth.example.com"+tc.target, nil)
		if tc.header != "" {
			r.Header.Set(tc.header, "prefetch;prerender")
		}
		if w := b.once(r); w.Code != tc.status || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, want %d; cookies %q", name, w.Code, tc.status, w.Header()["Set-Cookie"])
		}
		if strings.Contains(b.body, "confirmation_code") {
			t.Errorf("%s: the page passes the link on: %s", name, b.body)
		}
	}
	if got := status(); got != userpool.StatusUnconfirmed {
		t.Fatal(got)
	}
	s.admit = fault.New(fault.TooManyRequests, "Rate exceeded")
	b := s.browser()
	if b.get(path + "?" + good.Encode()); b.status != 429 {
		t.Errorf("an address that calls too often: %d", b.status)
	}
	s.admit = nil
	for _, p := range []string{path, strings.ToLower(strings.TrimSuffix(path, "/"))} { // a scanner, and then the reader
		if b.get(p + "?" + good.Encode()); b.status != 200 {
			t.Errorf("%s: %d %s", p, b.status, b.text())
		}
	}
	if got := status(); got != userpool.StatusConfirmed {
		t.Error(got)
	}
}

func TestALinkOfAMailGivesFeedback(t *testing.T) {
	t.Parallel()
	s := newSite(t, userpool.PoolSettings{}, web)
	q := func(change ...string) string {
		v := url.Values{"user_name": {"ann"}, "event_id": {"e1"}, "feedback_token": {"t"}, "feedback": {"Invalid"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return "/authEventFeedback?" + v.Encode()
	}
	for name, target := range map[string]string{"a wrong value": q("feedback", "Maybe"), "a wrong token": q(), "a name too long": q("user_name", strings.Repeat("x", 2000)),
		"no name": q("user_name", ""), "a member twice": q() + "&event_id=b"} {
		b := s.browser()
		if b.get(target); b.status != 400 {
			t.Errorf("%s: %d", name, b.status)
		}
	}
}
