package policy_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

func TestWildcardsMatchWholeTextsOfAnySize(t *testing.T) {
	t.Parallel()
	size := 16 << 10
	if long() {
		size *= 4
	}
	as := strings.Repeat("a", size)
	halfA := strings.Repeat("a", size/2)
	for name, tc := range map[string]struct {
		pattern, text string
		want          bool
	}{
		"nothing matches nothing":                            {"", "", true},
		"nothing matches no text":                            {"", "a", false},
		"a star matches nothing":                             {"*", "", true},
		"two stars match what one matches":                   {"a**b", "ab", true},
		"a question mark is a character of several bytes":    {"?", "日", true},
		"a question mark is a byte that is no character":     {"a?b", "a\xffb", true},
		"a question mark at the end counts characters":       {"*?", "日", true},
		"question marks at the end need as many characters":  {"*??", "日", false},
		"a text that begins and ends alike is not both":      {"ab*ab", "ab", false},
		"an overlap is not both":                             {"aba*aba", "ababa", false},
		"the middle is found after a false start":            {"*aab*", "aaab", true},
		"middles keep their order":                           {"*b*a*", "ab", false},
		"middles may touch":                                  {"*ab*ab*", "abab", true},
		"middles do not overlap":                             {"*aba*aba*", "ababa", false},
		"a middle with a question mark":                      {"*a?c*", "xxabcxx", true},
		"a middle with a question mark that fails":           {"*a?c*", "xxabbc", false},
		"a middle of question marks":                         {"a*??*b", "axb", false},
		"many stars and letters, all there":                  {strings.Repeat("*a", size/2), as, true},
		"many stars and letters, the last missing":           {strings.Repeat("*a", size/2) + "*b", as, false},
		"many stars and letters and no more text":            {strings.Repeat("*a", size), as[:size-1], false},
		"a long middle that is there":                        {"*" + halfA + "*", as, true},
		"a long middle that fails at its end":                {"*" + halfA + "b*", as, false},
		"a long middle that fails at its beginning":          {"*b" + halfA + "*", as, false},
		"a middle across the first window of the search":     {"*" + strings.Repeat("a", 31) + "b*", strings.Repeat("a", 16400) + "b" + as, true},
		"a middle of which the search's window has a part":   {"*b" + strings.Repeat("a", 31) + "*", strings.Repeat("c", 16384-8) + "b" + as, true},
		"a middle in the first window of the search":         {"*" + strings.Repeat("a", 31) + "b*", strings.Repeat("a", 100) + "b" + as, true},
		"a middle longer than what is left":                  {"*" + as + "b*" + as + "*", as + "b", false},
		"a long middle found late":                           {"*" + halfA + "b*", as + "b", true},
		"a long middle with question marks that is there":    {"*?" + halfA + "?*", as, true},
		"a long middle with question marks that fails":       {"*" + halfA + "?b*", as, false},
		"a long middle with question marks found late":       {"*" + halfA + "?b*", as + "cb", true},
		"many question marks, one too many":                  {"*" + strings.Repeat("?", size+1) + "*", as, false},
		"many question marks, as many":                       {"*" + strings.Repeat("?", size) + "*", as, true},
		"many different characters and a question mark":      {"*" + varied(size/8) + "?x*", strings.Repeat(varied(size/8), 2), false},
		"many different characters and a question mark, met": {"*" + varied(size/8) + "?x*", varied(size/8) + varied(size/8) + "日x", true},
		"a period that almost fits, many times":              {strings.Repeat("*"+strings.Repeat("a", 600)+"b", 50), as, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := policy.MatchWildcard(tc.pattern, tc.text); got != tc.want {
				t.Errorf("MatchWildcard = %v, want %v", got, tc.want)
			}
		})
	}
}

// varied returns n characters of three bytes, few of them equal.
func varied(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4e00 + i*7919%20000))
	}
	return b.String()
}

func TestWildcardsAgreeWithATableOnShortTexts(t *testing.T) {
	t.Parallel()
	// Compare every pattern of up to five pieces with every text of up to four.
	var patterns, texts func(prefix string, n int, f func(string))
	patterns = func(prefix string, n int, f func(string)) {
		f(prefix)
		for _, c := range []string{"a", "b", "*", "?"} {
			if n > 0 {
				patterns(prefix+c, n-1, f)
			}
		}
	}
	texts = func(prefix string, n int, f func(string)) {
		f(prefix)
		for _, c := range []string{"a", "b", "é"} {
			if n > 0 {
				texts(prefix+c, n-1, f)
			}
		}
	}
	patterns("", 5, func(p string) {
		texts("", 4, func(s string) {
			if got, want := policy.MatchWildcard(p, s), naiveGlob(false, wildcards(p), s); got != want {
				t.Errorf("MatchWildcard(%q, %q) = %v", p, s, got)
			}
		})
	})
}

// Large segments use other algorithms than small ones. Both must agree with a table.
func TestLargeSegmentsAgreeWithATable(t *testing.T) {
	t.Parallel()
	found, n := 0, 20
	if long() {
		n = 200
	}
	for seed := range uint64(n) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 20260104))}
		alphabet := []string{"a", "a", "a", "b", "é"}[:3+g.IntN(3)]
		var text []string
		for range 1500 {
			text = append(text, g.pick(alphabet...))
		}
		text[g.IntN(len(text))] = "b"
		from := g.IntN(len(text) - 700)
		middle := append([]string(nil), text[from:from+500+g.IntN(200)]...)
		for range g.IntN(3) * 20 {
			middle[g.IntN(len(middle))] = "?"
		}
		if g.IntN(2) == 0 {
			middle[g.IntN(len(middle))] = g.pick("a", "b")
		}
		pattern, s := "*"+strings.Join(middle, "")+"*"+g.pick("", "b*", "?*a"), strings.Join(text, "")
		want := naiveGlob(false, wildcards(pattern), s)
		if got := policy.MatchWildcard(pattern, s); got != want {
			t.Errorf("seed %d: %v, the table says %v", seed, got, want)
		}
		if want {
			found++
		}
	}
	if found < n/5 || found > n*19/20 {
		t.Errorf("%d of %d match: the generator is not varied enough", found, n)
	}
}

func TestARNsAreSixFields(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]policy.ARN{
		"arn:aws:s3:::b/k": {Partition: "aws", Service: "s3", Resource: "b/k"},
		"arn:aws:lambda:us-east-1:123456789012:function:f:1": {Partition: "aws", Service: "lambda", Region: "us-east-1", Account: "123456789012", Resource: "function:f:1"},
	} {
		got, ok := policy.ParseARN(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("ParseARN(%q) = %+v, %v", text, got, ok)
		}
	}
	if policy.Identity.String() != "identity" || policy.Trust.String() != "trust" || policy.Resource.String() != "resource" {
		t.Error("a kind has an unexpected name")
	}
	for _, text := range []string{"", "arn", "arn:aws:s3::b", "aws:aws:s3:::b", "arn::s3:::b", "arn:aws::::b", "arn:aws:s3:::"} {
		if got, ok := policy.ParseARN(text); ok {
			t.Errorf("ParseARN(%q) = %+v", text, got)
		}
	}
}
