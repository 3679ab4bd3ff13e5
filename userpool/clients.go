package userpool

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/removals"
)

// NewClient is the input of CreateUserPoolClient.
type NewClient struct {
	// As in CreateUserPoolClient. GenerateSecret makes a confidential client.
	PoolID         string
	Name           string
	GenerateSecret bool
	Secret         seal.Secret // instead of a generated one; 24 to 64 characters
	Settings       ClientSettings

	// Admit runs in the transaction that writes the client, and may refuse it; nil admits it.
	Admit func(tx store.Tx) error
}

// CreateUserPoolClient creates a client. A generated secret has 52 characters.
func (s *Service) CreateUserPoolClient(ctx context.Context, in NewClient) (*ClientDescription, error) {
	id, err := s.newClientID()
	if err != nil {
		return nil, err
	}
	switch {
	case in.GenerateSecret && !in.Secret.IsZero():
		return nil, fault.New(fault.InvalidParameter, "GenerateSecret and ClientSecret cannot be used together.")
	case in.GenerateSecret:
		secret, err := s.NewClientSecret()
		if err != nil {
			return nil, err
		}
		in.Secret = seal.NewSecret(secret)
	}
	return s.insertClient(ctx, store.Client{PoolID: in.PoolID, ID: id, Name: in.Name}, in.Secret, in.Settings, in.Admit)
}

// InsertClient creates a client with the ID, and with a secret if one is given.
func (s *Service) InsertClient(ctx context.Context, rec store.Client, secret seal.Secret, settings ClientSettings) (*ClientDescription, error) {
	return s.insertClient(ctx, rec, secret, settings, nil)
}

// insertClient is InsertClient. admit may refuse the client in the transaction that writes it; it may be nil.
func (s *Service) insertClient(ctx context.Context, rec store.Client, secret seal.Secret, settings ClientSettings, admit func(store.Tx) error) (*ClientDescription, error) {
	p, err := s.Pool(ctx, rec.PoolID)
	if err != nil {
		return nil, err
	}
	if err := settings.Complete(&p.Settings, !secret.IsZero()); err != nil {
		return nil, err
	}
	if rec.Settings, err = json.Marshal(settings); err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", rec.ID, err)
	}
	if !secret.IsZero() {
		sealed, err := s.sealSecret(rec.ID, secret, nil)
		if err != nil {
			return nil, err
		}
		rec.Secrets = []store.ClientSecret{sealed}
	}
	rec.CreatedAt = s.base.Now()
	rec.ModifiedAt = rec.CreatedAt
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if err := s.checkReferences(tx, rec.PoolID, &settings); err != nil {
			return err
		}
		if admit != nil {
			if err := admit(tx); err != nil {
				return err
			}
		}
		return tx.Clients.Insert(rec)
	})
	if err != nil {
		return nil, err
	}
	s.clientChanged(rec)
	c, err := s.openClient(rec)
	if err != nil {
		return nil, err
	}
	return &c.ClientDescription, nil
}

// clientChanged drops the client and its pool from the caches. Whether passwords of the pool get SRP verifiers depends on
// its clients.
func (s *Service) clientChanged(rec store.Client) {
	s.clients.drop(rec.ID)
	s.pools.drop(rec.PoolID)
}

// DescribeUserPoolClient returns a client with its secret.
func (s *Service) DescribeUserPoolClient(ctx context.Context, poolID, id string) (*ClientDescription, error) {
	_, c, err := s.ClientOf(ctx, poolID, id)
	if err != nil {
		return nil, err
	}
	return &c.ClientDescription, nil
}

// UpdateUserPoolClient changes the settings. As in AWS, some members that are left out keep their value and the others
// return to their defaults; the secret stays. An empty name keeps the name. docs/updates.md lists the members.
func (s *Service) UpdateUserPoolClient(ctx context.Context, poolID, id, name string, settings ClientSettings) (*ClientDescription, error) {
	return s.ChangeClient(ctx, poolID, id, name, func(old *ClientSettings) ClientSettings {
		next := settings
		next.keep(old)
		next.OAuth = old.OAuth.Used() // a registered client that an administrator changes is there to stay
		return next
	})
}

