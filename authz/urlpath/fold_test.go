package urlpath

import (
	"testing"
	"unicode"
)

func TestCharactersThatDifferInCaseOnlyFoldToOne(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if foldRune(next) != foldRune(r) {
				t.Fatalf("%q and %q", r, next)
			}
		}
		for _, other := range []rune{unicode.ToLower(r), unicode.ToUpper(r)} {
			if foldRune(other) != foldRune(r) {
				t.Fatalf("%q and %q", r, other)
			}
		}
	}
}
