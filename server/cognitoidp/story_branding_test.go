package cognitoidp_test

// branded plays the operations on documents of sign-ups and on how the login pages look, on a pool of its own.
func branded(b *table) {
	b.play(step{"CreateUserPool", "branded", `{"PoolName": "branded"}`, map[string]string{"branded": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "plain", `{"PoolName": "plain"}`, map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"CreateUserPoolClient", "branded", `{"UserPoolId": "{branded}", "ClientName": "web"}`, map[string]string{"brand": "UserPoolClient.ClientId"}})
	documents(b)
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
