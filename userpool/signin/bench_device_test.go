package signin_test

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// BenchmarkDeviceBare is the arithmetic of a sign-in with password and device: Argon2id, the server's half of an exchange, and
// two signatures.
func BenchmarkDeviceBare(b *testing.B) {
	c := userpooltest.NewSRPClient(b)
	secret, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 256))
	if err != nil {
		b.Fatal(err)
	}
	bare(b, func() {
		argon(password)
		new(big.Int).Exp(c.G, secret, c.N)
		s := new(big.Int).Exp(c.PublicA, secret, c.N)
		s.Mul(s, c.PublicA).Mod(s, c.N)
		s.Exp(s, secret, c.N)
		twoSignatures(b)
	})
}

// BenchmarkDeviceSignIn measures the server's part only. It computes the client's answers between the calls.
func BenchmarkDeviceSignIn(b *testing.B) {
	const users, batch = 8, 32
	h, pool, c := trackingHouse(b, remembersAlways)
	devices := make([]*userpooltest.Device, users)
	for i := range devices {
		h.User(pool, fmt.Sprintf("user%d", i))
		devices[i] = h.ConfirmDevice(h.MustSignIn(c, fmt.Sprintf("user%d", i)))
	}
	client := userpooltest.NewSRPClient(b)
	var used time.Duration
	timed := func(n int, fn func(int)) {
		b.StartTimer()
		began := cpuTime(b)
		each(n, fn)
		used += cpuTime(b) - began
		b.StopTimer()
	}
	b.ResetTimer()
	b.StopTimer()
	for left := b.N; left > 0; left -= batch {
		n := min(batch, left)
		asked, answers := make([]*signin.Result, n), make([]map[string]string, n)
		timed(n, func(i int) {
			out, err := h.SignInWith(c, fmt.Sprintf("user%d", i%users), devices[i%users].Name.User)
			if err == nil {
				asked[i], err = h.BeginDevice(c, client, devices[i%users], out)
			}
			if err != nil {
				b.Error(err)
			}
		})
		if b.Failed() {
			return
		}
		each(n, func(i int) { answers[i] = client.DeviceAnswer(h, devices[i%users], asked[i].Parameters) })
		timed(n, func(i int) {
			if _, err := h.Respond(c, asked[i].Challenge, asked[i].Session, answers[i]); err != nil {
				b.Error(err)
			}
		})
	}
	reportCPU(b, used)
}
