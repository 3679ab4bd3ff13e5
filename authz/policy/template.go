package policy

import "strings"

// part is a piece of a value: literal text, a wildcard, or a variable.
type part struct {
	kind partKind
	text string // literal text; for a variable the name as written
	slot int    // for a variable, its index in the pattern's list
}

type partKind uint8

const (
	literalPart  partKind = iota
	onePart               // "?"
	starPart              // "*"
	variablePart          // "${…}"
)

// variable is a "${key}" or "${key, 'default'}".
type variable struct {
	key       string // in lower case
	name      string // as written
	fallback  string
	defaulted bool
}

// templateError is a value that does not follow the rules of variables.
type templateError struct {
	message, suggestion string
}

// parseTemplate splits a value into parts. Without variables "${" is plain text; without wildcards "*" and "?" are.
func parseTemplate(text string, variables, wildcards bool) ([]part, []variable, *templateError) {
	var parts []part
	var vars []variable
	var literal []byte // the literal text before the next other part
	add := func(x part) {
		if len(literal) > 0 {
			parts = append(parts, part{kind: literalPart, text: string(literal)})
			literal = literal[:0]
		}
		parts = append(parts, x)
	}
	for text != "" {
		i := strings.IndexAny(text, "$*?")
		if i < 0 {
			literal = append(literal, text...)
			break
		}
		literal = append(literal, text[:i]...)
		text = text[i:]
		switch {
		case text[0] == '*' && wildcards:
			// Two stars are equivalent to one.
			if n := len(parts); len(literal) > 0 || n == 0 || parts[n-1].kind != starPart {
				add(part{kind: starPart})
			}
			text = text[1:]
		case text[0] == '?' && wildcards:
			add(part{kind: onePart})
			text = text[1:]
		case variables && strings.HasPrefix(text, "${"):
			inside, rest, err := cutVariable(text)
			if err != nil {
				return nil, nil, err
			}
			text = rest
			if inside == "*" || inside == "?" || inside == "$" {
				literal = append(literal, inside...)
				continue
			}
			v, err := parseVariable(inside)
			if err != nil {
				return nil, nil, err
			}
			add(part{kind: variablePart, text: v.name, slot: len(vars)})
			vars = append(vars, v)
		default:
			literal = append(literal, text[0])
			text = text[1:]
		}
	}
	if len(literal) > 0 {
		parts = append(parts, part{kind: literalPart, text: string(literal)})
	}
	return parts, vars, nil
}

// cutVariable returns the text between the braces of the variable at the beginning of text, and the text after it.
func cutVariable(text string) (inside, rest string, failed *templateError) {
	end := strings.IndexByte(text, '}')
	if end < 0 {
		return "", "", &templateError{`"${" without its "}"`, `write "${$}{" for these two characters themselves`}
	}
	// The closing brace of a default is the one after its closing quote.
	if q := strings.Index(text[:end], ", '"); q >= 0 {
		closing := strings.Index(text[q+3:], "'}")
		if closing < 0 {
			return "", "", &templateError{"the default value of a variable lacks its closing quote", `write "${key, 'text'}"`}
		}
		end = q + 3 + closing + 1
	}
	return text[2:end], text[end+1:], nil
}

// parseVariable reads the text between the braces. IAM User Guide, "IAM policy elements: Variables and tags",
// "Specifying default values": a comma, one space, the text in single quotes.
func parseVariable(inside string) (variable, *templateError) {
	name, fallback, defaulted := strings.Cut(inside, ", '")
	v := variable{name: name, key: FoldKey(name)}
	if defaulted {
		text, closed := strings.CutSuffix(fallback, "'")
		if !closed {
			return v, &templateError{"the default value of a variable lacks its closing quote", "write \"${" + name + ", 'text'}\""}
		}
		// The end of such a default is ambiguous.
		if strings.Contains(text, "'") || strings.Contains(text, "${") {
			return v, &templateError{"a default value cannot hold a quote or a variable", ""}
		}
		v.fallback, v.defaulted = text, true
	}
	vendor, rest, prefixed := strings.Cut(name, ":")
	switch {
	case name == "":
		return v, &templateError{`"${}" names no context key`, `write "${aws:PrincipalTag/team}", for example`}
	case strings.ContainsAny(name, "'\","):
		return v, &templateError{"a default value is written with a comma, one space and single quotes", "write \"${" +
			strings.TrimSpace(name[:strings.IndexAny(name, "'\",")]) + ", 'text'}\""}
	case strings.ContainsAny(name, "${"):
		return v, &templateError{"a variable cannot hold another", ""}
	case strings.ContainsAny(vendor, " \t\r\n") || strings.TrimSpace(name) != name:
		return v, &templateError{"spaces are not allowed in the name of a variable", "write \"${" + strings.ReplaceAll(name, " ", "") + "}\""}
	case tagMissing(name):
		return v, &templateError{"the variable " + quote(name) + " names no tag", `write "${` + strings.TrimSuffix(name, "/") + `/team}", for example`}
	case !prefixed || vendor == "" || rest == "":
		return v, &templateError{"the variable " + quote(name) + " is not a context key, which has a prefix and a colon", nearest("aws:"+name, globalKeys)}
	}
	return v, nil
}

// tagMissing reports whether a key of tags lacks the name of the tag. No request has such a key. AWS: Access Analyzer's check "Missing tag key in
// condition".
func tagMissing(key string) bool {
	key = FoldKey(key)
	switch key {
	case "aws:principaltag", "aws:requesttag", "aws:resourcetag":
		return true
	}
	return strings.HasSuffix(key, "tag/")
}

// globalKeys are the context keys of every service, for suggestions only.
var globalKeys = []string{"aws:username", "aws:userid", "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType",
	"aws:SourceIp", "aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:UserAgent", "aws:Referer",
	"aws:RequestedRegion", "aws:TokenIssueTime", "aws:FederatedProvider", "aws:MultiFactorAuthPresent", "aws:TagKeys"}

// resolved are the values of a pattern's variables in one request.
type resolved struct {
	few  [4]string
	more []string
}

func (r *resolved) at(i int) string {
	if i < len(r.few) {
		return r.few[i]
	}
	return r.more[i-len(r.few)]
}

// resolve looks up the variables. It returns the index of the first one without a value, or -1. A key with several
// values has no value as a variable, and the variable's default does not apply.
func (r *resolved) resolve(vars []variable, ctx Context) int {
	for i := range vars {
		v := &vars[i]
		text := v.fallback
		switch found := ctx.Lookup(v.key); {
		case found.Len() == 1:
			text = found.At(0)
		case found.Len() > 1 || !v.defaulted:
			return i
		}
		if i < len(r.few) {
			r.few[i] = text
		} else {
			r.more = append(r.more, text)
		}
	}
	return -1
}
