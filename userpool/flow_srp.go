package userpool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/srp"
)

// startSRP is USER_SRP_AUTH: it answers with PASSWORD_VERIFIER, whose SECRET_BLOCK carries the state. There is no Session.
func (s *Service) startSRP(ctx context.Context, a *attempt) (*AuthResult, error) {
	name := a.params["USERNAME"]
	found, err := s.lookup(ctx, a, name)
	if err != nil {
		return nil, err
	}
	if !found && !a.client.hidden {
		return nil, errNoUser
	}
	if found {
		if err := admits(&a.user, a.client.hidden); err != nil {
			return nil, err
		}
		if locked(a.user.Failures, s.o.Now()) {
			return nil, errLocked
		}
	} else if locked(s.ghosts.get(a.pool.ID, a.pool.key(name)), s.o.Now()) {
		return nil, errLocked
	}
	username, salt, verifier, err := s.srpMaterial(a.pool, &a.user, name)
	if err != nil {
		return nil, err
	}
	exchange, srpB, err := srp.Begin(s.o.Rand, verifier, a.params["SRP_A"])
	if errors.Is(err, srp.ErrPublicA) {
		return nil, fault.New(fault.InvalidParameter, "Invalid SRP_A value.")
	}
	if err != nil {
		return nil, err
	}
	block, err := s.secretBlock(a, name, exchange)
	if err != nil {
		return nil, err
	}
	return &AuthResult{Challenge: "PASSWORD_VERIFIER", Parameters: map[string]string{
		"USERNAME":        username,
		"USER_ID_FOR_SRP": username,
		"SRP_B":           srpB,
		"SALT":            srp.SaltHex(salt),
		"SECRET_BLOCK":    base64.StdEncoding.EncodeToString(block),
	}}, nil
}

// srpMaterial gives the user's name, salt and verifier. Where there is no user, or no verifier because no client allowed
// SRP when the password was set, it gives what leads to a refusal in the end.
func (s *Service) srpMaterial(p *pool, u *store.User, name string) (username string, salt, verifier []byte, err error) {
	if u.Sub == "" {
		username, salt, verifier = s.ghostUser(p, name)
		return username, salt, verifier, nil
	}
	if len(u.Password.SRPVerifier) == 0 {
		_, salt, verifier = s.ghostUser(p, u.Username)
		return u.Username, salt, verifier, nil
	}
	verifier, err = s.o.Seal.Open(purposeSRP, u.Password.SRPVerifier, verifierAAD(p.ID, u.Sub))
	if err != nil {
		return "", nil, nil, fmt.Errorf("userpool: SRP verifier: %w", err)
	}
	return u.Username, u.Password.SRPSalt, verifier, nil
}

// secretBlock seals the exchange with what it is bound to. A sealed text is as long as what it holds, so a ghost's block
// holds as much as a user's.
func (s *Service) secretBlock(a *attempt, name string, exchange *srp.Exchange) ([]byte, error) {
	x, err := s.newSession(a, "PASSWORD_VERIFIER")
	if err != nil {
		return nil, err
	}
	x.Name = name
	if x.Sub == "" {
		x.Sub, x.Ghost = noSub, 1
	}
	if x.Exchange, err = exchange.MarshalBinary(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("userpool: secret block: %w", err)
	}
	return s.o.Seal.Seal(purposeSecretBlock, data, []byte(a.client.ID))
}
