package authz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/s3op"
	"github.com/sluicegate/sluice/authz/urlquery"
)

// resolve finds the operation and adds its targets.
func (m *S3Mapping) resolve(c *call) *Refusal {
	if c.r.Method == "OPTIONS" {
		return refuse(Preflight)
	}
	if refusal := c.readParams(); refusal != nil {
		return refusal
	}
	if refusal := c.takeQueryHeaders(); refusal != nil {
		return refusal
	}
	selector, refusal := c.s3.selector()
	if refusal != nil {
		return refusal
	}
	key := s3op.Key{Level: c.s3.level, Method: c.r.Method, Selector: selector}
	op := s3op.Find(key)
	switch {
	case op == nil && s3op.Misplaced(key) != "":
		return refuseAbout(Misplaced, selector, s3op.Misplaced(key))
	case op == nil && s3op.Exists(selector):
		return unknown("?" + selector) // directory buckets
	case op == nil && c.r.Method == "POST" && selector == "" && key.Level == s3op.Bucket:
		return refuse(UnknownRequest) // uploads by HTML form, whose fields are not read
	case op == nil:
		return c.notServed(selector)
	}
	c.s3.op = op
	if refusal := c.checkParams(m, selector); refusal != nil {
		return refusal
	}
	if refusal := c.resolveS3(m); refusal != nil {
		return refusal
	}
	if !m.Store.ExactKeys && c.s3.level == s3op.Object && selector != "" {
		c.addWithoutSlash()
	}
	return nil
}

// addWithoutSlash decides on a key with a slash at its end as that without, too. Stores on file systems tell folders from objects when they
// read and write them, but not for every part of them, and change the tags of "a" for "a/".
func (c *call) addWithoutSlash() {
	for _, t := range c.targets {
		if short, ok := strings.CutSuffix(t.resource, "/"); ok {
			t.resource, t.method = short, cmp.Or(t.method, c.r.Method)
			c.addTarget(t)
		}
	}
}

func (c *call) notServed(selector string) *Refusal {
	return &Refusal{Reason: MethodNotServed, Detail: MethodNotServed.Sentence(), Subject: s3op.ResourceType(c.s3.level, selector), Value: s3op.Allowed(s3op.Key{Level: c.s3.level, Method: c.r.Method, Selector: selector})}
}

// unknown refuses a header, or a parameter after "?", that the mapping does not know.
func unknown(name string) *Refusal {
	if len(name) > headers.MaxName {
		return refuse(UnknownRequest)
	}
	return refuseAbout(UnknownRequest, name, "The request has "+name+", which this gate does not know here.")
}

// readParams decodes the query. A repeated parameter is refused: stores disagree on which value counts.
func (c *call) readParams() *Refusal {
	s := &c.s3
	for raw := c.r.RawQuery; raw != ""; {
		p, rest, ok, err := urlquery.Next(raw)
		if err != nil {
			return malformed(MalformedQuery, err)
		}
		if !ok {
			break
		}
		raw = rest
		if s3op.IsIgnored(p.Name, c.credential.scheme == schemePresigned) {
			continue // and not forwarded
		}
		if len(s.params) >= urlquery.MaxParams {
			return malformed(MalformedQuery, urlquery.ErrMany)
		}
		for i := range s.params {
			if s.params[i].Name == p.Name {
				return refuseAbout(RepeatedParameter, p.Name, "The query parameter "+p.Name+" is repeated.")
			}
		}
		s.params = append(s.params, p)
	}
	return nil
}

// selector returns the one parameter that selects the operation, with or without a value; "" for none.
func (s *s3Request) selector() (string, *Refusal) {
	found := ""
	for _, p := range s.params {
		where := s3op.Selector(p.Name)
		switch {
		case where == 0:
		case where&s.level == 0:
			if s3op.Misplaced(s3op.Key{Level: s.level, Selector: p.Name}) == "" {
				return "", unknown("?" + p.Name)
			}
			return "", refuseAbout(Misplaced, p.Name, s3op.Misplaced(s3op.Key{Level: s.level, Selector: p.Name}))
		case found != "":
			return "", refuseAbout(ConflictingParameters, found+", "+p.Name,
				"The query parameters "+found+" and "+p.Name+" name different operations.")
		default:
			found = p.Name
		}
	}
	return found, nil
}

