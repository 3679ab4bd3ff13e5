package config

// IdentityProvider is a declared identity provider of a user pool.
type IdentityProvider struct {
	// Name is the provider's name. Those of Google, Facebook, LoginWithAmazon and SignInWithApple are named like their types.
	Name string `json:"name"`
	// Type is Google, Facebook, LoginWithAmazon, SignInWithApple, OIDC or SAML. Default: the name, if it is one of the first four.
	Type string `json:"type,omitempty"`
	// Details are the ProviderDetails of the API. Use placeholders such as {env.GOOGLE_SECRET} for secrets.
	Details map[string]string `json:"details,omitempty"`
	// Metadata is the path of a file with the metadata of a SAML provider.
	Metadata string `json:"metadata,omitempty"`
	// Mapping maps attributes of the pool to those of the provider.
	Mapping map[string]string `json:"mapping,omitempty"`
	// Acr maps authentication levels of the pool to those of an OIDC provider.
	Acr map[string]string `json:"acr,omitempty"`
	// Identifiers can be sent instead of the name; on the login pages they are the domains of e-mail addresses.
	Identifiers []string `json:"identifiers,omitempty"`
	// LinkVerifiedEmail links an account that signs in for the first time to the user of the pool with the same verified e-mail address.
	LinkVerifiedEmail bool `json:"link_verified_email,omitempty"`
}

var socialTypes = []string{"Google", "Facebook", "LoginWithAmazon", "SignInWithApple"}

// validateProviders checks that each declared identity provider has a type, and that no pool has two of a name.
func (a *App) validateProviders(v *validator) {
	for _, p := range a.UserPools {
		names := seen{}
		for _, i := range p.IdentityProviders {
			at := "user_pool " + p.ID + ": identity_provider " + i.Name
			v.once(names, at, i.Name)
			if i.Type == "" {
				v.add(at, "it has no type; write: type OIDC, or: type SAML")
			}
			if i.Metadata != "" && i.Type != "SAML" {
				v.add(at, "metadata is for providers of the type SAML")
			}
		}
	}
}
