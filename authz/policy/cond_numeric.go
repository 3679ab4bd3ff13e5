package policy

import "strings"

// numericFamily compares integers and decimals by value, of any length and without rounding.
type numericFamily struct{ less, equal, greater bool }

func (numericFamily) check(value string, variables bool) (message, suggestion string) {
	if message, suggestion = literalOnly(value, variables, "a number"); message != "" {
		return message, suggestion
	}
	if _, ok := parseDecimal(value); !ok {
		return quote(value) + " is not a number", `write digits, such as "10" or "-2.5"`
	}
	return "", ""
}

func (f numericFamily) compile(values []string, _ bool) relation {
	r := &numericRelation{family: f}
	for _, v := range values {
		if d, ok := parseDecimal(v); ok {
			r.numbers = append(r.numbers, d)
		}
	}
	return r
}

type numericRelation struct {
	family  numericFamily
	numbers []decimal
}

func (r *numericRelation) holds(value string, _ Context) (match, ok bool) {
	d, ok := parseDecimal(value)
	if !ok {
		return false, false
	}
	for _, n := range r.numbers {
		if order := d.compare(n); order < 0 && r.family.less || order == 0 && r.family.equal || order > 0 && r.family.greater {
			return true, true
		}
	}
	return false, true
}

// decimal holds the digits of a number, without leading zeros of the integer and trailing zeros of the fraction.
type decimal struct {
	negative          bool
	integer, fraction string
}

// parseDecimal reads an optional sign, digits, and optionally a point and digits.
func parseDecimal(text string) (decimal, bool) {
	var d decimal
	if text != "" && (text[0] == '-' || text[0] == '+') {
		d.negative = text[0] == '-'
		text = text[1:]
	}
	integer, fraction, pointed := strings.Cut(text, ".")
	if !digits(integer) || pointed && !digits(fraction) {
		return decimal{}, false
	}
	d.integer, d.fraction = strings.TrimLeft(integer, "0"), strings.TrimRight(fraction, "0")
	if d.integer == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func digits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}

// compare returns -1, 0 or 1.
func (d decimal) compare(o decimal) int {
	if d.negative != o.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	order := len(d.integer) - len(o.integer)
	if order == 0 {
		order = strings.Compare(d.integer, o.integer)
	}
	if order == 0 {
		order = strings.Compare(d.fraction, o.fraction)
	}
	order = min(max(order, -1), 1)
	if d.negative {
		return -order
	}
	return order
}
