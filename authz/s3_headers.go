package authz

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/s3sum"
)

// s3Headers are the headers that are forwarded to the store, with the operations that have them; 0 means all. Every
// other header is removed, because a store may know headers that this package does not, and they would be signed with
// the store's key.
var s3Headers = func() map[string]s3Flag {
	m := make(map[string]s3Flag, 96)
	add := func(flag s3Flag, names ...string) {
		for _, name := range names {
			m[http.CanonicalHeaderKey(name)] |= flag
		}
	}
	add(0, "Accept", "Accept-Encoding", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language",
		"Content-Length", "Content-MD5", "Content-Type", "Date", "Expect", "Expires", "If-Match", "If-Modified-Since",
		"If-None-Match", "If-Range", "If-Unmodified-Since", "Origin", "Range", "User-Agent", "Traceparent", "Tracestate")
	// reverse_proxy removes these three itself unless they come from a trusted proxy.
	add(0, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")
	// The client's signature, which is removed.
	add(0, "Authorization", "X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Decoded-Content-Length", "X-Amz-Security-Token",
		"X-Amz-Trailer", "X-Amz-User-Agent")
	add(0, "X-Amz-Checksum-Algorithm", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc64nvme",
		"X-Amz-Checksum-Md5", "X-Amz-Checksum-Mode", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256",
		"X-Amz-Checksum-Sha512", "X-Amz-Checksum-Type", "X-Amz-Sdk-Checksum-Algorithm")
	add(0, "X-Amz-Confirm-Remove-Self-Bucket-Access", "X-Amz-Expected-Bucket-Owner", "X-Amz-If-Match-Last-Modified-Time",
		"X-Amz-If-Match-Size", "X-Amz-Max-Parts", "X-Amz-Mfa", "X-Amz-Object-Attributes", "X-Amz-Bucket-Object-Lock-Token",
		"X-Amz-Optional-Object-Attributes", "X-Amz-Part-Number-Marker", "X-Amz-Request-Payer",
		"X-Amz-Skip-Destination-Validation", "X-Amz-Transition-Default-Minimum-Object-Size",
		"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Server-Side-Encryption-Customer-Key",
		"X-Amz-Server-Side-Encryption-Customer-Key-Md5")
	add(s3Writes, "X-Amz-Mp-Object-Size", "X-Amz-Object-Lock-Legal-Hold", "X-Amz-Object-Lock-Mode",
		"X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Server-Side-Encryption",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
		"X-Amz-Server-Side-Encryption-Context", "X-Amz-Storage-Class", "X-Amz-Tagging", "X-Amz-Website-Redirect-Location")
	add(s3Writes|s3Creates|s3Grants, "X-Amz-Acl", "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp",
		"X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp")
	add(s3Creates, "X-Amz-Bucket-Object-Lock-Enabled", "X-Amz-Object-Ownership")
	add(s3Bypasses, "X-Amz-Bypass-Governance-Retention")
	add(s3Copies, "X-Amz-Copy-Source", "X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-Modified-Since",
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

// forwards reports whether a header goes to the store with the operation.
func (op *s3Op) forwards(name string) bool {
	if strings.HasPrefix(name, metadataPrefix) {
		return op.flags&s3Writes != 0
	}
	flags, known := s3Headers[name]
	return known && (flags == 0 || flags&op.flags != 0)
}

// takeQueryHeaders moves the x-amz-* parameters of a presigned request to its headers. S3 treats them as headers, and
// current SDKs put all of them into the query. The signature covers both.
func (c *call) takeQueryHeaders() *Refusal {
	if c.credential.scheme != schemePresigned || c.verified == nil {
		return nil
	}
	kept, nothing := c.s3.params[:0], false
	for _, p := range c.s3.params {
		if len(p.Name) < len("x-amz-") || !strings.EqualFold(p.Name[:len("x-amz-")], "x-amz-") || presignParam(p.Name) {
			kept = append(kept, p)
			continue
		}
		if c.e.o.Outdated != nil && c.asSent == nil {
			c.asSent = maps.Clone(c.r.Header)
		}
		name := http.CanonicalHeaderKey(p.Name)
		lines := c.r.Header[name]
		p.Value = strings.Trim(p.Value, " \t") // a header loses them on the wire
		switch {
		case name == "X-Amz-Algorithm", name == "X-Amz-Credential", name == "X-Amz-Date", name == "X-Amz-Expires",
			name == "X-Amz-Signedheaders", name == "X-Amz-Signature", name == "X-Amz-Security-Token",
			name == "X-Amz-Content-Sha256", name == "X-Amz-Decoded-Content-Length", name == "X-Amz-Trailer":
			return refuse(UnknownRequest) // another spelling of a part of the signature, or of the body's coding
		case !headers.IsToken(p.Name), !headers.ValidValue(p.Value), len(lines) > 1, len(lines) == 1 && lines[0] != p.Value:
			return badHeader(name)
		case c.checksumOfNothing(name, p.Value):
			nothing = true
			continue
		}
		c.r.Header[name] = []string{p.Value}
	}
	if nothing {
		delete(c.r.Header, "X-Amz-Sdk-Checksum-Algorithm") // which announces the checksum
	}
	c.s3.params = kept
	return nil
}

// checksumOfNothing reports whether the parameter is the checksum of an empty body and the request has another body. The
// SDK for JavaScript presigns that value before it has the body, and S3 ignores it.
func (c *call) checksumOfNothing(name, value string) bool {
	return c.r.ContentLength != 0 && s3sum.OfNothing(name, value)
}

// checkHeaders refuses x-amz-* headers that are unknown or repeated, because a client that sends one expects the store
// to act on it. It ignores X-Amz-Cf-Id, which CloudFront adds.
func (c *call) checkHeaders() *Refusal {
	if c.verified == nil && strings.HasPrefix(c.header("X-Amz-Content-Sha256"), "STREAMING-") {
		return badHeader("X-Amz-Content-Sha256") // chunks are decoded with the signature
	}
	for name, lines := range c.r.Header {
		if !strings.HasPrefix(name, "X-Amz-") || name == "X-Amz-Cf-Id" {
			continue
		}
		if strings.HasPrefix(name, metadataPrefix) {
			if commands.Contains(name[:min(len(name), headers.MaxName)]) {
				return refuse(UnknownRequest)
			}
			continue
		}
		if _, known := s3Headers[name]; !known {
			return refuse(UnknownRequest)
		}
		if len(lines) > 1 && !slices.Contains(listHeaderNames, name) {
			return badHeader(name)
		}
	}
	return nil
}

// listHeaderNames are the x-amz-* headers whose value is a list. They may be repeated.
var listHeaderNames = []string{"X-Amz-Object-Attributes", "X-Amz-Optional-Object-Attributes", "X-Amz-User-Agent"}
