package e2e

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestAPushedRequestGoesOnInAnotherProcess pushes a request, kills the process, begins the sign-in in a second one and ends it in the
// first, which was started again. Neither begins it a second time.
func TestAPushedRequestGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	s := startParties(t)
	twin := s.Twin(t)
	verifier := oauth2.GenerateVerifier()
	pushed := s.Post(t, "POST", "/"+partyPool+"/oauth2/par", url.Values{"client_id": {webClient}, "client_secret": {partySecret}, "response_type": {"code"},
		"redirect_uri": {relyingParty}, "scope": {"openid"}, "state": {"s1"}, "nonce": {"secret-nonce"}, "code_challenge_method": {"S256"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}}.Encode(), "Content-Type", formType)
	equal(t, "status", pushed.Status, 201)
	var answer struct {
		RequestURI string `json:"request_uri"`
	}
	ok(t, json.Unmarshal([]byte(pushed.Body), &answer))
	s.Kill()

	query := "/" + partyPool + "/oauth2/authorize?" + url.Values{"client_id": {webClient}, "request_uri": {answer.RequestURI}}.Encode()
	v := newVisitor(t)
	_, at := v.open(twin.URL + query)
	if !strings.HasSuffix(at.Path, "/login") || strings.Contains(at.RawQuery, "secret-nonce") {
		t.Fatalf("the browser is at %s", at)
	}
	s.Launch(t)
	v.signIn(strings.Replace(at.String(), twin.URL, s.URL, 1), "rita", password)
	equal(t, "state", v.answer("state"), "s1")
	config := oauth2.Config{ClientID: webClient, ClientSecret: partySecret, RedirectURL: relyingParty, Endpoint: oauth2.Endpoint{TokenURL: twin.URL + "/" + partyPool + "/oauth2/token"}}
	token, err := config.Exchange(t.Context(), v.answer("code"), oauth2.VerifierOption(verifier))
	ok(t, err)
	raw, _ := token.Extra("id_token").(string)
	equal(t, "nonce", claims(t, raw)["nonce"], any("secret-nonce"))
	for name, process := range map[string]*harness.Sluice{"first": s.Sluice, "second": twin} {
		if again := process.Get(t, "GET", query); again.Status != 400 {
			t.Errorf("again, in the %s process: %d", name, again.Status)
		}
	}
}
