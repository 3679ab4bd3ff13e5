package sigv4

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxShownName is the length of the longest header name that an error tells.
const maxShownName = 128

// The functions in this file return the errors that have more than a fixed message. Their texts are those of S3, if it has one.

// refuseCredential returns an error in the Credential part.
func refuseCredential(reason Reason, detail string) *Error {
	return &Error{Reason: reason, Credential: true, Detail: detail}
}

// wrongRegion returns an error that names the right region. SDKs read it and retry there.
func wrongRegion(got string, right []string) *Error {
	e := refuseCredential(WrongScope, "the region"+shown(got, "'")+" is wrong")
	if len(right) > 0 {
		e.Detail += "; expecting '" + right[0] + "'"
		e.Facts.Region, e.Facts.Named = right[0], strings.Trim(shown(got, "'"), " '")
	}
	return e
}

func wrongService(got string, right []string) *Error {
	e := refuseCredential(WrongScope, "incorrect service"+shown(got, `"`)+".")
	if len(right) > 0 {
		e.Detail += ` This endpoint belongs to "` + right[0] + `".`
		e.Facts.Service = right[0]
	}
	return e
}

func wrongTerminator(got string) *Error {
	return refuseCredential(WrongScope, "incorrect terminal"+shown(got, `"`)+`. This endpoint uses "`+terminator+`".`)
}

func wrongDay(got, signed string) *Error {
	return refuse(WrongScope, "Invalid credential date"+shown(got, `"`)+`. This date is not the same as X-Amz-Date: "`+signed+`".`)
}

// shown returns a client's word in quotes after a space, for use in an error message. It returns "" if the word is too long or
// has unusual characters.
func shown(word, quote string) string {
	if word == "" || len(word) > 64 || !printable(word) || strings.ContainsAny(word, `'"`) {
		return ""
	}
	return " " + quote + word + quote
}

func (a *Auth) skewed(now time.Time, allowed time.Duration) *Error {
	return &Error{Reason: Skewed, Detail: "the difference between the request time and the current time is too large",
		Facts: Facts{SignedAt: a.Time, Now: now, Allowed: allowed}}
}

func (a *Auth) notYetValid(now time.Time) *Error {
	return &Error{Reason: NotYetValid, Facts: Facts{SignedAt: a.Time, Now: now, Allowed: a.Expires}}
}

func (a *Auth) expired(now time.Time) *Error {
	return &Error{Reason: Expired, Facts: Facts{SignedAt: a.Time, Now: now, Allowed: a.Expires}}
}

// badDate returns the error for a date that does not parse.
func (a *Auth) badDate(text string) *Error {
	if a.Presigned {
		return refuse(Malformed, `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	detail := "Date must be in ISO-8601 'basic format'."
	if got := shown(text, "'"); got != "" {
		detail += " Got" + got + "."
	}
	return refuse(NoDate, detail+" See http://en.wikipedia.org/wiki/ISO_8601")
}

// badExpires returns the error for an invalid X-Amz-Expires. S3's documentation says that 0 is too small; S3 has no message for
// it.
func badExpires(text string) *Error {
	switch seconds, err := strconv.ParseInt(text, 10, 64); {
	case err != nil || text[0] == '+':
		return refuse(BadExpires, "X-Amz-Expires should be a number")
	case seconds < 1:
		return refuse(BadExpires, "X-Amz-Expires must be non-negative")
	}
	return refuse(BadExpires, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
}

// unsignedHeaders returns an error that names all x-amz-* headers that are not signed.
func (s *scratch) unsignedHeaders(r *Request) *Error {
	names := []string{strings.ToLower(s.unsigned)}
	for key := range r.Header {
		name := strings.ToLower(key)
		if isAmz(key) && !s.covers(key) && !slices.ContainsFunc(s.signed, func(h signedHeader) bool { return h.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return notSigned(strings.Join(slices.Compact(names), ", "))
}

func notSigned(names string) *Error {
	return &Error{Reason: UnsignedHeader, Detail: names, Facts: Facts{Unsigned: names}}
}

// missing returns the error for a signed header that did not arrive, for services that do not take it as empty. The text is AWS's.
//
//go:noinline
func missing(name string) *Error {
	if !printable(name) || len(name) > maxShownName {
		return refuse(Incomplete, "a signed header is not in the request")
	}
	return &Error{Reason: Incomplete, Detail: "'" + name + "' is named as a SignedHeader, but it does not exist in the HTTP request.", Facts: Facts{Absent: name}}
}

// absent returns the error for a signature that does not match and names a header that did not arrive.
//
//go:noinline
func absent(name string) *Error {
	if !printable(name) || len(name) > maxShownName {
		return refuse(Mismatch, "a signed header is not in the request")
	}
	return &Error{Reason: Mismatch, Detail: "the signed header " + name + " is not in the request", Facts: Facts{Absent: name}}
}

func payloadMismatch(signed, computed string) *Error {
	return &Error{Reason: PayloadMismatch, Detail: "the body is not the one that x-amz-content-sha256 names",
		Facts: Facts{ClaimedHash: signed, ComputedHash: computed}}
}
