package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Type is the token_type of access tokens (RFC 6750).
const Type = "Bearer"

// SelfScope is the scope that operations on the token's own user require.
const SelfScope = "aws.cognito.signin.user.admin"

// Set is the tokens of a sign-in or a renewal.
type Set struct {
	AccessToken  string     // a JWT, RS256
	IDToken      string     // "" without the scope openid, if the OAuth endpoints issue the tokens
	RefreshToken string     // "" if a renewal leaves the client's as it is
	ExpiresIn    int        // of the access token, in seconds
	NewDevice    *NewDevice // keys for ConfirmDevice; nil = none were made
}

// maxFamilies is how many refresh families a user can have. Another sign-in ends the oldest, which bounds what signing the
// user out, or deleting them, writes in one statement. A user with more, from before there was a bound, loses maxTrimmed of
// them with each sign-in.
const (
	maxFamilies = 1000
	maxTrimmed  = 100
)

// Request asks for the tokens of an authentication.
type Request struct {
	Pool     *userpool.Pool   // of Client and the user
	Client   *userpool.Client // whose settings say how long the tokens live
	Sub      string           // of the user
	Flow     string           // how the user signed in; kept with the refresh family
	Scopes   []string         // of the access token
	AuthTime time.Time        // of the sign-in: the claim auth_time
	Methods  []string         // how the user signed in: the claim amr, see userpool/assurance; nil for none

	// Provider and Subject are the account at an identity provider with which the user signed in; "" for none. Renewals end when the user
	// loses it. Session is the provider's own session. Level is the one that the sign-in there reached: Methods count for the pool's own users.
	Provider, Subject, Session string
	Level                      int

	DeviceKey string               // the device of the sign-in; "" for none
	NewDevice bool                 // makes the keys of a new device if the pool tracks devices and DeviceKey is ""
	Source    triggers.TokenSource // for PreTokenGeneration; "" is triggers.SignIn
	Metadata  map[string]string    // ClientMetadata for PreTokenGeneration

	Visit      userpool.Visit // where the user signs in from; kept with the session
	SSOSession string         // the SSO session that the sign-in came through; "" = none
	Event      string         // event_id; "" draws one
	Family     string         // the id of the refresh family, a UUID; "" draws one. A second sign-in with the same is ErrSpent
	Hosted     *Hosted        // for tokens of the OAuth endpoints; nil for those of the API

	// Confirm checks the user as the transaction that writes the refresh family reads it, and may write to it. An error
	// refuses the tokens. It may run more than once. The user may have changed since the authentication, so Confirm is
	// required.
	Confirm func(tx store.Tx, u *store.User) error
}

// ErrSpent says that another sign-in has started the refresh family of Request.Family.
var ErrSpent = errors.New("tokens: the proof of this sign-in was used before")

// Issue starts a refresh family and returns its first tokens. A user who does not exist any more is
// userpool.ErrWrongPassword.
func (s *Service) Issue(ctx context.Context, r Request) (*Set, error) {
	if r.Confirm == nil {
		return nil, errors.New("tokens: Request.Confirm is required")
	}
	from, err := s.momentOf(ctx, r.Pool.ID, r.Sub) // before PreTokenGeneration sees the user
	if err != nil {
		return nil, err
	}
	changes, err := s.changesOfSignIn(ctx, &r)
	if err != nil {
		return nil, err
	}
	c := &content{pool: r.Pool, client: r.Client, scopes: r.Scopes, hosted: r.Hosted, authTime: r.AuthTime, changes: changes, from: from}
	c.assure(&r)
	device, err := s.deviceOf(c, &r)
	if err != nil {
		return nil, err
	}
	family, refresh, err := s.newFamily(c, &r, device)
	if err != nil {
		return nil, err
	}
	session, err := s.newSession(&r, &family)
	if err != nil {
		return nil, err
	}
	var u store.User
	var ended, evicted []revoke.Record
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if u, err = tx.Users.Get(r.Pool.ID, r.Sub); err != nil {
			return err
		}
		if err := r.Confirm(tx, &u); err != nil {
			return err
		}
		if c.groups, err = groupsOf(tx, &u); err != nil {
			return err
		}
		if ended, err = s.insertFamily(tx, r.Pool, &u, family); err != nil {
			return err
		}
		evicted, err = s.openSession(tx, r.Pool, session)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, userpool.ErrWrongPassword
	}
	if err != nil {
		return nil, err
	}
	if err := s.announce(context.WithoutCancel(ctx), append(ended, evicted...)); err != nil {
		return nil, err
	}
	c.user = &u
	return s.firstSet(c, &r, device, refresh)
}

// firstSet returns the first tokens of a sign-in.
func (s *Service) firstSet(c *content, r *Request, device *NewDevice, refresh string) (*Set, error) {
	set, err := s.mint(c)
	if err != nil {
		return nil, err
	}
	set.NewDevice = device
	if r.Hosted == nil || !r.Hosted.Short {
		set.RefreshToken = refresh
	}
	return set, nil
}

