package edgelogin

import (
	"context"
	"errors"
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
}

func (a *asked) Finish(context.Context, login.Answer) (*login.Made, error) {
	a.answers++
	return nil, login.ErrBadAnswer
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
