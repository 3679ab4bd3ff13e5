package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	noSAMLProvider     = "arn:aws:iam::" + harness.Account + ":saml-provider/nobody"
	noSAMLProviderText = "Manifest not found for arn " + noSAMLProvider
)

// samlProvider registers an identity provider of the scenario's name.
func samlProvider(t *testing.T, c *sdk) (*samlIDP, *string) {
	t.Helper()
	p := startSAML(t)
	made, err := c.iam(harness.Admin).CreateSAMLProvider(t.Context(), &iam.CreateSAMLProviderInput{Name: &c.name, SAMLMetadataDocument: aws.String(p.metadata()),
		Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}}})
	ok(t, err)
	return p, made.SAMLProviderArn
}

func (roles) CreateSAMLProvider(t *testing.T, c *sdk) {
	p, arn := samlProvider(t, c)
	equal(t, "ARN", *arn, "arn:aws:iam::"+harness.Account+":saml-provider/"+c.name)
	_, err := c.iam(harness.Admin).CreateSAMLProvider(t.Context(), &iam.CreateSAMLProviderInput{Name: &c.name, SAMLMetadataDocument: aws.String(p.metadata())})
	wantError(t, err, "EntityAlreadyExists", "SAMLProvider "+*arn+" already exists.")
}

func (roles) GetSAMLProvider(t *testing.T, c *sdk) {
	p, arn := samlProvider(t, c)
	got, err := c.iam(harness.Admin).GetSAMLProvider(t.Context(), &iam.GetSAMLProviderInput{SAMLProviderArn: arn})
	ok(t, err)
	equal(t, "metadata", strings.TrimSpace(aws.ToString(got.SAMLMetadataDocument)), strings.TrimSpace(p.metadata()))
	equal(t, "tag", aws.ToString(got.Tags[0].Value), "test")
	_, err = c.iam(harness.Admin).GetSAMLProvider(t.Context(), &iam.GetSAMLProviderInput{SAMLProviderArn: aws.String(noSAMLProvider)})
	wantError(t, err, "NoSuchEntity", noSAMLProviderText)
}

func (roles) ListSAMLProviders(t *testing.T, c *sdk) {
	_, arn := samlProvider(t, c)
	_, err := c.iam(harness.Keys("AKIANOBODYNOBODYNOBO", "none", "")).ListSAMLProviders(t.Context(), &iam.ListSAMLProvidersInput{})
	wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	list, err := c.iam(harness.Admin).ListSAMLProviders(t.Context(), &iam.ListSAMLProvidersInput{})
	ok(t, err)
	for _, p := range list.SAMLProviderList {
		if aws.ToString(p.Arn) == *arn && p.ValidUntil.After(*p.CreateDate) {
			return
		}
	}
	t.Error("the provider is not in the list")
}

func (roles) UpdateSAMLProvider(t *testing.T, c *sdk) {
	_, arn := samlProvider(t, c)
	next := startSAML(t).metadata()
	_, err := c.iam(harness.Admin).UpdateSAMLProvider(t.Context(), &iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, SAMLMetadataDocument: &next})
	ok(t, err)
	_, err = c.iam(harness.Admin).UpdateSAMLProvider(t.Context(), &iam.UpdateSAMLProviderInput{SAMLProviderArn: aws.String(noSAMLProvider), SAMLMetadataDocument: &next})
	wantError(t, err, "NoSuchEntity", noSAMLProviderText)
}

func (roles) DeleteSAMLProvider(t *testing.T, c *sdk) {
	_, arn := samlProvider(t, c)
	_, err := c.iam(harness.Admin).DeleteSAMLProvider(t.Context(), &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})
	ok(t, err)
	_, err = c.iam(harness.Admin).DeleteSAMLProvider(t.Context(), &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})
	wantError(t, err, "NoSuchEntity", "Manifest not found for arn "+*arn)
}

