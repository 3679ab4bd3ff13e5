package policy

import "strings"

// arnFamily compares ARNs field by field. "*" and "?" match within one field; only in the sixth field do they match
// colons. ArnEquals and ArnLike are the same, as AWS documents.
type arnFamily struct{}

func (arnFamily) check(value string, variables bool) (message, suggestion string) {
	parts, vars, err := parseTemplate(value, variables, true)
	switch {
	case err != nil:
		return err.message, err.suggestion
	case len(vars) > 0 && countColons(parts) < 5:
		return "", "" // the variables may contain the other fields
	case len(vars) == 0 && !strings.HasPrefix(value, "arn:"):
		return quote(value) + " is not an ARN", `write "arn:partition:service:region:account:resource"; "*" may stand for a field`
	case countColons(parts) < 5:
		return quote(value) + " has fewer than the six fields of an ARN",
			`write "` + value + strings.Repeat(":*", 5-strings.Count(value, ":")) + `" to mean everything below it`
	}
	return "", ""
}

func countColons(parts []part) int {
	n := 0
	for _, x := range parts {
		if x.kind == literalPart {
			n += strings.Count(x.text, ":")
		}
	}
	return n
}

func (arnFamily) compile(values []string, variables bool) relation {
	r := &arnRelation{}
	for _, v := range values {
		r.patterns = append(r.patterns, newARNPattern(v, variables))
	}
	return r
}

type arnRelation struct{ patterns []arnPattern }

func (r *arnRelation) holds(value string, ctx Context) (match, ok bool) {
	fields, isARN := splitARN(value)
	if !isARN || fields[0] != "arn" {
		return false, true
	}
	for i := range r.patterns {
		if r.patterns[i].match(&fields, ctx) == matches {
			return true, true
		}
	}
	return false, true
}

// arnPattern consists of six patterns, or of a template whose variables contain some of the fields.
type arnPattern struct {
	source string
	fields [6]pattern
	loose  []part // set if the fields depend on the variables
	vars   []variable
	broken bool
}

func newARNPattern(source string, variables bool) arnPattern {
	parts, vars, err := parseTemplate(source, variables, true)
	p := arnPattern{source: source, vars: vars}
	switch {
	case err != nil:
		p.broken = true
	case countColons(parts) >= 5:
		p.fields = splitParts(parts, vars)
	case len(vars) > 0:
		p.loose = parts
	default:
		p.broken = true
	}
	return p
}

// match compares the fields of an ARN. It allocates only for a loose pattern with wildcards.
func (p *arnPattern) match(fields *[6]string, ctx Context) outcome {
	if p.broken {
		return unresolved
	}
	if p.loose != nil {
		return p.matchLoose(fields, ctx)
	}
	result := matches
	for i := range p.fields {
		if o := p.fields[i].match(fields[i], ctx); o == unresolved {
			return o
		} else if o == differs {
			result = differs
		}
	}
	return result
}

// matchLoose expands the variables of the template and splits the result into fields.
func (p *arnPattern) matchLoose(fields *[6]string, ctx Context) outcome {
	var vals resolved
	if vals.resolve(p.vars, ctx) >= 0 {
		return unresolved
	}
	literal := true
	for _, x := range p.loose {
		literal = literal && (x.kind == literalPart || x.kind == variablePart)
	}
	if literal {
		return outcomeOf(equalJoined(p.loose, fields, &vals))
	}
	filled := make([]part, len(p.loose))
	for i, x := range p.loose {
		if x.kind == variablePart {
			x = part{kind: literalPart, text: vals.at(x.slot)}
		}
		filled[i] = x
	}
	if countColons(filled) < 5 {
		return differs
	}
	split := splitParts(filled, nil)
	for i := range split {
		if split[i].match(fields[i], ctx) != matches {
			return differs
		}
	}
	return matches
}

// equalJoined compares text without wildcards to the ARN of the fields, piece by piece.
func equalJoined(parts []part, fields *[6]string, vals *resolved) bool {
	field, rest := 0, fields[0]
	for _, x := range parts {
		text := x.text
		if x.kind == variablePart {
			text = vals.at(x.slot)
		}
		for text != "" {
			if rest == "" {
				if field == 5 || text[0] != ':' {
					return false
				}
				field++
				rest, text = fields[field], text[1:]
				continue
			}
			n := min(len(text), len(rest))
			if text[:n] != rest[:n] {
				return false
			}
			text, rest = text[n:], rest[n:]
		}
	}
	return field == 5 && rest == ""
}

// splitParts cuts a template at the first five colons of its literal text.
func splitParts(parts []part, vars []variable) [6]pattern {
	var lists [6][]part
	field := 0
	for _, x := range parts {
		if x.kind != literalPart {
			lists[field] = append(lists[field], x)
			continue
		}
		text := x.text
		for field < 5 {
			before, after, found := strings.Cut(text, ":")
			if !found {
				break
			}
			if before != "" {
				lists[field] = append(lists[field], part{kind: literalPart, text: before})
			}
			field++
			text = after
		}
		if text != "" {
			lists[field] = append(lists[field], part{kind: literalPart, text: text})
		}
	}
	var out [6]pattern
	for i, list := range lists {
		var own []variable
		for j := range list {
			if list[j].kind == variablePart {
				own = append(own, vars[list[j].slot])
				list[j].slot = len(own) - 1
			}
		}
		out[i] = assemble("", list, own)
	}
	return out
}

func (r *arnRelation) variables() []variable {
	var out []variable
	for i := range r.patterns {
		out = append(out, r.patterns[i].vars...)
	}
	return out
}
