package signin

import (
	"context"
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
	q, err := srpQuestion(v.base.Rand, a, salt, verifier, "")
	if err != nil {
		return nil, err
	}
	q.parameters["USERNAME"], q.parameters["USER_ID_FOR_SRP"] = a.subject.User.Username, a.subject.User.Username
	return q, nil
}

// answer checks the proof of the password.
func (v *srpVerifier) answer(_ context.Context, a *attempt) (bool, error) {
	_, verifier, own, err := v.users.Verifier(a.pool, a.subject)
	if err != nil {
		return false, err
	}
	s, err := a.srpState()
	if err != nil {
		return false, err
	}
	v.users.MissedPassword(&a.subject.User)
	ok, err := a.srpProof(s, srp.Name{Pool: a.pool.ShortName(), User: a.subject.User.Username}, verifier)
	return ok && own, err
}
