package oauth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// How long a code can be exchanged, and how long afterwards a second use is noticed.
const (
	codeLife = 5 * time.Minute
	codeKept = time.Hour
)

// grant is what a code grants.
type grant struct {
	Record        signin.Record  `json:"record"`
	Scopes        []string       `json:"scopes"`
	RedirectURI   string         `json:"redirect_uri"`
	RedirectGiven bool           `json:"redirect_given"`
	Challenge     string         `json:"challenge,omitempty"`
	Nonce         string         `json:"nonce,omitempty"`
	Resource      string         `json:"resource,omitempty"`
	Visit         userpool.Visit `json:"visit"`
}

// request returns the request for the tokens of the grant.
func (g *grant) request(p *userpool.Pool, c *userpool.Client, session string) tokens.Request {
	r := g.Record.Request(p, c, g.Scopes...)
	r.Visit, r.SSOSession, r.Hosted = g.Visit, session, &tokens.Hosted{Nonce: g.Nonce, Resource: g.Resource}
	return r
}

// hashCode returns what the store keeps of a code. A code has 122 random bits, so the hash needs no key.
func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte("sluice authorization code\x00" + code))
	return sum[:]
}

// respond issues what the client asked for: a code, or the tokens of the implicit flow. admit runs in the transaction that writes
// it; it checks that the user may still pass, and writes the session.
func (s *Service) respond(ctx context.Context, a *Authorization, x *session, admit func(store.Tx, *store.User) error) (*Response, error) {
	g := &grant{Record: x.Record, Scopes: a.Scopes, RedirectURI: a.RedirectURI, RedirectGiven: a.RedirectGiven, Challenge: a.Challenge,
		Nonce: a.Nonce, Resource: a.Resource, Visit: userpool.Visit{Address: cmp.Or(a.Visit.Address, x.Address), Device: cmp.Or(a.Visit.Device, x.Device)}}
	if a.ResponseType == TypeToken {
		return s.respondTokens(ctx, a, g, x, admit)
	}
	code, err := s.base.UUID()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("oauth: encoding grant: %w", err)
	}
	until := s.base.Now().Add(codeLife)
	rec := store.AuthorizationCode{Hash: hashCode(code), PoolID: a.Pool.ID, ClientID: a.Client.ID, Sub: x.Sub, Session: x.ID, Grant: data,
		ExpiresAt: until, KeptUntil: until.Add(codeKept)}
	var name string
	err = s.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(a.Pool.ID, x.Sub)
		if err != nil {
			return err
		}
		name = account(x, &u).Name
		if err := admit(tx, &u); err != nil {
			return err
		}
		return tx.AuthorizationCodes.Insert(rec)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, userpool.ErrWrongPassword // the user, or the session, ended meanwhile
	}
	if err != nil {
		return nil, err
	}
	answer := a.answer(Pair{"code", code}, Pair{"state", a.State}, Pair{"iss", a.iss})
	answer.Name = name
	return answer, nil
}

// respondTokens issues the tokens of the implicit flow.
func (s *Service) respondTokens(ctx context.Context, a *Authorization, g *grant, x *session, admit func(store.Tx, *store.User) error) (*Response, error) {
	r := g.request(a.Pool, a.Client, x.ID)
	r.Hosted.Short, r.Confirm = true, admit
	set, err := s.o.Tokens.Issue(ctx, r)
	if err != nil {
		return nil, err
	}
	return a.answer(Pair{"id_token", set.IDToken}, Pair{"access_token", set.AccessToken}, Pair{"expires_in", strconv.Itoa(set.ExpiresIn)},
		Pair{"token_type", tokens.Type}, Pair{"state", a.State}, Pair{"iss", a.iss}), nil
}
