package confirmuser_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/confirmuser"
	"github.com/sluicegate/sluice/userpool/directory"
)

// users records the confirmations and answers by the code.
type users struct{ calls []string }

func (u *users) ConfirmLink(_ context.Context, pool string, in directory.ConfirmInput) error {
	u.calls = append(u.calls, pool+" "+in.ClientID+" "+in.Username+" "+in.Code)
	switch in.Code {
	case "expired":
		return fault.New(fault.ExpiredCode, "Invalid code provided, <b>please</b> request a code again.")
	case "often":
		return fault.New(fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	case "away":
		return fault.New(fault.Unavailable, "The service is not available. Try again.")
	case "broken":
		return errors.New("disk on fire")
	}
	return nil
}

func TestThePageShowsTheResultAndOnlyAGetChangesSomething(t *testing.T) {
	const link = "/pool1/confirmUser/?client_id=c&user_name=a%26b&confirmation_code="
	for name, tc := range map[string]struct {
		method, target, header, value string
		status                        int
		text, call                    string
	}{
		"the link":                 {method: "GET", target: link + "123456", status: 200, text: "Your registration has been confirmed!", call: "pool1 c a&b 123456"},
		"without the last slash":   {method: "GET", target: strings.Replace(link, "/?", "?", 1) + "1", status: 200, text: "confirmed!", call: "pool1 c a&b 1"},
		"HEAD":                     {method: "HEAD", target: link + "123456", status: 200},
		"a prefetch":               {method: "GET", target: link + "123456", header: "Sec-Purpose", value: "prefetch;prerender", status: 503},
		"an older prefetch":        {method: "GET", target: link + "123456", header: "Purpose", value: "prefetch", status: 503},
		"POST":                     {method: "POST", target: link + "123456", status: 405},
		"an expired code":          {method: "GET", target: link + "expired", status: 400, text: "Invalid code provided, &lt;b&gt;please", call: "pool1 c a&b expired"},
		"too many tries":           {method: "GET", target: link + "often", status: 429, text: "Attempt limit exceeded", call: "pool1 c a&b often"},
		"the store is away":        {method: "GET", target: link + "away", status: 503, text: "Try again.", call: "pool1 c a&b away"},
		"an internal error":        {method: "GET", target: link + "broken", status: 500, text: "Something went wrong.", call: "pool1 c a&b broken"},
		"no code":                  {method: "GET", target: link, status: 400, text: "This link is not complete."},
		"a parameter twice":        {method: "GET", target: link + "1&user_name=b", status: 400, text: "This link is not complete."},
		"a parameter too long":     {method: "GET", target: link + strings.Repeat("1", 2049), status: 400, text: "This link is not complete."},
		"a query that is not one":  {method: "GET", target: link + "%zz", status: 400, text: "This link is not complete."},
		"a path below":             {method: "GET", target: "/pool1/confirmUser/x", status: 404},
		"refused by the admission": {method: "GET", target: link + "1", header: "X-Refuse", value: "1", status: 429, text: "Rate exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			u := &users{}
			h, err := confirmuser.New(confirmuser.Options{Users: u, Log: slog.New(slog.DiscardHandler), Admit: func(r *http.Request) error {
				if r.Header.Get("X-Refuse") != "" {
					return fault.New(fault.TooManyRequests, "Rate exceeded")
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(tc.method, tc.target, nil)
			if tc.header != "" {
				r.Header.Set(tc.header, tc.value)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.text) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got := strings.Join(u.calls, ","); got != tc.call {
				t.Errorf("calls %q, want %q", got, tc.call)
			}
			if tc.text != "" && (w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" ||
				!strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'")) {
				t.Error(w.Header())
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Error("the page shows an internal error")
			}
		})
	}
}

func TestRequiredOptionsAreNamed(t *testing.T) {
	if _, err := confirmuser.New(confirmuser.Options{}); err == nil {
		t.Error("accepted")
	}
}
