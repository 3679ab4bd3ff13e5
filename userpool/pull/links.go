package pull

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// authority returns who answers for the ids of a provider of the old pool, which AWS shows with accounts of SAML providers only; "" if it
// is not known. Without it, an account that has not signed in yet would be one of any provider that has the name.
func (s *Service) authority(ctx context.Context, p *types.IdentityProviderType) string {
	there := providers.Provider{Type: providers.Type(p.ProviderType), Details: p.ProviderDetails}
	here, err := s.o.Provider.Providers.Get(ctx, s.in.PoolID, value(p.ProviderName))
	switch {
	case there.Type == providers.SAML && there.Details[providers.MetadataURL] == "":
		if m, _ := assertion.ParseMetadata([]byte(there.Details[providers.MetadataFile]), time.Time{}); m != nil {
			return m.EntityID
		}
		return ""
	case there.Type != providers.SAML && there.Authority() != "://":
		return there.Authority()
	case err != nil || here.Type != there.Type:
		return ""
	case there.Type != providers.SAML:
		return here.Authority()
	case here.Details[providers.MetadataURL] != there.Details[providers.MetadataURL]:
		return ""
	}
	return here.Private[providers.EntityID]
}

// identity returns the record of an account of a user, and false for a link that is worth nothing here: no one knows whose ids the
// provider had.
func (s *Service) identity(sub string, i *providers.Identity) (store.UserIdentity, bool) {
	id := store.UserIdentity{PoolID: s.in.PoolID, Provider: i.ProviderName, Attribute: providers.Subject, Value: i.UserID, Sub: sub,
		Type: i.ProviderType, Primary: i.Primary, Issuer: s.authorities[i.ProviderName], CreatedAt: time.UnixMilli(i.DateCreated).UTC()}
	if i.Issuer != nil && *i.Issuer != "" && i.ProviderType == string(providers.SAML) {
		id.Issuer = *i.Issuer
	}
	return id, id.Issuer != "" || id.Primary
}

// link writes the accounts at identity providers of a user who was just written.
func (s *Service) link(tx store.Tx, u *pulled) error {
	if len(u.identities) == 0 {
		return nil
	}
	rec, err := tx.Users.Get(s.in.PoolID, u.entry.Sub)
	if err != nil {
		return err
	}
	for i := range u.identities {
		id, ok := s.identity(rec.Sub, &u.identities[i])
		if !ok {
			s.noteLink(u, id.Provider)
			continue
		}
		if err := tx.UserIdentities.Insert(id); err != nil && !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	if err := providers.ShowIdentities(tx, &rec); err != nil {
		return err
	}
	return tx.Users.Update(rec)
}

func (s *Service) noteLink(u *pulled, provider string) {
	s.report.note("user %s: an account at %s is linked at the old pool, but not here; link it with AdminLinkProviderForUser if it should be",
		u.entry.Username, provider)
}

// relink brings the accounts that a user has at the old pool but not here. One that was taken off here, or that another user has here,
// stays away. A link that an earlier pull brought without its issuer gets it.
func (s *Service) relink(ctx context.Context, p *userpool.Pool, u *pulled) (changed bool, err error) {
	var missing []store.UserIdentity
	if missing, err = s.unlinked(ctx, p, u); err != nil || len(missing) == 0 {
		return false, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		changed = false
		rec, err := tx.Users.Get(p.ID, u.entry.Sub)
		if err != nil {
			return err
		}
		for _, id := range missing {
			ok, err := attach(tx, id)
			if err != nil {
				return err
			}
			if changed = changed || ok; !ok {
				s.noteLink(u, id.Provider)
			}
		}
		if !changed {
			return nil
		}
		if err := providers.ShowIdentities(tx, &rec); err != nil {
			return err
		}
		return tx.Users.Update(rec)
	})
	return changed, err
}

// unlinked returns the accounts that relink should write. It notes those that cannot be linked here.
func (s *Service) unlinked(ctx context.Context, p *userpool.Pool, u *pulled) (missing []store.UserIdentity, err error) {
	if len(u.identities) == 0 {
		return nil, nil
	}
	var have []store.UserIdentity
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		have, err = tx.UserIdentities.OfUser(p.ID, u.entry.Sub)
		return err
	}); err != nil {
		return nil, err
	}
	for i := range u.identities {
		id, ok := s.identity(u.entry.Sub, &u.identities[i])
		at := slices.IndexFunc(have, func(r store.UserIdentity) bool {
			return r.Provider == id.Provider && r.Value == id.Value && r.Attribute != providers.Unlinked
		})
		switch {
		case at < 0 && !ok:
			s.noteLink(u, id.Provider)
		case at < 0, ok && pulledBare(&have[at], &id):
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// pulledBare reports whether a link here is the one of the old pool without its issuer, and no sign-in has used it.
func pulledBare(here, there *store.UserIdentity) bool {
	return here.Issuer == "" && there.Issuer != "" && !here.Primary && here.Attribute == there.Attribute && here.CreatedAt.Equal(there.CreatedAt)
}

// attach writes an account of a user, unless it was taken off here or another user has it.
func attach(tx store.Tx, id store.UserIdentity) (bool, error) {
	_, err := tx.UserIdentities.Get(id.PoolID, id.Provider, providers.Unlinked, id.Value)
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	have, err := tx.UserIdentities.Get(id.PoolID, id.Provider, id.Attribute, id.Value)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return false, err
	case have.Sub != id.Sub || !pulledBare(&have, &id):
		return false, nil
	default:
		if err := tx.UserIdentities.Delete(id.PoolID, id.Provider, id.Attribute, id.Value); err != nil {
			return false, err
		}
	}
	return true, tx.UserIdentities.Insert(id)
}
