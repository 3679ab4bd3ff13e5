package authz

import (
	"strings"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// Problem is why a request does not pass, in the words of every wire that may have to tell it. None of them tells a
// client more than it knew or may know.
type Problem struct {
	Status int    // HTTP status
	Reason string // short and stable, for metrics and logs: "expired", "denied", "path" …
	Title  string // RFC 9457: short, the same for all problems of the type
	Detail string // RFC 9457: about this one
	Error  string // RFC 6750 section 3.1: invalid_request, invalid_token, insufficient_scope; "" = none
	// AWSCode, AWSMessage and AWSStatus are the error as S3 tells it, whose statuses differ: a request without a
	// credential is 403 AccessDenied there.
	AWSCode    string
	AWSMessage string
	AWSStatus  int
	AWSFacts   []sigv4.Fact // what S3 tells beside code and message

	shared int // 1 + the index in sharedProblems; 0 for a problem that is made for a request
}

// sharedProblems are the problems that read the same for every request.
var sharedProblems = func() []*Problem {
	list := []*Problem{problemTwoCredentials, problemBadAuthorization, problemQueryToken, problemScheme, problemMissing, problemRevoked,
		problemUnavailable, problemHeaders, problemUnknownKey, problemSessionToken, problemSessionExpired, problemNoBody, problemBodySize,
		problemBodyRead, problemTokenExpired, problemNotYetValid, problemWrongAudience, problemWrongTokenUse, problemTooLarge,
		problemKeysAway, problemMalformedToken, problemEncrypted, problemUnknownIssuer, problemAlgorithm, problemCriticalHeader,
		problemWrongType, problemUnknownSigner, problemBadSignature}
	for i, p := range list {
		p.shared = i + 1
	}
	return list
}()

// SharedProblems are the problems that read the same for every request, their AWSFacts aside, so that what is made of one can
// be made once: a flood of bad credentials should cost no more than to say no. The list must not be changed.
func SharedProblems() []*Problem { return sharedProblems }

// Shared gives the problem's index in SharedProblems; false for one that was made for a request.
func (p *Problem) Shared() (index int, ok bool) { return p.shared - 1, p.shared > 0 }

// Type is the problem's type as RFC 9457 section 3.1.1 wants it.
func (p *Problem) Type() string {
	return "urn:sluice:problem:" + strings.ReplaceAll(p.Reason, "_", "-")
}

// S3Status is the HTTP status with which S3 tells the problem.
func (p *Problem) S3Status() int {
	if p.AWSStatus != 0 {
		return p.AWSStatus
	}
	return p.Status
}

// The reasons of problems, beside those of package token, which are passed on.
const (
	reasonPath        = "path"
	reasonHost        = "host"
	reasonQuery       = "query"
	reasonHeader      = "header"
	reasonMethod      = "method"
	reasonBody        = "body"
	reasonCredentials = "credentials"
	reasonScheme      = "scheme"
	reasonMissing     = "missing"
	reasonRevoked     = "revoked"
	reasonDenied      = "denied"
	reasonUnavailable = "unavailable"
	reasonAmbiguous   = "ambiguous"
	reasonUnsupported = "unsupported"
)

var (
	problemTwoCredentials = &Problem{Status: 400, Reason: reasonCredentials, Title: "More than one credential",
		Detail: "Exactly one credential may be shown.", Error: "invalid_request",
		AWSCode: "InvalidArgument", AWSMessage: "Only one auth mechanism allowed"}
	problemBadAuthorization = &Problem{Status: 400, Reason: reasonCredentials, Title: "Malformed credential",
		Detail: "The Authorization header cannot be read.", Error: "invalid_request",
		AWSCode: "InvalidArgument", AWSMessage: "Authorization header is invalid"}
	problemQueryToken = &Problem{Status: 400, Reason: reasonCredentials, Title: "Token in the query",
		Detail: "A token belongs into the Authorization header.", Error: "invalid_request",
		AWSCode: "InvalidArgument", AWSMessage: "Unsupported Authorization Type"}
	problemScheme = &Problem{Status: 401, Reason: reasonScheme, Title: "Unsupported credential",
		Detail:    "This route does not take credentials of this kind.",
		AWSStatus: 400, AWSCode: "InvalidArgument", AWSMessage: "Unsupported Authorization Type"}
	problemMissing = &Problem{Status: 401, Reason: reasonMissing, Title: "No credential",
		Detail:    "This route needs a credential.",
		AWSStatus: 403, AWSCode: "AccessDenied", AWSMessage: "Access Denied"}
	problemRevoked = &Problem{Status: 401, Reason: reasonRevoked, Title: "Revoked credential",
		Detail: "The credential has been revoked.", Error: "invalid_token",
		AWSStatus: 400, AWSCode: "InvalidToken", AWSMessage: "The provided token is malformed or otherwise invalid."}
	problemDenied = &Problem{Status: 403, Reason: reasonDenied, Title: "Not allowed",
		Detail:  "The policies of this route do not allow the request.",
		AWSCode: "AccessDenied", AWSMessage: "Access Denied"}
	problemUnavailable = &Problem{Status: 503, Reason: reasonUnavailable, Title: "Cannot decide",
		Detail:  "The request cannot be decided on at present. Try again.",
		AWSCode: "ServiceUnavailable", AWSMessage: "Please reduce your request rate."}
	problemHeaders = &Problem{Status: 431, Reason: reasonHeader, Title: "Too many headers",
		Detail:  "The request has too many header fields.",
		AWSCode: "InvalidRequest", AWSMessage: "The request has too many header fields."}
)

// badRequest makes the problem of a request that cannot be read in one way only.
func badRequest(reason, detail string) *Problem {
	return &Problem{Status: 400, Reason: reason, Title: "Malformed request", Detail: sentence(detail),
		AWSCode: "InvalidURI", AWSMessage: "Couldn't parse the specified URI."}
}

// sentence makes a sentence of an error's text.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return capital(strings.TrimSuffix(s, ".")) + "."
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
