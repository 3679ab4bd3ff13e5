package sigv4

import (
	"strconv"
	"strings"
	"time"
)

// The parameters of a presigned query. AWS compares their names exactly.
const (
	queryAlgorithm     = "X-Amz-Algorithm"
	queryCredential    = "X-Amz-Credential"
	queryDate          = "X-Amz-Date"
	queryExpires       = "X-Amz-Expires"
	querySignedHeaders = "X-Amz-SignedHeaders"
	querySignature     = "X-Amz-Signature"
	queryToken         = "X-Amz-Security-Token"
	queryPayloadHash   = "X-Amz-Content-Sha256"
	queryVersion2      = "AWSAccessKeyId" // of a query signed by version 2
)

// MaxExpires is the longest time for which a presigned request of S3 can be valid. Those of all other services are valid for MaxSkew.
const MaxExpires = 7 * 24 * time.Hour

// queryClaims reports whether a query has a parameter that only presigned requests have, including those of version 2.
func queryClaims(raw string) bool {
	for raw != "" {
		var one string
		one, raw = cutByte(raw, '&')
		if one == "" || one[0] != 'X' && one[0] != 'A' && one[0] != '%' {
			continue // most parameters of other requests
		}
		key, _ := cutByte(one, '=')
		if strings.IndexByte(key, '%') >= 0 && checkQuery(key) != nil {
			continue // Parse refuses the whole query
		}
		if claims(unescapeQuery(key)) {
			return true
		}
	}
	return false
}

// claims reports whether key is the name of a parameter that only presigned requests have.
func claims(key string) bool {
	switch key {
	case queryAlgorithm, queryCredential, querySignature, querySignedHeaders, queryVersion2:
		return true
	}
	return false
}

// presignedParts are the parameters of a presigned query. All but the credential are decoded.
type presignedParts struct {
	algorithm, credential, date, expires, signedHeaders, signature, token, payloadHash string
	version2                                                                           bool
}

// read sets p from a query that has passed checkQuery.
func (p *presignedParts) read(raw string) *Error {
	for {
		one, rest, ok := nextParameter(raw)
		if !ok {
			return nil
		}
		raw = rest
		key := one.key
		if strings.IndexByte(key, '%') >= 0 {
			key = unescapeQuery(key)
		}
		p.version2 = p.version2 || key == queryVersion2
		into := p.slot(key)
		if into == nil {
			continue
		}
		if one.value == "" || *into != "" {
			return refuse(Malformed, key+" is empty or repeated")
		}
		*into = one.value
		if into != &p.credential {
			*into = unescapeQuery(one.value)
		}
	}
}

// slot returns the field for a parameter, or nil if the parameter does not belong to the signature.
func (p *presignedParts) slot(key string) *string {
	switch key {
	case queryAlgorithm:
		return &p.algorithm
	case queryCredential:
		return &p.credential
	case queryDate:
		return &p.date
	case queryExpires:
		return &p.expires
	case querySignedHeaders:
		return &p.signedHeaders
	case querySignature:
		return &p.signature
	case queryToken:
		return &p.token
	case queryPayloadHash:
		return &p.payloadHash
	}
	return nil
}

// parseQuery parses the signature of a presigned request, whose query has passed checkQuery.
func (a *Auth) parseQuery(r *Request) *Error {
	var parts presignedParts
	if err := parts.read(r.RawQuery); err != nil {
		return err
	}
	switch {
	case parts.version2 || parts.algorithm != "" && parts.algorithm != algorithm:
		return refuse(Unsupported, unsupportedMechanism)
	case parts.algorithm == "" || parts.credential == "" || parts.date == "" || parts.signedHeaders == "" || parts.signature == "":
		return refuse(Incomplete, incompleteQuery)
	case len(parts.token) > maxSessionToken:
		return refuse(Malformed, "X-Amz-Security-Token is too long")
	}
	if err := a.parseParts(parts.credential, true, parts.signedHeaders, parts.signature); err != nil {
		return err
	}
	if err := a.setTime(parts.date); err != nil {
		return err
	}
	if err := a.setExpires(parts.expires); err != nil {
		return err
	}
	return a.presignedHeaders(&parts)
}

const incompleteQuery = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, " +
	"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."

// setExpires sets Expires from the parameter, which only S3 heeds. For STS and the other services AWS takes MaxSkew, whatever the
// parameter says (aws/aws-sdk-go#2167, kubernetes-sigs/aws-iam-authenticator#160), and SDKs leave it out.
func (a *Auth) setExpires(text string) *Error {
	if !isS3(a.Service) {
		a.Expires = MaxSkew
		return nil
	}
	if text == "" {
		return refuse(Incomplete, incompleteQuery)
	}
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > MaxExpires {
		return badExpires(text)
	}
	a.Expires = time.Duration(seconds) * time.Second
	return nil
}

// presignedHeaders sets what may be in the query or in a signed header.
func (a *Auth) presignedHeaders(parts *presignedParts) *Error {
	a.SessionToken, a.PayloadHash = parts.token, parts.payloadHash
	if err := a.reconcile("X-Amz-Security-Token", &a.SessionToken); err != nil {
		return err
	}
	return a.reconcile("X-Amz-Content-Sha256", &a.PayloadHash)
}

// reconcile sets value from a header if the query does not have it. If both have it, they must be equal.
func (a *Auth) reconcile(key string, value *string) *Error {
	header, err := oneHeader(a.request.Header, key)
	switch {
	case err != nil:
		return err
	case header == "":
	case *value != "" && *value != header:
		return refuse(Malformed, "the query and a header differ in "+strings.ToLower(key))
	default:
		*value = header
	}
	return nil
}
