package archive

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// origin is the first record: where the pool comes from.
type origin struct {
	Issuer      string // of the pool's tokens
	RefreshKeys []seal.PurposeKey
	ExportedAt  time.Time
}

// memberships are the groups of the user before them.
type memberships struct {
	Sub    string
	Groups []string
}

// passwordHistory are the hashes of the passwords that the user before it had, the newest first.
type passwordHistory struct {
	Sub    string
	Hashes []string
}

// revocation revokes tokens of the pool. The issuer is that of the pool.
type revocation struct {
	Kind      string
	Name      string // and, for a family, the subject in a second line
	NotBefore time.Time
	Until     time.Time
}

// kinds are the records of a pool that are lines of an archive, by the words that begin the lines.
var kinds = map[string]func() entry{
	"signing_key":       func() entry { return new(signingKey) },
	"saml_key":          func() entry { return new(samlKey) },
	"client":            func() entry { return new(client) },
	"domain":            func() entry { return new(domain) },
	"resource_server":   func() entry { return new(resourceServer) },
	"identity_provider": func() entry { return new(identityProvider) },
	"group":             func() entry { return new(group) },
	"branding":          func() entry { return new(branding) },
	"branding_asset":    func() entry { return new(brandingAsset) },
	"ui_customization":  func() entry { return new(uiCustomization) },
	"terms":             func() entry { return new(terms) },
	"user":              func() entry { return new(user) },
	"memberships":       func() entry { return new(memberships) },
	"password_history":  func() entry { return new(passwordHistory) },
	"passkey":           func() entry { return new(passkey) },
	"device":            func() entry { return new(device) },
	"user_identity":     func() entry { return new(userIdentity) },
	"refresh_token":     func() entry { return new(refreshToken) },
	"session":           func() entry { return new(session) },
	"auth_event":        func() entry { return new(authEvent) },
	"revocation":        func() entry { return new(revocation) },
}

// The stages of an archive after its head: it has the records of each before those of the next.
const (
	settingsStage = iota
	usersStage
	revocationsStage
)

// stageOf returns the stage to which records of a kind belong.
func stageOf(kind string) int {
	switch kind {
	case "user", "memberships", "password_history", "passkey", "device", "user_identity", "refresh_token", "session", "auth_event":
		return usersStage
	case "revocation":
		return revocationsStage
	}
	return settingsStage
}

// entry is a record that can be written to a store.
type entry interface {
	// take makes the record one of the pool: it sets its keys and seals its secrets. It has no access to the store.
	take(in *intake) error
	put(tx store.Tx, in *intake) error
}

// The records, in the order in which an archive has them. Those after user belong to the user before them.
type (
	signingKey       store.SigningKey
	samlKey          store.SAMLKey
	client           store.Client
	domain           store.Domain
	resourceServer   store.ResourceServer
	identityProvider store.IdentityProvider
	group            store.Group
	branding         store.Branding
	brandingAsset    store.BrandingAsset
	uiCustomization  store.UICustomization
	terms            store.Terms
	user             store.User
	passkey          store.Passkey
	device           store.Device
	userIdentity     store.UserIdentity
	refreshToken     store.RefreshToken
	session          store.Session
	authEvent        store.AuthEvent
)

func (r *signingKey) put(tx store.Tx, _ *intake) error {
	return tx.SigningKeys.Insert(store.SigningKey(*r))
}
func (r *samlKey) put(tx store.Tx, _ *intake) error   { return tx.SAMLKeys.Insert(store.SAMLKey(*r)) }
func (r *group) put(tx store.Tx, _ *intake) error     { return tx.Groups.Insert(store.Group(*r)) }
func (r *branding) put(tx store.Tx, _ *intake) error  { return tx.Brandings.Insert(store.Branding(*r)) }
func (r *terms) put(tx store.Tx, _ *intake) error     { return tx.Terms.Insert(store.Terms(*r)) }
func (r *passkey) put(tx store.Tx, _ *intake) error   { return tx.Passkeys.Insert(store.Passkey(*r)) }
func (r *device) put(tx store.Tx, _ *intake) error    { return tx.Devices.Insert(store.Device(*r)) }
func (r *session) put(tx store.Tx, _ *intake) error   { return tx.Sessions.Insert(store.Session(*r)) }
func (r *authEvent) put(tx store.Tx, _ *intake) error { return tx.AuthEvents.Put(store.AuthEvent(*r)) }
func (r *resourceServer) put(tx store.Tx, _ *intake) error {
	return tx.ResourceServers.Insert(store.ResourceServer(*r))
}
func (r *identityProvider) put(tx store.Tx, _ *intake) error {
	return tx.IdentityProviders.Insert(store.IdentityProvider(*r))
}
func (r *brandingAsset) put(tx store.Tx, _ *intake) error {
	return tx.Brandings.PutAsset(store.BrandingAsset(*r))
}
func (r *uiCustomization) put(tx store.Tx, _ *intake) error {
	return tx.UICustomizations.Put(store.UICustomization(*r))
}
func (r *userIdentity) put(tx store.Tx, _ *intake) error {
	return tx.UserIdentities.Insert(store.UserIdentity(*r))
}
func (r *refreshToken) put(tx store.Tx, _ *intake) error {
	return tx.RefreshTokens.Insert(store.RefreshToken(*r))
}
func (r *passwordHistory) put(tx store.Tx, in *intake) error {
	return tx.Passwords.Put(in.pool.ID, r.Sub, r.Hashes)
}

func (r *client) put(tx store.Tx, _ *intake) error {
	err := tx.Clients.Insert(store.Client(*r))
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	return fmt.Errorf("the app client %s of the archive already exists in this Sluice; IDs of clients are unique, so delete that one, or the pool that it belongs to, first", r.ID)
}

func (r *domain) put(tx store.Tx, in *intake) error {
	err := tx.Domains.Insert(store.Domain(*r))
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	if in.options.SkipTakenDomains {
		if !slices.Contains(in.skipped, r.Name) { // a transaction may run twice
			in.skipped = append(in.skipped, r.Name)
		}
		return nil
	}
	return fmt.Errorf("the domain %s of the archive belongs to another pool of this Sluice; delete it there, or leave out the domains that are taken with --skip-taken-domains", r.Name)
}

func (r *user) put(tx store.Tx, in *intake) error {
	u := store.User(*r)
	err := in.checked.CheckNames(tx, nil, &u)
	if err == nil {
		err = tx.Users.Insert(u)
	}
	if errors.Is(err, store.ErrExists) {
		return damaged("user %s has a name that means another user, too: %v", u.Sub, err)
	}
	return err
}

func (r *memberships) put(tx store.Tx, in *intake) error {
	for _, name := range r.Groups {
		if err := tx.Groups.Add(in.pool.ID, name, r.Sub); err != nil {
			return err
		}
	}
	return nil
}

func (r *revocation) put(tx store.Tx, in *intake) error {
	return tx.Revocations.Put(store.Revocation{Kind: r.Kind, Key: in.issuer + "\n" + r.Name, NotBefore: r.NotBefore, Until: r.Until})
}
