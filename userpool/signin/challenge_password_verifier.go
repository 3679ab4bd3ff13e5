package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/srp"
)

// passwordVerifier is the challenge of SRP: the client proves that it knows the password.
const passwordVerifier = "PASSWORD_VERIFIER"

// timestampSkew is how far a client's TIMESTAMP may be from the server's clock. AWS documents no limit; clocks of phones
// can be wrong by a minute or two.
const timestampSkew = 5 * time.Minute

type srpVerifier struct {
	users *directory.Service
	base  *userpool.Base
}

// srpState is the step's own state.
type srpState struct {
	Exchange []byte `json:"x"`
}

func passwordVerifierStep(users *directory.Service, base *userpool.Base) *step {
	v := &srpVerifier{users, base}
	return &step{name: passwordVerifier, factor: Password, guarded: true, inBlock: true, flow: srpAuth,
		required: []string{"USERNAME", "PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP"},
		check:    checkTimestamp, ask: v.ask, answer: v.answer}
}

func checkTimestamp(params map[string]string, now time.Time) error {
	at, err := srp.ParseTimestamp(params["TIMESTAMP"])
	if err != nil {
		return fault.New(fault.InvalidParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	if off := at.Sub(now); off > timestampSkew || off < -timestampSkew {
		return userpool.ErrWrongPassword
	}
	return nil
}

// ask answers SRP_A with SRP_B, the salt and, in SECRET_BLOCK, the exchange.
func (v *srpVerifier) ask(_ context.Context, a *attempt) (*question, error) {
	salt, verifier, _, err := v.users.Verifier(a.pool, a.subject)
	if err != nil {
		return nil, err
	}
	exchange, srpB, err := srp.Begin(v.base.Rand, verifier, a.params["SRP_A"])
	if errors.Is(err, srp.ErrPublicA) {
		return nil, fault.New(fault.InvalidParameter, "Invalid SRP_A value.")
	}
	if err != nil {
		return nil, err
	}
	data, err := exchange.MarshalBinary()
	if err != nil {
		return nil, err
	}
	username := a.subject.User.Username
	return &question{own: srpState{Exchange: data}, parameters: map[string]string{
		"USERNAME":        username,
		"USER_ID_FOR_SRP": username,
		"SRP_B":           srpB,
		"SALT":            srp.SaltHex(salt),
	}}, nil
}

// answer checks the client's signature over the block, with the timestamp as the server writes it.
func (v *srpVerifier) answer(_ context.Context, a *attempt) (bool, error) {
	_, verifier, own, err := v.users.Verifier(a.pool, a.subject)
	if err != nil {
		return false, err
	}
	var s srpState
	if err := json.Unmarshal(a.state.Own, &s); err != nil {
		return false, fmt.Errorf("signin: decoding the state of %s: %w", passwordVerifier, err)
	}
	var exchange srp.Exchange
	if err := exchange.UnmarshalBinary(s.Exchange); err != nil {
		return false, err
	}
	at, err := srp.ParseTimestamp(a.params["TIMESTAMP"])
	if err != nil {
		return false, err
	}
	name := srp.Name{Pool: a.pool.ShortName(), User: a.subject.User.Username}
	ok := srp.Check(exchange.Key(verifier), name, a.block, srp.FormatTimestamp(at), a.params["PASSWORD_CLAIM_SIGNATURE"])
	return ok && own, nil
}
