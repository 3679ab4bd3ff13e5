package sigv4

import (
	"iter"
	"net/http"
	"strings"
	"time"
)

// Limits on the parts of a signature, in bytes. Path and query have separate limits.
const (
	maxAccessKeyID   = 128 // the models' AccessKeyId
	maxSessionToken  = 16 << 10
	maxAuthorization = 16 << 10
)

// Auth is the parsed signature of a request. It is not verified yet.
type Auth struct {
	AccessKeyID  string        // the access key id of the credential scope
	Time         time.Time     // the signing time, to the second, UTC
	Region       string        // from the credential scope
	Service      string        // from the credential scope
	Presigned    bool          // whether the signature is in the query
	Expires      time.Duration // presigned only: how long after Time it is valid: at S3 X-Amz-Expires, 1 s to MaxExpires; elsewhere MaxSkew
	SessionToken string        // of temporary credentials; empty for long-term ones
	PayloadHash  string        // x-amz-content-sha256 as sent, or empty

	request   *Request
	verified  Verified // what Verify returns; saves an allocation
	date      string   // Time as signed
	day       string   // the date of the credential scope
	signed    string   // the names of the signed headers, separated by semicolons
	signature digest
	hopeless  bool // the signature is not 64 lower-case hexadecimal digits, so it is nobody's
}

// unsupportedMechanism is S3's message for signature version 2 and SigV4A.
const unsupportedMechanism = "the authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."

// Present reports whether the header or query of the request has anything that claims to be an AWS signature, valid or not.
// A server that supports several ways to authenticate calls it before Parse.
func Present(r *Request) bool {
	for _, value := range r.Header["Authorization"] {
		if isAWS(value) {
			return true
		}
	}
	return queryClaims(r.RawQuery)
}

// isAWS reports whether an Authorization value has one of AWS's schemes: version 4, 4A, or 2 ("AWS id:signature").
func isAWS(authorization string) bool {
	return strings.HasPrefix(authorization, "AWS4-") || strings.HasPrefix(authorization, "AWS ")
}

// Parse parses the signature of a request. The request must not change before Verify. The error is an *Error, with the Reason
// Missing if there is no signature, and BothMechanisms if the query has one and there is also an Authorization header of any
// kind.
func Parse(r *Request) (*Auth, error) {
	a := &Auth{request: r}
	if err := a.parse(r); err != nil {
		err.Presigned = a.Presigned
		return nil, err
	}
	return a, nil
}

func (a *Auth) parse(r *Request) *Error {
	authorization := r.Header["Authorization"]
	presigned := queryClaims(r.RawQuery)
	switch {
	case presigned && len(authorization) > 0:
		return refuse(BothMechanisms, "")
	case !presigned && len(authorization) == 0:
		return refuse(Missing, "")
	case len(authorization) > 1:
		return refuse(Malformed, "more than one Authorization header")
	}
	a.Presigned = presigned
	if err := checkPath(r.RawPath); err != nil {
		return err
	}
	if err := checkQuery(r.RawQuery); err != nil {
		return err
	}
	if presigned {
		return a.parseQuery(r)
	}
	return a.parseHeader(r.Header, authorization[0])
}

// parseHeader parses "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…" and the headers that go with it.
func (a *Auth) parseHeader(header http.Header, authorization string) *Error {
	if len(authorization) > maxAuthorization {
		return refuse(Malformed, "the Authorization header is too long")
	}
	scheme, rest := cutByte(authorization, ' ')
	switch {
	case scheme == algorithm:
	case isAWS(authorization):
		return refuse(Unsupported, unsupportedMechanism)
	default:
		return refuse(Missing, "the Authorization header is not an AWS signature")
	}
	var credential, signedHeaders, signature string
	for rest != "" {
		var part string
		part, rest = cutByte(rest, ',')
		part = trimSpace(part)
		var into *string
		value := ""
		switch {
		case strings.HasPrefix(part, "Credential="):
			into, value = &credential, part[len("Credential="):]
		case strings.HasPrefix(part, "SignedHeaders="):
			into, value = &signedHeaders, part[len("SignedHeaders="):]
		case strings.HasPrefix(part, "Signature="):
			into, value = &signature, part[len("Signature="):]
		}
		if into == nil || value == "" || *into != "" {
			return refuse(Malformed, "the Authorization header has an unknown, empty or repeated part")
		}
		*into = value
	}
	if credential == "" || signedHeaders == "" || signature == "" {
		return refuse(Incomplete, "the authorization header requires three components: Credential, SignedHeaders, and Signature.")
	}
	if err := a.parseParts(credential, false, signedHeaders, signature); err != nil {
		return err
	}
	if err := a.headerTime(header); err != nil {
		return err
	}
	var err *Error
	if a.SessionToken, err = oneHeader(header, "X-Amz-Security-Token"); err != nil {
		return err
	}
	a.PayloadHash, err = oneHeader(header, "X-Amz-Content-Sha256")
	return err
}

