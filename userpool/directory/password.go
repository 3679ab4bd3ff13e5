package directory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/passwordhash"
	"github.com/sluicegate/sluice/userpool/srp"
)

// purposeSRP seals SRP verifiers. The additional data is pool and sub.
const purposeSRP = "srp verifier"

// MakePassword returns the record of a new password: its hash and, if the pool uses SRP, its verifier. It refuses a
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
// hashes mean an unchanged password. The own hash in the place of an imported one is the same password, too: another sign-in has
// made it (Completed).
func SamePassword(now, seen *store.User) bool {
	same := now.Password.Hash == seen.Password.Hash || passwordhash.IsStored(seen.Password.Hash) && !passwordhash.IsStored(now.Password.Hash)
	return now.Enabled && now.Status == seen.Status && same && now.Password.ModifiedAt.Equal(seen.Password.ModifiedAt)
}

// Outrun reports whether wrong guesses locked the user, as a transaction reads the record, since a right one read seen. Other processes
// compare at the same time, so a right guess counts only if it was among the first.
func Outrun(now, seen *store.User) bool {
	return now.Failures.LockedUntil.After(seen.Failures.LockedUntil)
}

// localPasswordIs reports whether the password that is kept here is the given one. It takes as long for a user without a password, and for a
// stand-in. Imported hashes take as long as their functions do; a share of the names without a password takes as long, see
// hashLike.
func (s *Service) localPasswordIs(ctx context.Context, u *store.User, password string) (bool, error) {
	like, err := s.hashLike(ctx, u)
	if err != nil {
		return false, err
	}
	if u.Password.Hash == "" {
		_, err = s.o.Hasher.Verify(ctx, like, password)
		return false, err
	}
	return s.o.Hasher.Verify(ctx, u.Password.Hash, password)
}

// Completed returns the user's password record with its missing parts, made from the plaintext that PasswordIs accepted: an own hash
// in the place of an imported one, and the SRP verifier. It returns nil if nothing is missing.
func (s *Service) Completed(ctx context.Context, p *userpool.Pool, u *store.User, password string) (*store.Password, error) {
	pw, imported := u.Password, passwordhash.IsStored(u.Password.Hash)
	wanted := p.WantsSRP && len(pw.SRPVerifier) == 0
	if !imported && !wanted {
		return nil, nil
	}
	var err error
	if imported {
		if pw.Hash, err = s.o.Hasher.Hash(ctx, s.base.Rand, password); err != nil {
			return nil, err
		}
	}
	if wanted {
		pw, err = s.withVerifier(p, u, password, pw)
	}
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

// VerifierSeal returns the purpose and the additional data with which the SRP verifier of a user is sealed.
func VerifierSeal(u *store.User) (purpose string, additional []byte) {
	return purposeSRP, verifierData(u)
}

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
