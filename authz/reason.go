package authz

import "github.com/sluicegate/sluice/authz/token"

// Reason is a condition for which requests are refused.
type Reason uint8

// The reasons.
const (
	_ Reason = iota

	// The decision.
	NotAllowed   // no policy allows the request, or one denies it
	Revoked      // the credential was revoked
	Unavailable  // something that the decision needs is missing or out of date
	UnknownValue // a policy tests a condition key whose value is not known here
	CrossOrigin  // a page of another origin tries to use the session of a browser

	// The request has no single meaning, or one that is not served.
	TooManyHeaders
	MalformedMethod // this and the next three have their own details
	MalformedPath
	MalformedHost
	MalformedQuery
	AmbiguousValue // a condition key that a policy tests has two values
	BodyNotRead    // the decision depends on a body, and the host gives none
	BodyTooLarge   // the decision depends on a body larger than the limit
	BodyUnreadable // reading the body failed
	BodyTooSlow    // the body did not arrive in the time that it has
	TooEarly       // early data that is not safe to repeat

	// The credential.
	NoCredential          // none, and the policies do not allow everyone
	UnsupportedCredential // of a kind that the route does not take
	TooManyCredentials
	MalformedCredential
	TokenInQuery

	// Tokens. Time, audience and use are claims that the client can read; the other reasons share one sentence, which
	// does not tell a forger what to change.
	TokenExpired
	TokenNotYetValid
	TokenWrongAudience
	TokenWrongUse
	TokenTooLarge
	TokenMalformed
	TokenEncrypted
	TokenUnknownIssuer
	TokenAlgorithm
	TokenCriticalHeader
	TokenWrongType
	TokenUnknownKey
	TokenSignature
	KeysUnavailable // the issuer's key set cannot be fetched

	// Signatures and sessions.
	SignatureRefused // Refusal.Signature says why
	UnknownAccessKey
	InvalidSessionToken
	SessionExpired

	// Requests to S3.
	UnknownRequest  // an operation, parameter or header that the mapping does not know
	MethodNotServed // no operation has this method; Subject is what S3 calls the resource, Value the methods that it has
	Misplaced       // the resource has no such sub-resource
	LengthRequired  // an upload over HTTP/1 says no length
	UploadTooLarge  // Subject is the length in bytes, or "" if it is not known; Value is the limit
	Preflight       // an OPTIONS request
	InvalidBucket
	KeyTooLong
	RepeatedParameter
	ConflictingParameters
	InvalidListType
	InvalidSelectType
	InvalidPrefix
	EmptyVersion
	UnsignedOverride // response-* parameters of a request that is not signed
	InvalidHeader
	InvalidValue // a header or parameter has a value that S3 refuses
	InvalidTags
	TooManyTags
	InvalidCopySource
	MalformedXML

	reasonCount
)

// Reasons returns all reasons, for tables that must have a row for each.
func Reasons() []Reason {
	list := make([]Reason, 0, reasonCount-1)
	for reason := Reason(1); reason < reasonCount; reason++ {
		list = append(list, reason)
	}
	return list
}

// String returns a short, stable name for metrics and logs. Several reasons share a name.
func (r Reason) String() string { return r.info().name }

// Outcome returns the outcome of requests refused for the reason.
func (r Reason) Outcome() Outcome { return r.info().outcome }

// Sentence returns the sentence for the reason, or "" if each refusal has its own.
func (r Reason) Sentence() string { return r.info().sentence }

func (r Reason) info() *reasonInfo {
	if r >= reasonCount {
		r = 0
	}
	return &reasonInfos[r]
}

type reasonInfo struct {
	name     string
	outcome  Outcome
	sentence string
}

const invalidToken = "The token is not valid."

