package userpool

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/srp"
)

// timestampSkew is how far a client's TIMESTAMP may be from the server's clock. The service gives no figure; clocks of
// phones are wrong by a minute or two.
const timestampSkew = 5 * time.Minute

// maxSecretBlock bounds PASSWORD_CLAIM_SECRET_BLOCK in characters before it is decoded.
const maxSecretBlock = 4096

// answerPasswordVerifier is PASSWORD_VERIFIER: the client's proof that it knows the password. A block serves one answer.
func (s *Service) answerPasswordVerifier(ctx context.Context, a *attempt) (*AuthResult, error) {
	a.flow = "USER_SRP_AUTH"
	at, err := srp.ParseTimestamp(a.params["TIMESTAMP"])
	if err != nil {
		return nil, fault.New(fault.InvalidParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	x, block, err := s.openBlock(a)
	if err != nil {
		return nil, err
	}
	if off := at.Sub(s.o.Now()); off > timestampSkew || off < -timestampSkew {
		return nil, errWrongPassword
	}
	if _, err := s.spend(x); err != nil {
		if errors.Is(err, errSessionUsed) {
			return nil, errWrongPassword
		}
		return nil, err
	}
	proof := srpProof{exchange: x.Exchange, block: block, timestamp: srp.FormatTimestamp(at), signature: a.params["PASSWORD_CLAIM_SIGNATURE"]}
	if x.Ghost != 0 {
		return nil, s.ghostProof(ctx, a, x.Name, proof)
	}
	if err := s.proveSRP(ctx, a, x.Sub, proof); err != nil {
		return nil, err
	}
	return s.proceed(ctx, a)
}

// openBlock reads the SECRET_BLOCK. Whatever is wrong with it is a wrong password, as the service has it.
func (s *Service) openBlock(a *attempt) (*session, []byte, error) {
	text := a.params["PASSWORD_CLAIM_SECRET_BLOCK"]
	if len(text) > maxSecretBlock {
		return nil, nil, errWrongPassword
	}
	block, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, nil, errWrongPassword
	}
	data, err := s.o.Seal.Open(purposeSecretBlock, block, []byte(a.client.ID))
	if err != nil {
		return nil, nil, errWrongPassword
	}
	x, err := s.checkSession(data, a, "PASSWORD_VERIFIER")
	if fault.Is(err, fault.NotAuthorized) {
		return nil, nil, errWrongPassword
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
func (s *Service) proveSRP(ctx context.Context, a *attempt, sub string, proof srpProof) error {
	a.user.Sub = sub
	if err := s.reread(ctx, a.pool, &a.user); err != nil {
		return err
	}
	leave, waited, err := s.gates.enter(ctx, verifierKey(a.pool.ID, sub), a.user.Failures.Count)
	if err != nil {
		return err
	}
	defer leave()
	if waited {
		if err := s.reread(ctx, a.pool, &a.user); err != nil {
			return err
		}
	}
	if !a.pool.named(&a.user, a.params["USERNAME"]) {
		return errWrongPassword
	}
	if locked(a.user.Failures, s.o.Now()) {
		return errLocked
	}
	_, _, verifier, err := s.srpMaterial(a.pool, &a.user, "")
	if err != nil {
		return err
	}
	ok, err := proof.holds(a.pool.srpName(&a.user), verifier)
	if err != nil {
		return err
	}
	// Without a verifier of their own a user cannot have proved anything.
	if !ok || len(a.user.Password.SRPVerifier) == 0 {
		return s.countFailure(ctx, a.pool, sub)
	}
	return nil
}

// ghostProof does for a name that no user has what proveSRP does for a user.
func (s *Service) ghostProof(ctx context.Context, a *attempt, name string, proof srpProof) error {
	p, key := a.pool, a.pool.key(name)
	if err := s.view(ctx, func(tx store.Tx) error {
		_, err := tx.Users.ByKey(p.ID, key)
		return err
	}); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	leave, _, err := s.gates.enter(ctx, verifierKey(p.ID, key), s.ghosts.get(p.ID, key).Count)
	if err != nil {
		return err
	}
	defer leave()
	username, _, verifier := s.ghostUser(p, name)
	if given := p.key(a.params["USERNAME"]); given != key && given != p.key(username) {
		return errWrongPassword // and nothing is counted
	}
	if locked(s.ghosts.get(p.ID, key), s.o.Now()) {
		return errLocked
	}
	if _, err := proof.holds(srp.Name{Pool: p.shortName(), User: username}, verifier); err != nil {
		return err
	}
	s.ghosts.fail(p.ID, key)
	if err := s.padWrite(ctx); err != nil {
		return err
	}
	return errWrongPassword
}
