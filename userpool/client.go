package userpool

import (
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
	"github.com/sluicegate/sluice/userpool/risk"
)

// ClientDescription is an app client as the API shows it.
type ClientDescription struct {
	// The IDs of the pool and of the client, and the name that the administrator gave.
	PoolID     string
	ID         string
	Name       string
	Secret     seal.Secret    // the oldest of Secrets; zero for a public client
	Secrets    []ClientSecret // one or two, the oldest first; none for a public client
	Settings   ClientSettings
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Client is an app client with its settings resolved. Callers share it and must not change it.
type Client struct {
	ClientDescription
	Allowed        map[string]bool // ALLOW_ values
	Lives          Lifetimes
	SessionLife    time.Duration  // of a sign-in that waits for an answer
	HidesExistence bool           // PreventUserExistenceErrors is ENABLED
	Revokes        bool           // EnableTokenRevocation
	Rotates        bool           // a renewal replaces the refresh token
	Grace          time.Duration  // how long the replaced refresh token still works
	Risk           *risk.Resolved // of the client, instead of the pool's; nil for none
}

// MayRead reports whether the client may read the attribute.
func (c *Client) MayRead(name string) bool {
	if name == "sub" || name == Identities {
		return true
	}
	if len(c.Settings.ReadAttributes) == 0 {
		return standardNames[name]
	}
	return slices.Contains(c.Settings.ReadAttributes, name)
}

// MayWrite reports whether the client may write the attribute.
func (c *Client) MayWrite(name string) bool {
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

// Client returns the client, from the cache if it is there, or fault.ResourceNotFound.
func (s *Service) Client(ctx context.Context, id string) (*Client, error) {
	c, err := s.cachedClient(ctx, id)
	if err == nil && s.Find(ctx, c.PoolID) != nil {
		return nil, noClient(id)
	}
	return c, err
}

func (s *Service) cachedClient(ctx context.Context, id string) (*Client, error) {
	return s.clients.get(id, func() (*Client, error) {
		var rec store.Client
		err := s.base.View(ctx, func(tx store.Tx) (err error) {
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

// ClientOf returns the pool and the client, or fault.ResourceNotFound if the client is not the pool's.
func (s *Service) ClientOf(ctx context.Context, poolID, id string) (*Pool, *Client, error) {
	p, err := s.Pool(ctx, poolID)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.Client(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if c.PoolID != poolID {
		return nil, nil, noClient(id)
	}
	return p, c, nil
}

// PoolAndClient returns a client and its pool, or fault.ResourceNotFound.
func (s *Service) PoolAndClient(ctx context.Context, clientID string) (*Pool, *Client, error) {
	c, err := s.Client(ctx, clientID)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.Pool(ctx, c.PoolID)
	return p, c, err
}

// openClient is like resolveClient, and also opens the secrets.
func (s *Service) openClient(rec store.Client) (*Client, error) {
	c, err := resolveClient(rec)
	if err != nil {
		return nil, err
	}
	if c.Secrets, err = s.openSecrets(rec); err != nil {
		return nil, err
	}
	if len(c.Secrets) > 0 {
		c.Secret = c.Secrets[0].Secret
	}
	return c, nil
}

// resolveClient parses the settings that have an effect.
func resolveClient(rec store.Client) (*Client, error) {
	c := &Client{ClientDescription: ClientDescription{PoolID: rec.PoolID, ID: rec.ID, Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt}}
	if err := json.Unmarshal(rec.Settings, &c.Settings); err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", rec.ID, err)
	}
	var err error
	if c.Lives, err = c.Settings.lifetimes(); err != nil {
		return nil, fmt.Errorf("userpool: settings of client %s: %w", rec.ID, err)
	}
	c.Risk = c.Settings.RiskConfiguration.Resolve()
	c.Allowed = c.Settings.allowedFlows()
	c.SessionLife = time.Duration(c.Settings.AuthSessionValidity) * time.Minute
	c.HidesExistence = c.Settings.PreventUserExistenceErrors == "ENABLED"
	c.Revokes = c.Settings.EnableTokenRevocation == nil || *c.Settings.EnableTokenRevocation
	if r := c.Settings.RefreshTokenRotation; r != nil && r.Feature == "ENABLED" {
		c.Rotates, c.Grace = true, time.Duration(r.RetryGracePeriodSeconds)*time.Second
	}
	return c, nil
}

// CheckSecretHash checks a SECRET_HASH, which is Base64(HMAC-SHA256(secret, username ‖ client id)) with either secret. It
// returns fault.NotAuthorized if the hash is wrong or missing, if the client has no secret and a hash was sent, and for a client that
// proves itself by nothing but private_key_jwt.
func (c *Client) CheckSecretHash(username, given string) error {
	if compare, err := c.expects("secret hash", "SECRET_HASH", given); !compare {
		return err
	}
	right := false
	for _, secret := range c.Secrets {
		m := hmac.New(sha256.New, []byte(secret.Secret.Reveal()))
		m.Write([]byte(username + c.ID))
		right = hmac.Equal([]byte(base64.StdEncoding.EncodeToString(m.Sum(nil))), []byte(given)) || right
	}
	if !right {
		return fault.New(fault.NotAuthorized, "Unable to verify secret hash for client %s", c.ID)
	}
	return nil
}

// CheckSecret is like CheckSecretHash for operations that take the secret itself.
func (c *Client) CheckSecret(given string) error {
	compare, err := c.expects("secret", "secret", given)
	if compare && !c.HasSecret(given) {
		err = fault.New(fault.NotAuthorized, "Unable to verify secret for client %s", c.ID)
	}
	return err
}

// HasSecret reports whether the text is one of the client's secrets.
func (c *Client) HasSecret(given string) bool {
	return slices.ContainsFunc(c.Secrets, func(s ClientSecret) bool { return s.Secret.EqualString(given) })
}

// expects reports whether a proof is to be compared with the secrets. Otherwise the error, or nil, is the verdict.
func (c *Client) expects(what, parameter, given string) (compare bool, err error) {
	switch {
	case c.Settings.OAuth.SignsAssertions():
		return false, fault.New(fault.NotAuthorized, "Client %s is configured for private_key_jwt, which this operation does not accept", c.ID)
	case c.Secret.IsZero() && given != "":
		return false, fault.New(fault.NotAuthorized, "Client %s is not configured for secret but %s was received", c.ID, what)
	case !c.Secret.IsZero() && given == "":
		return false, fault.New(fault.NotAuthorized, "Client %s is configured with secret but %s was not received", c.ID, parameter)
	}
	return given != "", nil
}
