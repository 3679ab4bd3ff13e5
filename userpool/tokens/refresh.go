package tokens

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// A refresh token is sealed: family (16 bytes), turn (4), secret (32). Sealing keeps text that was never issued from the
// store, distinguishes an old turn from a guess, and hides the content from clients. The store keeps a hash of turn and secret. The
// secret of the next turn is derived from the last one, so a client that lost the answer to a rotation and asks again
// within the grace period gets the same successor. Each pool has its own keys, which go with it to another Sluice: see RefreshKeys.
// Tokens from before that have keys of all pools, which purposeRefresh and purposeSuccessor name.
const (
	purposeRefresh   = "refresh token"
	purposeSuccessor = "refresh token successor"
	refreshSecretLen = 32
	maxRefreshToken  = 512 // characters
)

var (
	errRefreshInvalid = fault.New(fault.NotAuthorized, "Invalid Refresh Token")
	errRefreshRevoked = fault.New(fault.NotAuthorized, "Refresh Token has been revoked")
	errRefreshExpired = fault.New(fault.NotAuthorized, "Refresh Token has expired")
	errRefreshReuse   = fault.New(fault.RefreshTokenReuse, "Refresh token reuse detected.")
)

// refreshToken is an opened refresh token.
type refreshToken struct {
	family string
	turn   uint32
	secret []byte
}

// hash returns what the store keeps. The secret has 256 random bits, so the hash needs no key.
func (r *refreshToken) hash() []byte {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint32([]byte("sluice refresh token\x00"), r.turn), r.secret...))
	return sum[:]
}

// sealRefresh returns the token's text.
func (s *Service) sealRefresh(p *userpool.Pool, r *refreshToken) (string, error) {
	id, err := uuid.Parse(r.family)
	if err != nil {
		return "", fmt.Errorf("tokens: refresh family: %w", err)
	}
	data := append(binary.BigEndian.AppendUint32(id[:], r.turn), r.secret...)
	seals, err := s.refreshSeal(p)
	if err != nil {
		return "", err
	}
	return seals.SealToken(data, nil)
}

// openRefresh parses a token of a pool. It returns false for text that was never issued.
func (s *Service) openRefresh(p *userpool.Pool, text string) (*refreshToken, bool) {
	seals, err := s.refreshSeal(p)
	if err != nil {
		s.base.Logger.Error("reading the keys of refresh tokens", "pool", p.ID, "error", err)
		return nil, false
	}
	data, err := seals.OpenToken(text, nil, maxRefreshToken)
	if err != nil {
		data, err = s.base.Seal.OpenToken(purposeRefresh, text, nil, maxRefreshToken)
	}
	if err != nil || len(data) != 16+4+refreshSecretLen {
		return nil, false
	}
	return &refreshToken{family: uuid.UUID(data[:16]).String(), turn: binary.BigEndian.Uint32(data[16:20]), secret: data[20:]}, true
}

// newRefreshToken returns the first token of a family and the hash to keep.
func (s *Service) newRefreshToken(p *userpool.Pool, family string) (text string, hash []byte, err error) {
	r := &refreshToken{family: family}
	if r.secret, err = s.base.Random(refreshSecretLen); err != nil {
		return "", nil, err
	}
	text, err = s.sealRefresh(p, r)
	return text, r.hash(), err
}

