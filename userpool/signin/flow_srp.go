package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/srp"
)

// startSRP is USER_SRP_AUTH: it answers with PASSWORD_VERIFIER, whose SECRET_BLOCK carries the state. There is no Session.
func (s *Machine) startSRP(ctx context.Context, a *attempt) (*Result, error) {
	name := a.params["USERNAME"]
	if err := s.lookup(ctx, a, name); err != nil {
		return nil, err
	}
	if err := s.o.Users.Unlocked(a.subject); err != nil {
		return nil, err
	}
	salt, verifier, _, err := s.o.Users.Verifier(a.pool, a.subject)
	if err != nil {
		return nil, err
	}
	username := a.subject.User.Username
	exchange, srpB, err := srp.Begin(s.base.Rand, verifier, a.params["SRP_A"])
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
	return &Result{Challenge: "PASSWORD_VERIFIER", Parameters: map[string]string{
		"USERNAME":        username,
		"USER_ID_FOR_SRP": username,
		"SRP_B":           srpB,
		"SALT":            srp.SaltHex(salt),
		"SECRET_BLOCK":    base64.StdEncoding.EncodeToString(block),
	}}, nil
}

// secretBlock seals the exchange with what it is bound to. A sealed text is as long as what it holds, so a ghost's block
// holds as much as a user's.
func (s *Machine) secretBlock(a *attempt, name string, exchange *srp.Exchange) ([]byte, error) {
	x, err := s.newSession(a, "PASSWORD_VERIFIER")
	if err != nil {
		return nil, err
	}
	x.Name = name
	if !a.subject.Exists {
		x.Sub, x.Ghost = noSub, 1
	}
	if x.Exchange, err = exchange.MarshalBinary(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("signin: secret block: %w", err)
	}
	return s.base.Seal.Seal(purposeSecretBlock, data, []byte(a.client.ID))
}
