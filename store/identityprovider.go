package store

import "time"

// IdentityProvider is a provider of a user pool: users sign in to the pool with an account of theirs.
type IdentityProvider struct {
	PoolID      string            // "<region>_<9 alphanumerics>"
	Name        string            // unique in the pool
	Type        string            // SAML, OIDC, Google …
	Sealed      []byte            // ProviderDetails and what is derived from them; package userpool/providers defines it
	Mapping     map[string]string // attributes of the pool to those of the provider
	Acr         map[string]string // AcrMapping
	Identifiers []string          // each unique in the pool, without regard to case
	Unsolicited bool              // accepts unsolicited responses: IDPInit of SAML
	Version     int               // counts changes
	Declared    bool              // created by the configuration, not through the API
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// IdentityProviders keeps the providers of user pools.
type IdentityProviders interface {
	Get(poolID, name string) (IdentityProvider, error)
	Insert(IdentityProvider) error
	Update(IdentityProvider) error
	Delete(poolID, name string) error
	List(poolID string) ([]IdentityProvider, error) // ordered by name
}

// UserIdentity is an account at an identity provider with which a user signs in. Provider, Attribute and Value are unique in a pool.
type UserIdentity struct {
	PoolID    string    // of the user and the provider
	Provider  string    // name; the provider may have been deleted
	Attribute string    // Cognito_Subject, or the attribute of the pool that the provider's answer is compared by
	Value     string    // compares by bytes
	Sub       string    // the user
	Type      string    // of the provider
	Issuer    string    // who answers for the value: an entity id of SAML, an issuer of OpenID Connect; "" = not known yet
	Primary   bool      // the user was made for this account; false for a linked one
	CreatedAt time.Time // of the link, or of the first sign-in
}

// UserIdentities keeps the accounts of users at identity providers.
type UserIdentities interface {
	Get(poolID, provider, attribute, value string) (UserIdentity, error)
	Insert(UserIdentity) error
	Delete(poolID, provider, attribute, value string) error
	OfUser(poolID, sub string) ([]UserIdentity, error)    // the oldest first
	Attributes(poolID, provider string) ([]string, error) // those that identities of the provider have, ordered, at most 100
}
