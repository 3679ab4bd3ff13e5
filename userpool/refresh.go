package userpool

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// A refresh token is sealed: family (16 bytes), turn (4), secret (32). So only tokens that were issued reach the store,
// an old turn is told from a guess, and clients see nothing. The store has a hash of turn and secret. The secret of the
// next turn is derived from the last, so a client that lost the answer to a rotation and asks again within the grace
// period gets the same successor.
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

// hash is what the store keeps. The secret has 256 random bits, so the hash needs no key.
func (r *refreshToken) hash() []byte {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint32([]byte("sluice refresh token\x00"), r.turn), r.secret...))
	return sum[:]
}

// sealRefresh gives the token's text, bound to its client.
func (s *Service) sealRefresh(clientID string, r *refreshToken) (string, error) {
	id, err := uuid.Parse(r.family)
	if err != nil {
		return "", fmt.Errorf("userpool: refresh family: %w", err)
	}
	data := append(binary.BigEndian.AppendUint32(id[:], r.turn), r.secret...)
	return s.o.Seal.SealToken(purposeRefresh, data, nil)
}

// openRefresh reads a token; false for what never was one.
func (s *Service) openRefresh(text string) (*refreshToken, bool) {
	data, err := s.o.Seal.OpenToken(purposeRefresh, text, nil, maxRefreshToken)
	if err != nil || len(data) != 16+4+refreshSecretLen {
		return nil, false
	}
	return &refreshToken{family: uuid.UUID(data[:16]).String(), turn: binary.BigEndian.Uint32(data[16:20]), secret: data[20:]}, true
}

// newRefreshToken makes the first token of a family and the hash to keep.
func (s *Service) newRefreshToken(clientID, family string) (text string, hash []byte, err error) {
	r := &refreshToken{family: family}
	if r.secret, err = s.random(refreshSecretLen); err != nil {
		return "", nil, err
	}
	text, err = s.sealRefresh(clientID, r)
	return text, r.hash(), err
}

