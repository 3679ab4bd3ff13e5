package authz

import (
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/urlquery"
)

// scheme is how a credential is presented.
type scheme uint8

const (
	schemeNone scheme = iota
	schemeBearer
	schemeSigV4
	schemePresigned
	schemeCookie
	schemeOther // an Authorization header of another scheme
)

var schemeNames = [...]string{"none", "bearer", "sigv4", "presigned", "cookie", "other"}

// String returns the name that metrics use.
func (s scheme) String() string { return schemeNames[s] }

// credential is an unverified credential.
type credential struct {
	scheme scheme
	value  string // the token, or the cookie's value
}

// findCredential returns the request's credential. It refuses a request with two, because the upstream may use the other
// one: two Authorization headers, a list in one, a header and a credential in the query, a header and the login cookie,
// two login cookies. cookieName is the login cookie's, "" for none.
func findCredential(r *Request, cookieName string) (credential, *Refusal) {
	found, refusal := headerCredential(r.Header["Authorization"])
	if refusal != nil {
		return credential{}, refusal
	}
	if r.RawQuery != "" {
		inQuery, refusal := queryCredential(r.RawQuery)
		if refusal != nil {
			return credential{}, refusal
		}
		switch {
		case inQuery == schemeNone:
		case found.scheme != schemeNone:
			return credential{}, refuse(TooManyCredentials)
		case inQuery == schemeBearer:
			return credential{}, refuse(TokenInQuery)
		default:
			found = credential{scheme: inQuery}
		}
	}
	if cookieName == "" {
		return found, nil
	}
	cookie, count := headers.Cookie(r.Header["Cookie"], cookieName)
	switch {
	case count == 0:
		return found, nil
	case count > 1:
		return credential{}, refuse(TooManyCredentials)
	case found.scheme != schemeNone:
		return credential{}, refuse(TooManyCredentials)
	}
	return credential{scheme: schemeCookie, value: cookie}, nil
}

// headerCredential reads the Authorization header (RFC 9110 section 11.6.2, RFC 6750 section 2.1). A JWT without a scheme is a Bearer
// token, as it is to API Gateway.
func headerCredential(lines []string) (credential, *Refusal) {
	if len(lines) == 0 {
		return credential{}, nil
	}
	if len(lines) > 1 {
		return credential{}, refuse(TooManyCredentials)
	}
	line := lines[0]
	if line == "" { // S3 and API Gateway answer as if there were none; it is still refused where anyone may come
		return credential{}, refuse(NoCredential)
	}
	if len(line) > 7 && line[6] == ' ' && strings.EqualFold(line[:6], "bearer") {
		token := strings.TrimLeft(line[7:], " ")
		if strings.IndexByte(token, ',') >= 0 {
			return credential{}, refuse(TooManyCredentials)
		}
		if token == "" || strings.IndexByte(token, ' ') >= 0 || strings.IndexByte(token, '\t') >= 0 {
			return credential{}, refuse(MalformedCredential)
		}
		return credential{scheme: schemeBearer, value: token}, nil
	}
	if strings.HasPrefix(line, "AWS4-") || strings.HasPrefix(line, "AWS ") {
		return credential{scheme: schemeSigV4}, nil
	}
	word, _, _ := strings.Cut(line, " ")
	if !headers.IsToken(word) || strings.EqualFold(word, "bearer") {
		return credential{}, refuse(MalformedCredential)
	}
	if word == line && strings.Count(word, ".") == 2 {
		return credential{scheme: schemeBearer, value: word}, nil
	}
	return credential{scheme: schemeOther, value: word}, nil
}

// queryCredential looks for a credential in the query. An access_token (RFC 6750 section 2.3) is always refused, since
// URLs end up in logs.
func queryCredential(raw string) (scheme, *Refusal) {
	if !mayHoldCredential(raw) {
		return schemeNone, nil
	}
	found, many := schemeNone, false
	err := urlquery.Each(raw, func(p urlquery.Param, _ bool) {
		s := schemeNone
		switch {
		case p.Name == "access_token":
			s = schemeBearer
		case strings.EqualFold(p.Name, "X-Amz-Signature"), strings.EqualFold(p.Name, "X-Amz-Credential"),
			strings.EqualFold(p.Name, "X-Amz-Algorithm"), p.Name == "AWSAccessKeyId":
			s = schemePresigned
		}
		if s != schemeNone {
			many = many || found != schemeNone && found != s
			found = s
		}
	})
	switch {
	case err != nil:
		return schemeNone, malformed(MalformedQuery, err)
	case many:
		return schemeNone, refuse(TooManyCredentials)
	}
	return found, nil
}

// mayHoldCredential is a quick check: every parameter name of a credential contains one of these, or is encoded.
func mayHoldCredential(raw string) bool {
	return strings.IndexByte(raw, '%') >= 0 || strings.Contains(raw, "access_token") ||
		strings.Contains(raw, "-") || strings.Contains(raw, "AWSAccessKeyId")
}
