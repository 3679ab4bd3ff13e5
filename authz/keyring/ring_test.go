package keyring

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

func TestAKeyIsPublishedBeforeItSignsAndAfter(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	must(t, r.Ensure(t.Context(), "pool", "id"))
	first := w.signer(r, "pool", "id")
	var second string
	for _, step := range []struct {
		after     time.Duration // the step before
		signs     *string
		published int
	}{
		{0, &first, 1},
		{88 * day, &first, 1},
		{day, &first, 2},
		{day - time.Second, &first, 2},
		{time.Second, &second, 2},
		{25*time.Hour - time.Second, &second, 2},
		{time.Second, &second, 1},
	} {
		w.now = w.now.Add(step.after)
		w.rotate(r, "pool", "id")
		if w.rotate(r, "pool", "id") {
			t.Errorf("%s: rotating again changed something", w.now)
		}
		ids := w.published(r, "pool")
		if len(ids) != step.published {
			t.Fatalf("%s: %d keys are published, want %d", w.now, len(ids), step.published)
		}
		if second == "" && len(ids) == 2 {
			second = ids[0]
			if second == first {
				second = ids[1]
			}
		}
		if got := w.signer(r, "pool", "id"); got != *step.signs {
			t.Errorf("%s: %s signs, want %s", w.now, got, *step.signs)
		}
	}
	if left := w.records("pool"); len(left) != 1 || left[0].ID != second {
		t.Errorf("the store holds %d keys, want only the second", len(left))
	}
	if got := w.signer(w.ring(), "pool", "id"); got != second {
		t.Errorf("after a restart %s signs, want %s", got, second)
	}
}

func TestALateRotationStillPublishesTheKeyBeforeItSigns(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	must(t, r.Ensure(t.Context(), "pool", "id"))
	first := w.signer(r, "pool", "id")
	w.now = w.now.Add(400 * day)
	if !w.rotate(r, "pool", "id") || w.signer(r, "pool", "id") != first || len(w.published(r, "pool")) != 2 {
		t.Error("want the first key signing and two keys published")
	}
	w.now = w.now.Add(day)
	if w.signer(r, "pool", "id") == first {
		t.Error("the successor must sign after its lead")
	}
}

func TestUsesRotateIndependently(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	must(t, r.Ensure(t.Context(), "pool", "id"))
	w.now = w.now.Add(30 * day)
	must(t, r.Ensure(t.Context(), "pool", "access"))
	id, access := w.signer(r, "pool", "id"), w.signer(r, "pool", "access")
	if id == access {
		t.Fatal("one key signs for both uses")
	}
	w.now = w.now.Add(60 * day)
	w.rotate(r, "pool", "id", "access")
	w.now = w.now.Add(day)
	if w.signer(r, "pool", "id") == id || w.signer(r, "pool", "access") != access {
		t.Error("want a new ID key and the old access key")
	}
	keys, err := r.Load(t.Context(), "pool")
	must(t, err)
	if key, err := keys.Signer("refresh", w.now); err == nil {
		t.Errorf("%s signs for a use without keys", key)
	}
}

func TestConcurrentRotationsMakeOneKey(t *testing.T) {
	w := newWorld(t)
	one := w.ring()
	must(t, one.Ensure(t.Context(), "pool", "id"))
	w.now = w.now.Add(89 * day)
	racing := &interrupted{Store: w.store}
	two := w.ring(func(o *Options) { o.Store = racing })
	racing.meanwhile = func() { w.rotate(one, "pool", "id") }
	if !w.rotate(two, "pool", "id") {
		t.Error("the second node must read the keys again")
	}
	if n := len(w.records("pool")); n != 2 {
		t.Fatalf("%d keys, want 2", n)
	}
	if !slices.Equal(w.published(one, "pool"), w.published(two, "pool")) {
		t.Error("the nodes publish different keys")
	}
	w.now = w.now.Add(day)
	if w.signer(one, "pool", "id") != w.signer(two, "pool", "id") {
		t.Error("the nodes sign with different keys")
	}
}