// ChangeClient writes the settings that next returns for the old ones, and the name unless it is empty, in one transaction.
func (s *Service) ChangeClient(ctx context.Context, poolID, id, name string, next func(old *ClientSettings) ClientSettings) (*ClientDescription, error) {
	p, c, err := s.ClientOf(ctx, poolID, id)
	if err != nil {
		return nil, err
	}
	var rec store.Client
	err = s.base.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = tx.Clients.Get(id); err != nil {
			return err
		}
		var old ClientSettings
		if err := json.Unmarshal(rec.Settings, &old); err != nil {
			return fmt.Errorf("userpool: settings of client %s: %w", id, err)
		}
		settings := next(&old)
		settings.keepOthers(&old)
		if err := settings.Complete(&p.Settings, !c.Secret.IsZero()); err != nil {
			return err
		}
		if err := s.checkReferences(tx, poolID, &settings); err != nil {
			return err
		}
		data, err := json.Marshal(settings)
		if err != nil {
			return fmt.Errorf("userpool: settings of client %s: %w", id, err)
		}
		called := cmp.Or(name, rec.Name)
		if called == rec.Name && bytes.Equal(data, rec.Settings) {
			return nil // a reload with the same declaration is not a change
		}
		rec.Name, rec.Settings, rec.ModifiedAt = called, data, s.base.Now()
		return tx.Clients.Update(rec)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = noClient(id)
	}
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	if err != nil {
		return nil, err
	}
	changed, err := s.openClient(rec)
	if err != nil {
		return nil, err
	}
	return &changed.ClientDescription, nil
}

// UseClient notes, in the transaction of its first use, that a registered client has been used. Call ChangedClient afterwards. Another
// client stays as it is. The error is store.ErrNotFound if the client is gone.
func (s *Service) UseClient(tx store.Tx, c *Client) error {
	if c.Settings.OAuth.NeverUsed() == "" {
		return nil
	}
	rec, err := tx.Clients.Get(c.ID)
	if err != nil {
		return err
	}
	var settings ClientSettings
	if err := json.Unmarshal(rec.Settings, &settings); err != nil {
		return fmt.Errorf("userpool: settings of client %s: %w", c.ID, err)
	}
	if settings.OAuth.NeverUsed() == "" {
		return nil
	}
	settings.OAuth = settings.OAuth.Used()
	if rec.Settings, err = json.Marshal(settings); err != nil {
		return fmt.Errorf("userpool: settings of client %s: %w", c.ID, err)
	}
	return tx.Clients.Update(rec)
}

// ListUserPoolClients returns at most limit clients after the id, and the id to continue after. kind selects clients that were
// registered dynamically (ClientDCR) or the others (ClientRegular); "" selects all.
func (s *Service) ListUserPoolClients(ctx context.Context, poolID, kind, after string, limit int) ([]ClientDescription, string, error) {
	if _, err := s.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	var list []ClientDescription
	for len(list) <= limit {
		var recs []store.Client
		err := s.base.View(ctx, func(tx store.Tx) (err error) {
			recs, err = tx.Clients.List(poolID, store.Page{After: after, Limit: limit + 1})
			return err
		})
		if err != nil {
			return nil, "", err
		}
		for _, rec := range recs {
			after = rec.ID
			if c, err := resolveClient(rec); err != nil {
				return nil, "", err
			} else if kind == "" || (c.Settings.ClientType == ClientDCR) == (kind == ClientDCR) {
				list = append(list, ClientDescription{PoolID: rec.PoolID, ID: rec.ID, Name: rec.Name})
			}
		}
		if len(recs) <= limit {
			break
		}
	}
	list, next := CutPage(list, limit, func(c ClientDescription) string { return c.ID })
	return list, next, nil
}

// DeleteUserPoolClient deletes a client and its refresh tokens. Operations refuse its access tokens from then on. An edge
// that accepts every client of the pool accepts them until they expire, as in AWS. It runs to its end even if ctx is
// canceled.
func (s *Service) DeleteUserPoolClient(ctx context.Context, poolID, id string) error {
	ctx = context.WithoutCancel(ctx)
	_, c, err := s.ClientOf(ctx, poolID, id)
	if err != nil {
		return err
	}
	if err = s.inBatches(ctx, func(tx store.Tx, most int) (int, error) { return tx.RefreshTokens.DeleteOfClient(id, most) }); err != nil {
		return err
	}
	registered := c.Settings.ClientType == ClientDCR && c.Settings.OAuth != nil
	err = s.base.Update(ctx, func(tx store.Tx) error {
		return cmp.Or(removals.Note(tx, s.base.Now(), poolID, removals.Client(id).Unless(registered)), tx.Clients.Delete(id))
	})
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	if errors.Is(err, store.ErrNotFound) {
		return noClient(id)
	}
	return err
}
