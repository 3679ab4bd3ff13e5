package sigv4

import (
	"strings"
	"time"
)

// Reason is why a signature or a body is refused. server/awsauth and server/refusal have the names that AWS services give to
// the reasons.
type Reason uint8

// The reasons.
const (
	_                Reason = iota
	Missing                 // no signature at all
	BothMechanisms          // an Authorization header and a presigned query
	Malformed               // does not parse
	Incomplete              // a part is missing
	NoDate                  // no date in a header, or none that can be read
	Unsupported             // signature version 2, SigV4A, or an unknown payload mode
	WrongScope              // region, service, date or terminator of the scope
	Skewed                  // the clocks differ too much
	NotYetValid             // a presigned request from the future
	Expired                 // a presigned request that has expired
	BadExpires              // S3: X-Amz-Expires outside 1 to 604800
	UnsignedHeader          // host, date or an x-amz-* header is not signed
	Mismatch                // the signature does not match
	NoPayloadHash           // x-amz-content-sha256 is required and absent
	BadPayloadHash          // x-amz-content-sha256 is not a hash or a known word, or not allowed here
	PayloadMismatch         // the body has another hash
	NoLength                // x-amz-decoded-content-length is absent or not a number
	IncompleteBody          // the body is shorter or longer than announced, or its framing is broken
	ChunkMismatch           // the signature of a chunk or trailer does not match
	MalformedTrailer        // a trailer is absent, unannounced, repeated or unreadable
	BadDigest               // a checksum does not fit the data
	InvalidDigest           // a checksum in a header is no checksum of its kind
	ManyChecksums           // more than one checksum
	NoChecksum              // x-amz-sdk-checksum-algorithm names a checksum that is absent
)

var reasonText = [...]string{
	Missing: "no signature", BothMechanisms: "more than one authentication mechanism", Malformed: "malformed signature",
	Incomplete: "incomplete signature", NoDate: "no valid date", Unsupported: "unsupported signature or payload mode",
	WrongScope: "wrong credential scope", Skewed: "request time too skewed", NotYetValid: "request is not valid yet",
	Expired: "request has expired", BadExpires: "bad expiry", UnsignedHeader: "header not signed",
	Mismatch: "signature does not match", NoPayloadHash: "payload hash missing", BadPayloadHash: "bad payload hash",
	PayloadMismatch: "payload hash does not match", NoLength: "decoded length missing", IncompleteBody: "incomplete body",
	ChunkMismatch: "chunk signature does not match", MalformedTrailer: "malformed trailer",
	BadDigest: "checksum does not match", InvalidDigest: "malformed checksum", ManyChecksums: "more than one checksum",
	NoChecksum: "checksum missing",
}

// String returns a short description of the reason, for logs.
func (r Reason) String() string {
	if int(r) < len(reasonText) && reasonText[r] != "" {
		return reasonText[r]
	}
	return "unknown reason"
}

// names holds "signature_" and the text of each Reason, with underscores for blanks.
var names = func() (list [len(reasonText)]string) {
	for reason := range list {
		list[reason] = "signature_" + strings.ReplaceAll(Reason(reason).String(), " ", "_")
	}
	return list
}()

// Name returns a short, stable name of the reason for metrics and logs, such as "signature_malformed_signature".
func (r Reason) Name() string {
	if int(r) < len(names) {
		return names[r]
	}
	return names[0]
}

// Error is a refusal. Its texts and facts hold no secret and no signature and may be shown to the client.
type Error struct {
	Reason    Reason // which check failed
	Presigned bool   // whether the signature is in the query: S3 names some conditions differently there
	Detail    string // which part is wrong, in S3's words where it has some; may be empty

	Credential bool // whether the Credential part is wrong; S3 says so before the detail if the signature is in the query
	Facts      Facts
}

// Facts are the values that a refusal compared. Only those that belong to the Reason are set.
type Facts struct {
	// Region and Service are what the scope should name, where it names another (WrongScope).
	Region, Service string
	// Named is the wrong region that the scope names, if it is short and has only usual characters (WrongScope).
	Named string
	// SignedAt is the signing time, Now the verifier's time (Skewed, NotYetValid, Expired).
	SignedAt, Now time.Time
	// Allowed is the largest difference between the two (Skewed), or how long the request is valid (NotYetValid, Expired).
	Allowed time.Duration
	// Unsigned lists the headers that must be signed and are not, in lower case with ", " between (UnsignedHeader).
	Unsigned string
	// Absent is a signed header that did not arrive (Mismatch, Incomplete), in lower case.
	Absent string
	// Chunks reports that the framing of a body in chunks is broken, or its end missing (IncompleteBody).
	Chunks bool
	// ClaimedHash is the body's hash as signed, ComputedHash that of the body that arrived (PayloadMismatch). Both are in
	// hexadecimal. ClaimedHash of a BadPayloadHash is the text that is none.
	ClaimedHash, ComputedHash string
}

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
