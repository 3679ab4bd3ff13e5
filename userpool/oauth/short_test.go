package oauth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	callback  = "https://app.example.com/callback"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // of verifier; RFC 7636 appendix B
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// settings are those of a client for both flows.
func settings() userpool.ClientSettings {
	return userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code", "implicit"},
		AllowedOAuthScopes: []string{"openid", "email", "profile", "aws.cognito.signin.user.admin"}, CallbackURLs: []string{callback, "myapp://in?from=sluice"},
		DefaultRedirectURI: callback, LogoutURLs: []string{"https://app.example.com/out"}, SupportedIdentityProviders: []string{"COGNITO"},
		EnableTokenRevocation: new(true)}
}

// site is a pool with a client for both flows.
type site struct {
	*userpooltest.Harness
	pool   *userpool.PoolDescription
	client *userpool.ClientDescription
}

func newSite(t testing.TB, change ...func(*idp.Options)) *site {
	t.Helper()
	h := userpooltest.New(t, change...)
	p := h.Pool(userpool.PoolSettings{})
	return &site{Harness: h, pool: p, client: h.Client(p.ID, settings())}
}

// strict turns off what Cognito does not do.
func strict(o *idp.Options) { o.Strict = true }

// request returns a request for a code with the parameters changed: "name=value" sets, "name=" removes, "+name=value" adds.
func (s *site) request(changes ...string) url.Values {
	q := url.Values{"client_id": {s.client.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"st&te"}}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		switch {
		case strings.HasPrefix(name, "+"):
			q.Add(name[1:], value)
		case value == "":
			q.Del(name)
		default:
			q.Set(name, value)
		}
	}
	return q
}

// parse returns the authorization of a request that is in order.
func (s *site) parse(changes ...string) *oauth.Authorization {
	s.T.Helper()
	a, err := s.OAuth.Parse(s.T.Context(), s.pool.ID, s.request(changes...))
	if err != nil {
		s.T.Fatal(err)
	}
	return a
}

// withVerifier redeems a code of challenge.
func withVerifier(r *oauth.Redemption) { r.Verifier = verifier }

var claims = userpooltest.Claims
