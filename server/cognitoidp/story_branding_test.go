package cognitoidp_test

// branded plays the operations on documents of sign-ups and on how the login pages look, on a separate pool.
func branded(b *table) {
	b.play(step{"CreateUserPool", "branded", `{"PoolName": "branded"}`, map[string]string{"branded": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "plain", `{"PoolName": "plain"}`, map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"CreateUserPoolClient", "branded", `{"UserPoolId": "{branded}", "ClientName": "web"}`, map[string]string{"brand": "UserPoolClient.ClientId"}})
	documents(b)
	looks(b)
	classicLooks(b)
}

func documents(b *table) {
	b.play(step{"CreateTerms", "created", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE",
		"Links": {"cognito:default": "https://example.com/terms", "cognito:french": "https://example.com/fr/terms"}}`, map[string]string{"document": "Terms.TermsId"}})
	b.play(step{"CreateTerms", "privacy policy", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "privacy-policy", "TermsSource": "LINK", "Enforcement": "NONE",
		"Links": {"cognito:default": "https://example.com/privacy"}}`, nil})
	b.play(step{"CreateTerms", "exists", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "privacy-policy", "TermsSource": "LINK", "Enforcement": "NONE",
		"Links": {"cognito:default": "https://example.com/other"}}`, nil})
	b.play(step{"CreateTerms", "a link that is a script", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE",
		"Links": {"cognito:default": "javascript:alert(1)"}}`, nil})
	b.play(step{"CreateTerms", "without links", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE"}`, nil})
	b.play(step{"CreateTerms", "invalid name", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "imprint", "TermsSource": "LINK", "Enforcement": "NONE"}`, nil})
	b.play(step{"CreateTerms", "unknown client", `{"UserPoolId": "{branded}", "ClientId": "nobody", "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE",
		"Links": {"cognito:default": "https://example.com/terms"}}`, nil})
	b.play(step{"DescribeTerms", "found", `{"UserPoolId": "{branded}", "TermsId": "{document}"}`, nil})
	b.play(step{"DescribeTerms", "of another pool", `{"UserPoolId": "{pool}", "TermsId": "{document}"}`, nil})
	b.play(step{"DescribeTermsByClient", "found", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "privacy-policy"}`, nil})
	b.play(step{"UpdateTerms", "links", `{"UserPoolId": "{branded}", "TermsId": "{document}", "Links": {"cognito:default": "https://example.com/terms/2"}}`, nil})
	b.play(step{"UpdateTerms", "the name of another", `{"UserPoolId": "{branded}", "TermsId": "{document}", "TermsName": "privacy-policy"}`, nil})
	b.play(step{"ListTerms", "first page", `{"UserPoolId": "{branded}", "MaxResults": 1}`, map[string]string{"more documents": "NextToken"}})
	b.play(step{"ListTerms", "last page", `{"UserPoolId": "{branded}", "MaxResults": 1, "NextToken": "{more documents}"}`, nil})
	b.play(step{"DeleteTerms", "deleted", `{"UserPoolId": "{branded}", "TermsId": "{document}"}`, nil})
	b.play(step{"DeleteTerms", "unknown", `{"UserPoolId": "{branded}", "TermsId": "{document}"}`, nil})
	b.play(step{"DescribeTermsByClient", "none", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "TermsName": "terms-of-use"}`, nil})
}

// drawing is an image with nothing but a rectangle, in Base64, and program is one with a script.
const (
	drawing = `PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxyZWN0IHdpZHRoPSIxIiBoZWlnaHQ9IjEiLz48L3N2Zz4=`
	program = `PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxzY3JpcHQ+YWxlcnQoMSk8L3NjcmlwdD48L3N2Zz4=`
)

func looks(b *table) {
	ids := `"UserPoolId": "{branded}", "ClientId": "{brand}"`
	b.play(step{"DescribeManagedLoginBrandingByClient", "none", `{` + ids + `}`, nil})
	b.play(step{"CreateManagedLoginBranding", "nothing given", `{` + ids + `}`, nil})
	b.play(step{"CreateManagedLoginBranding", "both given", `{` + ids + `, "UseCognitoProvidedValues": true, "Settings": {}}`, nil})
	b.play(step{"CreateManagedLoginBranding", "unknown key", `{` + ids + `, "Settings": {"components": {"form": {"shadow": true}}}}`, nil})
	b.play(step{"CreateManagedLoginBranding", "invalid color", `{` + ids + `, "Settings": {"components": {"form": {"lightMode": {"borderColor": "#fff"}}}}}`, nil})
	b.play(step{"CreateManagedLoginBranding", "image with a script", `{` + ids + `, "Assets": [{"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": "` + program + `"}]}`, nil})
	b.play(step{"CreateManagedLoginBranding", "extension of another category", `{` + ids + `, "Assets": [{"Category": "FAVICON_ICO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": "` + drawing + `"}]}`, nil})
	b.play(step{"CreateManagedLoginBranding", "file of another type", `{` + ids + `, "Assets": [{"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": "` + drawing + `"}]}`, nil})
	b.play(step{"CreateManagedLoginBranding", "created", `{` + ids + `, "Settings": {"categories": {"global": {"colorSchemeMode": "DYNAMIC"}}, "components": {"form": {"borderRadius": 4.0}}},
		"Assets": [{"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": "` + drawing + `"}]}`, map[string]string{"look": "ManagedLoginBranding.ManagedLoginBrandingId"}})
	b.play(step{"CreateManagedLoginBranding", "exists", `{` + ids + `, "UseCognitoProvidedValues": true}`, nil})
	b.play(step{"DescribeManagedLoginBranding", "found", `{"UserPoolId": "{branded}", "ManagedLoginBrandingId": "{look}"}`, nil})
	b.play(step{"DescribeManagedLoginBranding", "of another pool", `{"UserPoolId": "{pool}", "ManagedLoginBrandingId": "{look}"}`, nil})
	b.play(step{"UpdateManagedLoginBranding", "merged", `{"UserPoolId": "{branded}", "ManagedLoginBrandingId": "{look}",
		"Settings": {"components": {"form": {"lightMode": {"borderColor": "00000080"}}}},
		"Assets": [{"Category": "FORM_LOGO", "ColorMode": "DARK", "Extension": "SVG", "Bytes": "` + drawing + `"}]}`, nil})
	b.play(step{"UpdateManagedLoginBranding", "without an id", `{"UserPoolId": "{branded}"}`, nil})
	b.play(step{"DescribeManagedLoginBrandingByClient", "with defaults", `{` + ids + `, "ReturnMergedResources": true}`, nil})
	b.play(step{"UpdateManagedLoginBranding", "provided", `{"UserPoolId": "{branded}", "ManagedLoginBrandingId": "{look}", "UseCognitoProvidedValues": true}`, nil})
	b.play(step{"DeleteManagedLoginBranding", "deleted", `{"UserPoolId": "{branded}", "ManagedLoginBrandingId": "{look}"}`, nil})
	b.play(step{"DeleteManagedLoginBranding", "unknown", `{"UserPoolId": "{branded}", "ManagedLoginBrandingId": "{look}"}`, nil})
}

// classicLooks plays the operations of the classic pages. The image is the beginning of a PNG file.
func classicLooks(b *table) {
	b.play(step{"GetUICustomization", "none", `{"UserPoolId": "{branded}"}`, nil})
	b.play(step{"SetUICustomization", "of the pool", `{"UserPoolId": "{branded}", "CSS": ".banner-customizable { background-color: #123456; }", "ImageFile": "iVBORw0KGgo="}`, nil})
	b.play(step{"GetUICustomization", "of a client without its own", `{"UserPoolId": "{branded}", "ClientId": "{brand}"}`, nil})
	b.play(step{"SetUICustomization", "of a client", `{"UserPoolId": "{branded}", "ClientId": "{brand}", "CSS": ".label-customizable { font-weight: 400; }"}`, nil})
	b.play(step{"GetUICustomization", "of a client", `{"UserPoolId": "{branded}", "ClientId": "{brand}"}`, nil})
	b.play(step{"SetUICustomization", "import", `{"UserPoolId": "{branded}", "CSS": "@import 'https://evil.example/a.css';"}`, nil})
	b.play(step{"SetUICustomization", "url", `{"UserPoolId": "{branded}", "CSS": ".banner-customizable { background: url(https://evil.example/a) }"}`, nil})
	b.play(step{"SetUICustomization", "unknown class", `{"UserPoolId": "{branded}", "CSS": "body { display: none }"}`, nil})
	b.play(step{"SetUICustomization", "not an image", `{"UserPoolId": "{branded}", "ImageFile": "R0lGODlh"}`, nil})
	b.play(step{"SetUICustomization", "unknown client", `{"UserPoolId": "{branded}", "ClientId": "nobody", "CSS": ""}`, nil})
	b.play(step{"SetUICustomization", "reset", `{"UserPoolId": "{branded}", "ClientId": "{brand}"}`, nil})
}
