package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// domainSite is the example with a site for all hosts, whose certificates Caddy gets on demand.
type domainSite struct {
	*harness.Sluice
	port  int
	roots *x509.CertPool
}

// startDomains starts it, with further changes of the Caddyfile, in which HTTPS_PORT is the port of that site.
func startDomains(t *testing.T, edits ...func(caddyfile string) string) *domainSite {
	t.Helper()
	s := &domainSite{port: harness.FreePort(t), roots: x509.NewCertPool()}
	s.Sluice = harness.Start(t, harness.Config{Edit: func(text string) string {
		text = strings.Replace(text, "{\n", "{\n\tskip_install_trust\n\tauto_https disable_redirects\n\ton_demand_tls {\n\t\tpermission sluice\n\t}\n", 1)
		for _, edit := range edits {
			text = edit(text)
		}
		text = strings.ReplaceAll(text, "HTTPS_PORT", fmt.Sprint(s.port))
		return text + fmt.Sprintf("\nhttps://:%d {\n\ttls {\n\t\ton_demand\n\t\tissuer internal\n\t}\n\tsluice_pools\n}\n", s.port)
	}})
	s.Await(t, func() bool {
		root, err := os.ReadFile(filepath.Join(filepath.Dir(s.Caddyfile), "caddy-data", "caddy", "pki", "authorities", "local", "root.crt"))
		return err == nil && s.roots.AppendCertsFromPEM(root)
	})
	return s
}

// get asks for a path of a host by HTTPS, with the host's certificate verified.
func (s *domainSite) get(t *testing.T, host, path string) (status int, body string, err error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", s.port))
		}}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://%s:%d%s", host, s.port, path), nil)
	ok(t, err)
	return answer(client.Do(request))
}

func answer(response *http.Response, err error) (int, string, error) {
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

const discovery = "/.well-known/openid-configuration"

func TestDomainsGetCertificatesOnDemand(t *testing.T) {
	t.Parallel()
	s := startDomains(t)
	admin := s.Users(harness.Admin)
	made, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("shop")})
	ok(t, err)
	pool := aws.ToString(made.UserPool.Id)
	hosts := map[string]*cip.CreateUserPoolDomainInput{
		"shop.auth.localhost": {UserPoolId: &pool, Domain: aws.String("shop")},
		"login.shop.test":     {UserPoolId: &pool, Domain: aws.String("login.shop.test"), CustomDomainConfig: certificate},
	}
	for host := range hosts {
		if _, _, err := s.get(t, host, discovery); err == nil {
			t.Errorf("%s has a certificate before the domain exists", host)
		}
	}
	for host, in := range hosts {
		_, err := admin.CreateUserPoolDomain(t.Context(), in)
		ok(t, err)
		status, body, err := s.get(t, host, discovery)
		if err != nil || status != http.StatusOK || !strings.Contains(body, pool) {
			t.Errorf("%s: %d %s %v", host, status, body, err)
		}
	}
	for _, host := range []string{"other.auth.localhost", "shop.auth.us-east-1.amazoncognito.com", "evil.test"} {
		if status, _, err := s.get(t, host, discovery); err == nil {
			t.Errorf("%s has a certificate and answers %d", host, status)
		}
	}
	for host, in := range hosts {
		_, err := admin.DeleteUserPoolDomain(t.Context(), &cip.DeleteUserPoolDomainInput{UserPoolId: &pool, Domain: in.Domain})
		ok(t, err)
		s.Await(t, func() bool { // key sets are served without a look at what another process changed just before
			status, _, err := s.get(t, host, "/.well-known/jwks.json")
			return err != nil || status == http.StatusNotFound
		})
	}
}

// The Host decides which pool a request is for, and on a pool's domain nothing else is served.
func TestTheHostDecidesWhichPoolIsServed(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{Edit: func(text string) string { // every host, as behind a proxy
		return strings.Replace(text, "\nhttp://localhost:", "\nhttp://:", 1)
	}})
	admin := s.Users(harness.Admin)
	made, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("shop")})
	ok(t, err)
	pool := aws.ToString(made.UserPool.Id)
	_, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: &pool, Domain: aws.String("shop")})
	ok(t, err)
	const host = "shop.auth.localhost"
	for _, c := range []struct {
		name, host, path string
		header           map[string]string
		status           int
	}{
		{"the domain", host, discovery, nil, 200},
		{"with a port", host + ":1", discovery, nil, 200},
		{"in upper case", "SHOP.auth.LOCALHOST", discovery, nil, 200},
		{"with a dot at the end", host + ".", discovery, nil, 200},
		{"AWS's own name", "shop.auth.us-east-1.amazoncognito.com", discovery, nil, 200},
		{"another region", "shop.auth.eu-west-1.amazoncognito.com", "/.well-known/jwks.json", nil, 404},
		{"another prefix", "other.auth.localhost", "/.well-known/jwks.json", nil, 404},
		{"a name below", "x." + host, "/.well-known/jwks.json", nil, 404},
		{"a name that begins so", host + ".evil.test", "/.well-known/jwks.json", nil, 404},
		{"a forwarded host", "localhost", "/.well-known/jwks.json", map[string]string{"X-Forwarded-Host": host, "Forwarded": "host=" + host}, 404},
		{"another host forwarded", host, discovery, map[string]string{"X-Forwarded-Host": "localhost"}, 200},
		{"the path of a pool", host, "/" + pool + discovery, nil, 404},
		{"the path of another pool", host, "/" + harness.Pool + discovery, nil, 404},
		{"the path of a pool at another host", "localhost", "/" + harness.Pool + discovery, nil, 200},
		{"an API", host, "/x", map[string]string{"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}, 404},
		{"keys of identity pools", host, "/.well-known/jwks_uri", nil, 404},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+c.path, nil)
		ok(t, err)
		request.Host = c.host
		for name, value := range c.header {
			request.Header.Set(name, value)
		}
		status, body, err := answer(http.DefaultClient.Do(request))
		if err != nil || status != c.status || status == 200 && strings.Contains(c.host, "shop") && !strings.Contains(body, pool) {
			t.Errorf("%s: %d %s %v, want %d", c.name, status, body, err, c.status)
		}
	}
	_, err = admin.DeleteUserPoolDomain(t.Context(), &cip.DeleteUserPoolDomainInput{UserPoolId: &pool, Domain: aws.String("shop")})
	ok(t, err)
	inForce(t, s, "a domain that is deleted", func() bool { // documents are served from memory
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+discovery, nil)
		ok(t, err)
		request.Host = host
		_, body, err := answer(http.DefaultClient.Do(request))
		ok(t, err)
		return !strings.Contains(body, pool)
	})
}
