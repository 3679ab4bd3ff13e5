package refusal

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

const (
	s3Mismatch        = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
	s3MalformedHeader = "AuthorizationHeaderMalformed"
	s3MalformedQuery  = "AuthorizationQueryParametersError"
)

// s3SignatureErrors has a row for each sigv4.Reason. A row without a message tells the error's detail.
var s3SignatureErrors = [...]s3Error{
	sigv4.Missing:          {403, "AccessDenied", s3Denied},
	sigv4.BothMechanisms:   {400, "InvalidArgument", "Only one auth mechanism allowed"},
	sigv4.Malformed:        {400, s3MalformedHeader, ""},
	sigv4.Incomplete:       {400, s3MalformedHeader, ""},
	sigv4.NoDate:           {403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"},
	sigv4.Unsupported:      {400, "InvalidRequest", ""},
	sigv4.WrongScope:       {400, s3MalformedHeader, ""},
	sigv4.Skewed:           {403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."},
	sigv4.NotYetValid:      {403, "AccessDenied", "Request is not yet valid"},
	sigv4.Expired:          {403, "AccessDenied", "Request has expired"},
	sigv4.BadExpires:       {400, s3MalformedQuery, ""},
	sigv4.UnsignedHeader:   {403, "AccessDenied", "There were headers present in the request which were not signed"},
	sigv4.Mismatch:         {403, "SignatureDoesNotMatch", s3Mismatch},
	sigv4.NoPayloadHash:    {400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"},
	sigv4.BadPayloadHash:   {400, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."},
	sigv4.PayloadMismatch:  {400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."},
	sigv4.NoLength:         {http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header."},
	sigv4.IncompleteBody:   {400, "IncompleteBody", s3ShortBody},
	sigv4.ChunkMismatch:    {403, "SignatureDoesNotMatch", s3Mismatch},
	sigv4.MalformedTrailer: {400, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema."},
	sigv4.BadDigest:        {400, "BadDigest", "The checksum you specified did not match what we received."},
	sigv4.InvalidDigest:    {400, "InvalidDigest", "The Content-MD5 you specified was invalid."},
	sigv4.ManyChecksums:    {400, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."},
	sigv4.NoChecksum:       {400, "InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."},
}

// s3SignatureError returns S3's error for a refused signature. Code and message depend on where the signature was.
func s3SignatureError(refused *sigv4.Error) s3Error {
	e := s3SignatureErrors[refused.Reason]
	if refused.Reason == sigv4.BadDigest || refused.Reason == sigv4.InvalidDigest {
		return s3ChecksumError(e, refused.Detail)
	}
	if refused.Presigned && e.code == s3MalformedHeader {
		e.code = s3MalformedQuery
	}
	switch {
	case refused.Facts.Chunks:
		e.message = "The request body terminated unexpectedly"
	case refused.Reason == sigv4.Mismatch && strings.ContainsAny(refused.Facts.Absent, "_."):
		e.message += " The signed header " + refused.Facts.Absent + " did not arrive: servers and proxies drop names with underscores or dots unless they are told to expect them."
	case e.message != "":
	case e.code == s3MalformedHeader:
		e.message = "The authorization header is malformed; " + refused.Detail
	case refused.Presigned && refused.Credential:
		e.message = "Error parsing the X-Amz-Credential parameter; " + refused.Detail
	case refused.Detail != "":
		e.message = strings.ToUpper(refused.Detail[:1]) + refused.Detail[1:]
	}
	return e
}

// s3ChecksumError returns S3's error for the checksum in a header or trailer, whose name is in lower case. S3 has words of its own
// for Content-MD5, which is older.
func s3ChecksumError(e s3Error, name string) s3Error {
	algorithm, newer := strings.CutPrefix(name, "x-amz-checksum-")
	switch {
	case e.code == "InvalidDigest" && (newer || name == "x-amz-sdk-checksum-algorithm"):
		e.code, e.message = "InvalidRequest", "Value for "+name+" header is invalid."
	case newer:
		e.message = "The " + strings.ToUpper(algorithm) + " you specified did not match the calculated checksum."
	case e.code == "BadDigest" && name == "content-md5":
		e.message = "The Content-MD5 you specified did not match what we received."
	}
	return e
}

// s3SignatureFacts returns the elements next to Code and Message, in S3's order. SDKs read Region and sign again.
func s3SignatureFacts(refused *sigv4.Error) []s3Fact {
	facts := refused.Facts
	switch refused.Reason {
	case sigv4.WrongScope:
		if facts.Region != "" {
			return []s3Fact{fact("Region", facts.Region)}
		}
	case sigv4.Skewed:
		return []s3Fact{fact("RequestTime", facts.SignedAt.UTC().Format("20060102T150405Z")), fact("ServerTime", isoTime(facts.Now)),
			fact("MaxAllowedSkewMilliseconds", strconv.FormatInt(facts.Allowed.Milliseconds(), 10))}
	case sigv4.NotYetValid:
		return []s3Fact{fact("X-Amz-Date", strconv.FormatInt(facts.SignedAt.UnixMilli(), 10)), fact("Expires", isoTime(facts.SignedAt.Add(facts.Allowed))), fact("ServerTime", isoTime(facts.Now))}
	case sigv4.Expired:
		return []s3Fact{fact("X-Amz-Expires", strconv.Itoa(int(facts.Allowed/time.Second))), fact("Expires", isoTime(facts.SignedAt.Add(facts.Allowed))), fact("ServerTime", isoTime(facts.Now))}
	case sigv4.UnsignedHeader:
		return []s3Fact{fact("HeadersNotSigned", facts.Unsigned)}
	case sigv4.BadPayloadHash:
		facts := []s3Fact{fact("ArgumentName", "x-amz-content-sha256")}
		if refused.Facts.ClaimedHash != "" {
			facts = append(facts, fact("ArgumentValue", refused.Facts.ClaimedHash))
		}
		return facts
	case sigv4.PayloadMismatch:
		return []s3Fact{fact("ClientComputedContentSHA256", facts.ClaimedHash), fact("S3ComputedContentSHA256", facts.ComputedHash)}
	default:
	}
	return nil
}

func isoTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
