package sql

import (
	"errors"

	"github.com/sluicegate/sluice/store"
)

const identityProviderColumns = `pool_id, name, type, sealed, mapping, acr, identifiers, unsolicited, version, declared, created_at, modified_at`

type identityProviders struct{ *Transaction }

func scanIdentityProvider(r *row) store.IdentityProvider {
	p := store.IdentityProvider{PoolID: r.text(), Name: r.text(), Type: r.text(), Sealed: r.bytes(), Mapping: r.textMap(), Acr: r.textMap()}
	r.into(&p.Identifiers)
	p.Unsolicited, p.Version, p.Declared, p.CreatedAt, p.ModifiedAt = r.flag(), r.number(), r.flag(), r.time(), r.time()
	return p
}

// identityProviderArgs returns the values of identityProviderColumns, in order.
func identityProviderArgs(p store.IdentityProvider) ([]any, error) {
	mapping, err := encodedMap(p.Mapping)
	if err != nil {
		return nil, err
	}
	acr, err := encodedMap(p.Acr)
	if err != nil {
		return nil, err
	}
	var identifiers any
	if len(p.Identifiers) > 0 {
		if identifiers, err = encoded(p.Identifiers); err != nil {
			return nil, err
		}
	}
	return []any{p.PoolID, p.Name, p.Type, p.Sealed, mapping, acr, identifiers, p.Unsolicited, p.Version, p.Declared, p.CreatedAt, p.ModifiedAt}, nil
}

func (s identityProviders) Get(poolID, name string) (store.IdentityProvider, error) {
	return one(s.Transaction, scanIdentityProvider,
		s.locked(`select `+identityProviderColumns+` from identity_providers where pool_id = $1 and name = $2`), poolID, name)
}

func (s identityProviders) Insert(p store.IdentityProvider) error {
	args, err := identityProviderArgs(p)
	if err != nil {
		return err
	}
	return s.insert(`insert into identity_providers (`+identityProviderColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, args...)
}

func (s identityProviders) Update(p store.IdentityProvider) error {
	args, err := identityProviderArgs(p)
	if err != nil {
		return err
	}
	return s.change(`update identity_providers set type = $3, sealed = $4, mapping = $5, acr = $6, identifiers = $7, unsolicited = $8,
		version = $9, declared = $10, created_at = $11, modified_at = $12 where pool_id = $1 and name = $2`, args...)
}

func (s identityProviders) Delete(poolID, name string) error {
	return s.change(`delete from identity_providers where pool_id = $1 and name = $2`, poolID, name)
}

func (s identityProviders) List(poolID string) ([]store.IdentityProvider, error) {
	return all(s.Transaction, scanIdentityProvider,
		`select `+identityProviderColumns+` from identity_providers where pool_id = $1 order by name`, poolID)
}

const userIdentityColumns = `pool_id, provider, attribute, value, sub, type, issuer, first, created_at`

type userIdentities struct{ *Transaction }

func scanUserIdentity(r *row) store.UserIdentity {
	return store.UserIdentity{
		PoolID: r.text(), Provider: r.text(), Attribute: r.text(), Value: r.text(), Sub: r.text(), Type: r.text(), Issuer: r.text(),
		Primary: r.flag(), CreatedAt: r.time(),
	}
}

func (s userIdentities) Get(poolID, provider, attribute, value string) (store.UserIdentity, error) {
	return one(s.Transaction, scanUserIdentity, s.locked(`select `+userIdentityColumns+` from user_identities
		where pool_id = $1 and provider = $2 and attribute = $3 and value = $4`), poolID, provider, attribute, value)
}

func (s userIdentities) Insert(i store.UserIdentity) error {
	return s.insert(`insert into user_identities (`+userIdentityColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		i.PoolID, i.Provider, i.Attribute, i.Value, i.Sub, i.Type, i.Issuer, i.Primary, i.CreatedAt)
}

func (s userIdentities) Delete(poolID, provider, attribute, value string) error {
	return s.change(`delete from user_identities where pool_id = $1 and provider = $2 and attribute = $3 and value = $4`,
		poolID, provider, attribute, value)
}

func (s userIdentities) OfUser(poolID, sub string) ([]store.UserIdentity, error) {
	return all(s.Transaction, scanUserIdentity, `select `+userIdentityColumns+` from user_identities where pool_id = $1 and sub = $2
		order by created_at, provider, attribute, value`, poolID, sub)
}

// maxAttributes bounds what Attributes reads.
const maxAttributes = 100

// Attributes jumps from one attribute to the next: a provider can have millions of identities with the same one.
func (s userIdentities) Attributes(poolID, provider string) ([]string, error) {
	var list []string
	for after := ""; len(list) < maxAttributes; {
		next, err := one(s.Transaction, (*row).text, `select attribute from user_identities
			where pool_id = $1 and provider = $2 and attribute > $3 order by attribute limit 1`, poolID, provider, after)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		list, after = append(list, next), next
	}
	return list, nil
}
