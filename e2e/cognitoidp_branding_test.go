package e2e

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cipdocument "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/document"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const unknownID = "00000000-0000-4000-8000-000000000000"

// logo is an image that draws a square.
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1" fill="#123456"/></svg>`

// makeTerms makes a document of a client.
func makeTerms(t *testing.T, c *sdk, pool, app, name string) (*types.TermsType, error) {
	t.Helper()
	got, err := c.users(harness.Admin).CreateTerms(t.Context(), &cip.CreateTermsInput{UserPoolId: &pool, ClientId: &app, TermsName: &name,
		TermsSource: types.TermsSourceTypeLink, Enforcement: types.TermsEnforcementTypeNone, Links: map[string]string{"cognito:default": "https://example.com/" + name}})
	if err != nil {
		return nil, err
	}
	return got.Terms, nil
}

func (userPools) CreateTerms(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	got, err := makeTerms(t, c, pool, app, "terms-of-use")
	ok(t, err)
	equal(t, "link", got.Links["cognito:default"], "https://example.com/terms-of-use")
	_, err = makeTerms(t, c, pool, app, "terms-of-use")
	wantCode(t, "a second one", err, "TermsExistsException")
}

func (userPools) DescribeTerms(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	made, err := makeTerms(t, c, pool, app, "terms-of-use")
	ok(t, err)
	got, err := c.users(harness.Admin).DescribeTerms(t.Context(), &cip.DescribeTermsInput{UserPoolId: &pool, TermsId: made.TermsId})
	ok(t, err)
	equal(t, "client", *got.Terms.ClientId, app)
	_, err = c.users(harness.Admin).DescribeTerms(t.Context(), &cip.DescribeTermsInput{UserPoolId: &pool, TermsId: aws.String(unknownID)})
	wantCode(t, "an unknown document", err, "ResourceNotFoundException")
}

func (userPools) DescribeTermsByClient(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	made, err := makeTerms(t, c, pool, app, "privacy-policy")
	ok(t, err)
	get := func(name string) (fields, error) {
		return c.newest(t, harness.Admin, "DescribeTermsByClient", fields{"UserPoolId": pool, "ClientId": app, "TermsName": name})
	}
	got, err := get("privacy-policy")
	ok(t, err)
	equal(t, "id", got["Terms"].(map[string]any)["TermsId"], any(*made.TermsId))
	_, err = get("terms-of-use")
	wantCode(t, "another document", err, "ResourceNotFoundException")
}

func (userPools) UpdateTerms(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	made, err := makeTerms(t, c, pool, app, "terms-of-use")
	ok(t, err)
	in := &cip.UpdateTermsInput{UserPoolId: &pool, TermsId: made.TermsId, Links: map[string]string{"cognito:german": "https://example.com/agb"}}
	got, err := c.users(harness.Admin).UpdateTerms(t.Context(), in)
	ok(t, err)
	equal(t, "links", len(got.Terms.Links), 1)
	in.Links = map[string]string{"cognito:german": "javascript:alert(1)"}
	_, err = c.users(harness.Admin).UpdateTerms(t.Context(), in)
	wantCode(t, "a script as a link", err, "InvalidParameterException")
}

func (userPools) DeleteTerms(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	made, err := makeTerms(t, c, pool, app, "terms-of-use")
	ok(t, err)
	in := &cip.DeleteTermsInput{UserPoolId: &pool, TermsId: made.TermsId}
	_, err = c.users(harness.Admin).DeleteTerms(t.Context(), in)
	ok(t, err)
	_, err = c.users(harness.Admin).DeleteTerms(t.Context(), in)
	wantCode(t, "again", err, "ResourceNotFoundException")
}

