package directory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/srp"
)

// purposeSRP seals SRP verifiers. The additional data is pool and sub.
const purposeSRP = "srp verifier"

// MakePassword returns the record of a new password: its hash and, if the pool wants it, its SRP verifier. It refuses a
// password that the pool's password history excludes, unless it is temporary. It is slow; do not call it in a transaction.
func (s *Service) MakePassword(ctx context.Context, p *userpool.Pool, u *store.User, password string, temporary bool) (store.Password, error) {
	if !temporary {
		if err := s.CheckHistory(ctx, p, u, password); err != nil {
			return store.Password{}, err
		}
	}
	hash, err := s.o.Hasher.Hash(ctx, s.base.Rand, password)
	if err != nil {
		return store.Password{}, err
	}
	pw := store.Password{Hash: hash, Temporary: temporary, ModifiedAt: s.now()}
	if temporary {
		days := p.Settings.Policies.PasswordPolicy.TemporaryPasswordValidityDays
		pw.ExpiresAt = pw.ModifiedAt.Add(time.Duration(days) * 24 * time.Hour)
	}
	if !p.WantsSRP {
		return pw, nil
	}
	return s.withVerifier(p, u, password, pw)
}

// SamePassword reports whether a password check against an earlier record of the user still holds for the record that a
// transaction reads: the hash and the status are the same, and the user is enabled. Every hash has its own salt, so equal
// hashes mean an unchanged password.
func SamePassword(now, seen *store.User) bool {
	return now.Enabled && now.Status == seen.Status && now.Password.Hash == seen.Password.Hash &&
		now.Password.ModifiedAt.Equal(seen.Password.ModifiedAt)
}

// PasswordIs reports whether the user's password is the given one. It takes as long for a user
// without a password, and for a stand-in.
func (s *Service) PasswordIs(ctx context.Context, u *store.User, password string) (bool, error) {
	return s.o.Hasher.Verify(ctx, u.Password.Hash, password)
}

// AddVerifier returns the user's password record with an SRP verifier added, from the plaintext that PasswordIs accepted.
// It returns nil if the pool wants no verifier or the user has one.
func (s *Service) AddVerifier(p *userpool.Pool, u *store.User, password string) (*store.Password, error) {
	if !p.WantsSRP || len(u.Password.SRPVerifier) > 0 {
		return nil, nil
	}
	pw, err := s.withVerifier(p, u, password, u.Password)
	return &pw, err
}

func (s *Service) withVerifier(p *userpool.Pool, u *store.User, password string, pw store.Password) (store.Password, error) {
	salt, err := srp.NewSalt(s.base.Rand)
	if err != nil {
		return pw, err
	}
	name := srp.Name{Pool: p.ShortName(), User: u.Username}
	sealed, err := s.base.Seal.Seal(purposeSRP, srp.Verifier(name, password, salt), verifierData(u))
	if err != nil {
		return pw, err
	}
	pw.SRPSalt, pw.SRPVerifier = salt, sealed
	return pw, nil
}

func verifierData(u *store.User) []byte { return []byte(u.PoolID + "\n" + u.Sub) }

// Verifier returns the subject's SRP salt and verifier. own is false if they are made up: for a stand-in, and for a user
// whose password was set when no client of the pool allowed SRP. No proof is right then.
func (s *Service) Verifier(p *userpool.Pool, subject *Subject) (salt, verifier []byte, own bool, err error) {
	u := &subject.User
	if !subject.Exists {
		salt, verifier = s.standInVerifier(p, subject.Name)
		return salt, verifier, false, nil
	}
	if len(u.Password.SRPVerifier) == 0 {
		salt, verifier = s.standInVerifier(p, u.Username)
		return salt, verifier, false, nil
	}
	verifier, err = s.base.Seal.Open(purposeSRP, u.Password.SRPVerifier, verifierData(u))
	if err != nil {
		return nil, nil, false, fmt.Errorf("directory: opening SRP verifier: %w", err)
	}
	return u.Password.SRPSalt, verifier, true, nil
}

// temporaryPassword draws a password that holds every class of characters, as every policy may require, and is at least
// as long as the pool's policy requires.
func (s *Service) temporaryPassword(p *userpool.Pool) (string, error) {
	classes := []string{"ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#%&*?-_"}
	length := max(p.Settings.Policies.PasswordPolicy.MinimumLength, 12)
	all := strings.Join(classes, "")
	for {
		text, err := s.base.RandomText(all, length)
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