// insertFamily writes the family of a sign-in. It ends the Session of the user's sign-up, and the oldest families of too many. Of those
// that came through an identity provider it revokes the tokens, too: the provider could not end them any more, and who wants to keep one
// could sign in that often.
func (s *Service) insertFamily(tx store.Tx, p *userpool.Pool, u *store.User, family store.RefreshToken) ([]revoke.Record, error) {
	if err := userpool.EndSignUp(tx, u); err != nil {
		return nil, err
	}
	trimmed, err := tx.RefreshTokens.Trim(u.PoolID, u.Sub, maxFamilies-1, maxTrimmed)
	if err != nil {
		return nil, err
	}
	var ended []revoke.Record
	for i := range trimmed {
		var state familyContext
		if err := json.Unmarshal(trimmed[i].Context, &state); err == nil && state.Provider == "" || !trimmed[i].RevokedAt.IsZero() {
			continue
		}
		r := s.familyRevocation(p.Issuer, &trimmed[i])
		if err := tx.Revocations.Put(kept(r)); err != nil {
			return nil, err
		}
		ended = append(ended, r)
	}
	if err := tx.RefreshTokens.Insert(family); errors.Is(err, store.ErrExists) {
		return nil, ErrSpent
	} else if err != nil {
		return nil, err
	}
	return ended, nil
}

// familyContext holds the data of a sign-in that its renewals reuse.
type familyContext struct {
	Scopes   []string `json:"scopes"`
	Event    string   `json:"event"`
	Flow     string   `json:"flow"`
	Turn     uint32   `json:"turn,omitempty"` // how often the refresh token was rotated
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	Hosted   bool     `json:"hosted,omitempty"`
	Resource string   `json:"resource,omitempty"`
	Group    string   `json:"group,omitempty"` // the group key of the device that the sign-in may confirm

	Provider string `json:"provider,omitempty"` // of the account at an identity provider
	Subject  string `json:"subject,omitempty"`
	Session  string `json:"session,omitempty"`  // of the provider
	Asserted bool   `json:"asserted,omitempty"` // ACR is what the provider's acr stands for
}

// acr returns the level of the sign-in. Earlier releases took that of a sign-in at an identity provider from methods which the provider
// named: such a level counts no more.
func (f *familyContext) acr() string {
	if f.Provider != "" && !f.Asserted {
		return ""
	}
	return f.ACR
}

// newFamily draws the ids of a sign-in and returns the record of its refresh family and the first refresh token.
func (s *Service) newFamily(c *content, r *Request, device *NewDevice) (rec store.RefreshToken, refresh string, err error) {
	if c.family = r.Family; c.family == "" {
		if c.family, err = s.base.UUID(); err != nil {
			return rec, "", err
		}
	}
	if c.event = r.Event; c.event == "" {
		if c.event, err = s.base.UUID(); err != nil {
			return rec, "", err
		}
	}
	refresh, hash, err := s.newRefreshToken(r.Pool, c.family)
	if err != nil {
		return rec, "", err
	}
	kept := familyContext{Scopes: c.scopes, Event: c.event, Flow: r.Flow, ACR: c.acr, AMR: c.amr, Provider: r.Provider, Subject: r.Subject, Session: r.Session,
		Asserted: r.Provider != ""}
	if device != nil {
		kept.Group = device.GroupKey
	}
	life := r.Client.Lives.Refresh
	if h := r.Hosted; h != nil {
		kept.Hosted, kept.Resource = true, h.Resource
		if h.Short {
			life = max(r.Client.Lives.Access, r.Client.Lives.ID)
		}
	}
	state, err := json.Marshal(kept)
	if err != nil {
		return rec, "", fmt.Errorf("tokens: encoding refresh family: %w", err)
	}
	now := c.from.at
	return store.RefreshToken{ID: c.family, PoolID: r.Pool.ID, ClientID: r.Client.ID, Sub: r.Sub, Hash: hash, Context: state,
		DeviceKey: c.device, AuthTime: r.AuthTime, CreatedAt: now, ExpiresAt: now.Add(life)}, refresh, nil
}

// Assurance is how the user of a refresh family signed in.
type Assurance struct {
	ACR      string   // the claim acr; "" for none
	AMR      []string // the claim amr; nil for none
	Provider string   // "" = with the pool itself
}

// AssuranceOf returns how the user of a refresh family signed in.
func AssuranceOf(family *store.RefreshToken) (Assurance, error) {
	var state familyContext
	if err := json.Unmarshal(family.Context, &state); err != nil {
		return Assurance{}, fmt.Errorf("tokens: decoding refresh family: %w", err)
	}
	return Assurance{state.acr(), state.AMR, state.Provider}, nil
}
