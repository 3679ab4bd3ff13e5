package federation_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Threat: somebody begins a sign-in, comes back with any code and hangs up, so that the login pages tell everybody that the provider is down.
func TestThreatABrowserThatHangsUpDoesNotMakeAProviderDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	begun, state, err := s.begin("Google", "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	s.reading, s.readErr = hangUp, &providers.Refusal{Code: "invalid_request", Description: "Timeout", Down: true}
	if _, err := s.service.Finish(ctx, s.pool, federation.Answer{State: state, Browser: begun.Browser, Parameters: url.Values{"code": {"c"}, "state": {state}}}); err == nil {
		t.Fatal("it signed in")
	}
	if down, err := s.service.Down(t.Context(), s.pool, "Google"); down || err != nil {
		t.Errorf("down: %t, %v", down, err)
	}
}
