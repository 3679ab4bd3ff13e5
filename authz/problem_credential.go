package authz

import (
	"errors"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
)

// invalidToken makes the problem of a refused token. RFC 6750 section 3.1: 401 and invalid_token.
func invalidToken(reason, title, detail string) *Problem {
	return &Problem{Status: 401, Reason: reason, Title: title, Detail: detail, Error: "invalid_token",
		AWSStatus: 400, AWSCode: "InvalidToken", AWSMessage: "The provided token is malformed or otherwise invalid."}
}

// The refusals of tokens. Those that a client can do something about have words of their own. Time, audience and use are
// claims that the client can read in its token; that issuer, key, algorithm or signature are not the expected ones is told
// to nobody.
var (
	problemTokenExpired  = invalidToken("expired", "Expired token", "The token has expired.")
	problemNotYetValid   = invalidToken("not_yet_valid", "Token not valid yet", "The token is not valid yet.")
	problemWrongAudience = invalidToken("wrong_audience", "Wrong audience", "The token is meant for another client or audience.")
	problemWrongTokenUse = invalidToken("wrong_token_use", "Wrong token use", "The token is of another use: an access token is not an ID token.")
	problemTooLarge      = invalidToken(string(token.TooLarge), "Token too large", "The token is longer than this gate takes.")
	problemKeysAway      = &Problem{Status: 503, Reason: string(token.KeysUnavailable), Title: "Cannot decide",
		Detail:  "The keys of the token's issuer cannot be had at present. Try again.",
		AWSCode: "ServiceUnavailable", AWSMessage: "Please reduce your request rate."}
	problemMalformedToken = anyToken(token.Malformed)
	problemEncrypted      = anyToken(token.Encrypted)
	problemUnknownIssuer  = anyToken(token.UnknownIssuer)
	problemAlgorithm      = anyToken(token.Algorithm)
	problemCriticalHeader = anyToken(token.CriticalHeader)
	problemWrongType      = anyToken(token.WrongType)
	problemUnknownSigner  = anyToken(token.UnknownKey)
	problemBadSignature   = anyToken(token.BadSignature)
)

// problemOfToken is the problem of a refused token. It is not a map, which would have to be fetched from memory while a
// flood of bad tokens comes in; nil for a reason that is none.
func problemOfToken(reason token.Reason) *Problem {
	switch reason {
	case token.Malformed:
		return problemMalformedToken
	case token.UnknownIssuer:
		return problemUnknownIssuer
	case token.Algorithm:
		return problemAlgorithm
	case token.UnknownKey:
		return problemUnknownSigner
	case token.BadSignature:
		return problemBadSignature
	case token.Expired:
		return problemTokenExpired
	case token.NotYetValid:
		return problemNotYetValid
	case token.WrongAudience:
		return problemWrongAudience
	case token.WrongTokenUse:
		return problemWrongTokenUse
	case token.TooLarge:
		return problemTooLarge
	case token.KeysUnavailable:
		return problemKeysAway
	case token.Encrypted:
		return problemEncrypted
	case token.CriticalHeader:
		return problemCriticalHeader
	case token.WrongType:
		return problemWrongType
	}
	return nil
}

// anyToken keeps the reason for metrics and tells the client nothing of it.
func anyToken(reason token.Reason) *Problem {
	return invalidToken(string(reason), "Invalid token", "The token is not valid.")
}

var (
	problemUnknownKey = &Problem{Status: 401, Reason: "unknown_access_key", Title: "Unknown access key",
		Detail:    "The access key does not exist, or its session token is missing.",
		AWSStatus: 403, AWSCode: "InvalidAccessKeyId",
		AWSMessage: "The AWS Access Key Id you provided does not exist in our records."}
	problemSessionToken = &Problem{Status: 401, Reason: "session_token", Title: "Invalid session token",
		Detail:    "The session token is not valid for this access key.",
		AWSStatus: 400, AWSCode: "InvalidToken", AWSMessage: "The provided token is malformed or otherwise invalid."}
	problemSessionExpired = &Problem{Status: 401, Reason: "expired", Title: "Expired session",
		Detail:    "The session has expired.",
		AWSStatus: 400, AWSCode: "ExpiredToken", AWSMessage: "The provided token has expired."}
	problemNoBody = &Problem{Status: 501, Reason: reasonBody, Title: "Not implemented",
		Detail:  "This route does not read bodies, which the decision would need.",
		AWSCode: "NotImplemented", AWSMessage: "A header or query you provided requested a function that is not implemented."}
	problemBodySize = &Problem{Status: 413, Reason: reasonBody, Title: "Body too large",
		Detail:    "The body is larger than this gate reads before deciding.",
		AWSStatus: 400, AWSCode: "MaxMessageLengthExceeded", AWSMessage: "Your request was too large."}
	problemBodyRead = &Problem{Status: 400, Reason: reasonBody, Title: "Unreadable body",
		Detail:  "The body could not be read to its end.",
		AWSCode: "IncompleteBody", AWSMessage: "You did not provide the number of bytes specified by the Content-Length HTTP header."}
)

// tokenProblem translates what the verifier says.
func tokenProblem(err error) *Problem {
	if refused, ok := errors.AsType[*token.Error](err); ok {
		if problem := problemOfToken(refused.Reason); problem != nil {
			return problem
		}
	}
	return problemUnavailable // not a judgement on the token
}

