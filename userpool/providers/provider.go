package providers

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
)

// Type is the type of a provider, in the spelling of ProviderType.
type Type string

// The types of providers.
const (
	SAML     Type = "SAML"
	OIDC     Type = "OIDC"
	Facebook Type = "Facebook"
	Google   Type = "Google"
	Amazon   Type = "LoginWithAmazon"
	Apple    Type = "SignInWithApple"
)

// Types are all types, in the order of the API's model.
var Types = []Type{SAML, Facebook, Google, Amazon, Apple, OIDC}

// Social reports whether there is one provider of the type in the world, which gives its name to the providers of pools.
func (t Type) Social() bool { return t != SAML && t != OIDC }

// The keys of Details that packages read. A provider of any type can have the addresses.
const (
	ClientID     = "client_id"
	ClientSecret = "client_secret"
	Scopes       = "authorize_scopes"
	Method       = "attributes_request_method" // GET or POST, in capitals
	Issuer       = "oidc_issuer"
	AuthorizeURL = "authorize_url"
	TokenURL     = "token_url"
	UserInfoURL  = "attributes_url"
	KeysURL      = "jwks_uri"
	AddNames     = "attributes_url_add_attributes" // true: UserInfoURL takes the names of the mapped attributes
	TokenMethod  = "token_request_method"
	APIVersion   = "api_version" // of Facebook
	TeamID       = "team_id"     // of Apple, as KeyID and PrivateKey
	KeyID        = "key_id"
	PrivateKey   = "private_key"

	MetadataURL       = "MetadataURL" // of SAML, as all below
	MetadataFile      = "MetadataFile"
	SignOut           = "IDPSignout"
	EncryptedAnswers  = "EncryptedResponses"
	RequestSigning    = "RequestSigningAlgorithm"
	Unsolicited       = "IDPInit"
	SignInRedirect    = "SSORedirectBindingURI"
	SignOutRedirect   = "SLORedirectBindingURI"
	ActiveCertificate = "ActiveEncryptionCertificate"
)

// EntityID is the private detail of a SAML provider with the entity id in its metadata, as they were when they were given.
const EntityID = "entity_id"

// FormerIssuers is a detail that Cognito does not have: the issuers, with blanks between, that the provider had before. Their accounts are
// the provider's.
const FormerIssuers = "former_issuers"

// Subject is the attribute name under which a provider's own id of a user is linked.
const Subject = "Cognito_Subject"

// Unlinked is the attribute name of the record that an administrator took an account off a user: the account is not linked to anyone by
// its address any more. It is not an account.
const Unlinked = "Unlinked"

// Provider is an identity provider of a user pool. Callers must not change its maps.
type Provider struct {
	PoolID      string            // "<region>_<9 alphanumerics>"
	Name        string            // ProviderName
	Type        Type              // Google, SAML …; never changes
	Details     map[string]string // what was given, with what the type fills in
	Private     map[string]string // what only Sluice knows, such as the key of an encryption certificate; never shown
	Mapping     map[string]string // attributes of the pool to those of the provider
	Acr         map[string]string // AcrMapping: an assurance.Mapping
	Identifiers []string          // IdpIdentifiers: other names by which clients choose the provider
	Unmapped    bool              // AttributeMapping was given empty, and is shown so
	// LinkByEmail links an account without a user to the one user of the pool with the same verified e-mail address. Cognito never does;
	// only a declared provider can.
	LinkByEmail bool
	Version     int // changes with every change
	Created     time.Time
	Modified    time.Time

	declaration string // the digest of the last declaration; "" = changed through the API since
}

// On reports whether a detail is true, in any case.
func (p *Provider) On(key string) bool { return strings.EqualFold(p.Details[key], "true") }

// Authority returns who answers for the provider's ids of users: the issuer of its ID tokens, or the host of the tokens without ID tokens.
// Ids of another authority are other people's. It is "" for SAML, whose assertions name their issuer.
func (p *Provider) Authority() string {
	if issuer := p.Details[Issuer]; issuer != "" || p.Type == SAML {
		return issuer
	}
	u, err := url.Parse(p.Details[TokenURL])
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Had reports whether the provider has, or had, the issuer that is kept with an account.
func (p *Provider) Had(issuer, now string) bool {
	return issuer == now || slices.Contains(strings.Fields(p.Details[FormerIssuers]), issuer)
}

// Unfinished reports whether the metadata of a SAML provider could not be had yet.
func (p *Provider) Unfinished() bool {
	return p.Type == SAML && p.Details[MetadataURL] != "" && p.Details[SignInRedirect] == ""
}

// SubjectName returns what the provider calls its id of a user; "" for SAML, whose answers have a NameID.
func (p *Provider) SubjectName() string { return kinds[p.Type].subject }

// Group returns the name of the group of the users who sign in with the provider.
func (p *Provider) Group() string { return GroupOf(p.PoolID, p.Name) }

// GroupOf returns the name of the group of the users of a provider.
func GroupOf(poolID, name string) string { return poolID + "_" + name }

// Shown returns the details as the API shows them: without those that it takes only.
func (p *Provider) Shown() map[string]string {
	shown := maps.Clone(p.Details)
	for _, key := range kinds[p.Type].hidden {
		delete(shown, key)
	}
	return shown
}

// ShownMapping returns the mapping as the API shows it, with the name of the subject unless a caller set an empty mapping.
func (p *Provider) ShownMapping() map[string]string {
	shown := maps.Clone(p.Mapping)
	if name := p.SubjectName(); name != "" && !p.Unmapped {
		if shown == nil {
			shown = map[string]string{}
		}
		shown[username] = name
	}
	return shown
}

// username is the key of the subject in a mapping.
const username = "username"

// Summary is what lists show of a provider, without its details.
type Summary struct {
	Name        string   // ProviderName
	Type        Type     // Google, SAML …
	Identifiers []string // IdpIdentifiers
	Unsolicited bool     // accepts unsolicited responses
	Created     time.Time
	Modified    time.Time
}

func summary(rec *store.IdentityProvider) Summary {
	return Summary{Name: rec.Name, Type: Type(rec.Type), Identifiers: rec.Identifiers, Unsolicited: rec.Unsolicited,
		Created: rec.CreatedAt, Modified: rec.ModifiedAt}
}

// Proof is what a leg learned about a user and checked. Nothing in it comes from a place that is not signed or not asked over TLS.
type Proof struct {
	Subject      string            // the provider's id of the user, as the provider writes it
	Issuer       string            // the entity id of a SAML provider; else ""
	Attributes   map[string]string // by the provider's names; values as text
	Event        any               // request.attributes of InboundFederation; its JSON is what the function gets
	Methods      []string          // how the user signed in there, as in the claim amr; nil = not known
	Level        int               // of the pool, for which the acr of an OIDC provider stands; 0 = it has none
	SessionIndex string            // of SAML, for sign-out
	NameIDFormat string            // of SAML, for sign-out
	At           time.Time         // when the user signed in there; zero = not known
	Asserted     time.Time         // the time of a SAML provider's sign-out, by its clock; else zero
}
