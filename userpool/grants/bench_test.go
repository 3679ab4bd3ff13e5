package grants_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
)

// BenchmarkToken measures client_credentials next to the signature that it contains. The target is a ratio of at least 0.75.
func BenchmarkToken(b *testing.B) {
	h := newHarness(b)
	p := h.Pool(userpool.PoolSettings{})
	c := h.confidential(p.ID, machineSettings)
	pool, err := h.Pools.Pool(b.Context(), p.ID)
	if err != nil {
		b.Fatal(err)
	}
	key, err := pool.Signer(userpool.UseAccess, h.Clock.Now())
	if err != nil {
		b.Fatal(err)
	}
	claims := []byte(`{"sub":"` + c.ID + `"}`)
	sign := func(b *testing.B) {
		if _, err := key.Sign(claims, ""); err != nil {
			b.Fatal(err)
		}
	}
	body := "grant_type=client_credentials&scope=orders%2Fread"
	header := basic(c.ID, c.Secret.Reveal())
	token := func(b *testing.B) {
		params, err := grants.ParseParameters(body)
		if err != nil {
			b.Fatal(err)
		}
		credentials, err := grants.Present(header, params)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := h.Token(b.Context(), grants.Request{PoolID: p.ID, Parameters: params, Credentials: credentials}); err != nil {
			b.Fatal(err)
		}
	}
	// Both in turn, so that a busy machine slows both alike.
	var signing, granting time.Duration
	for b.Loop() {
		start := time.Now()
		sign(b)
		middle := time.Now()
		token(b)
		signing, granting = signing+middle.Sub(start), granting+time.Since(middle)
	}
	b.ReportMetric(float64(signing)/float64(granting), "ratio")
}
