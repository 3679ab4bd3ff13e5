package replay

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"testing"
	"time"
)

func keyOf(id string) [32]byte { return sha256.Sum256([]byte(id)) }

func TestAUsedSessionIsRememberedWhileItLives(t *testing.T) {
	now := time.Unix(1000, 0)
	o := newOnceSet(func() time.Time { return now }, 10)
	one := keyOf("one")
	if err := o.use(one, now); err != nil {
		t.Fatal(err)
	}
	if err := o.use(one, now); !errors.Is(err, ErrUsed) {
		t.Error(err)
	}
	o.release(one)
	if err := o.use(one, now); err != nil {
		t.Error("given back:", err)
	}
	begun := now
	now = now.Add(maxSessionLife - time.Second)
	if err := o.use(one, begun); !errors.Is(err, ErrUsed) {
		t.Error("in its last second:", err)
	}
	if err := o.use(keyOf("of another age"), time.UnixMilli(0)); !errors.Is(err, ErrUsed) {
		t.Error("too old to be remembered:", err)
	}
}

func TestAFullSetOfUsedSessionsNeitherRefusesNewOnesNorForgets(t *testing.T) {
	now := time.Unix(1000, 0)
	o := newOnceSet(func() time.Time { return now }, 100)
	early := now
	issued := map[[32]byte]time.Time{}
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		key := keyOf(strconv.Itoa(i))
		issued[key] = now
		if err := o.use(key, now); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	for key, at := range issued {
		if err := o.use(key, at); !errors.Is(err, ErrUsed) {
			t.Fatalf("a second use: %v", err)
		}
	}
	if n := o.used.Len(); n != 100 {
		t.Errorf("%d sessions are remembered", n)
	}
	if err := o.use(keyOf("older than all that is remembered"), early); !errors.Is(err, ErrUsed) {
		t.Error(err)
	}
	if err := o.use(keyOf("unused and recent"), now.Add(-50*time.Millisecond)); err != nil {
		t.Error(err)
	}
}
