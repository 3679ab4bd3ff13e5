package tokens

import (
	"context"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// MachineRequest asks for the access token of an app client that acts for itself.
type MachineRequest struct {
	Pool     *userpool.Pool    // of Client
	Client   *userpool.Client  // the subject of the token
	Scopes   []string          // of the resource servers; the caller has checked that the client may have them
	Metadata map[string]string // ClientMetadata for PreTokenGeneration
}

// machineName is the user name in events of PreTokenGeneration for a client that acts for itself.
const machineName = "ClientCredentials"

// IssueMachine returns an access token whose subject is the client. It comes without ID and refresh token, nothing is recorded
// about it, and it is valid until it expires. A client that was deleted while a function ran is fault.ResourceNotFound.
//
// Source: the developer guide, "Scopes, M2M, and resource servers"; "Pre token generation Lambda trigger", version 3.
func (s *Service) IssueMachine(ctx context.Context, r MachineRequest) (*Set, error) {
	c := &content{pool: r.Pool, client: r.Client, scopes: r.Scopes}
	now := s.base.Now()
	if triggers.ChangesTokens(r.Pool) {
		var err error
		call := triggers.Call{Pool: r.Pool, Client: r.Client, User: &store.User{Username: machineName}, Absent: true, Metadata: r.Metadata}
		c.changes, err = s.o.Triggers.PreTokenGeneration(ctx, call, triggers.TokenRequest{Source: triggers.ClientCredentials, Scopes: r.Scopes})
		if err != nil {
			return nil, err
		}
		if _, _, err := s.o.Pools.ClientOf(ctx, r.Pool.ID, r.Client.ID); err != nil {
			return nil, err
		}
	}
	claims := c.machineClaims(now)
	if c.changes != nil {
		if err := checkClaims(claims); err != nil {
			return nil, err
		}
	}
	life := r.Client.Lives.Access
	access, err := s.sign(r.Pool, userpool.UseAccess, claims, now, life)
	if err != nil {
		return nil, err
	}
	return &Set{AccessToken: access, ExpiresIn: int(life / time.Second)}, nil
}

// machineClaims returns the claims of the access token of a client that acts for itself, with the changes. A client is in no
// group, so that those of the changes are left out.
func (c *content) machineClaims(now time.Time) map[string]any {
	claims := map[string]any{
		"sub":       c.client.ID,
		"client_id": c.client.ID,
		"auth_time": now.Unix(),
		"scope":     strings.Join(c.scopes, " "),
		"version":   2,
	}
	if c.changes != nil {
		c.changeAccess(claims)
	}
	return claims
}
