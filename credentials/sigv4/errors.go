package sigv4

// Reason is why a signature or a body was refused.
type Reason uint8

// The reasons, with the error codes of S3 and of the JSON services where these have one.
const (
	_                Reason = iota
	Missing                 // no signature at all. S3 AccessDenied; MissingAuthenticationTokenException
	BothMechanisms          // an Authorization header and a presigned query. S3 InvalidArgument
	Malformed               // not parseable. S3 AuthorizationHeaderMalformed, AuthorizationQueryParametersError; IncompleteSignatureException
	Incomplete              // a part is missing. As Malformed
	NoDate                  // no date in the headers, or one that does not parse. S3 AccessDenied; IncompleteSignatureException
	Unsupported             // signature version 2, SigV4A, or an unsupported payload mode. S3 InvalidRequest, NotImplemented
	WrongScope              // region, service, date or terminator of the scope. S3 AuthorizationHeaderMalformed; InvalidSignatureException
	Skewed                  // the signing time is too far from the current time. S3 RequestTimeTooSkewed; InvalidSignatureException
	NotYetValid             // a presigned request from the future. S3 AccessDenied
	Expired                 // an expired presigned request. S3 AccessDenied "Request has expired"
	BadExpires              // X-Amz-Expires outside 1 to 604800. S3 AuthorizationQueryParametersError
	UnsignedHeader          // host, date or an x-amz-* header not signed. S3 AccessDenied
	Mismatch                // wrong signature. S3 SignatureDoesNotMatch; InvalidSignatureException
	NoPayloadHash           // x-amz-content-sha256 required but absent. S3 InvalidRequest
	BadPayloadHash          // x-amz-content-sha256 neither a hash nor a known value, or not allowed here. S3 InvalidArgument
	PayloadMismatch         // wrong hash of the body. S3 XAmzContentSHA256Mismatch
	NoLength                // x-amz-decoded-content-length absent or not a number. S3 MissingContentLength
	IncompleteBody          // the body has the wrong length or malformed chunks. S3 IncompleteBody
	ChunkMismatch           // wrong signature of a chunk or trailer. S3 SignatureDoesNotMatch
	MalformedTrailer        // a trailer is absent, unannounced, repeated or malformed. S3 MalformedTrailerError
	BadDigest               // a trailing checksum does not match the data. S3 BadDigest
)

var reasonText = [...]string{
	Missing: "no signature", BothMechanisms: "more than one authentication mechanism", Malformed: "malformed signature",
	Incomplete: "incomplete signature", NoDate: "no valid date", Unsupported: "unsupported signature or payload mode",
	WrongScope: "wrong credential scope", Skewed: "request time too skewed", NotYetValid: "request is not valid yet",
	Expired: "request has expired", BadExpires: "bad expiry", UnsignedHeader: "header not signed",
	Mismatch: "signature does not match", NoPayloadHash: "payload hash missing", BadPayloadHash: "bad payload hash",
	PayloadMismatch: "payload hash does not match", NoLength: "decoded length missing", IncompleteBody: "incomplete body",
	ChunkMismatch: "chunk signature does not match", MalformedTrailer: "malformed trailer",
	BadDigest: "checksum does not match",
}

// String returns a short description of the reason, for logs.
func (r Reason) String() string {
	if int(r) < len(reasonText) && reasonText[r] != "" {
		return reasonText[r]
	}
	return "unknown reason"
}

// Error says why a signature or a body was refused. It contains no secret and no signature and may be shown to the client.
type Error struct {
	Reason    Reason
	Presigned bool   // whether the signature was in the query, where S3 has other codes for some reasons
	Detail    string // which part is wrong, in S3's words if S3 has a message for it; may be empty

	Credential bool   // whether the Credential part is wrong, which S3 puts before the detail of a presigned request
	Facts      []Fact // further elements of the S3 error document, in order
}

// Fact is an element of an S3 error document.
type Fact struct{ Name, Value string }

// Error returns the reason and the detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return "sigv4: " + e.Reason.String()
	}
	return "sigv4: " + e.Reason.String() + ": " + e.Detail
}

// Is reports whether target is an *Error with the same reason, as in errors.Is(err, &sigv4.Error{Reason: sigv4.Expired}).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}

// refuse returns an Error. Inlining it in its many callers would make verification 2 or 3 % slower.
//
//go:noinline
func refuse(reason Reason, detail string) *Error { return &Error{Reason: reason, Detail: detail} }
