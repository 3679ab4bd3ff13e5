package providers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Identity is an account at an identity provider, as the attribute identities of a user has it. Its members are in AWS's order.
type Identity struct {
	UserID       string  `json:"userId"`       // the provider's id of the user
	ProviderName string  `json:"providerName"` // as the pool names it
	ProviderType string  `json:"providerType"` // Google, SAML …
	Issuer       *string `json:"issuer"`       // entity id of a SAML provider; null for others
	Primary      bool    `json:"primary"`      // the user was made for this account
	DateCreated  int64   `json:"dateCreated"`  // Unix milliseconds
}

// ReadIdentities returns the accounts of a user.
func ReadIdentities(u *store.User) ([]Identity, error) {
	text := u.Attributes[userpool.Identities]
	if text == "" {
		return nil, nil
	}
	var list []Identity
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("providers: identities of user %s of pool %s: %w", u.Sub, u.PoolID, err)
	}
	return list, nil
}

// HasIdentity reports whether the user has the account at the provider.
func HasIdentity(u *store.User, provider, subject string) bool {
	list, err := ReadIdentities(u)
	return err == nil && slices.ContainsFunc(list, func(i Identity) bool { return i.ProviderName == provider && i.UserID == subject })
}

// ShowIdentities sets the attribute of a user to the accounts that the store has, the oldest first.
func ShowIdentities(tx store.Tx, u *store.User) error {
	records, err := tx.UserIdentities.OfUser(u.PoolID, u.Sub)
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r store.UserIdentity) bool { return r.Attribute == Unlinked })
	if len(records) == 0 {
		delete(u.Attributes, userpool.Identities)
		return nil
	}
	list := make([]Identity, len(records))
	for i, r := range records {
		list[i] = Identity{r.Value, r.Provider, r.Type, nil, r.Primary, r.CreatedAt.UnixMilli()}
		if r.Issuer != "" && r.Type == string(SAML) { // as AWS
			list[i].Issuer = &records[i].Issuer
		}
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // as AWS
	if err := e.Encode(list); err != nil {
		return fmt.Errorf("providers: encoding identities: %w", err)
	}
	u.Attributes[userpool.Identities] = strings.TrimSuffix(text.String(), "\n")
	return nil
}

// identityClaim is an account as the claim identities has it.
type identityClaim struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"`
	Primary      string  `json:"primary"`
	DateCreated  string  `json:"dateCreated"`
}

// IdentitiesClaim returns the accounts of a user as the claim identities has them: all members are text. It is nil for none.
func IdentitiesClaim(u *store.User) (any, error) {
	list, err := ReadIdentities(u)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	claim := make([]identityClaim, len(list))
	for i, x := range list {
		claim[i] = identityClaim{x.UserID, x.ProviderName, x.ProviderType, x.Issuer, strconv.FormatBool(x.Primary), strconv.FormatInt(x.DateCreated, 10)}
	}
	return claim, nil
}
