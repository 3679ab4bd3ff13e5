package overlap_test

import (
	"context"
	"errors"
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

func TestWhatTheConfigurationBeforePutIntoEffectIsBackIfANewOneDoesNotStart(t *testing.T) {
	var e overlap.Effects
	now, undone := "", ""
	begin := func(owner string, fails error) error {
		return e.Begin(t.Context(), owner, overlap.Effect{
			Put:     func(context.Context) error { now = owner; return fails },
			PutBack: func(context.Context) error { now = owner + " again"; return nil },
			Undo:    func(context.Context) error { undone += owner; return nil },
		})
	}
	end := func(owner string) {
		t.Helper()
		if err := e.End(t.Context(), owner); err != nil {
			t.Error(err)
		}
	}
	is := func(when, want string) {
		t.Helper()
		if now != want {
			t.Errorf("%s: %q, want %q", when, now, want)
		}
	}
	end("never began")
	if err := begin("first", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := begin("fails", broken); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	is("halfway", "fails")
	end("fails")
	is("a new one did not start", "first again")
	if err := begin("second", nil); err != nil {
		t.Fatal(err)
	}
	end("first")
	is("after a reload", "second")
	now = "nothing"
	end("second")
	is("at the end", "nothing")
	if undone != "fails" {
		t.Errorf("undone: %q", undone)
	}
	if err := begin("alone", broken); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	end("alone")
	if undone != "failsalone" {
		t.Errorf("undone after a start that failed: %q", undone)
	}
}