func TestConcurrentFirstKeysMakeOneKey(t *testing.T) {
	w := newWorld(t)
	one, racing := w.ring(), &interrupted{Store: w.store}
	two := w.ring(func(o *Options) { o.Store = racing })
	racing.meanwhile = func() { must(t, one.Ensure(t.Context(), "pool", "id")) }
	must(t, two.Ensure(t.Context(), "pool", "id"))
	if n := len(w.records("pool")); n != 1 {
		t.Fatalf("%d keys, want 1", n)
	}
	if w.signer(one, "pool", "id") != w.signer(two, "pool", "id") {
		t.Error("the nodes sign with different keys")
	}
	must(t, one.Ensure(t.Context(), "pool", "id"))
	if n := len(w.records("pool")); n != 1 {
		t.Errorf("Ensure made key %d", n)
	}
}

func TestADeletedOwnerGetsNoKeys(t *testing.T) {
	w := newWorld(t)
	racing := &interrupted{Store: w.store}
	r := w.ring(func(o *Options) { o.Store = racing })
	if w.rotate(r, "pool", "id") || len(w.records("pool")) > 0 {
		t.Error("Rotate made a first key")
	}
	must(t, r.Ensure(t.Context(), "pool", "id"))
	first := w.signer(r, "pool", "id")
	w.now = w.now.Add(90 * day)
	racing.meanwhile = func() {
		w.update(func(tx store.Tx) error { return tx.SigningKeys.Delete("pool", first) })
	}
	w.rotate(r, "pool", "id")
	if n := len(w.records("pool")); n != 0 {
		t.Errorf("%d keys of a deleted owner", n)
	}
}

func TestFirstReturnsARecordToInsert(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	first, err := r.First("pool", "id")
	must(t, err)
	if n := len(w.records("pool")); n != 0 {
		t.Errorf("First stored %d keys", n)
	}
	w.update(func(tx store.Tx) error { return tx.SigningKeys.Insert(first) })
	if got := w.signer(r, "pool", "id"); got != first.ID {
		t.Errorf("%s signs, want %s", got, first.ID)
	}
}

// Identity pools did not store SignsTo and ExpiresAt before they shared this package.
func TestKeysWithoutSignsToEndWithTheirSuccessor(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	must(t, r.Ensure(t.Context(), "identity", "identity"))
	first := w.signer(r, "identity", "identity")
	w.now = w.now.Add(89 * day)
	w.rotate(r, "identity", "identity")
	for _, k := range w.records("identity") {
		k.SignsTo, k.ExpiresAt = time.Time{}, time.Time{}
		w.update(func(tx store.Tx) error { return tx.SigningKeys.Update(k) })
	}
	if w.rotate(r, "identity", "identity") || len(w.published(r, "identity")) != 2 || w.signer(r, "identity", "identity") != first {
		t.Error("before the successor signs: want two keys published and the first signing")
	}
	w.now = w.now.Add(day + 25*time.Hour)
	if !w.rotate(r, "identity", "identity") || len(w.records("identity")) != 1 || w.signer(r, "identity", "identity") == first {
		t.Error("after the linger: want only the successor")
	}
}

func TestAClockSetBackBeforeTheFirstKeyStillSigns(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	must(t, r.Ensure(t.Context(), "pool", "id"))
	first := w.signer(r, "pool", "id")
	w.now = w.now.Add(-day)
	if got := w.signer(r, "pool", "id"); got != first || w.rotate(r, "pool", "id") {
		t.Errorf("%s signs, want %s and no rotation", got, first)
	}
}

func TestNewKeySeesTheOwnersKeys(t *testing.T) {
	w := newWorld(t)
	var seen []int
	r := w.ring(func(o *Options) {
		o.NewKey = func(rand io.Reader, existing []store.SigningKey) (*token.SigningKey, error) {
			seen = append(seen, len(existing))
			return token.GenerateKey(rand, "EdDSA")
		}
	})
	must(t, r.Ensure(t.Context(), "pool", "id"))
	w.now = w.now.Add(89 * day)
	w.rotate(r, "pool", "id")
	if !slices.Equal(seen, []int{0, 1}) {
		t.Errorf("NewKey saw %v keys, want 0 and 1", seen)
	}
}

