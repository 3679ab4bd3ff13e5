package userpool

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// Client is an app client as it is shown.
type Client struct {
	PoolID     string
	ID         string
	Name       string
	Secret     seal.Secret // zero for a public client
	Settings   ClientSettings
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// client is an app client made ready for use. It is shared: nobody writes to it.
type client struct {
	Client
	allowed map[string]bool // ALLOW_ values
	lives   lifetimes
	hidden  bool // PreventUserExistenceErrors is ENABLED
	rotates bool
	grace   time.Duration // of rotation
}

func (c *client) mayRead(name string) bool {
	if len(c.Settings.ReadAttributes) == 0 {
		return standardNames[name]
	}
	return name == "sub" || slices.Contains(c.Settings.ReadAttributes, name)
}

func (c *client) mayWrite(name string) bool {
	if unwritable(name) {
		return false
	}
	if len(c.Settings.WriteAttributes) == 0 {
		return standardNames[name]
	}
	return slices.Contains(c.Settings.WriteAttributes, name)
}

func noClient(id string) error {
	return fault.New(fault.ResourceNotFound, "User pool client %s does not exist.", id)
}

// purposeClientSecret seals client secrets; the additional data is the client's id.
const purposeClientSecret = "user pool client secret"

// client returns the client from the cache or the store.
func (s *Service) client(ctx context.Context, id string) (*client, error) {
	return s.clients.get(id, func() (*client, error) {
		var rec store.Client
		err := s.view(ctx, func(tx store.Tx) (err error) {
			rec, err = tx.Clients.Get(id)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, noClient(id)
		}
		if err != nil {
			return nil, err
		}
		return s.openClient(rec)
	})
}

// clientOf returns the client if it belongs to the pool.
func (s *Service) clientOf(ctx context.Context, poolID, id string) (*pool, *client, error) {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.client(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if c.PoolID != poolID {
		return nil, nil, noClient(id)
	}
	return p, c, nil
}

// poolAndClient returns a client and its pool.
func (s *Service) poolAndClient(ctx context.Context, clientID string) (*pool, *client, error) {
	c, err := s.client(ctx, clientID)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.pool(ctx, c.PoolID)
	return p, c, err
}

// openClient is compileClient with the secret.
func (s *Service) openClient(rec store.Client) (*client, error) {
	c, err := compileClient(rec)
	if err != nil {
		return nil, err
	}
	if len(rec.Secret) > 0 {
		secret, err := s.o.Seal.Open(purposeClientSecret, rec.Secret, []byte(rec.ID))
		if err != nil {
			return nil, fmt.Errorf("userpool: secret of client %s: %w", rec.ID, err)
		}
		c.Secret = seal.NewSecret(string(secret))
	}
	return c, nil
}

func compileClient(rec store.Client) (*client, error) {
	c := &client{Client: Client{PoolID: rec.PoolID, ID: rec.ID, Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt}}
	if err := json.Unmarshal(rec.Settings, &c.Settings); err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", rec.ID, err)
	}
	var err error
	if c.lives, err = c.Settings.lifetimes(); err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", rec.ID, err)
	}
	c.allowed = c.Settings.allowedFlows()
	c.hidden = c.Settings.PreventUserExistenceErrors == "ENABLED"
	if r := c.Settings.RefreshTokenRotation; r != nil && r.Feature == "ENABLED" {
		c.rotates, c.grace = true, time.Duration(r.RetryGracePeriodSeconds)*time.Second
	}
	return c, nil
}

// NewClient is what CreateUserPoolClient needs.
type NewClient struct {
	PoolID         string
	Name           string
	GenerateSecret bool
	Secret         seal.Secret // one of the caller's choice instead; 24 to 64 characters
	Settings       ClientSettings
}

// CreateUserPoolClient makes a client, with a secret of 52 characters when asked for one.
func (s *Service) CreateUserPoolClient(ctx context.Context, in NewClient) (*Client, error) {
	id, err := s.newClientID()
	if err != nil {
		return nil, err
	}
	switch {
	case in.GenerateSecret && !in.Secret.IsZero():
		return nil, fault.New(fault.InvalidParameter, "GenerateSecret and ClientSecret cannot be used together.")
	case in.GenerateSecret:
		secret, err := s.newClientSecret()
		if err != nil {
			return nil, err
		}
		in.Secret = seal.NewSecret(secret)
	}
	return s.insertClient(ctx, store.Client{PoolID: in.PoolID, ID: id, Name: in.Name}, in.Secret, in.Settings)
}

func (s *Service) insertClient(ctx context.Context, rec store.Client, secret seal.Secret, settings ClientSettings) (*Client, error) {
	p, err := s.pool(ctx, rec.PoolID)
	if err != nil {
		return nil, err
	}
	if err := settings.complete(&p.Settings, !secret.IsZero()); err != nil {
		return nil, err
	}
	if rec.Settings, err = json.Marshal(settings); err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", rec.ID, err)
	}
	if !secret.IsZero() {
		if rec.Secret, err = s.o.Seal.Seal(purposeClientSecret, []byte(secret.Reveal()), []byte(rec.ID)); err != nil {
			return nil, err
		}
	}
	rec.CreatedAt = s.o.Now()
	rec.ModifiedAt = rec.CreatedAt
	if err := s.update(ctx, func(tx store.Tx) error { return tx.Clients.Insert(rec) }); err != nil {
		return nil, err
	}
	s.clientChanged(rec)
	c, err := s.openClient(rec)
	if err != nil {
		return nil, err
	}
	return &c.Client, nil
}

