package api

import (
	"regexp"
	"strings"
	"testing"
)

// A table must accept exactly the texts that its regular expression matches.
func TestClassesMatchLikeTheirExpressions(t *testing.T) {
	inputs := []string{"", "a", "abc", "a b", "a\nb", "a\vb", "é", "日本", "a_b-c", "x=y.z", "\u2028", "😀", "a@b", "0", "\x7f",
		"\u00a0", strings.Repeat("a", 63), strings.Repeat("a", 64), "A-Za", "ǅ", "٣", "\u0301"}
	for _, expr := range []string{`[\w+]+`, `[^\s\v]+`, `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`, `[\w\s\v+=,.@-]+`, `[0-9]+`,
		`[\w]*`, `[A-Za-z0-9-_=.]+`, `[a-z]{1,63}`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, `[\x{21}\x{23}-\x{5B}]+`, `\d+`} {
		p := Pattern{Source: expr}
		re := regexp.MustCompile(`\A(?:` + expr + `)\z`)
		for _, in := range inputs {
			if got, want := p.Match(in), re.MatchString(in); got != want {
				t.Errorf("%s on %q = %v, want %v", expr, in, got, want)
			}
		}
		if p.class == nil {
			t.Errorf("%s has no table", expr)
		}
	}
}

func TestOtherPatternsStayExpressions(t *testing.T) {
	p := Pattern{Source: `(un)?authenticated`}
	for in, want := range map[string]bool{"authenticated": true, "unauthenticated": true, "unauthenticated ": false, "": false} {
		if p.Match(in) != want {
			t.Errorf("Match(%q) = %v", in, !want)
		}
	}
	if p.class != nil {
		t.Error("took a sequence for a class")
	}
}