// successors returns the possible next tokens: one for each key, that of the current master key first.
func (s *Service) successors(p *userpool.Pool, r *refreshToken) ([]*refreshToken, error) {
	seals, err := s.refreshSeal(p)
	if err != nil {
		return nil, err
	}
	turn := binary.BigEndian.AppendUint32(nil, r.turn)
	var list []*refreshToken
	for _, mac := range append(seals.MACs([]byte(r.family), turn, r.secret), s.base.Seal.MACs(purposeSuccessor, []byte(r.family), turn, r.secret)...) {
		list = append(list, &refreshToken{family: r.family, turn: r.turn + 1, secret: mac[:]})
	}
	return list, nil
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// RenewRequest asks for new tokens for a refresh token.
type RenewRequest struct {
	Pool         *userpool.Pool          // of Client
	Client       *userpool.Client        // must be the one to which the token was issued
	RefreshToken string                  // as the client sent it
	DeviceKey    string                  // what the client sent; "" for nothing
	Metadata     map[string]string       // ClientMetadata for PreTokenGeneration
	Confirm      func(*store.User) error // may refuse the user; nil accepts every user
	Visit        userpool.Visit          // where the user renews from; kept with the session
}

// Renew returns new tokens for a refresh token, with the scopes of the sign-in that the client still has. If the client rotates, the set has
// the next refresh token. Refusals are fault.NotAuthorized, fault.PasswordResetRequired for a user whose password an administrator has
// reset, and fault.RefreshTokenReuse, which ends the family.
func (s *Service) Renew(ctx context.Context, in RenewRequest) (*Set, error) {
	r, ok := s.openRefresh(in.Pool, in.RefreshToken)
	if !ok {
		return nil, errRefreshInvalid
	}
	changes, from, err := s.changesOfRenewal(ctx, &in, r)
	if err != nil {
		return nil, err
	}
	c := &content{pool: in.Pool, client: in.Client, changes: changes, from: from}
	next, outcome, err := s.readForRenewal(ctx, c, r, &in)
	if err != nil {
		return nil, err
	}
	if fault.Is(outcome, fault.RefreshTokenReuse) {
		// RFC 9700 section 4.14.2: either the thief or the victim uses an old token, so the family ends. A failure to
		// revoke is the more important error.
		if err := s.revokeFamily(ctx, in.Pool.Issuer, r.family); err != nil {
			return nil, err
		}
	}
	if outcome != nil {
		return nil, outcome
	}
	set, err := s.mint(c)
	if err != nil || next == nil {
		return set, err
	}
	set.RefreshToken, err = s.sealRefresh(in.Pool, next)
	return set, err
}

// readForRenewal reads the family of a token, and turns it and notes the visit where the client and the pool want that. It sets c.from,
// unless PreTokenGeneration ran with what was read earlier.
func (s *Service) readForRenewal(ctx context.Context, c *content, r *refreshToken, in *RenewRequest) (next *refreshToken, outcome, err error) {
	now, tracks, dated := s.base.Now(), in.Pool.Settings.SessionConfiguration.Tracks(), !c.from.at.IsZero()
	if !in.Client.Rotates && !tracks {
		err = s.base.View(ctx, func(tx store.Tx) error {
			if next, outcome, err = s.readAndTurn(tx, c, r, in); err != nil || outcome != nil || dated {
				return err
			}
			c.from, err = s.moment(tx, now, c.pool.ID, c.user.Sub)
			return err
		})
		return next, outcome, err
	}
	if !dated {
		err = s.base.View(ctx, func(tx store.Tx) error {
			f, err := tx.RefreshTokens.Get(r.family)
			if err == nil {
				c.from, err = s.moment(tx, now, f.PoolID, f.Sub)
			}
			return err
		})
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, errRefreshInvalid, nil
	}
	if err != nil {
		return nil, nil, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if next, outcome, err = s.readAndTurn(tx, c, r, in); err != nil || outcome != nil || !tracks {
			return err
		}
		return s.touchSession(tx, r.family, in.Visit)
	})
	return next, outcome, err
}

// readAndTurn reads the family of a token. If the client rotates, it writes the next turn and returns it. outcome is the answer
// to the client; err ends the transaction.
func (s *Service) readAndTurn(tx store.Tx, c *content, r *refreshToken, in *RenewRequest) (next *refreshToken, outcome, err error) {
	f, outcome, err := s.readFamily(tx, c, r, in)
	if outcome != nil || err != nil {
		return nil, outcome, err
	}
	return s.turn(tx, c, f, r)
}

