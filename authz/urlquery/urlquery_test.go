package urlquery

import (
	"errors"
	"strings"
	"testing"
)

func TestAParameterThatServersReadDifferentlyCountsTwice(t *testing.T) {
	for raw, want := range map[string]int{"": 0, "&&": 0, "b=1": 0, "a=1": 1, "A=1": 1, "%61=1": 1, "a=1&A=2": 2, "a=1;b": 4, "b=1;a=2": 2} {
		if _, found, err := Value(raw, "a"); found != want || err != nil {
			t.Errorf("%q: found %d, %v; want %d", raw, found, err, want)
		}
	}
}

func TestNextRefusesWhatServersSplitDifferently(t *testing.T) {
	p, rest, ok, err := Next("&a=b+c%21&d")
	if p != (Param{Name: "a", Value: "b c!"}) || rest != "d" || !ok || err != nil {
		t.Error(p, rest, ok, err)
	}
	if p, _, ok, err = Next("d"); !p.Plain || !ok || err != nil {
		t.Error(p, ok, err)
	}
	for _, raw := range []string{"a;b", "a=%zz", "%"} {
		if _, _, ok, err := Next(raw); ok || err == nil {
			t.Errorf("%q is read", raw)
		}
	}
	if _, _, err := Value(strings.Repeat("x&", MaxParams+1), "a"); !errors.Is(err, ErrMany) {
		t.Error(err)
	}
}
