package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/srp"
)

// srpState is the state of a step that checks a proof by SRP.
type srpState struct {
	Exchange []byte `json:"x"`
	Device   string `json:"d,omitempty"` // the key of the device whose secret is proved
}

// srpQuestion answers the SRP_A of the call. The question has SRP_B, SALT and, as its state, the exchange.
func srpQuestion(rand io.Reader, a *attempt, salt, verifier []byte, device string) (*question, error) {
	exchange, srpB, err := srp.Begin(rand, verifier, a.params["SRP_A"])
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
	return &question{own: srpState{Exchange: data, Device: device},
		parameters: map[string]string{"SRP_B": srpB, "SALT": srp.SaltHex(salt)}}, nil
}

// srpState returns the state of the step that asked.
func (a *attempt) srpState() (s srpState, err error) {
	if err := json.Unmarshal(a.state.Own, &s); err != nil {
		return s, fmt.Errorf("signin: decoding the state of %s: %w", a.state.Step, err)
	}
	return s, nil
}

// srpProof checks the client's signature over the block, with the timestamp as the server writes it.
func (a *attempt) srpProof(s srpState, name srp.Name, verifier []byte) (bool, error) {
	var exchange srp.Exchange
	if err := exchange.UnmarshalBinary(s.Exchange); err != nil {
		return false, err
	}
	at, err := srp.ParseTimestamp(a.params["TIMESTAMP"])
	if err != nil {
		return false, err
	}
	return srp.Check(exchange.Key(verifier), name, a.block, srp.FormatTimestamp(at), a.params["PASSWORD_CLAIM_SIGNATURE"]), nil
}
