package userpool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// ClientSecret is a secret of an app client.
type ClientSecret struct {
	ID        string // "<client id>--<seconds since 1970>"
	Secret    seal.Secret
	CreatedAt time.Time
}

// maxSecrets is the most secrets of a client.
const maxSecrets = 2

// purposeClientSecret seals client secrets; the additional data is the client's id.
const purposeClientSecret = "user pool client secret"

// SecretSeal returns the purpose and the additional data with which the secrets of a client are sealed.
func SecretSeal(clientID string) (purpose string, additional []byte) {
	return purposeClientSecret, []byte(clientID)
}

// sealSecret returns the record of a client's new secret. have are the secrets that the client has: no two share an ID.
func (s *Service) sealSecret(clientID string, secret seal.Secret, have []store.ClientSecret) (store.ClientSecret, error) {
	sealed, err := s.base.Seal.Seal(purposeClientSecret, []byte(secret.Reveal()), []byte(clientID))
	if err != nil {
		return store.ClientSecret{}, err
	}
	rec := store.ClientSecret{Sealed: sealed, CreatedAt: s.base.Now()}
	for second := rec.CreatedAt.Unix(); ; second++ {
		rec.ID = fmt.Sprintf("%s--%d", clientID, second)
		if !slices.ContainsFunc(have, func(other store.ClientSecret) bool { return other.ID == rec.ID }) {
			return rec, nil
		}
	}
}

// openSecrets returns the secrets of a client, the oldest first.
func (s *Service) openSecrets(rec store.Client) ([]ClientSecret, error) {
	var list []ClientSecret
	for _, sealed := range rec.Secrets {
		text, err := s.base.Seal.Open(purposeClientSecret, sealed.Sealed, []byte(rec.ID))
		if err != nil {
			return nil, fmt.Errorf("userpool: secret of client %s: %w", rec.ID, err)
		}
		list = append(list, ClientSecret{ID: sealed.ID, Secret: seal.NewSecret(string(text)), CreatedAt: sealed.CreatedAt})
	}
	return list, nil
}

// AddUserPoolClientSecret gives a confidential client a second secret: the given one, or a generated one if it is zero. Both
// secrets are valid until one of them is deleted.
func (s *Service) AddUserPoolClientSecret(ctx context.Context, poolID, id string, secret seal.Secret) (*ClientSecret, error) {
	if secret.IsZero() {
		text, err := s.NewClientSecret()
		if err != nil {
			return nil, err
		}
		secret = seal.NewSecret(text)
	}
	var added store.ClientSecret
	err := s.changeSecrets(ctx, poolID, id, func(rec *store.Client) error {
		have, err := s.openSecrets(*rec)
		if err != nil {
			return err
		}
		switch {
		case len(have) == 0:
			return fault.New(fault.InvalidParameter, "Client %s is not configured for secret.", id)
		case len(have) >= maxSecrets:
			return fault.New(fault.LimitExceeded, "Client %s already has %d secrets. Delete one of them first.", id, maxSecrets)
		case slices.ContainsFunc(have, func(c ClientSecret) bool { return c.Secret.Equal(secret) }):
			return fault.New(fault.InvalidParameter, "Client %s already has this secret.", id)
		}
		if added, err = s.sealSecret(id, secret, rec.Secrets); err != nil {
			return err
		}
		rec.Secrets = append(rec.Secrets, added)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ClientSecret{ID: added.ID, Secret: secret, CreatedAt: added.CreatedAt}, nil
}

// DeleteUserPoolClientSecret deletes a secret that is not the client's last one. It is refused from then on.
func (s *Service) DeleteUserPoolClientSecret(ctx context.Context, poolID, id, secretID string) error {
	return s.changeSecrets(ctx, poolID, id, func(rec *store.Client) error {
		at := slices.IndexFunc(rec.Secrets, func(c store.ClientSecret) bool { return c.ID == secretID })
		switch {
		case at < 0:
			return fault.New(fault.ResourceNotFound, "Client secret %s does not exist.", secretID)
		case len(rec.Secrets) == 1:
			return fault.New(fault.InvalidParameter, "The last secret of client %s cannot be deleted.", id)
		}
		rec.Secrets = slices.Delete(rec.Secrets, at, at+1)
		return nil
	})
}

// ListUserPoolClientSecrets returns the secrets of a client, the oldest first; none of a public client.
func (s *Service) ListUserPoolClientSecrets(ctx context.Context, poolID, id string) ([]ClientSecret, error) {
	_, c, err := s.ClientOf(ctx, poolID, id)
	if err != nil {
		return nil, err
	}
	return c.Secrets, nil
}

// changeSecrets changes the secrets of a client that was not registered dynamically, in one transaction.
func (s *Service) changeSecrets(ctx context.Context, poolID, id string, change func(*store.Client) error) error {
	_, c, err := s.ClientOf(ctx, poolID, id)
	if err != nil {
		return err
	}
	if c.Settings.ClientType == ClientDCR {
		return fault.New(fault.InvalidParameter, "The secret of client %s, which was registered dynamically, cannot be changed.", id)
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Clients.Get(id)
		if err != nil {
			return err
		}
		if err := change(&rec); err != nil {
			return err
		}
		rec.ModifiedAt = s.base.Now()
		return tx.Clients.Update(rec)
	})
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	if errors.Is(err, store.ErrNotFound) {
		return noClient(id)
	}
	return err
}

// ReplaceSecret gives a confidential client another secret. Those that it had are refused from then on.
func (s *Service) ReplaceSecret(ctx context.Context, poolID, id string, secret seal.Secret) error {
	sealed, err := s.sealSecret(id, secret, nil)
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Clients.Get(id)
		if err != nil {
			return err
		}
		rec.Secrets, rec.ModifiedAt = []store.ClientSecret{sealed}, s.base.Now()
		return tx.Clients.Update(rec)
	})
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	return err
}
