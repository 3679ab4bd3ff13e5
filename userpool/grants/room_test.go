package grants_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// flood writes registrations without an initial access token that nobody has used.
func (h *harness) flood(poolID string, n int) {
	h.T.Helper()
	if err := h.Base().Update(h.T.Context(), func(tx store.Tx) error {
		for i := range n {
			if err := tx.Clients.Insert(store.Client{PoolID: poolID, ID: fmt.Sprintf("flood%021d", i), Name: "x", CreatedAt: h.Clock.Now(),
				Settings: []byte(`{"ClientType":"DCR","OAuth":{"unused":"open"}}`)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		h.T.Fatal(err)
	}
}

// registered counts the registered clients of a pool.
func (h *harness) registered(poolID string) (n int) {
	h.T.Helper()
	if err := h.Store.View(h.T.Context(), func(tx store.Tx) error {
		list, err := tx.Clients.List(poolID, store.Page{})
		for _, c := range list {
			if strings.Contains(string(c.Settings), `"ClientType":"DCR"`) {
				n++
			}
		}
		return err
	}); err != nil {
		h.T.Fatal(err)
	}
	return n
}

// gone reports whether a client was deleted.
func (h *harness) gone(id string) bool {
	h.T.Helper()
	_, _, err := h.Pools.PoolAndClient(h.T.Context(), id)
	if err != nil && !fault.Is(err, fault.ResourceNotFound) {
		h.T.Fatal(err)
	}
	return err != nil
}

// signInTo lets a user of the pool sign in to a registered client and consent, and the client exchange the code.
func (h *harness) signInTo(p *userpool.PoolDescription, made *grants.Registration, name string) {
	h.T.Helper()
	a, err := h.OAuth.Parse(h.T.Context(), p.ID, url.Values{"client_id": {made.ClientID}, "redirect_uri": {made.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid"}})
	if err != nil {
		h.T.Fatal(err)
	}
	a.AsksConsent = true
	r, err := h.SignIns.InitiateAuth(h.T.Context(), signin.Request{Hosted: true, PoolID: p.ID, ClientID: made.ClientID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": userpooltest.Password}})
	if err != nil {
		h.T.Fatal(err)
	}
	answer, err := h.OAuth.Complete(h.T.Context(), a, r.Authentication, "")
	if err != nil {
		h.T.Fatal(err)
	}
	u, err := url.Parse(answer.Location)
	if err != nil {
		h.T.Fatal(err)
	}
	if _, err := h.ask(p.ID, basic(made.ClientID, made.ClientSecret), "grant_type", "authorization_code", "code", u.Query().Get("code"),
		"redirect_uri", made.RedirectURIs[0]); err != nil {
		h.T.Fatal(err)
	}
}

const confidentialApp = `{"redirect_uris":["https://app.example.com/cb"]}`

func TestThreatStrangersCannotCloseRegistrationNorPushOutClientsInUse(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, OpenDcrGrantTypes: []string{userpool.FlowCode, userpool.FlowClientCredentials},
		AllowedScopes: []string{"orders/read"}}))
	h.User(p.ID, "ann")
	register := func(initial, body string) *grants.Registration {
		t.Helper()
		made, err := h.Register(t.Context(), p.ID, initial, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	settings := machineSettings
	settings.AllowedOAuthScopes = []string{userpool.ScopeRegister}
	registrar := h.confidential(p.ID, settings)
	initial, err := h.ask(p.ID, basic(registrar.ID, registrar.Secret.Reveal()), "grant_type", "client_credentials")
	if err != nil {
		t.Fatal(err)
	}
	const machine = `{"grant_types":["client_credentials"],"scope":"orders/read"}`
	used, changed, updated, edited := register("", confidentialApp), register("", confidentialApp), register("", confidentialApp), register("", confidentialApp)
	vouched, robot, job := register(initial.AccessToken, confidentialApp), register("", machine), register(initial.AccessToken, machine)
	h.signInTo(p, used, "ann")
	for _, m := range []*grants.Registration{robot, job} {
		if _, err := h.ask(p.ID, basic(m.ClientID, m.ClientSecret), "grant_type", "client_credentials"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.UpdateRegistration(t.Context(), p.ID, updated.ClientID, updated.AccessToken, []byte(`{"client_id":"`+updated.ClientID+`",`+confidentialApp[1:])); err != nil {
		t.Fatal(err)
	}
	if _, err := h.UpdateRegistration(t.Context(), p.ID, used.ClientID, used.AccessToken, []byte(`{"client_id":"`+used.ClientID+`",`+confidentialApp[1:])); err != nil {
		t.Fatal(err)
	}
	_, c, err := h.Pools.PoolAndClient(t.Context(), edited.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pools.UpdateUserPoolClient(t.Context(), p.ID, edited.ClientID, "mine", c.Settings); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Second)
	h.flood(p.ID, 1000)
	latest := register("", confidentialApp)
	for what, tc := range map[string]struct {
		made *grants.Registration
		gone bool
	}{"a client that a user signed in to": {used, false}, "one that nobody used": {changed, true}, "one that only changed itself": {updated, true},
		"one that an administrator changed": {edited, false}, "one that registered with a token": {vouched, false},
		"a stranger's client that acts for itself": {robot, true}, "one that registered with a token and acts for itself": {job, false},
		"the latest": {latest, false}} {
		if h.gone(tc.made.ClientID) != tc.gone {
			t.Errorf("%s: gone is %v", what, !tc.gone)
		}
	}
	if n := h.registered(p.ID); n != 1000+4 {
		t.Errorf("%d registered clients", n)
	}
	_, err = h.ask(p.ID, basic(changed.ClientID, changed.ClientSecret), "grant_type", "authorization_code", "code", "x")
	wantCode(t, err, grants.InvalidClient)
}

func TestRegistrationsAtOnceDoNotPassTheLimit(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	h.flood(p.ID, 999)
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := h.Register(context.WithoutCancel(t.Context()), p.ID, "", []byte(confidentialApp))
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs, <-errs, <-errs); err != nil {
		t.Error(err)
	}
	if n := h.registered(p.ID); n != 1000 {
		t.Errorf("%d registered clients", n)
	}
}
