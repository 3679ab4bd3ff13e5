package sigv4

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// What makes the refusals that have more to say stands here, apart from the code that lets good requests pass; see refuse.

// refuseCredential refuses for what the Credential part holds.
//
//go:noinline
func refuseCredential(reason Reason, detail string) *Error {
	return &Error{Reason: reason, Credential: true, Detail: detail}
}

// wrongRegion names the region that is right, which clients take from there.
//
//go:noinline
func wrongRegion(got string, right []string) *Error {
	e := refuseCredential(WrongScope, "the region"+shown(got, "'")+" is wrong")
	if len(right) > 0 {
		e.Detail += "; expecting '" + right[0] + "'"
		e.Facts.Region = right[0]
	}
	return e
}

//go:noinline
func wrongService(got string, right []string) *Error {
	e := refuseCredential(WrongScope, "incorrect service"+shown(got, `"`)+".")
	if len(right) > 0 {
		e.Detail += ` This endpoint belongs to "` + right[0] + `".`
		e.Facts.Service = right[0]
	}
	return e
}

//go:noinline
func wrongTerminator(got string) *Error {
	return refuseCredential(WrongScope, "incorrect terminal"+shown(got, `"`)+`. This endpoint uses "`+terminator+`".`)
}

//go:noinline
func wrongDay(got, signed string) *Error {
	return refuse(WrongScope, "Invalid credential date"+shown(got, `"`)+`. This date is not the same as X-Amz-Date: "`+signed+`".`)
}

// shown is a client's word as a text may repeat it: with a space before it and quotes around it, or not at all when it is long
// or not plain.
func shown(word, quote string) string {
	if word == "" || len(word) > 64 || !printable(word) || strings.ContainsAny(word, `'"`) {
		return ""
	}
	return " " + quote + word + quote
}

//go:noinline
func (a *Auth) skewed(now time.Time, allowed time.Duration) *Error {
	return &Error{Reason: Skewed, Detail: "the difference between the request time and the current time is too large",
		Facts: Facts{SignedAt: a.Time, Now: now, Allowed: allowed}}
}

//go:noinline
func (a *Auth) notYetValid(now time.Time) *Error {
	return &Error{Reason: NotYetValid, Facts: Facts{SignedAt: a.Time, Now: now, Allowed: a.Expires}}
}

//go:noinline
func (a *Auth) expired(now time.Time) *Error {
	return &Error{Reason: Expired, Facts: Facts{SignedAt: a.Time, Now: now, Allowed: a.Expires}}
}

// badDate is for a date that cannot be read.
//
//go:noinline
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

// badExpires says what is wrong with a life that is none. S3 has no text for 0, of which its documentation says that it is too
// little.
//
//go:noinline
func badExpires(text string) *Error {
	switch seconds, err := strconv.ParseInt(text, 10, 64); {
	case err != nil || text[0] == '+':
		return refuse(BadExpires, "X-Amz-Expires should be a number")
	case seconds < 1:
		return refuse(BadExpires, "X-Amz-Expires must be non-negative")
	}
	return refuse(BadExpires, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
}

// unsignedHeaders names all x-amz-* headers that are not signed.
//
//go:noinline
func (s *scratch) unsignedHeaders(r *Request) *Error {
	names := []string{strings.ToLower(s.unsigned)}
	for key := range r.Header {
		name := strings.ToLower(key)
		if isAmz(key) && !slices.ContainsFunc(s.signed, func(h signedHeader) bool { return h.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return notSigned(strings.Join(slices.Compact(names), ", "))
}

//go:noinline
func notSigned(names string) *Error {
	return &Error{Reason: UnsignedHeader, Detail: names, Facts: Facts{Unsigned: names}}
}

//go:noinline
func payloadMismatch(signed, computed string) *Error {
	return &Error{Reason: PayloadMismatch, Detail: "the body is not the one that x-amz-content-sha256 names",
		Facts: Facts{ClaimedHash: signed, ComputedHash: computed}}
}
