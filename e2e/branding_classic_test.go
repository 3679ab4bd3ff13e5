package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// classicTemplate is the style sheet that AWS's console offers for the classic hosted UI, without spaces.
const classicTemplate = `.logo-customizable{max-width:60%;max-height:30%}.banner-customizable{padding:25px 0px 25px 0px;background-color:lightgray}
.label-customizable{font-weight:400}.textDescription-customizable{padding-top:10px;padding-bottom:10px;display:block;font-size:16px}
.idpDescription-customizable{padding-top:10px;padding-bottom:10px;display:block;font-size:16px}.legalText-customizable{color:#747474;font-size:11px}
.submitButton-customizable{font-size:14px;font-weight:bold;margin:20px 0px 10px 0px;height:40px;width:100%;color:#fff;background-color:#337ab7}
.submitButton-customizable:hover{color:#fff;background-color:#286090}
.errorMessage-customizable{padding:5px;font-size:14px;width:100%;background:#F5F5F5;border:2px solid #D64958;color:#D64958}
.inputField-customizable{width:100%;height:34px;color:#555;background-color:#fff;border:1px solid #ccc}.inputField-customizable:focus{border-color:#66afe9;outline:0}
.idpButton-customizable{height:40px;width:100%;text-align:center;margin-bottom:15px;color:#fff;background-color:#5bc0de;border-color:#46b8da}
.idpButton-customizable:hover{color:#fff;background-color:#31b0d5}.socialButton-customizable{height:40px;text-align:left;width:100%;margin-bottom:15px}
.redirect-customizable{text-align:center}.passwordCheck-notValid-customizable{color:#DF3312}.passwordCheck-valid-customizable{color:#19BF00}
.background-customizable{background-color:#fff}`

// A style sheet for Cognito's classic pages has its effect on Sluice's: on every kind of element, and in place of Sluice's own style.
func TestAStyleSheetForClassicPagesHasItsEffect(t *testing.T) {
	t.Parallel()
	s := startLogin(t)
	admin, at := s.Users(harness.Admin), "https://partner.example"
	for _, in := range []cip.CreateIdentityProviderInput{
		{ProviderName: aws.String("Google"), ProviderType: types.IdentityProviderTypeTypeGoogle, ProviderDetails: map[string]string{"client_id": "a", "client_secret": "b", "authorize_scopes": "openid"}},
		{ProviderName: aws.String("Acme"), ProviderType: types.IdentityProviderTypeTypeOidc, ProviderDetails: map[string]string{"client_id": "a", "client_secret": "b", "authorize_scopes": "openid",
			"attributes_request_method": "GET", "oidc_issuer": at, "authorize_url": at + "/a", "token_url": at + "/t", "attributes_url": at + "/u", "jwks_uri": at + "/k"}},
	} {
		in.UserPoolId = &s.pool
		_, err := admin.CreateIdentityProvider(t.Context(), &in)
		ok(t, err)
	}
	_, err := admin.UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{UserPoolId: &s.pool, ClientId: &s.clients[0], AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"}, CallbackURLs: []string{s.app}, SupportedIdentityProviders: []string{"COGNITO", "Google", "Acme"}})
	ok(t, err)
	_, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: &s.pool, Domain: aws.String("classic-people"), ManagedLoginVersion: aws.Int32(1)})
	ok(t, err)
	_, err = admin.SetUICustomization(t.Context(), &cip.SetUICustomizationInput{UserPoolId: &s.pool, CSS: aws.String(classicTemplate)})
	ok(t, err)
	b := harness.StartBrowser(t, s.page("/login", 0))
	b.Show(desktop, map[string]string{"prefers-color-scheme": "light"})
	b.Settle()
	s.wantLook(b, "/login", map[string]string{
		"#signInFormUsername:focus border-top-color": "rgb(102, 175, 233)", "#signInFormPassword border-top-color": "rgb(204, 204, 204)", "#signInFormUsername height": "34px", "#signInFormUsername color": "rgb(85, 85, 85)",
		".banner background-color": "rgb(211, 211, 211)", ".banner padding-top": "25px", "[name=signInSubmitButton] background-color": "rgb(51, 122, 183)", "[name=signInSubmitButton] height": "40px", "label font-weight": "400",
		"a[href*='identity_provider=Acme'] background-color": "rgb(91, 192, 222)", "a[href*='identity_provider=Acme'] color": "rgb(255, 255, 255)",
		"a[href*='identity_provider=Google'] text-align": "left", "a[href*='identity_provider=Google'] background-color": "rgb(255, 255, 255)", ".idpDescription-customizable font-size": "16px",
	})
	b.Visit(s.page("/signup", 0))
	s.wantLook(b, "/signup", map[string]string{"[data-rule=lower] color": "rgb(90, 96, 112)"}) // nothing is typed yet
	b.Evaluate(`(() => { const i = document.querySelector("[name=password]"); i.value = "abc"; i.dispatchEvent(new Event("input")); })()`, nil)
	s.wantLook(b, "/signup", map[string]string{"[data-rule=lower] color": "rgb(25, 191, 0)", "[data-rule=upper] color": "rgb(223, 51, 18)"})
}

// wantLook compares computed styles; the keys are a selector and a property. It waits, because colours change gradually.
func (s *loginSite) wantLook(b *harness.Browser, page string, want map[string]string) {
	s.t.Helper()
	for what, value := range want {
		var got string
		for end := time.Now().Add(harness.Patience); ; time.Sleep(50 * time.Millisecond) {
			b.Read(`(() => { const at = `+strconv.Quote(what)+`.lastIndexOf(" "), e = document.querySelector(`+strconv.Quote(what)+`.slice(0, at)); return e ? getComputedStyle(e).getPropertyValue(`+strconv.Quote(what)+`.slice(at + 1)) : "no such element"; })()`, &got)
			if got == value {
				break
			}
			if time.Now().After(end) {
				s.t.Errorf("%s: %s is %s, want %s", page, what, got, value)
				break
			}
		}
	}
}