func (userPools) ListTerms(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	for _, name := range []string{"terms-of-use", "privacy-policy"} {
		_, err := makeTerms(t, c, pool, app, name)
		ok(t, err)
	}
	in := &cip.ListTermsInput{UserPoolId: &pool, MaxResults: aws.Int32(1)}
	names := map[string]bool{}
	for {
		page, err := c.users(harness.Admin).ListTerms(t.Context(), in)
		ok(t, err)
		equal(t, "documents of a page", len(page.Terms), 1)
		names[*page.Terms[0].TermsName] = true
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	equal(t, "documents", len(names), 2)
	_, err := c.users(harness.Admin).ListTerms(t.Context(), &cip.ListTermsInput{UserPoolId: aws.String("us-east-1_none")})
	wantCode(t, "an unknown pool", err, "ResourceNotFoundException")
}

// settings is a document of settings.
func settings(mode string) cipdocument.Interface {
	return cipdocument.NewLazyDocument(map[string]any{"categories": map[string]any{"global": map[string]any{"colorSchemeMode": mode}}})
}

// makeStyle makes the style of a new client.
func makeStyle(t *testing.T, c *sdk) (pool, app, id string) {
	t.Helper()
	pool, app = ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	got, err := c.users(harness.Admin).CreateManagedLoginBranding(t.Context(), &cip.CreateManagedLoginBrandingInput{UserPoolId: &pool, ClientId: &app,
		Settings: settings("DYNAMIC"),
		Assets: []types.AssetType{{Category: types.AssetCategoryTypeFormLogo, ColorMode: types.ColorSchemeModeTypeDynamic, Extension: types.AssetExtensionTypeSvg,
			Bytes: []byte(logo)}}})
	ok(t, err)
	return pool, app, *got.ManagedLoginBranding.ManagedLoginBrandingId
}

func (userPools) CreateManagedLoginBranding(t *testing.T, c *sdk) {
	pool, app, _ := makeStyle(t, c)
	admin := c.users(harness.Admin)
	_, err := admin.CreateManagedLoginBranding(t.Context(), &cip.CreateManagedLoginBrandingInput{UserPoolId: &pool, ClientId: &app, UseCognitoProvidedValues: true})
	wantCode(t, "a second one", err, "ManagedLoginBrandingExistsException")
	_, err = admin.CreateManagedLoginBranding(t.Context(), &cip.CreateManagedLoginBrandingInput{UserPoolId: &pool, ClientId: &app,
		Assets: []types.AssetType{{Category: types.AssetCategoryTypeFormLogo, ColorMode: types.ColorSchemeModeTypeLight, Extension: types.AssetExtensionTypeSvg,
			Bytes: []byte(strings.Replace(logo, "<rect", "<script>alert(1)</script><rect", 1))}}})
	wantCode(t, "an image with a script", err, "InvalidParameterException")
	// What is larger than AWS takes is refused, and what is as large is not.
	large := types.AssetType{Category: types.AssetCategoryTypePageBackground, ColorMode: types.ColorSchemeModeTypeLight, Extension: types.AssetExtensionTypePng,
		Bytes: append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 1_000_000-8)...)}
	app = anotherClient(t, c, pool)
	_, err = admin.CreateManagedLoginBranding(t.Context(), &cip.CreateManagedLoginBrandingInput{UserPoolId: &pool, ClientId: &app, Assets: []types.AssetType{large}})
	ok(t, err)
	large.Bytes = append(large.Bytes, 0)
	app = anotherClient(t, c, pool)
	_, err = admin.CreateManagedLoginBranding(t.Context(), &cip.CreateManagedLoginBrandingInput{UserPoolId: &pool, ClientId: &app, Assets: []types.AssetType{large}})
	wantCode(t, "a megabyte and one", err, "InvalidParameterException")
}

// anotherClient makes another client of the pool.
func anotherClient(t *testing.T, c *sdk, pool string) (app string) {
	t.Helper()
	got, err := c.users(harness.Admin).CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &pool, ClientName: aws.String("another")})
	ok(t, err)
	return *got.UserPoolClient.ClientId
}

func (userPools) DescribeManagedLoginBranding(t *testing.T, c *sdk) {
	pool, _, id := makeStyle(t, c)
	in := &cip.DescribeManagedLoginBrandingInput{UserPoolId: &pool, ManagedLoginBrandingId: &id, ReturnMergedResources: true}
	got, err := c.users(harness.Admin).DescribeManagedLoginBranding(t.Context(), in)
	ok(t, err)
	equal(t, "image", string(got.ManagedLoginBranding.Assets[0].Bytes), logo)
	var merged map[string]map[string]any
	ok(t, got.ManagedLoginBranding.Settings.UnmarshalSmithyDocument(&merged))
	if merged["components"]["primaryButton"] == nil {
		t.Errorf("the defaults are missing: %v", merged)
	}
	in.ManagedLoginBrandingId = aws.String(unknownID)
	_, err = c.users(harness.Admin).DescribeManagedLoginBranding(t.Context(), in)
	wantCode(t, "an unknown style", err, "ResourceNotFoundException")
}