// sessionProblem translates what opening a session says.
func sessionProblem(err error) *Problem {
	switch {
	case errors.Is(err, session.ErrExpired), fault.Is(err, fault.ExpiredToken):
		return problemSessionExpired
	case errors.Is(err, session.ErrInvalid), fault.Is(err, fault.NotAuthorized):
		return problemSessionToken
	}
	return problemUnavailable
}

// signatureCode is how the wires tell a reason of sigv4.
type signatureCode struct {
	status    int // outside S3
	awsStatus int
	code      string
	message   string // "" = the error's detail
}

var signatureCodes = map[sigv4.Reason]signatureCode{
	sigv4.Missing:          {401, 403, "AccessDenied", "Access Denied"},
	sigv4.BothMechanisms:   {400, 400, "InvalidArgument", "Only one auth mechanism allowed"},
	sigv4.Malformed:        {400, 400, "AuthorizationHeaderMalformed", ""},
	sigv4.Incomplete:       {400, 400, "AuthorizationHeaderMalformed", ""},
	sigv4.NoDate:           {400, 403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"},
	sigv4.Unsupported:      {400, 400, "InvalidRequest", ""},
	sigv4.WrongScope:       {401, 400, "AuthorizationHeaderMalformed", ""},
	sigv4.Skewed:           {401, 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."},
	sigv4.NotYetValid:      {401, 403, "AccessDenied", "Request is not yet valid"},
	sigv4.Expired:          {401, 403, "AccessDenied", "Request has expired"},
	sigv4.BadExpires:       {400, 400, "AuthorizationQueryParametersError", ""},
	sigv4.UnsignedHeader:   {401, 403, "AccessDenied", "There were headers present in the request which were not signed"},
	sigv4.Mismatch:         {401, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
	sigv4.NoPayloadHash:    {400, 400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"},
	sigv4.BadPayloadHash:   {400, 400, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."},
	sigv4.PayloadMismatch:  {400, 400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."},
	sigv4.NoLength:         {411, 411, "MissingContentLength", "You must provide the Content-Length HTTP header."},
	sigv4.IncompleteBody:   {400, 400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	sigv4.ChunkMismatch:    {400, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
	sigv4.MalformedTrailer: {400, 400, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema."},
	sigv4.BadDigest:        {400, 400, "BadDigest", "The checksum you specified did not match what we received."},
}

// signatureProblem translates a refusal of sigv4, whose own texts may be shown.
func signatureProblem(err error) *Problem {
	var refused *sigv4.Error
	if !errors.As(err, &refused) {
		return problemUnavailable
	}
	how, ok := signatureCodes[refused.Reason]
	if !ok {
		return problemUnavailable
	}
	text := strings.TrimPrefix(refused.Error(), "sigv4: ")
	if refused.Presigned && how.code == "AuthorizationHeaderMalformed" {
		how.code = "AuthorizationQueryParametersError"
	}
	if how.message == "" {
		how.message = s3Message(refused, how.code)
	}
	return &Problem{Status: how.status, AWSStatus: how.awsStatus, AWSCode: how.code, AWSMessage: how.message, AWSFacts: refused.Facts,
		Reason: "signature_" + strings.ReplaceAll(refused.Reason.String(), " ", "_"), Title: "Bad signature",
		Detail: sentence(text)}
}

// s3Message is a detail with what S3 writes before it.
func s3Message(refused *sigv4.Error, code string) string {
	switch {
	case code == "AuthorizationHeaderMalformed":
		return "The authorization header is malformed; " + refused.Detail
	case refused.Presigned && refused.Credential:
		return "Error parsing the X-Amz-Credential parameter; " + refused.Detail
	}
	return capital(refused.Detail)
}

// unknownKey is problemUnknownKey with the key, which S3 repeats.
func unknownKey(id string) *Problem {
	p := *problemUnknownKey
	p.AWSFacts = []sigv4.Fact{{Name: "AWSAccessKeyId", Value: id}}
	return &p
}

// challenged says whether WWW-Authenticate goes with the problem: with every 401 (RFC 6750 section 3), and with what is
// wrong with how a token was shown.
func (p *Problem) challenged() bool { return p.Status == 401 || p.Error != "" }

// challenges are the WWW-Authenticate values for a problem (RFC 6750 section 3, RFC 9728 section 5.1).
func (e *Engine) challenges(p *Problem) []string {
	if i, ok := p.Shared(); ok {
		return e.written[i]
	}
	if !p.challenged() {
		return nil
	}
	return e.writeChallenges(p)
}

func (e *Engine) writeChallenges(p *Problem) []string {
	var list []string
	if e.o.Verifier != nil {
		var b strings.Builder
		b.WriteString("Bearer")
		separator := " "
		add := func(name, value string) {
			if value != "" {
				b.WriteString(separator + name + `="` + quoted.Replace(value) + `"`)
				separator = ", "
			}
		}
		add("realm", e.o.Realm)
		add("error", p.Error)
		if p.Error != "" {
			add("error_description", strings.TrimSuffix(p.Detail, "."))
		}
		add("resource_metadata", e.o.ResourceMetadata)
		list = append(list, b.String())
	}
	if e.o.SigV4 != nil && p.Status == 401 {
		list = append(list, "AWS4-HMAC-SHA256")
	}
	return list
}

// quoted escapes what a quoted-string must not hold as it is (RFC 9110 section 5.6.4).
var quoted = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
