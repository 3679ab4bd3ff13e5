package signin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/totp"
)

// BenchmarkTOTPBare measures the hash of the password, the three codes and the two signatures.
func BenchmarkTOTPBare(b *testing.B) {
	secret, now := make([]byte, 20), time.Unix(1_800_000_000, 0)
	bare(b, func() {
		argon(password)
		if _, err := totp.Match(secret, "000000", now, 0); err != nil {
			b.Error(err)
		}
		twoSignatures(b)
	})
}

// BenchmarkTOTPSignIn measures sign-ins with password and TOTP. Each user signs in once in a batch; between batches the clock
// moves, because a code works once.
func BenchmarkTOTPSignIn(b *testing.B) {
	const users = 64
	h, p, c := benchHouse(b, users)
	if _, err := h.Pools.SetUserPoolMfaConfig(b.Context(), p.ID, userpool.MFAChange{Configuration: "ON", Token: tokenOn}); err != nil {
		b.Fatal(err)
	}
	m := &mfaBench{h, p.ID, c.ID}
	secrets := make([]string, users)
	for i := range users {
		err := h.Users.AdminChange(b.Context(), p.ID, fmt.Sprintf("user%d", i), func(pool *userpool.Pool, u *store.User) error {
			text, sealed, err := h.Factors.Secret(pool, u)
			if err != nil {
				return err
			}
			secrets[i] = text
			return h.Factors.Enroll(u, sealed, m.code(text, 0), "")
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var used time.Duration
	b.ResetTimer()
	b.StopTimer()
	for left := b.N; left > 0; left -= users {
		h.Clock.Forward(2 * totp.Step)
		b.StartTimer()
		began := cpuTime(b)
		each(min(users, left), func(i int) {
			name := fmt.Sprintf("user%d", i)
			out, err := h.SignIn(c.ID, name, password)
			if err != nil || out.Challenge != userpool.SoftwareToken {
				b.Error(out, err)
				return
			}
			if out, err = m.totp(name, out, m.code(secrets[i], 0)); err != nil || out.Tokens == nil {
				b.Error(out, err)
			}
		})
		used += cpuTime(b) - began
		b.StopTimer()
	}
	reportCPU(b, used)
}