func (roles) TagSAMLProvider(t *testing.T, c *sdk) {
	_, arn := samlProvider(t, c)
	_, err := c.iam(harness.Admin).TagSAMLProvider(t.Context(), &iam.TagSAMLProviderInput{SAMLProviderArn: arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}})
	ok(t, err)
	equal(t, "tags", len(samlTags(t, c, arn)), 2)
	_, err = c.iam(harness.Admin).TagSAMLProvider(t.Context(), &iam.TagSAMLProviderInput{SAMLProviderArn: aws.String(noSAMLProvider), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	wantError(t, err, "NoSuchEntity", noSAMLProviderText)
}

func (roles) UntagSAMLProvider(t *testing.T, c *sdk) {
	_, arn := samlProvider(t, c)
	_, err := c.iam(harness.Admin).UntagSAMLProvider(t.Context(), &iam.UntagSAMLProviderInput{SAMLProviderArn: arn, TagKeys: []string{"stage"}})
	ok(t, err)
	equal(t, "tags", len(samlTags(t, c, arn)), 0)
	_, err = c.iam(harness.Admin).UntagSAMLProvider(t.Context(), &iam.UntagSAMLProviderInput{SAMLProviderArn: aws.String(noSAMLProvider), TagKeys: []string{"a"}})
	wantError(t, err, "NoSuchEntity", noSAMLProviderText)
}

func (roles) ListSAMLProviderTags(t *testing.T, c *sdk) {
	_, arn := samlProvider(t, c)
	equal(t, "tag", aws.ToString(samlTags(t, c, arn)[0].Value), "test")
	_, err := c.iam(harness.Admin).ListSAMLProviderTags(t.Context(), &iam.ListSAMLProviderTagsInput{SAMLProviderArn: aws.String(noSAMLProvider)})
	wantError(t, err, "NoSuchEntity", noSAMLProviderText)
}

func samlTags(t *testing.T, c *sdk, arn *string) []types.Tag {
	t.Helper()
	got, err := c.iam(harness.Admin).ListSAMLProviderTags(t.Context(), &iam.ListSAMLProviderTagsInput{SAMLProviderArn: arn})
	ok(t, err)
	return got.Tags
}

func (tokenService) AssumeRoleWithSAML(t *testing.T, c *sdk) {
	p, provider := samlProvider(t, c)
	role, err := c.iam(harness.Admin).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &c.name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + *provider + `"},"Action":"sts:AssumeRoleWithSAML",
		"Condition":{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"}}}}`)})
	ok(t, err)
	const attribute = "https://aws.amazon.com/SAML/Attributes/"
	assertion := func(to string) *string {
		return aws.String(p.get("/response", url.Values{"to": {to}, "audience": {"urn:amazon:webservices"}, "name": {"alice"},
			attribute + "Role": {*role.Role.Arn + "," + *provider}, attribute + "RoleSessionName": {"alice@example.com"}}))
	}
	got, err := c.sts(aws.AnonymousCredentials{}).AssumeRoleWithSAML(t.Context(), &sts.AssumeRoleWithSAMLInput{RoleArn: role.Role.Arn, PrincipalArn: provider,
		SAMLAssertion: assertion("https://signin.aws.amazon.com/saml")})
	ok(t, err)
	equal(t, "caller", caller(t, c, got.Credentials), "arn:aws:sts::"+harness.Account+":assumed-role/"+c.name+"/alice@example.com")
	equal(t, "subject", aws.ToString(got.Subject), "alice")
	equal(t, "kind of subject", aws.ToString(got.SubjectType), "persistent")
	equal(t, "issuer", aws.ToString(got.Issuer), p.base+"/metadata")
	_, err = c.sts(aws.AnonymousCredentials{}).AssumeRoleWithSAML(t.Context(), &sts.AssumeRoleWithSAMLInput{RoleArn: role.Role.Arn, PrincipalArn: provider,
		SAMLAssertion: assertion("https://auth.example.com/saml2/idpresponse")})
	wantError(t, err, "InvalidIdentityToken", "Your request included an invalid SAML response.")
}
