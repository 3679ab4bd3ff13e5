package authz

import (
	"slices"
	"strings"
)

var (
	problemBucketName = &Problem{Status: 400, Reason: reasonPath, Title: "Malformed request",
		Detail:  "The bucket's name is not valid.",
		AWSCode: "InvalidBucketName", AWSMessage: "The specified bucket is not valid."}
	problemKeyTooLong = &Problem{Status: 400, Reason: reasonPath, Title: "Malformed request",
		Detail: "The key is too long.", AWSCode: "KeyTooLongError", AWSMessage: "Your key is too long"}
	problemS3Method = &Problem{Status: 405, Reason: reasonMethod, Title: "Method not allowed",
		Detail:  "The method is not there for this resource.",
		AWSCode: "MethodNotAllowed", AWSMessage: "The specified method is not allowed against this resource."}
	problemS3Unknown = &Problem{Status: 501, Reason: reasonUnsupported, Title: "Not implemented",
		Detail:  "The request asks for something that this gate does not know.",
		AWSCode: "NotImplemented", AWSMessage: "A header or query you provided requested a function that is not implemented."}
	problemS3Preflight = &Problem{Status: 403, Reason: reasonMethod, Title: "No preflight",
		Detail:  "Preflight requests do not reach the store.",
		AWSCode: "AccessForbidden", AWSMessage: "CORSResponse: This CORS request is not allowed."}
	problemS3List = badArgument("Invalid List Type")
	problemS3Copy = badArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
)

// badArgument is S3's InvalidArgument.
func badArgument(message string) *Problem {
	return &Problem{Status: 400, Reason: reasonQuery, Title: "Malformed request", Detail: sentence(message),
		AWSCode: "InvalidArgument", AWSMessage: message}
}

// resolve chooses the operation and lists what it needs.
func (m *S3Mapping) resolve(c *call) *Problem {
	if c.r.Method == "OPTIONS" {
		return problemS3Preflight
	}
	if problem := c.readParams(); problem != nil {
		return problem
	}
	selector, problem := c.s3.selector()
	if problem != nil {
		return problem
	}
	op := s3Table[s3Key{c.s3.level, c.r.Method, selector}]
	switch {
	case op == nil && s3NotServed[selector], op == nil && c.r.Method == "POST" && selector == "":
		return problemS3Unknown // directory buckets; uploads by form, whose fields this gate does not read
	case op == nil:
		return problemS3Method
	}
	c.s3.op = op
	if problem := c.checkParams(m, selector); problem != nil {
		return problem
	}
	return c.resolveS3(m)
}

// readParams decodes the query. No name may stand twice: which of them counts differs between stores.
func (c *call) readParams() *Problem {
	s := &c.s3
	for raw := c.r.RawQuery; raw != ""; {
		p, rest, ok, err := nextParam(raw)
		if err != nil {
			return badRequest(reasonQuery, err.Error())
		}
		if !ok {
			break
		}
		raw = rest
		if len(s.params) >= maxParams {
			return badRequest(reasonQuery, errQueryMany.Error())
		}
		for i := range s.params {
			if s.params[i].name == p.name {
				return badArgument("Repeated query string parameter: " + p.name)
			}
		}
		s.params = append(s.params, p)
	}
	return nil
}

// selector finds the one parameter that chooses the operation; it counts with or without a value.
func (s *s3Request) selector() (string, *Problem) {
	found := ""
	for _, p := range s.params {
		where := s3Selectors[p.name]
		switch {
		case where == 0:
		case where&s.level == 0:
			return "", problemS3Unknown
		case found != "":
			problem := badArgument("Conflicting query string parameters: " + found + ", " + p.name)
			return "", problem
		default:
			found = p.name
		}
	}
	return found, nil
}

// checkParams refuses every parameter that the operation's row does not name, and takes the values of the others.
func (c *call) checkParams(m *S3Mapping, selector string) *Problem {
	s := &c.s3
	for _, p := range s.params {
		switch {
		case p.name == selector, p.name == "x-id":
		case p.name == "versionId":
			if s.op.versioned == nil && !s.op.sameVersion {
				return problemS3Unknown
			}
			if p.value == "" {
				return badArgument("Version id cannot be the empty string")
			}
			s.versionID = p.value
			s.has |= hasVersion
		case strings.HasPrefix(p.name, "response-") && s.op.flags&s3Overrides != 0:
			if c.verified == nil {
				return &Problem{Status: 400, Reason: reasonQuery, Title: "Malformed request",
					Detail:  "Response headers can be chosen by signed requests only.",
					AWSCode: "InvalidRequest", AWSMessage: "Request specific response headers cannot be used for anonymous GET requests."}
			}
		case c.credential.scheme == schemePresigned && presignParam(p.name):
		case slices.Contains(s.op.params, p.name):
			if problem := c.takeParam(m, p); problem != nil {
				return problem
			}
		default:
			return problemS3Unknown
		}
	}
	return nil
}

func (c *call) takeParam(m *S3Mapping, p param) *Problem {
	s := &c.s3
	switch p.name {
	case "prefix":
		// A store that keeps files would list the directory that the prefix leads to.
		if err := checkKey(p.value, m.EmptySegments); err != nil {
			return badArgument("Invalid prefix")
		}
		s.prefix = p.value
		s.has |= hasPrefix
	case "delimiter":
		s.delimiter = p.value
		s.has |= hasDelimiter
	case "max-keys":
		s.maxKeys = p.value
		s.has |= hasMaxKeys
	case "list-type":
		if p.value != "2" {
			return problemS3List
		}
	case "select-type":
		if p.value != "2" {
			return badArgument("Invalid select type")
		}
	}
	return nil
}

// presignParam are the parameters of a presigned request. They are compared in the one spelling that is signed.
func presignParam(name string) bool {
	switch name {
	case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
		"X-Amz-Security-Token", "X-Amz-Content-Sha256":
		return true
	}
	return false
}
