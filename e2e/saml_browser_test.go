package e2e

import (
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestSAMLSignInWithSamlpInChromium goes through the pages of a provider on Auth0's samlp, which encrypts with AES-GCM: from the button of
// the login page to the app, without and with an encrypted assertion.
func TestSAMLSignInWithSamlpInChromium(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<title>app</title>")) }))
	t.Cleanup(app.Close)
	s, p := startSAMLSite(t), prepareSAML(t)
	p.run("node", filepath.Join(harness.Root(), "e2e", "samlp", "idp.js"))
	p.write("recipient", s.base+"/saml2/idpresponse")
	s.provide(p.base+"/metadata", map[string]string{})
	callback := strings.Replace(app.URL, "127.0.0.1", "localhost", 1) + "/callback"
	admin := s.Users(harness.Admin)
	got, err := admin.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: &s.pool, ClientId: &s.config.ClientID})
	ok(t, err)
	client := got.UserPoolClient
	_, err = admin.UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{UserPoolId: &s.pool, ClientId: client.ClientId, CallbackURLs: []string{callback},
		AllowedOAuthFlows: client.AllowedOAuthFlows, AllowedOAuthScopes: client.AllowedOAuthScopes, AllowedOAuthFlowsUserPoolClient: true, SupportedIdentityProviders: client.SupportedIdentityProviders})
	ok(t, err)
	s.config.RedirectURL = callback
	for _, encrypted := range []bool{false, true} {
		if encrypted {
			updated, err := admin.UpdateIdentityProvider(t.Context(), &cip.UpdateIdentityProviderInput{UserPoolId: &s.pool, ProviderName: aws.String("Corp"),
				ProviderDetails: map[string]string{"MetadataURL": p.base + "/metadata", "EncryptedResponses": "true"}})
			ok(t, err)
			p.encryptTo(updated.IdentityProvider.ProviderDetails["ActiveEncryptionCertificate"])
		}
		b := harness.StartBrowser(t, "about:blank")
		b.Open(s.request("chromium"))
		b.Await("document.getElementById('sure')")
		b.Evaluate("document.getElementById('sure').click()", nil)
		b.Await("location.pathname == '/callback'")
		var address string
		b.Evaluate("location.href", &address)
		u, err := url.Parse(address)
		ok(t, err)
		equal(t, "error", u.Query().Get("error_description"), "")
		tokens, err := s.config.Exchange(t.Context(), u.Query().Get("code"))
		ok(t, err)
		raw, _ := tokens.Extra("id_token").(string)
		equal(t, "user", harness.Claims(t, raw)["cognito:username"], any("Corp_Ana"))
	}
}

// encryptTo has samlp encrypt to a certificate in Base64.
func (p *samlIDP) encryptTo(certificate string) {
	p.t.Helper()
	der, err := base64.StdEncoding.DecodeString(certificate)
	ok(p.t, err)
	p.write("encrypt.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	p.write("encrypt-key.pem", publicKey(p.t, der))
}

// run starts the provider's program with its port and folder.
func (p *samlIDP) run(program string, args ...string) {
	p.t.Helper()
	port := harness.FreePort(p.t)
	p.base = "http://localhost:" + strconv.Itoa(port)
	process := harness.Run(p.t, p.dir, os.Environ(), program, append(args, strconv.Itoa(port), p.dir)...)
	process.Await(p.t, func() bool {
		response, err := http.Get(p.base + "/metadata") //nolint:noctx // a probe
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
}
