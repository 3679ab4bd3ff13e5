package userpool

import (
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The purposes of one-time codes.
const (
	codeSignUp = "signup"
	codeForgot = "forgot"
)

// codeLife is how long a code is good, by purpose.
func codeLife(purpose string) time.Duration {
	if purpose == codeForgot {
		return time.Hour
	}
	return 24 * time.Hour
}

// maxCodeAttempts is how many wrong tries kill a code. With codes of six digits and the hourly limits on asking for new
// ones, a guesser has at most 25 chances in a million an hour.
const maxCodeAttempts = 5

// purposeCode keys the hashes of codes.
const purposeCode = "one-time code"

var (
	errCodeMismatch = fault.New(fault.CodeMismatch, "Invalid verification code provided, please try again.")
	errCodeExpired  = fault.New(fault.ExpiredCode, "Invalid code provided, please request a code again.")
)

// newCode draws six digits and the record that remembers them by keyed hash. The hash binds pool, user and purpose.
func (s *Service) newCode(poolID, sub, purpose, attribute, value string) (string, store.Code, error) {
	digits, err := s.fromAlphabet("0123456789", 6)
	if err != nil {
		return "", store.Code{}, err
	}
	now := s.o.Now()
	return digits, store.Code{PoolID: poolID, Sub: sub, Purpose: purpose, Hash: s.codeHash(poolID, sub, purpose, digits),
		Attribute: attribute, Value: value, CreatedAt: now, ExpiresAt: now.Add(codeLife(purpose))}, nil
}

func codeParts(poolID, sub, purpose, digits string) [][]byte {
	return [][]byte{[]byte(poolID), []byte(sub), []byte(purpose), []byte(digits)}
}

func (s *Service) codeHash(poolID, sub, purpose, digits string) []byte {
	sum := s.o.Seal.MAC(purposeCode, codeParts(poolID, sub, purpose, digits)...)
	return sum[:]
}

// tryCode checks a code inside a change of its user. A wrong try is counted, so that the transaction must be committed
// although the client gets an error: outcome is for the client, err, which is errKeep then, ends the change. A right code
// is spent.
func (s *Service) tryCode(tx store.Tx, poolID, sub, purpose, digits string) (code store.Code, outcome, err error) {
	code, err = tx.Codes.Get(poolID, sub, purpose)
	if errors.Is(err, store.ErrNotFound) {
		return code, errCodeExpired, errKeep
	}
	if err != nil {
		return code, nil, err
	}
	if !s.o.Now().Before(code.ExpiresAt) || code.Attempts >= maxCodeAttempts {
		return code, errCodeExpired, errKeep
	}
	if !s.o.Seal.MatchMAC(code.Hash, purposeCode, codeParts(poolID, sub, purpose, digits)...) {
		code.Attempts++
		if err := tx.Codes.Put(code); err != nil {
			return code, nil, err
		}
		return code, errCodeMismatch, errKeep
	}
	return code, nil, tx.Codes.Delete(poolID, sub, purpose)
}

// firstError gives the client's outcome precedence.
func firstError(outcome, err error) error {
	if outcome != nil {
		return outcome
	}
	return err
}