func (userPools) DescribeManagedLoginBrandingByClient(t *testing.T, c *sdk) {
	pool, app, id := makeStyle(t, c)
	got, err := c.users(harness.Admin).DescribeManagedLoginBrandingByClient(t.Context(), &cip.DescribeManagedLoginBrandingByClientInput{UserPoolId: &pool, ClientId: &app})
	ok(t, err)
	equal(t, "id", *got.ManagedLoginBranding.ManagedLoginBrandingId, id)
	other := anotherClient(t, c, pool)
	_, err = c.users(harness.Admin).DescribeManagedLoginBrandingByClient(t.Context(), &cip.DescribeManagedLoginBrandingByClientInput{UserPoolId: &pool, ClientId: &other})
	wantCode(t, "a client without a style", err, "ResourceNotFoundException")
}

func (userPools) UpdateManagedLoginBranding(t *testing.T, c *sdk) {
	pool, _, id := makeStyle(t, c)
	got, err := c.users(harness.Admin).UpdateManagedLoginBranding(t.Context(), &cip.UpdateManagedLoginBrandingInput{UserPoolId: &pool, ManagedLoginBrandingId: &id, Settings: settings("DARK")})
	ok(t, err)
	equal(t, "images that stay", len(got.ManagedLoginBranding.Assets), 1)
	_, err = c.users(harness.Admin).UpdateManagedLoginBranding(t.Context(), &cip.UpdateManagedLoginBrandingInput{UserPoolId: &pool, ManagedLoginBrandingId: &id, Settings: settings("PINK")})
	wantCode(t, "an unknown scheme", err, "InvalidParameterException")
}

func (userPools) DeleteManagedLoginBranding(t *testing.T, c *sdk) {
	pool, _, id := makeStyle(t, c)
	in := &cip.DeleteManagedLoginBrandingInput{UserPoolId: &pool, ManagedLoginBrandingId: &id}
	_, err := c.users(harness.Admin).DeleteManagedLoginBranding(t.Context(), in)
	ok(t, err)
	_, err = c.users(harness.Admin).DeleteManagedLoginBranding(t.Context(), in)
	wantCode(t, "again", err, "ResourceNotFoundException")
}

func (userPools) SetUICustomization(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	var picture bytes.Buffer
	ok(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))))
	in := &cip.SetUICustomizationInput{UserPoolId: &pool, ClientId: &app, CSS: aws.String(".label-customizable { font-weight: 400 }"), ImageFile: picture.Bytes()}
	got, err := c.users(harness.Admin).SetUICustomization(t.Context(), in)
	ok(t, err)
	// The address of the image gives it.
	path := strings.TrimPrefix(*got.UICustomization.ImageUrl, c.URL)
	answer := c.Get(t, "GET", path)
	equal(t, "the image at "+path, answer.Body, picture.String())
	equal(t, "its type", answer.Header.Get("Content-Type"), "image/png")
	in.CSS = aws.String("@import 'https://evil.example/a.css';")
	_, err = c.users(harness.Admin).SetUICustomization(t.Context(), in)
	wantCode(t, "an import", err, "InvalidParameterException")
}

func (userPools) GetUICustomization(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, types.UserPoolTierTypeEssentials, types.AdvancedSecurityModeTypeOff)
	css := ".banner-customizable { background-color: #123456 }"
	_, err := c.users(harness.Admin).SetUICustomization(t.Context(), &cip.SetUICustomizationInput{UserPoolId: &pool, CSS: &css})
	ok(t, err)
	got, err := c.users(harness.Admin).GetUICustomization(t.Context(), &cip.GetUICustomizationInput{UserPoolId: &pool, ClientId: &app})
	ok(t, err)
	equal(t, "the pool's CSS", *got.UICustomization.CSS, css)
	_, err = c.users(harness.Admin).GetUICustomization(t.Context(), &cip.GetUICustomizationInput{UserPoolId: &pool, ClientId: aws.String(noClient)})
	wantCode(t, "an unknown client", err, "ResourceNotFoundException")
}