// readFamily checks the token's family and user and fills in the content. outcome is the answer to the client.
func (s *Service) readFamily(tx store.Tx, c *content, r *refreshToken, in *RenewRequest) (family *store.RefreshToken, outcome, err error) {
	f, err := tx.RefreshTokens.Get(r.family)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (f.ClientID != c.client.ID || f.PoolID != c.pool.ID)) {
		return nil, errRefreshInvalid, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var state familyContext
	if err := json.Unmarshal(f.Context, &state); err != nil {
		return nil, nil, fmt.Errorf("tokens: decoding refresh family: %w", err)
	}
	u, err := tx.Users.Get(f.PoolID, f.Sub)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, nil, err
	}
	switch {
	case err != nil:
		return nil, errRefreshInvalid, nil
	case !u.Enabled: // which revokes the family, too
		return nil, userpool.ErrDisabled, nil
	case !f.RevokedAt.IsZero():
		return nil, errRefreshRevoked, nil
	case !s.base.Now().Before(f.ExpiresAt):
		return nil, errRefreshExpired, nil
	case u.Status == userpool.StatusResetRequired:
		return nil, userpool.ErrResetRequired, nil
	}
	if state.Provider != "" && !providers.HasIdentity(&u, state.Provider, state.Subject) {
		return nil, errRefreshRevoked, nil // the account was taken off the user
	}
	if state.Provider == "" && u.Status == userpool.StatusExternal {
		return nil, errRefreshRevoked, nil // and so was the user's own: see profiles.Disable
	}
	if in.Confirm != nil {
		if err := in.Confirm(&u); err != nil {
			return nil, err, nil
		}
	}
	if outcome, err := checkDevice(tx, c.pool, &f, state.Hosted, in.DeviceKey); outcome != nil || err != nil {
		return nil, outcome, err
	}
	c.user, c.family, c.event, c.scopes, c.authTime, c.device = &u, f.ID, state.Event, state.Scopes, f.AuthTime, f.DeviceKey
	c.acr, c.amr = state.acr(), state.AMR
	if state.Hosted {
		c.hosted = &Hosted{Resource: state.Resource}
		if c.scopes = granted(c); len(c.scopes) == 0 {
			return nil, errRefreshInvalid, nil
		}
	}
	c.groups, err = groupsOf(tx, &u)
	return &f, nil, err
}

// granted returns those scopes of a sign-in at the OAuth endpoints that its user could still grant: whoever takes a scope from the client or
// the pool means the sign-ins too that have it.
func granted(c *content) []string {
	allowed := c.client.UserScopes(c.pool)
	return slices.DeleteFunc(slices.Clone(c.scopes), func(scope string) bool { return !slices.Contains(allowed, scope) })
}

// turn checks that the token is the family's current one, and rotates it if the client uses rotation.
func (s *Service) turn(tx store.Tx, c *content, f *store.RefreshToken, r *refreshToken) (*refreshToken, error, error) {
	current := equal(r.hash(), f.Hash)
	if !c.client.Rotates {
		if !current {
			return nil, errRefreshInvalid, nil
		}
		return nil, nil, nil
	}
	options, err := s.successors(c.pool, r)
	if err != nil {
		return nil, nil, err
	}
	if current {
		next := options[0]
		var state familyContext
		if err := json.Unmarshal(f.Context, &state); err != nil {
			return nil, nil, fmt.Errorf("tokens: decoding refresh family: %w", err)
		}
		state.Turn = next.turn
		data, err := json.Marshal(state)
		if err != nil {
			return nil, nil, fmt.Errorf("tokens: refresh family: %w", err)
		}
		f.PreviousHash, f.Hash, f.RotatedAt, f.Context = f.Hash, next.hash(), s.base.Now(), data
		return next, nil, tx.RefreshTokens.Update(*f)
	}
	// Within the grace period the last token works again: the client may have lost the answer, or sent two requests at once. Without one
	// it does not, not even in the millisecond of the rotation.
	if c.client.Grace > 0 && len(f.PreviousHash) > 0 && equal(r.hash(), f.PreviousHash) && s.base.Now().Sub(f.RotatedAt) <= c.client.Grace {
		for _, next := range options {
			if equal(next.hash(), f.Hash) {
				return next, nil, nil
			}
		}
	}
	return nil, errRefreshReuse, nil
}
