package edgelogin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/login"
)

// asked is a Service that counts the answers that it gets.
type asked struct {
	Service
	answers int
	begun   int
}

func (a *asked) Finish(context.Context, login.Answer) (*login.Made, error) {
	a.answers++
	return nil, login.ErrBadAnswer
}

// Begin makes attempts that sort by their number, with a cookie of the length of the target.
func (a *asked) Begin(_ context.Context, in login.Start) (*login.Attempt, error) {
	a.begun++
	return &login.Attempt{URL: "https://idp.example/", ID: fmt.Sprintf("%016x", a.begun), Cookie: strings.Repeat("c", len(in.Target))}, nil
}

func (*asked) Wanted(string, string) string { return "" }

// For each answer the provider is asked, with the client's credentials. An attacker must not use up the provider's limits.
func TestAnswersFromOneAddressAreLimited(t *testing.T) {
	service, state := &asked{}, strings.Repeat("0", 40)
	admitted := 2
	h := New(Options{Service: service, Cookie: Cookie("l"), Callback: "/a/callback", Logout: "/a/logout", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Site: func(r *http.Request) Site { return Site{Host: r.Host} },
		Admit: func(*http.Request) error {
			if admitted--; admitted < 0 {
				return errors.New("rate exceeded")
			}
			return nil
		}})
	for _, want := range []int{http.StatusBadGateway, http.StatusBadGateway, http.StatusTooManyRequests} {
		r := httptest.NewRequest(http.MethodGet, "/a/callback?code=c&state="+state, nil)
		r.AddCookie(&http.Cookie{Name: "sluice-l-t-" + state[:16], Value: "sealed"})
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("%d, want %d", rec.Code, want)
		}
		if want == http.StatusTooManyRequests && len(rec.Header()["Set-Cookie"]) > 0 {
			t.Error("the sign-in cannot be finished later")
		}
	}
	if service.answers != 2 {
		t.Errorf("%d answers", service.answers)
	}
}

// Servers before this one, such as nginx, take 8 KiB of cookies. A browser with many tabs must not bring more, or none of its requests gets
// through, to any page of the site, until the cookies have expired.
func TestUnfinishedSignInsDoNotFillTheCookieHeader(t *testing.T) {
	for _, c := range []struct{ length, kept int }{{40, 4}, {1500, 3}, {1800, 3}, {1200, 4}} {
		service, jar := &asked{}, map[string]string{}
		h := New(Options{Service: service, Cookie: Cookie("l"), Callback: "/a/callback", Logout: "/a/logout", Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Site: func(r *http.Request) Site { return Site{Host: r.Host, Secure: true} }})
		for range 7 {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept", "text/html")
			r.Header.Set("Cookie", "app=1")
			for name, value := range jar {
				r.AddCookie(&http.Cookie{Name: name, Value: value})
			}
			if size := len(r.Header.Get("Cookie")); size > 6200 {
				t.Errorf("targets of %d: %d bytes of cookies", c.length, size)
			}
			rec := httptest.NewRecorder()
			if !h.Challenge(rec, r, "/"+strings.Repeat("a", c.length-1)) {
				t.Fatal("no sign-in has begun")
			}
			for _, set := range rec.Result().Cookies() {
				if jar[set.Name] = set.Value; set.MaxAge < 0 {
					delete(jar, set.Name)
				}
			}
			if newest := CookieName("sluice-l-t-"+fmt.Sprintf("%016x", service.begun), true); jar[newest] == "" {
				t.Fatalf("the sign-in that has just begun has no cookie, in %v", jar)
			}
		}
		if len(jar) != c.kept {
			t.Errorf("targets of %d: %d sign-ins can be finished, want %d", c.length, len(jar), c.kept)
		}
	}
}
