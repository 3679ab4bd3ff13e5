package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestADeclaredSAMLProviderThatIsDownDoesNotStopTheStart starts a pool whose provider is away: the login page says so, and the provider is
// complete once it is there.
func TestADeclaredSAMLProviderThatIsDownDoesNotStopTheStart(t *testing.T) {
	t.Parallel()
	address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	s := harness.Start(t, harness.Config{Global: "\t\toutbound_networks 127.0.0.0/8 ::1/128", Edit: func(text string) string {
		return strings.Replace(text, "user_pool "+harness.Pool+" {", "user_pool "+harness.Pool+" {\n\t\t\tidentity_provider Corp {\n\t\t\t\ttype SAML\n\t\t\t\tmetadata http://"+address+"/metadata\n\t\t\t}", 1)
	}})
	admin, ctx, pool := s.Users(harness.Admin), t.Context(), aws.String(harness.Pool)
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("app"), AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid"}, CallbackURLs: []string{relyingParty}, SupportedIdentityProviders: []string{"COGNITO", "Corp"}})
	ok(t, err)
	request := "?client_id=" + *client.UserPoolClient.ClientId + "&redirect_uri=" + relyingParty + "&response_type=code&scope=openid"
	page := func() string { return s.Get(t, "GET", "/"+harness.Pool+"/login"+request).Body }
	if text := page(); !strings.Contains(text, "Continue with Corp <small>") {
		t.Errorf("the button says nothing:\n%s", text)
	}
	p := prepareSAML(t)
	certificate, err := os.ReadFile(filepath.Join(p.dir, "cert.pem"))
	ok(t, err)
	encoded := strings.Join(strings.Split(strings.TrimSpace(string(certificate)), "\n")[1:], "")
	encoded, _, _ = strings.Cut(encoded, "-----")
	listener, err := net.Listen("tcp", address)
	ok(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://corp.example.com"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+
			`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`+
			`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://corp.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>`, encoded)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	s.Await(t, func() bool {
		got, err := admin.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: pool, ProviderName: aws.String("Corp")})
		return err == nil && got.IdentityProvider.ProviderDetails["SSORedirectBindingURI"] == "https://corp.example.com/sso"
	})
	if text := page(); !strings.Contains(text, "Continue with Corp</span>") {
		t.Errorf("the button still says that it is away:\n%s", text)
	}
}
