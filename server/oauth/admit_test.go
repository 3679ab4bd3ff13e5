package oauth_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/oauth"
)

// Every endpoint that reads the store or makes a page has the limit of an address. Published documents have none.
func TestThreatEveryEndpointOfABrowserHasTheLimitOfAnAddress(t *testing.T) {
	s := newSite(t)
	over := false
	var err error
	s.handler, err = oauth.New(oauth.Options{OAuth: s.OAuth, Pools: s.Pools, PublicURL: "https://id.example.com", Log: slog.New(slog.DiscardHandler),
		Admit: func(*http.Request) error {
			if over {
				return errors.New("too many")
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	cookie := s.signIn()
	logout := "/logout?client_id=" + s.client + "&logout_uri=" + goodbye
	over = true
	for _, target := range []string{"/oauth2/authorize?" + s.query(""), logout, "/error?error=x"} {
		if w := s.ask("GET", target, "", cookie); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	if w := s.ask("POST", "/logout", strings.TrimPrefix(logout, "/logout?"), cookie); w.Code != http.StatusTooManyRequests {
		t.Error(w.Code)
	}
	if w := s.ask("GET", "/.well-known/jwks.json", "", ""); w.Code != http.StatusOK {
		t.Error(w.Code)
	}
	over = false
	if w := s.ask("GET", "/oauth2/authorize?"+s.query(""), "", cookie); !strings.HasPrefix(w.Header().Get("Location"), callback+"?code=") {
		t.Error("a refused sign-out ended the session:", w.Header())
	}
}
