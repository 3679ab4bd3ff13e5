package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/srp"
)

// timestampSkew is how far a client's TIMESTAMP may be from the server's clock. The service gives no figure; clocks of
// phones are wrong by a minute or two.
const timestampSkew = 5 * time.Minute

// maxSecretBlock bounds PASSWORD_CLAIM_SECRET_BLOCK in characters before it is decoded.
const maxSecretBlock = 4096

// answerPasswordVerifier is PASSWORD_VERIFIER: the client's proof that it knows the password. A block serves one answer.
func (s *Machine) answerPasswordVerifier(ctx context.Context, a *attempt) (*Result, error) {
	a.flow = "USER_SRP_AUTH"
	at, err := srp.ParseTimestamp(a.params["TIMESTAMP"])
	if err != nil {
		return nil, fault.New(fault.InvalidParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	x, block, err := s.openBlock(a)
	if err != nil {
		return nil, err
	}
	if off := at.Sub(s.base.Now()); off > timestampSkew || off < -timestampSkew {
		return nil, userpool.ErrWrongPassword
	}
	if _, err := s.spend(x); err != nil {
		if errors.Is(err, errSessionUsed) {
			return nil, userpool.ErrWrongPassword
		}
		return nil, err
	}
	proof := srpProof{exchange: x.Exchange, block: block, timestamp: srp.FormatTimestamp(at), signature: a.params["PASSWORD_CLAIM_SIGNATURE"]}
	if a.subject, err = s.o.Users.Reopen(ctx, a.pool, x.Ghost == 0, x.Sub, x.Name); err != nil {
		return nil, err
	}
	if err := s.proveSRP(ctx, a, proof); err != nil {
		return nil, err
	}
	return s.proceed(ctx, a)
}

// openBlock reads the SECRET_BLOCK. Whatever is wrong with it is a wrong password, as the service has it.
func (s *Machine) openBlock(a *attempt) (*session, []byte, error) {
	text := a.params["PASSWORD_CLAIM_SECRET_BLOCK"]
	if len(text) > maxSecretBlock {
		return nil, nil, userpool.ErrWrongPassword
	}
	block, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, nil, userpool.ErrWrongPassword
	}
	data, err := s.base.Seal.Open(purposeSecretBlock, block, []byte(a.client.ID))
	if err != nil {
		return nil, nil, userpool.ErrWrongPassword
	}
	x, err := s.checkSession(data, a, "PASSWORD_VERIFIER")
	if fault.Is(err, fault.NotAuthorized) {
		return nil, nil, userpool.ErrWrongPassword
	}
	return x, block, err
}

// srpProof is what the client sent to prove the password.
type srpProof struct {
	exchange  []byte
	block     []byte
	timestamp string // the server's own rendering
	signature string
}

func (p *srpProof) holds(n srp.Name, verifier []byte) (bool, error) {
	var x srp.Exchange
	if err := x.UnmarshalBinary(p.exchange); err != nil {
		return false, err
	}
	return srp.Check(x.Key(verifier), n, p.block, p.timestamp, p.signature), nil
}

// proveSRP checks the proof of a user, with the lockout.
func (s *Machine) proveSRP(ctx context.Context, a *attempt, proof srpProof) error {
	if err := admits(&a.subject.User, true); err != nil {
		return err
	}
	if !a.pool.Means(a.params["USERNAME"], &a.subject.User) {
		return userpool.ErrWrongPassword
	}
	return s.o.Users.Guard(ctx, a.pool, a.subject, func(u *store.User) (bool, error) {
		_, verifier, own, err := s.o.Users.Verifier(a.pool, a.subject)
		if err != nil {
			return false, err
		}
		ok, err := proof.holds(srp.Name{Pool: a.pool.ShortName(), User: u.Username}, verifier)
		return ok && own, err // without a verifier of their own a user cannot have proved anything
	})
}