// headerTime parses the signing time. It is in x-amz-date or, if that is absent, in Date, which must then be signed.
func (a *Auth) headerTime(header http.Header) *Error {
	text, err := oneHeader(header, "X-Amz-Date")
	if err != nil {
		return err
	}
	if text == "" {
		if text, err = oneHeader(header, "Date"); err != nil {
			return err
		}
		if text == "" {
			return refuse(NoDate, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
		}
		if !signs(a.signed, "date") {
			return notSigned("date")
		}
		if t, bad := http.ParseTime(text); bad == nil {
			text = t.UTC().Format(timeFormat)
		}
	}
	return a.setTime(text)
}

// setTime parses the signing time, which must be on the day of the credential scope.
func (a *Auth) setTime(text string) *Error {
	t, ok := parseTime(text)
	if !ok {
		return a.badDate(text)
	}
	if a.day != text[:8] {
		return wrongDay(a.day, text[:8])
	}
	a.Time, a.date = t, text
	return nil
}

// parseParts parses the three parts that header and query share. If encoded, the credential is percent-encoded.
func (a *Auth) parseParts(credential string, encoded bool, signedHeaders, signature string) *Error {
	end, ok := "", false
	if encoded {
		if end, ok = a.cutEncodedCredential(credential); !ok {
			credential = unescapeQuery(credential)
		}
	}
	if !ok {
		end, ok = a.cutCredential(credential)
	}
	if !ok || a.AccessKeyID == "" || a.Region == "" || a.Service == "" {
		return refuseCredential(Malformed, `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	if len(a.AccessKeyID) > maxAccessKeyID || !printable(a.AccessKeyID) {
		return refuseCredential(Malformed, "the access key id is too long or not printable")
	}
	if end != terminator {
		return wrongTerminator(end)
	}
	if len(a.day) != len("20060102") {
		return refuseCredential(Malformed, `incorrect date format. This date in the credential must be in the format "yyyyMMdd".`)
	}
	a.signed, a.hopeless = signedHeaders, !decodeDigest(&a.signature, signature)
	return nil
}

// cutCredential splits "key/date/region/service/end" at its last four slashes. Some systems have slashes in access key IDs;
// the other parts never have any.
func (a *Auth) cutCredential(text string) (end string, ok bool) {
	for _, into := range [...]*string{&end, &a.Service, &a.Region, &a.day} {
		i := strings.LastIndexByte(text, '/')
		if i < 0 {
			return "", false
		}
		text, *into = text[:i], text[i+1:]
	}
	a.AccessKeyID = text
	return end, true
}

// cutEncodedCredential is like cutCredential for a percent-encoded credential, which it need not decode. It accepts only one in
// which four slashes are encoded as %2F and nothing else is, as in nearly all presigned requests.
func (a *Auth) cutEncodedCredential(text string) (end string, ok bool) {
	if strings.IndexByte(text, '/') >= 0 || strings.IndexByte(text, '+') >= 0 {
		return "", false
	}
	for _, into := range [...]*string{&a.AccessKeyID, &a.day, &a.Region, &a.Service} {
		i := strings.IndexByte(text, '%')
		if i < 0 || !strings.HasPrefix(text[i:], "%2F") {
			return "", false
		}
		*into, text = text[:i], text[i+len("%2F"):]
	}
	return text, strings.IndexByte(text, '%') < 0
}

// SignedHeaders returns the names of the signed headers in the client's order. Verify checks that they are in lower case,
// without duplicates, and that host is one of them.
func (a *Auth) SignedHeaders() []string { return strings.Split(a.signed, ";") }

// Signed is SignedHeaders without memory for the list.
func (a *Auth) Signed() iter.Seq[string] { return strings.SplitSeq(a.signed, ";") }

// oneHeader returns the only value of a header, or "" if the header is absent. A repeated or too long header is an error.
func oneHeader(header http.Header, key string) (string, *Error) {
	switch values := header[key]; {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", refuse(Malformed, "the header "+strings.ToLower(key)+" is repeated")
	case len(values[0]) > maxSessionToken:
		return "", refuse(Malformed, "the header "+strings.ToLower(key)+" is too long")
	default:
		return trimSpace(values[0]), nil
	}
}

// cutByte returns the text before and after the first sep; after is "" if there is none.
func cutByte(s string, sep byte) (before, after string) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// printable reports whether s is ASCII without spaces and control characters.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