func TestAFailureChangesNothing(t *testing.T) {
	w := newWorld(t)
	must(t, w.ring().Ensure(t.Context(), "pool", "id"))
	before := w.records("pool")
	w.now = w.now.Add(90 * day)
	broken := errors.New("no randomness")
	r := w.ring(func(o *Options) {
		o.NewKey = func(io.Reader, []store.SigningKey) (*token.SigningKey, error) { return nil, broken }
	})
	if _, err := r.Rotate(t.Context(), "pool", "id"); !errors.Is(err, broken) {
		t.Errorf("Rotate: %v", err)
	}
	if err := r.Ensure(t.Context(), "other", "id"); !errors.Is(err, broken) {
		t.Errorf("Ensure: %v", err)
	}
	// If the ID of a new key is already used, the whole transaction fails.
	double := w.ring(func(o *Options) {
		o.NewKey = func(rand io.Reader, existing []store.SigningKey) (*token.SigningKey, error) {
			key, err := token.GenerateKey(rand, "EdDSA")
			if err == nil {
				key.ID = existing[0].ID
			}
			return key, err
		}
	})
	if _, err := double.Rotate(t.Context(), "pool", "id"); !errors.Is(err, store.ErrExists) {
		t.Errorf("Rotate: %v", err)
	}
	after := w.records("pool")
	if len(after) != 1 || !after[0].SignsTo.Equal(before[0].SignsTo) || !bytes.Equal(after[0].Private, before[0].Private) {
		t.Error("a failed rotation changed the stored key")
	}
}

func TestNewChecksItsOptions(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Options){
		"no store":        func(o *Options) { o.Store = nil },
		"no master key":   func(o *Options) { o.Seal = nil },
		"no clock":        func(o *Options) { o.Now = nil },
		"no randomness":   func(o *Options) { o.Rand = nil },
		"no key maker":    func(o *Options) { o.NewKey = nil },
		"no purpose":      func(o *Options) { o.Purpose = "" },
		"no lead":         func(o *Options) { o.Lead = 0 },
		"no linger":       func(o *Options) { o.Linger = 0 },
		"lead too long":   func(o *Options) { o.Lead = o.Period },
		"negative period": func(o *Options) { o.Period = -day },
	} {
		o := w.ring().o
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestARotationKeepsWhatAnotherProcessHasSealedAgain(t *testing.T) {
	w := newWorld(t)
	racing := &interrupted{Store: w.store}
	r := w.ring(func(o *Options) { o.Store = racing })
	must(t, r.Ensure(t.Context(), "pool", "sig"))
	first := w.records("pool")[0]
	w.now = w.now.Add(90 * day)
	racing.meanwhile = func() {
		w.update(func(tx store.Tx) error {
			again := first
			again.Private = []byte("sealed again")
			return tx.SigningKeys.Update(again)
		})
	}
	w.rotate(r, "pool", "sig")
	for _, record := range w.records("pool") {
		if record.ID == first.ID && (string(record.Private) != "sealed again" || record.SignsTo.IsZero()) {
			t.Errorf("the key is %q until %v", record.Private, record.SignsTo)
		}
	}
	if n := len(w.records("pool")); n != 2 {
		t.Errorf("%d keys", n)
	}
}

func TestKeysOfAUseAreKeptWhileTheyArePublishedNoMore(t *testing.T) {
	w := newWorld(t)
	r := w.ring(func(o *Options) { o.Period, o.Kept = 2*day, map[string]time.Duration{"id": 90 * day} })
	must(t, r.Ensure(t.Context(), "pool", "id"))
	must(t, r.Ensure(t.Context(), "pool", "access"))
	first := w.signer(r, "pool", "id")
	kept := func() bool {
		keys, err := r.Load(t.Context(), "pool")
		must(t, err)
		return slices.ContainsFunc(keys.OfUse("id"), func(k token.PublicKey) bool { return k.ID == first })
	}
	for range 6 {
		w.now = w.now.Add(day)
		w.rotate(r, "pool", "id", "access")
	}
	if w.signer(r, "pool", "id") == first || slices.Contains(w.published(r, "pool"), first) || !kept() {
		t.Error("the first key must be kept, and neither sign nor be published")
	}
	if w.rotate(r, "pool", "id", "access") {
		t.Error("a key that is kept is deleted every time")
	}
	for range 30 {
		w.now = w.now.Add(day)
		w.rotate(r, "pool", "id", "access")
	}
	uses := map[string]int{}
	for _, k := range w.records("pool") {
		uses[k.Use]++
	}
	if kept() || uses["id"] > maxKept+3 || uses["id"] < maxKept || uses["access"] > 3 {
		t.Errorf("%v, the first one kept: %t", uses, kept())
	}
	w.now = w.now.Add(150 * day)
	w.rotate(r, "pool", "id", "access")
	if n := len(w.records("pool")); n > 6 {
		t.Errorf("%d keys are kept for ever", n)
	}
}