// clientChanged drops what was derived from the client: also the pool's, which says whether passwords get verifiers.
func (s *Service) clientChanged(rec store.Client) {
	s.clients.drop(rec.ID)
	s.pools.drop(rec.PoolID)
}

// DescribeUserPoolClient returns a client with its secret.
func (s *Service) DescribeUserPoolClient(ctx context.Context, poolID, id string) (*Client, error) {
	_, c, err := s.clientOf(ctx, poolID, id)
	if err != nil {
		return nil, err
	}
	return &c.Client, nil
}

// UpdateUserPoolClient replaces the settings; what is left out goes back to its default, the secret stays. An empty name
// keeps the name.
func (s *Service) UpdateUserPoolClient(ctx context.Context, poolID, id, name string, settings ClientSettings) (*Client, error) {
	p, c, err := s.clientOf(ctx, poolID, id)
	if err != nil {
		return nil, err
	}
	if err := settings.complete(&p.Settings, !c.Secret.IsZero()); err != nil {
		return nil, err
	}
	data, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", id, err)
	}
	var rec store.Client
	err = s.update(ctx, func(tx store.Tx) (err error) {
		if rec, err = tx.Clients.Get(id); err != nil {
			return err
		}
		if name == "" {
			name = rec.Name
		}
		if name == rec.Name && bytes.Equal(data, rec.Settings) {
			return nil // a reload with the same declaration must not look like a change
		}
		rec.Name, rec.Settings, rec.ModifiedAt = name, data, s.o.Now()
		return tx.Clients.Update(rec)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = noClient(id)
	}
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	if err != nil {
		return nil, err
	}
	next, err := s.openClient(rec)
	if err != nil {
		return nil, err
	}
	return &next.Client, nil
}

// ListUserPoolClients returns at most limit clients after the id, and the id to go on from.
func (s *Service) ListUserPoolClients(ctx context.Context, poolID, after string, limit int) ([]Client, string, error) {
	if _, err := s.pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	var recs []store.Client
	err := s.view(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Clients.List(poolID, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := page(recs, limit, func(c store.Client) string { return c.ID })
	list := make([]Client, 0, len(recs))
	for _, rec := range recs {
		list = append(list, Client{PoolID: rec.PoolID, ID: rec.ID, Name: rec.Name})
	}
	return list, next, nil
}

// DeleteUserPoolClient removes a client and the refresh tokens that it got. Its access tokens serve no operation here any
// more; at a gate that takes every client of the pool they live until they expire, as in AWS.
func (s *Service) DeleteUserPoolClient(ctx context.Context, poolID, id string) error {
	if _, _, err := s.clientOf(ctx, poolID, id); err != nil {
		return err
	}
	err := s.update(ctx, func(tx store.Tx) error { return tx.Clients.Delete(id) })
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	if errors.Is(err, store.ErrNotFound) {
		return noClient(id)
	}
	return err
}

// checkSecretHash demands Base64(HMAC-SHA256(secret, username ‖ client id)) of a client that has a secret, and refuses
// one sent to a client that has none.
func (c *client) checkSecretHash(username, given string) error {
	switch {
	case c.Secret.IsZero() && given == "":
		return nil
	case c.Secret.IsZero():
		return fault.New(fault.NotAuthorized, "Client %s is not configured for secret but secret hash was received", c.ID)
	case given == "":
		return fault.New(fault.NotAuthorized, "Client %s is configured with secret but SECRET_HASH was not received", c.ID)
	}
	m := hmac.New(sha256.New, []byte(c.Secret.Reveal()))
	m.Write([]byte(username))
	m.Write([]byte(c.ID))
	want := base64.StdEncoding.EncodeToString(m.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(given)) {
		return fault.New(fault.NotAuthorized, "Unable to verify secret hash for client %s", c.ID)
	}
	return nil
}

// checkSecret is for operations that take the secret itself.
func (c *client) checkSecret(given string) error {
	switch {
	case c.Secret.IsZero() && given == "":
		return nil
	case c.Secret.IsZero():
		return fault.New(fault.NotAuthorized, "Client %s is not configured for secret but secret was received", c.ID)
	case given == "":
		return fault.New(fault.NotAuthorized, "Client %s is configured with secret but secret was not received", c.ID)
	case !c.Secret.EqualString(given):
		return fault.New(fault.NotAuthorized, "Unable to verify secret for client %s", c.ID)
	}
	return nil
}
