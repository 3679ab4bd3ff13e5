package signin

import (
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
)

func TestAUsedSessionIsRememberedWhileItLives(t *testing.T) {
	now := time.Unix(1000, 0)
	o := newOnceSet(func() time.Time { return now }, 2)
	one, two, three := [32]byte{1}, [32]byte{2}, [32]byte{3}
	if err := o.use(one, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := o.use(one, now.Add(time.Minute)); !errors.Is(err, errSessionUsed) {
		t.Error(err)
	}
	o.release(one)
	if err := o.use(one, now.Add(time.Minute)); err != nil {
		t.Error("given back:", err)
	}
	if err := o.use(two, now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := o.use(three, now.Add(time.Hour)); !fault.Is(err, fault.TooManyRequests) {
		t.Error("a full set must refuse:", err)
	}
	now = now.Add(2 * time.Minute)
	if err := o.use(three, now.Add(time.Hour)); err != nil {
		t.Error("what is over makes room:", err)
	}
}