// successors are the possible next tokens: one for each master key, the current first.
func (s *Service) successors(r *refreshToken) []*refreshToken {
	var list []*refreshToken
	for _, mac := range s.o.Seal.MACs(purposeSuccessor, []byte(r.family), binary.BigEndian.AppendUint32(nil, r.turn), r.secret) {
		list = append(list, &refreshToken{family: r.family, turn: r.turn + 1, secret: mac[:]})
	}
	return list
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// startRefresh is REFRESH_TOKEN_AUTH. AWS: with rotation only GetTokensFromRefreshToken renews.
func (s *Service) startRefresh(ctx context.Context, a *attempt) (*AuthResult, error) {
	if a.client.rotates {
		return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
	}
	tokens, err := s.renew(ctx, a.pool, a.client, a.params["REFRESH_TOKEN"], func(u *store.User) error {
		// The hash is over the real user name here, which the client may not have sent.
		return a.client.checkSecretHash(u.Username, a.params["SECRET_HASH"])
	})
	if err != nil {
		return nil, err
	}
	return &AuthResult{Tokens: tokens}, nil
}

// GetTokensFromRefreshToken renews, and replaces the refresh token when the client rotates.
func (s *Service) GetTokensFromRefreshToken(ctx context.Context, clientID, clientSecret, text string) (*Tokens, error) {
	p, c, err := s.poolAndClient(ctx, clientID)
	if err != nil {
		return nil, err
	}
	if !c.rotates && !c.allowed["ALLOW_REFRESH_TOKEN_AUTH"] {
		return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
	}
	if err := c.checkSecret(clientSecret); err != nil {
		return nil, err
	}
	a := &attempt{pool: p, client: c, flow: "REFRESH_TOKEN_AUTH"}
	tokens, err := s.renew(ctx, p, c, text, func(*store.User) error { return nil })
	s.observe(a, &AuthResult{Tokens: tokens}, err)
	return tokens, err
}

// renew mints anew for a family. check is a last word on the user before anything is given.
func (s *Service) renew(ctx context.Context, p *pool, c *client, text string, check func(*store.User) error) (*Tokens, error) {
	r, ok := s.openRefresh(text)
	if !ok {
		return nil, errRefreshInvalid
	}
	g := &grant{pool: p, client: c, from: s.cutoffs.moment(s.o.Now())}
	var next *refreshToken
	var outcome error
	read := func(tx store.Tx) (err error) {
		next, outcome, err = s.readFamily(tx, g, r, check)
		return err
	}
	var err error
	if c.rotates {
		err = s.update(ctx, read)
	} else {
		err = s.view(ctx, read)
	}
	if err != nil {
		return nil, err
	}
	if fault.Is(outcome, fault.RefreshTokenReuse) {
		// RFC 9700 section 4.14.2: who uses an old token may have stolen it, or may be the victim: the family ends.
		return nil, firstError(s.revokeFamily(ctx, p.issuer, r.family), outcome)
	}
	if outcome != nil {
		return nil, outcome
	}
	tokens, err := s.mint(g)
	if err != nil || next == nil {
		return tokens, err
	}
	tokens.RefreshToken, err = s.sealRefresh(c.ID, next)
	return tokens, err
}

// readFamily judges the token against its family and fills in the grant. In a rotating client it writes the next turn,
// which it returns. outcome is for the client.
func (s *Service) readFamily(tx store.Tx, g *grant, r *refreshToken, check func(*store.User) error) (next *refreshToken, outcome, err error) {
	f, err := tx.RefreshTokens.Get(r.family)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (f.ClientID != g.client.ID || f.PoolID != g.pool.ID)) {
		return nil, errRefreshInvalid, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var state familyContext
	if err := json.Unmarshal(f.Context, &state); err != nil {
		return nil, nil, fmt.Errorf("userpool: refresh family: %w", err)
	}
	switch {
	case !f.RevokedAt.IsZero():
		return nil, errRefreshRevoked, nil
	case !s.o.Now().Before(f.ExpiresAt):
		return nil, errRefreshExpired, nil
	}
	u, err := tx.Users.Get(f.PoolID, f.Sub)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errRefreshInvalid, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !u.Enabled {
		return nil, errDisabled, nil
	}
	if err := check(&u); err != nil {
		return nil, err, nil
	}
	if next, outcome, err = s.turn(tx, g, &f, &state, r); outcome != nil || err != nil {
		return nil, outcome, err
	}
	g.user, g.family, g.event, g.scopes, g.authTime = &u, f.ID, state.Event, state.Scopes, f.AuthTime
	g.groups, err = groupsOf(tx, &u)
	return next, nil, err
}

// turn decides whether the token is the family's current one, and rotates it when the client rotates.
func (s *Service) turn(tx store.Tx, g *grant, f *store.RefreshToken, state *familyContext, r *refreshToken) (*refreshToken, error, error) {
	current := equal(r.hash(), f.Hash)
	if !g.client.rotates {
		if !current {
			return nil, errRefreshInvalid, nil
		}
		return nil, nil, nil
	}
	options := s.successors(r)
	if current {
		next := options[0]
		state.Turn = next.turn
		data, err := json.Marshal(state)
		if err != nil {
			return nil, nil, fmt.Errorf("userpool: refresh family: %w", err)
		}
		f.PreviousHash, f.Hash, f.RotatedAt, f.Context = f.Hash, next.hash(), s.o.Now(), data
		return next, nil, tx.RefreshTokens.Update(*f)
	}
	// The last token, again, within the grace period: the client did not get our answer, or two of its parts raced.
	if len(f.PreviousHash) > 0 && equal(r.hash(), f.PreviousHash) && s.o.Now().Sub(f.RotatedAt) <= g.client.grace {
		for _, next := range options {
			if equal(next.hash(), f.Hash) {
				return next, nil, nil
			}
		}
	}
	return nil, errRefreshReuse, nil
}
