package keyring

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func TestAdvancePublishesASuccessorThatSignsAfterTheLead(t *testing.T) {
	w := newWorld(t)
	one, two := w.ring(), w.ring()
	must(t, one.Ensure(t.Context(), "pool", "id"))
	first := w.signer(one, "pool", "id")
	w.now = w.now.Add(time.Hour)
	next, made, err := one.Advance(t.Context(), "pool", "id")
	must(t, err)
	if !made || w.signer(two, "pool", "id") != first || !slices.Contains(w.published(two, "pool"), next.ID) {
		t.Error("the successor must be published and not sign yet")
	}
	again, made, err := two.Advance(t.Context(), "pool", "id")
	must(t, err)
	if made || again.ID != next.ID {
		t.Errorf("a second rotation made %s", again.ID)
	}
	w.now = w.now.Add(day)
	if w.signer(two, "pool", "id") != next.ID || !slices.Contains(w.published(two, "pool"), first) {
		t.Error("after the lead, the successor must sign and the first key be published")
	}
	w.now = w.now.Add(25 * time.Hour)
	w.rotate(one, "pool", "id")
	if got := w.published(two, "pool"); !slices.Equal(got, []string{next.ID}) {
		t.Errorf("after the linger: %v", got)
	}
	if _, _, err := one.Advance(t.Context(), "nobody", "id"); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
}

func TestARevokedKeyIsPublishedNoMoreAndAnotherSigns(t *testing.T) {
	for name, tc := range map[string]struct {
		advanced bool          // a successor is published
		after    time.Duration // since it was
		which    int           // the key that is revoked
		signs    int           // the one that signs then; -1 = a new one
	}{
		"the only key":                       {false, 0, 0, -1},
		"the signing key with a successor":   {true, time.Hour, 0, 1},
		"the successor":                      {true, time.Hour, 1, 0},
		"the predecessor of the signing key": {true, 25 * time.Hour, 0, 1},
		"the signing key after its ancestor": {true, 25 * time.Hour, 1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.ring()
			must(t, r.Ensure(t.Context(), "pool", "id"))
			ids := []string{w.signer(r, "pool", "id")}
			if tc.advanced {
				next, _, err := r.Advance(t.Context(), "pool", "id")
				must(t, err)
				ids = append(ids, next.ID)
				w.now = w.now.Add(tc.after)
			}
			w.published(r, "pool")
			generation := r.KeySet("pool").Generation()
			signs, err := r.Revoke(t.Context(), "pool", ids[tc.which])
			must(t, err)
			got := w.signer(r, "pool", "id")
			if got != signs.ID || tc.signs >= 0 && got != ids[tc.signs] || tc.signs < 0 && slices.Contains(ids, got) {
				t.Errorf("%s signs", got)
			}
			if slices.Contains(w.published(r, "pool"), ids[tc.which]) {
				t.Error("the revoked key is published")
			}
			if r.KeySet("pool").Generation() == generation {
				t.Error("what the key verified before is still cached")
			}
			w.now = w.now.Add(89 * day)
			w.rotate(r, "pool", "id")
			w.signer(r, "pool", "id")
		})
	}
	w := newWorld(t)
	if _, err := w.ring().Revoke(t.Context(), "pool", "nothing"); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
}

func TestEachKeyThatFollowsAnotherIsToldOnce(t *testing.T) {
	w := newWorld(t)
	var told []string
	watched := func(o *Options) { o.Rotated = func(k store.SigningKey) { told = append(told, k.ID) } }
	one, two := w.ring(watched), w.ring(watched)
	must(t, one.Ensure(t.Context(), "pool", "id"))
	first := w.signer(one, "pool", "id")
	w.rotate(one, "pool", "id") // not due
	if len(told) != 0 {
		t.Errorf("the first key was told: %v", told)
	}
	w.now = w.now.Add(89 * day)
	w.rotate(one, "pool", "id")
	w.rotate(two, "pool", "id")
	w.now = w.now.Add(day)
	next := w.signer(two, "pool", "id")
	if !slices.Equal(told, []string{next}) || next == first {
		t.Errorf("told %v, want %s", told, next)
	}
	advanced, _, err := two.Advance(t.Context(), "pool", "id")
	must(t, err)
	_, _, err = one.Advance(t.Context(), "pool", "id") // made already
	must(t, err)
	if !slices.Equal(told, []string{next, advanced.ID}) {
		t.Errorf("told %v, want %s too", told, advanced.ID)
	}
}
