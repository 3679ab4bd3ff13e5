package bounded_test

import (
	"testing"

	"github.com/sluicegate/sluice/bounded"
)

func TestOneHolderGetsItsShareOfThePlacesOnly(t *testing.T) {
	s := bounded.NewShares(3, 2)
	take := func(holder string, want bool) {
		t.Helper()
		if got := s.Take(holder); got != want {
			t.Errorf("%s gets a place: %t, want %t", holder, got, want)
		}
	}
	take("slow", true)
	take("slow", true)
	take("slow", false)
	if n := s.Free("other"); n != 1 {
		t.Errorf("%d places are free for the other", n)
	}
	take("other", true)
	take("third", false) // there are three places
	s.Put("slow")
	take("third", true)
	take("slow", false)
	s.Put("other")
	take("slow", true)
}

func TestWithoutATotalOnlyTheShareLimits(t *testing.T) {
	s := bounded.NewShares(0, 1)
	for _, holder := range []string{"a", "b", "c"} {
		if !s.Take(holder) || s.Take(holder) {
			t.Errorf("%s does not have one place", holder)
		}
	}
}
