package api

import (
	"regexp"
	"regexp/syntax"
	"sync"
	"unicode/utf8"
)

// Pattern is a regular expression of a model. It matches whole strings, as at AWS. It is compiled at its first use, because an
// API has dozens of patterns and a process uses few of them.
type Pattern struct {
	Source string // as the model writes it, and as messages repeat it
	Expr   string // in Go's syntax; "" if Source is valid Go syntax

	once  sync.Once
	class *class         // set if the pattern is one repeated character class, as most are: a table is many times faster
	re    *regexp.Regexp // set otherwise
}

// Match reports whether the whole of s matches the pattern. s must be valid UTF-8.
func (p *Pattern) Match(s string) bool {
	p.once.Do(p.compile)
	if p.class != nil {
		return p.class.match(s)
	}
	return p.re.MatchString(s)
}

func (p *Pattern) compile() {
	expr := p.Expr
	if expr == "" {
		expr = p.Source
	}
	if tree, err := syntax.Parse(expr, syntax.Perl); err == nil {
		p.class = newClass(tree)
	}
	if p.class == nil {
		p.re = regexp.MustCompile(`\A(?:` + expr + `)\z`)
	}
}

// class is a character class and how many characters of it a string has.
type class struct {
	ascii    [2]uint64 // a bit per ASCII character
	rest     []rune    // pairs: first and last of a range beyond ASCII, ascending
	min, max int       // characters; max < 0: no limit
}

// newClass returns the class that an expression consists of, or nil if it is anything else.
func newClass(tree *syntax.Regexp) *class {
	c := &class{min: 1, max: 1}
	switch tree.Op {
	case syntax.OpPlus:
		c.max = -1
	case syntax.OpStar:
		c.min, c.max = 0, -1
	case syntax.OpRepeat:
		c.min, c.max = tree.Min, tree.Max
	default:
		return nil
	}
	inner := tree.Sub[0]
	if inner.Op != syntax.OpCharClass {
		return nil
	}
	for i := 0; i < len(inner.Rune); i += 2 {
		first, last := inner.Rune[i], inner.Rune[i+1]
		for r := first; r <= last && r < utf8.RuneSelf; r++ {
			c.ascii[r/64] |= 1 << (r % 64)
		}
		if last >= utf8.RuneSelf {
			c.rest = append(c.rest, max(first, utf8.RuneSelf), last)
		}
	}
	return c
}

func (c *class) match(s string) bool {
	n := 0
	for _, r := range s {
		if r < utf8.RuneSelf {
			if c.ascii[r/64]&(1<<(r%64)) == 0 {
				return false
			}
		} else if !c.has(r) {
			return false
		}
		n++
	}
	return n >= c.min && (c.max < 0 || n <= c.max)
}

func (c *class) has(r rune) bool {
	lo, hi := 0, len(c.rest)/2
	for lo < hi {
		mid := (lo + hi) / 2
		switch {
		case r < c.rest[2*mid]:
			hi = mid
		case r > c.rest[2*mid+1]:
			lo = mid + 1
		default:
			return true
		}
	}
	return false
}
