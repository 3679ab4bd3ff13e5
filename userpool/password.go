package userpool

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/srp"
)

// AWS's list of symbols that RequireSymbols counts; a blank counts inside a password but not at its ends.
const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "

const maxPassword = 256 // characters

// purposeSRP seals SRP verifiers; the additional data is pool and sub.
const purposeSRP = "srp verifier"

// checkPassword judges a password by the pool's policy.
func (p *pool) checkPassword(password string) error {
	policy := p.Settings.Policies.PasswordPolicy
	bad := func(what string) error {
		return fault.New(fault.InvalidPassword, "Password did not conform with policy: %s", what)
	}
	var upper, lower, number, symbol bool
	for _, r := range password {
		switch {
		case r >= 'A' && r <= 'Z':
			upper = true
		case r >= 'a' && r <= 'z':
			lower = true
		case r >= '0' && r <= '9':
			number = true
		case strings.ContainsRune(symbols, r):
			symbol = true
		}
	}
	length := utf8.RuneCountInString(password)
	switch {
	case length < policy.MinimumLength:
		return bad("Password not long enough")
	case length > maxPassword:
		return bad("Password too long")
	case strings.TrimFunc(password, unicode.IsSpace) != password:
		return bad("Password must not begin or end with a space")
	case policy.RequireUppercase && !upper:
		return bad("Password must have uppercase characters")
	case policy.RequireLowercase && !lower:
		return bad("Password must have lowercase characters")
	case policy.RequireNumbers && !number:
		return bad("Password must have numeric characters")
	case policy.RequireSymbols && !symbol:
		return bad("Password must have symbol characters")
	}
	return nil
}

// makePassword hashes a password and, where the pool wants it, makes the SRP verifier beside it. It is slow work: not to
// be done inside a transaction.
func (s *Service) makePassword(ctx context.Context, p *pool, u *store.User, password string, temporary bool) (store.Password, error) {
	hash, err := s.o.Hasher.Hash(ctx, s.o.Rand, password)
	if err != nil {
		return store.Password{}, err
	}
	pw := store.Password{Hash: hash, Temporary: temporary, ModifiedAt: s.o.Now()}
	if temporary {
		days := p.Settings.Policies.PasswordPolicy.TemporaryPasswordValidityDays
		pw.ExpiresAt = pw.ModifiedAt.Add(time.Duration(days) * 24 * time.Hour)
	}
	if p.srp {
		if err := s.addVerifier(p, u, password, &pw); err != nil {
			return store.Password{}, err
		}
	}
	return pw, nil
}

// addVerifier makes the SRP verifier of a password that is known to be right.
func (s *Service) addVerifier(p *pool, u *store.User, password string, pw *store.Password) error {
	salt, err := srp.NewSalt(s.o.Rand)
	if err != nil {
		return err
	}
	sealed, err := s.o.Seal.Seal(purposeSRP, srp.Verifier(p.srpName(u), password, salt), verifierAAD(p.ID, u.Sub))
	if err != nil {
		return err
	}
	pw.SRPSalt, pw.SRPVerifier = salt, sealed
	return nil
}

func (p *pool) srpName(u *store.User) srp.Name {
	return srp.Name{Pool: p.shortName(), User: u.Username}
}

func verifierAAD(poolID, sub string) []byte { return []byte(poolID + "\n" + sub) }

// temporaryPassword draws a password that every policy of this length accepts: each class is there.
func (s *Service) temporaryPassword(p *pool) (string, error) {
	classes := []string{"ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#%&*?-_"}
	length := max(p.Settings.Policies.PasswordPolicy.MinimumLength, 12)
	all := strings.Join(classes, "")
	for {
		text, err := s.fromAlphabet(all, length)
		if err != nil {
			return "", err
		}
		complete := true
		for _, c := range classes {
			complete = complete && strings.ContainsAny(text, c)
		}
		if complete {
			return text, nil
		}
	}
}
