package s3op

import (
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
)

// forwarded are the headers that are forwarded to the store, with the operations that have them; 0 means all. Every
// other header is removed, because a store may know headers that this package does not, and they would be signed with
// the store's key.
var forwarded = func() map[string]Flag {
	m := make(map[string]Flag, 96)
	add := func(flag Flag, names ...string) {
		for _, name := range names {
			m[http.CanonicalHeaderKey(name)] |= flag
		}
	}
	add(0, "Accept", "Accept-Encoding", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language",
		"Content-Length", "Content-MD5", "Content-Type", "Date", "Expect", "Expires", "Origin", "User-Agent", "Traceparent", "Tracestate")
	// A precondition of another operation would tell whether an object is what the caller may not read.
	add(Reads, "If-Modified-Since", "If-Range", "Range")
	add(Reads|Deletes, "If-Unmodified-Since") // Ceph compares it before it deletes
	add(Reads|Writes, "If-None-Match")
	add(Reads|Writes|Deletes, "If-Match")
	add(Deletes, "X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size")
	// reverse_proxy removes these three itself unless they come from a trusted proxy.
	add(0, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")
	// The client's signature, which is removed.
	add(0, "Authorization", "X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Decoded-Content-Length", "X-Amz-Security-Token",
		"X-Amz-Trailer", "X-Amz-User-Agent")
	add(0, "X-Amz-Checksum-Algorithm", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc64nvme",
		"X-Amz-Checksum-Md5", "X-Amz-Checksum-Mode", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256",
		"X-Amz-Checksum-Sha512", "X-Amz-Checksum-Type", "X-Amz-Sdk-Checksum-Algorithm")
	add(0, "X-Amz-Confirm-Remove-Self-Bucket-Access", "X-Amz-Expected-Bucket-Owner", "X-Amz-Max-Parts", "X-Amz-Mfa", "X-Amz-Object-Attributes", "X-Amz-Bucket-Object-Lock-Token",
		"X-Amz-Optional-Object-Attributes", "X-Amz-Part-Number-Marker", "X-Amz-Request-Payer",
		"X-Amz-Skip-Destination-Validation", "X-Amz-Transition-Default-Minimum-Object-Size",
		"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Server-Side-Encryption-Customer-Key",
		"X-Amz-Server-Side-Encryption-Customer-Key-Md5")
	add(Writes, "X-Amz-Mp-Object-Size", "X-Amz-Object-Lock-Legal-Hold", "X-Amz-Object-Lock-Mode",
		"X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Server-Side-Encryption",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
		"X-Amz-Server-Side-Encryption-Context", "X-Amz-Storage-Class", "X-Amz-Tagging", "X-Amz-Website-Redirect-Location")
	add(Writes|Creates|Grants, "X-Amz-Acl", "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp",
		"X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp")
	add(Creates, "X-Amz-Bucket-Object-Lock-Enabled", "X-Amz-Object-Ownership")
	add(Bypasses, "X-Amz-Bypass-Governance-Retention")
	add(Copies, "X-Amz-Copy-Source", "X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-Modified-Since",
		"X-Amz-Copy-Source-If-None-Match", "X-Amz-Copy-Source-If-Unmodified-Since", "X-Amz-Copy-Source-Range",
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Algorithm",
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key-Md5", "X-Amz-Metadata-Directive",
		"X-Amz-Source-Expected-Bucket-Owner", "X-Amz-Tagging-Directive")
	return m
}()

// metadataPrefix begins the headers of an object's own metadata.
const metadataPrefix = "X-Amz-Meta-"

// commands are headers that look like metadata and make a store do more than store it: MinIO unpacks the uploaded archive
// into objects.
var commands = headers.NewSet("X-Amz-Meta-Snowball-*", "X-Amz-Meta-Minio-*")

// IsMetadata reports whether a header is an object's own metadata.
func IsMetadata(name string) bool { return strings.HasPrefix(name, metadataPrefix) }

// Knows reports whether a header that begins with X-Amz- is one of S3, or metadata without a meaning.
func Knows(name string) bool {
	if IsMetadata(name) {
		return !commands.Contains(name[:min(len(name), headers.MaxName)])
	}
	_, known := forwarded[name]
	return known || name == "X-Amz-Te" // a client that may get a checksum after the object, which stores need not send: AWS SDK for Java v2
}

// Forwards reports whether a header goes to the store with the operation.
func (op *Op) Forwards(name string) bool {
	if IsMetadata(name) {
		return op.Has(Writes)
	}
	flags, known := forwarded[name]
	return known && (flags == 0 || op.Has(flags))
}
