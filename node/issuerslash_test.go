package node_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
)

// slashIssuer is an issuer whose iss ends in a slash, as that of Auth0 and authentik. It returns its URL without the slash.
func slashIssuer(t *testing.T, key *token.SigningKey) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := token.MarshalJWKS(key.Public())
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			body, err = json.Marshal(map[string]string{"issuer": s.URL + "/", "jwks_uri": s.URL + "/keys"})
		}
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// https://blog.ashphy.com/tag/auth0/ measured both on AWS: identity pools do not count the slash and know a provider without it only; STS
// compares the whole iss. mozilla-iam/mozilla-aws-cli has the ARN with the slash in its trust policies.
func TestIdentityPoolsDoNotCountTheSlashOfAnIssuerAndSTSDoes(t *testing.T) {
	n, err := node.Open(t.Context(), node.Options{ShowRootKey: func(_, _ string) {}, APIs: true,
		Config: config.App{DataDir: t.TempDir(), OutboundNetworks: []string{"127.0.0.0/8"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	key, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	issuer := slashIssuer(t, key)
	name := strings.TrimPrefix(issuer, "http://")
	payload, err := json.Marshal(map[string]any{"iss": issuer + "/", "sub": "ada", "aud": "app", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.Sign(payload, "")
	if err != nil {
		t.Fatal(err)
	}
	roles, pools := n.Services.Roles, n.Services.Identities
	register := func(url string) string {
		t.Helper()
		p, err := roles.CreateOIDCProvider(t.Context(), iam.OIDCProvider{URL: url, ClientIDs: []string{"app"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = roles.CreateRole(t.Context(), store.Role{Name: "r" + p.ARN[len(p.ARN)-1:], Trust: json.RawMessage(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + p.ARN + `"},"Action":"sts:AssumeRoleWithWebIdentity"}}`)})
		if err != nil {
			t.Fatal(err)
		}
		return p.ARN
	}
	assume := func(arn string) error {
		_, err := roles.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{Token: raw, RoleARN: roles.RoleARN("r" + arn[len(arn)-1:]), SessionName: "ada"})
		return err
	}

	bare := register(issuer)
	pool, err := pools.Create(t.Context(), "auth", identitypool.Settings{OIDC: []string{bare}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pools.GetID(t.Context(), pool.ID, "", map[string]string{name: raw}); err != nil {
		t.Errorf("identity pool: %v", err)
	}
	if err := assume(bare); !fault.Is(err, fault.InvalidIdentityToken) || !strings.Contains(err.Error(), "No OpenIDConnect provider found in your account for "+issuer+"/") {
		t.Errorf("STS with the provider that has no slash: %v", err)
	}
	slashed := register(issuer + "/")
	if err := assume(slashed); err != nil {
		t.Errorf("STS: %v", err)
	}
	if err := roles.RemoveClientID(t.Context(), bare, "app"); err != nil {
		t.Fatal(err)
	}
	if _, err := pools.GetID(t.Context(), pool.ID, "", map[string]string{name: raw}); !fault.Is(err, fault.NotAuthorized) {
		t.Errorf("after the client was removed from the pool's provider: %v", err)
	}
}
