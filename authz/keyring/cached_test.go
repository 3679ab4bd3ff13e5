package keyring

import (
	"fmt"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/sluicegate/sluice/authz/token"
)

// verifier is one that knows a key set by its document, fetches it again once a day, and never for a key that it does not know.
type verifier struct {
	set     jwk.Set
	fetched time.Time
}

func (v *verifier) verify(t *testing.T, r *Ring, w *world, text string) error {
	t.Helper()
	if v.set == nil || w.now.Sub(v.fetched) >= day {
		keys, err := r.Load(t.Context(), "pool")
		must(t, err)
		document, err := token.MarshalJWKS(keys.Published(w.now)...)
		must(t, err)
		v.set, err = jwk.Parse(document)
		must(t, err)
		v.fetched = w.now
	}
	_, err := jws.Verify([]byte(text), jws.WithKeySet(v.set, jws.WithInferAlgorithmFromKey(true)))
	return err
}

// issued is a token with the longest life that there is.
type issued struct {
	text  string
	until time.Time
}

func TestNoTokenIsInvalidForAVerifierThatFetchesTheKeySetOnceADay(t *testing.T) {
	const life = day // of the longest token; keys stay for 25 hours
	for _, period := range []time.Duration{2 * day, 9 * day, 30 * day} {
		t.Run(period.String(), func(t *testing.T) {
			w := newWorld(t)
			processes := []*Ring{w.ring(func(o *Options) { o.Period = period }), w.ring(func(o *Options) { o.Period = period })}
			must(t, processes[0].Ensure(t.Context(), "pool", "id"))
			verifiers := make([]verifier, 5) // which fetch at other times of the day
			var alive []issued
			signers := map[string]bool{}
			for hour := 0; w.now.Before(newClockEnd(period)); hour++ {
				one := processes[hour%2]
				w.rotate(one, "pool", "id")
				keys, err := one.Load(t.Context(), "pool")
				must(t, err)
				key, err := keys.Signer("id", w.now)
				must(t, err)
				signers[key.ID] = true
				text, err := key.Sign(fmt.Appendf(nil, `{"hour":%d}`, hour), "JWT")
				must(t, err)
				alive = append(alive, issued{text, w.now.Add(life)})
				for len(alive) > 0 && !w.now.Before(alive[0].until) {
					alive = alive[1:]
				}
				for i := range verifiers {
					if hour < i*5 {
						continue
					}
					for _, n := range []int{0, len(alive) / 2, len(alive) - 1} {
						if err := verifiers[i].verify(t, processes[1-hour%2], w, alive[n].text); err != nil {
							t.Fatalf("hour %d, set of %s: a token that is valid until %s: %v", hour, verifiers[i].fetched, alive[n].until, err)
						}
					}
				}
				w.now = w.now.Add(time.Hour + time.Duration(hour%7)*time.Minute)
			}
			if len(signers) < 4 {
				t.Errorf("%d keys have signed", len(signers))
			}
		})
	}
}

// newClockEnd is the end of a story in which at least four keys sign.
func newClockEnd(period time.Duration) time.Time {
	return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC).Add(4 * period)
}