var reasonInfos = [reasonCount]reasonInfo{
	0: {name: "none"},

	NotAllowed:   {"denied", Denied, "The policies of this route do not allow the request."},
	Revoked:      {"revoked", Unauthenticated, "The credential has been revoked."},
	Unavailable:  {"unavailable", Undecidable, "The request cannot be decided on at present. Try again."},
	UnknownValue: {"unsupported", Denied, ""},
	CrossOrigin:  {"cross_origin", Denied, "A page of another origin may not change anything in the name of a signed-in user."},

	TooManyHeaders:  {"header", Malformed, "The request has too many header fields."},
	MalformedMethod: {"method", Malformed, ""},
	MalformedPath:   {"path", Malformed, ""},
	MalformedHost:   {"host", Malformed, ""},
	MalformedQuery:  {"query", Malformed, ""},
	AmbiguousValue:  {"ambiguous", Malformed, ""},
	BodyNotRead:     {"body", Malformed, "This route does not read bodies, which the decision would need."},
	BodyTooLarge:    {"body", Malformed, "The body is larger than this gate reads before deciding."},
	BodyUnreadable:  {"body", Malformed, "The body could not be read to its end."},
	BodyTooSlow:     {"body", Malformed, "The body did not arrive in time."},
	TooEarly:        {"early", Malformed, "The request came in early data, which can be replayed. Send it again after the handshake."},

	NoCredential:          {"missing", Unauthenticated, "This route needs a credential."},
	UnsupportedCredential: {"scheme", Unauthenticated, "This route does not take credentials of this kind."},
	TooManyCredentials:    {"credentials", Malformed, "Exactly one credential may be shown."},
	MalformedCredential:   {"credentials", Malformed, "The Authorization header cannot be read."},
	TokenInQuery:          {"credentials", Malformed, "A token belongs into the Authorization header."},

	TokenExpired:        {string(token.Expired), Unauthenticated, "The token has expired."},
	TokenNotYetValid:    {string(token.NotYetValid), Unauthenticated, "The token is not valid yet."},
	TokenWrongAudience:  {string(token.WrongAudience), Unauthenticated, "The token is meant for another client or audience."},
	TokenWrongUse:       {string(token.WrongTokenUse), Unauthenticated, "The token is of another use: an access token is not an ID token."},
	TokenTooLarge:       {string(token.TooLarge), Unauthenticated, "The token is longer than this gate takes."},
	TokenMalformed:      {string(token.Malformed), Unauthenticated, invalidToken},
	TokenEncrypted:      {string(token.Encrypted), Unauthenticated, invalidToken},
	TokenUnknownIssuer:  {string(token.UnknownIssuer), Unauthenticated, invalidToken},
	TokenAlgorithm:      {string(token.Algorithm), Unauthenticated, invalidToken},
	TokenCriticalHeader: {string(token.CriticalHeader), Unauthenticated, invalidToken},
	TokenWrongType:      {string(token.WrongType), Unauthenticated, invalidToken},
	TokenUnknownKey:     {string(token.UnknownKey), Unauthenticated, invalidToken},
	TokenSignature:      {string(token.BadSignature), Unauthenticated, invalidToken},
	KeysUnavailable:     {string(token.KeysUnavailable), Undecidable, "The keys of the token's issuer cannot be had at present. Try again."},

	SignatureRefused:    {"signature", Unauthenticated, ""},
	UnknownAccessKey:    {"unknown_access_key", Unauthenticated, "The access key does not exist, or its session token is missing."},
	InvalidSessionToken: {"session_token", Unauthenticated, "The session token is not valid for this access key."},
	SessionExpired:      {"expired", Unauthenticated, "The session has expired."},

	UnknownRequest:        {"unsupported", Malformed, "The request asks for something that this gate does not know."},
	MethodNotServed:       {"method", Malformed, "The method is not there for this resource."},
	Misplaced:             {"query", Malformed, ""},
	LengthRequired:        {"length", Malformed, "An upload needs a length: Content-Length or Transfer-Encoding."},
	UploadTooLarge:        {"body", Malformed, "The upload is larger than one request may be."},
	Preflight:             {"method", Denied, "Preflight requests do not reach the store."},
	InvalidBucket:         {"path", Malformed, "The bucket's name is not valid."},
	KeyTooLong:            {"path", Malformed, "The key is too long."},
	RepeatedParameter:     {"query", Malformed, ""},
	ConflictingParameters: {"query", Malformed, ""},
	InvalidListType:       {"query", Malformed, "The list type is not valid."},
	InvalidSelectType:     {"query", Malformed, "The select type is not valid."},
	InvalidPrefix:         {"query", Malformed, "The prefix is not valid."},
	EmptyVersion:          {"query", Malformed, "The version id is empty."},
	UnsignedOverride:      {"query", Malformed, "Response headers can be chosen by signed requests only."},
	InvalidHeader:         {"header", Malformed, ""},
	InvalidValue:          {"argument", Malformed, ""},
	InvalidTags:           {"header", Malformed, ""},
	TooManyTags:           {"header", Malformed, ""},
	InvalidCopySource:     {"query", Malformed, "The copy source is not bucket/key."},
	MalformedXML:          {"body", Malformed, "The body is not the XML document that the operation takes."},
}
