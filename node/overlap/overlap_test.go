package overlap_test

import (
	"testing"

	"github.com/sluicegate/sluice/node/overlap"
)

func TestAValueWaitsUntilTheConfigurationBeforeHasEnded(t *testing.T) {
	var v overlap.Values[string]
	first, second := "first", "second"
	is := func(want *string) {
		t.Helper()
		if got := v.Oldest(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	is(nil)
	v.Begin(1, &first)
	v.Begin(2, nil)
	is(&first)
	v.End(2) // it did not start
	is(&first)
	v.Begin(3, &second)
	is(&first)
	v.End(1)
	is(&second)
	v.End(3)
	is(&second)
}

func TestTheNewestConfigurationThatRunsCounts(t *testing.T) {
	var v overlap.Values[string]
	first, second := "first", "second"
	is := func(want *string) {
		t.Helper()
		if got := v.Newest(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	is(nil)
	v.Begin(1, &first)
	is(&first)
	v.Begin(2, &second)
	is(&second)
	v.End(2) // it did not start
	is(&first)
	v.Begin(3, nil)
	is(nil)
	v.End(1) // it was replaced
	is(nil)
	v.Begin(4, &second)
	v.End(3)
	v.End(3)
	is(&second)
	v.End(4) // background work may still log
	is(&second)
}