// checkParams refuses parameters that the operation does not have or lacks, and takes the values of the others.
func (c *call) checkParams(m *S3Mapping, selector string) *Refusal {
	s := &c.s3
	required, after, second := 0, false, false
	for i := range s.params {
		p := &s.params[i]
		switch {
		case p.Name == selector && selector != "uploadId":
			p.Value = "" // it is there or not
		case p.Name == "versionId" && s.op.Versioned == nil && !s.op.SameVersion:
			return unknown("?" + p.Name)
		case p.Name == "versionId" && p.Value == "":
			return refuse(EmptyVersion)
		case s3op.IsOverride(p.Name) && s.op.Has(s3op.Reads):
			if c.verified == nil {
				return refuse(UnsignedOverride)
			}
			if !headers.ValidValue(p.Value) {
				return badHeader(p.Name)
			}
		case c.credential.scheme == schemePresigned && s3op.IsPresign(p.Name): // they sign
		case p.Name == selector, p.Name == "versionId", slices.Contains(s.op.Params, p.Name):
			if refusal := c.takeParam(m, p); refusal != nil {
				return refusal
			}
			if slices.Contains(s.op.Required, p.Name) {
				required++
			}
			after, second = after || p.Name == "start-after", second || p.Name == "list-type"
		case p.Name == "partNumber" && s.op.Has(s3op.Copies):
			return refuseAbout(InvalidValue, p.Name, "This operation does not accept partNumber without uploadId")
		default:
			return unknown("?" + p.Name)
		}
	}
	if after && !second {
		return refuseAbout(InvalidValue, "start-after", "startAfter only supported in REST.GET.BUCKET with list-type=2")
	}
	if required < len(s.op.Required) && selector == "uploadId" {
		return c.notServed(selector)
	}
	if required < len(s.op.Required) {
		return c.takeParam(m, &urlquery.Param{Name: s.op.Required[0]}) // refuses it as empty
	}
	return nil
}

// takeParam takes the value of a parameter, and writes it as every store reads it.
func (c *call) takeParam(m *S3Mapping, p *urlquery.Param) *Refusal {
	s := &c.s3
	if p.Name == "max-keys" && p.Value == "" {
		return nil // to a store it is none
	}
	value, argument, flaw := s.op.Param(p.Name, p.Value)
	if flaw != "" {
		return &Refusal{Reason: InvalidValue, Subject: argument, Value: p.Value, Detail: flaw}
	}
	p.Value = value
	switch p.Name {
	case "versionId":
		s.versionID = p.Value
		s.has |= hasVersion
	case "prefix":
		// A store on a file system would list the directory that the prefix leads to.
		if m.Store.Check(p.Value) != nil {
			return refuse(InvalidPrefix)
		}
		s.prefix = p.Value
		s.has |= hasPrefix
	case "delimiter":
		s.delimiter = p.Value
		s.has |= hasDelimiter
	case "max-keys":
		s.maxKeys = p.Value
		s.has |= hasMaxKeys
	case "list-type":
		if p.Value != "2" {
			return refuse(InvalidListType)
		}
	case "select-type":
		if p.Value != "2" {
			return refuse(InvalidSelectType)
		}
	case "marker", "start-after", "key-marker":
		// A store on a file system may look for the place in the list by this path. A key that is listed with such a segment, or not
		// in UTF-8, is not one that a gate serves.
		if m.Store.CheckMarker(p.Value) != nil {
			return refuseAbout(InvalidValue, p.Name, "The "+p.Name+" is not valid: a key has no segments . and .., and is in UTF-8")
		}
	}
	return nil
}
