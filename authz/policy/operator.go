package policy

import (
	"slices"
	"strings"
)

// family is a kind of comparison. Each family has a file cond_*.go and lines in the table of operators.
type family interface {
	// check returns what is wrong with a value of a policy and what to write instead, or "".
	check(value string, variables bool) (message, suggestion string)
	// compile prepares the values of one key. A value that check refuses matches nothing.
	compile(values []string, variables bool) relation
}

// relation compares a request's value with the values of a policy.
type relation interface {
	// holds reports whether the value has the relation to one of the policy's values. ok is false if they cannot be
	// compared, such as a word and a number. The operator then does not match, even if it is negated.
	holds(value string, ctx Context) (match, ok bool)
}

// operator is a parsed operator name.
type operator struct {
	family    family
	qualifier qualifier
	negated   bool
	ifExists  bool
	null      bool
}

type qualifier uint8

const (
	plain qualifier = iota
	forAllValues
	forAnyValue
)

type baseOperator struct {
	family  family
	negated bool
}

// operators is the table of operators. A new one needs a line here and a family. IAM User Guide, "Condition operators".
var operators = map[string]baseOperator{
	"StringEquals":              {stringFamily{}, false},
	"StringNotEquals":           {stringFamily{}, true},
	"StringEqualsIgnoreCase":    {foldFamily{}, false},
	"StringNotEqualsIgnoreCase": {foldFamily{}, true},
	"StringLike":                {stringFamily{wildcards: true}, false},
	"StringNotLike":             {stringFamily{wildcards: true}, true},
	"NumericEquals":             {numericFamily{equal: true}, false},
	"NumericNotEquals":          {numericFamily{equal: true}, true},
	"NumericLessThan":           {numericFamily{less: true}, false},
	"NumericLessThanEquals":     {numericFamily{less: true, equal: true}, false},
	"NumericGreaterThan":        {numericFamily{greater: true}, false},
	"NumericGreaterThanEquals":  {numericFamily{greater: true, equal: true}, false},
	"DateEquals":                {dateFamily{equal: true}, false},
	"DateNotEquals":             {dateFamily{equal: true}, true},
	"DateLessThan":              {dateFamily{less: true}, false},
	"DateLessThanEquals":        {dateFamily{less: true, equal: true}, false},
	"DateGreaterThan":           {dateFamily{greater: true}, false},
	"DateGreaterThanEquals":     {dateFamily{greater: true, equal: true}, false},
	"Bool":                      {boolFamily{}, false},
	"BinaryEquals":              {binaryFamily{}, false},
	"IpAddress":                 {ipFamily{}, false},
	"NotIpAddress":              {ipFamily{}, true},
	"ArnEquals":                 {arnFamily{}, false},
	"ArnLike":                   {arnFamily{}, false},
	"ArnNotEquals":              {arnFamily{}, true},
	"ArnNotLike":                {arnFamily{}, true},
	"Null":                      {boolFamily{}, false},
}

// parseOperator reads "[ForAllValues:|ForAnyValue:]Name[IfExists]". Null has neither form.
func parseOperator(name string) (operator, bool) {
	var op operator
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		op.qualifier, name = forAllValues, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		op.qualifier, name = forAnyValue, rest
	}
	name, op.ifExists = strings.CutSuffix(name, "IfExists")
	base, ok := operators[name]
	if name == "Null" {
		op.null = true
		ok = op.qualifier == plain && !op.ifExists
	}
	op.family, op.negated = base.family, base.negated
	return op, ok
}

// unknownOperator returns why parseOperator refuses a name.
func unknownOperator(name string) (message, suggestion string) {
	prefix, base := "", name
	if i := strings.IndexByte(name, ':'); i >= 0 {
		prefix, base = name[:i], name[i+1:]
		if prefix != "ForAllValues" && prefix != "ForAnyValue" {
			return "unknown qualifier " + quote(prefix), nearest(prefix, []string{"ForAllValues", "ForAnyValue"})
		}
		prefix += ":"
	}
	if strings.TrimSuffix(base, "IfExists") == "Null" {
		return "Null tests presence itself and takes neither IfExists nor a set qualifier", `write "Null"`
	}
	names := make([]string, 0, 2*len(operators))
	for n := range operators {
		if n != "Null" {
			names = append(names, n, n+"IfExists")
		} else if prefix == "" {
			names = append(names, n)
		}
	}
	slices.Sort(names) // makes the choice between equally close names deterministic
	if near := closest(base, names); near != "" {
		suggestion = "write " + quote(prefix+near)
	}
	return "unknown operator " + quote(name), suggestion
}

// condition is a compiled Condition.
type condition struct {
	key      string // in lower case
	op       operator
	relation relation
	wanted   *Condition
}

// holds reports whether the condition holds. IAM User Guide, "Conditions with multiple context keys or values" and
// "Multivalued context keys". AWS does not define a plain operator on several values: here it matches if one of them
// does, and its negation matches if none does.
func (c *condition) holds(ctx Context) bool {
	values := ctx.Lookup(c.key)
	n := values.Len()
	if c.op.null {
		absent := "false"
		if n == 0 {
			absent = "true"
		}
		match, _ := c.relation.holds(absent, ctx)
		return match
	}
	if n == 0 {
		// IfExists tests each value, and ForAnyValue finds none for an absent key: AWS returns false for both together.
		if c.op.qualifier == forAnyValue {
			return false
		}
		return c.op.ifExists || c.op.qualifier == forAllValues || c.op.negated
	}
	all := c.op.qualifier == forAllValues || c.op.qualifier == plain && c.op.negated
	for i := range n {
		match, ok := c.relation.holds(values.At(i), ctx)
		if one := ok && match != c.op.negated; one != all {
			return one
		}
	}
	return all
}
