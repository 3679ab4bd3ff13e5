package s3op

import (
	"crypto/tls"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/urlquery"
)

// enum are the values of a header. Stores compare them with or without case, and take others for the default or for one of
// them, so that a value which is none of these could mean another than the one that was decided on.
type enum struct {
	values  []string
	message string // of S3, for another value
}

var enums = map[string]enum{
	"X-Amz-Metadata-Directive":     {[]string{"COPY", "REPLACE"}, "Unknown metadata directive."},
	"X-Amz-Tagging-Directive":      {[]string{"COPY", "REPLACE"}, "Unknown tagging directive."},
	"X-Amz-Object-Lock-Mode":       {[]string{"GOVERNANCE", "COMPLIANCE"}, "Unknown wormMode directive."},
	"X-Amz-Object-Lock-Legal-Hold": {[]string{"ON", "OFF"}, "Legal Hold must be either of 'ON' or 'OFF'"},
	"X-Amz-Object-Ownership":       {[]string{"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"}, "Invalid x-amz-object-ownership header"},
	"X-Amz-Server-Side-Encryption": {[]string{"AES256", "aws:kms", "aws:kms:dsse", "aws:fsx"}, "The encryption method specified is not supported"},
	"X-Amz-Acl": {[]string{"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
		"bucket-owner-full-control", "log-delivery-write"}, "The canned ACL is not one of S3"},
}

// switches are the headers that turn something on. Clients write true and false in any case.
var switches = []string{"X-Amz-Bypass-Governance-Retention", "X-Amz-Bucket-Object-Lock-Enabled"}

// HeaderValue returns the value of a header as the store gets it, or why S3 refuses it. An empty value means no header.
func HeaderValue(name, value string) (written, flaw string) {
	switch {
	case value == "":
		return "", ""
	case slices.Contains(switches, name):
		switch strings.ToLower(value) {
		case "true":
			return "true", ""
		case "false":
			return "", ""
		}
		return "", "The value must be true or false"
	case name == "X-Amz-Object-Lock-Retain-Until-Date" && !IsTime(value):
		return "", "The retain until date must be provided in ISO 8601 format"
	}
	if known, ok := enums[name]; ok && !slices.Contains(known.values, value) {
		return "", known.message
	}
	return value, ""
}

// IsTime reports whether value is a time as in headers and documents of S3.
func IsTime(value string) bool {
	_, err := time.Parse(time.RFC3339, value)
	return err == nil
}

// number reads a number of digits only, of which there may be leading zeros.
func number(value string, least, most int) (string, bool) {
	if value == "" || len(value) > 10 || strings.Trim(value, "0123456789") != "" {
		return "", false
	}
	n, err := strconv.Atoi(value)
	return strconv.Itoa(n), err == nil && n >= least && n <= most
}

// Param returns the value of a parameter as the store gets it, or why S3 refuses it and what S3 calls the argument. A store that takes a
// value for none would do another operation: an upload id without a value is none to some, and so is a part number that is no number.
func (op *Op) Param(name, value string) (written, argument, flaw string) {
	var ok bool
	switch name {
	case "partNumber":
		if value, ok = number(value, 1, 10_000); !ok {
			return "", name, "Part number must be an integer between 1 and 10000, inclusive"
		}
	case "max-keys":
		if written, ok = number(value, 0, 1<<31-1); !ok {
			argument, flaw = op.maxKeysFlaw(value)
			return "", argument, flaw
		}
		value = written
	case "uploadId":
		if !IsID(value) {
			return "", name, "The upload ID is not valid"
		}
	case "versionId":
		if !IsID(value) {
			return "", name, "Invalid version id specified"
		}
	}
	return value, "", ""
}

// maxKeysFlaw returns why S3 refuses max-keys.
func (op *Op) maxKeysFlaw(value string) (argument, flaw string) {
	n, err := strconv.ParseInt(value, 10, 32)
	switch {
	case err != nil || n >= 0:
		return "max-keys", "Provided max-keys not an integer or within integer range"
	case slices.Contains(op.Actions, "s3:ListBucketVersions"):
		return "max-keys", "max-keys cannot be negative"
	}
	return "maxKeys", "Argument maxKeys must be an integer between 0 and 2147483647"
}

// IsID reports whether value can be the id of an upload or a version. Stores on a file system make names of files of it.
func IsID(value string) bool {
	if value == "" || len(value) > s3key.MaxBytes || (&s3key.Store{ExactKeys: true}).Check(value) != nil {
		return false
	}
	for _, c := range []byte(value) {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// overrides are the parameters that choose headers of a response.
var overrides = []string{"response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
	"response-content-type", "response-expires"}

// IsOverride reports whether the parameter chooses a header of the response.
func IsOverride(name string) bool { return slices.Contains(overrides, name) }

// logParams begins the parameters that S3 only writes to its logs. SDKs name the operation in x-id.
const logParams = "x-"

// presignedHeaders are standard headers that signers put into the query of a presigned request, in lower case.
var presignedHeaders = []string{"cache-control", "content-disposition", "content-encoding", "content-language", "content-length", "content-md5",
	"content-type", "expires"}

// IsIgnored reports whether S3 ignores the parameter: one for its logs, or, in a presigned request, one that has the name of a
// standard header. Those that begin with x-amz- are not ignored.
func IsIgnored(name string, presigned bool) bool {
	name = strings.ToLower(name)
	if len(name) > len(logParams) && strings.HasPrefix(name, logParams) {
		return !strings.HasPrefix(name, "x-amz-")
	}
	return presigned && slices.Contains(presignedHeaders, name)
}

// IsCondition reports whether a header, in lower case, makes an operation depend on the state of an object, or limits a copy.
func IsCondition(name string) bool {
	switch name {
	case "if-match", "if-none-match", "if-unmodified-since":
		return true
	}
	return strings.HasPrefix(name, "x-amz-copy-source-") || strings.HasPrefix(name, "x-amz-if-match-")
}

// NoSource is S3's message for a copy source that is not bucket and key.
const NoSource = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"

// CopySource reads "[/]bucket/key[?versionId=id]", encoded as in a form: clients encode all of it, with a plus for a space. A question
// mark in a key is encoded, so the first raw one ends the key. flaw is S3's message for another source, or "".
func CopySource(source string, in *s3key.Store) (object, version, flaw string) {
	path, query, _ := strings.Cut(source, "?")
	if rest, found := strings.CutPrefix(path, "/"); found {
		path = rest
	} else if len(path) > len("%2F") && strings.EqualFold(path[:len("%2F")], "%2F") {
		path = path[len("%2F"):]
	}
	if len(source) > 4*s3key.MaxBytes || strings.HasPrefix(path, "arn:") {
		return "", "", NoSource
	}
	object, err := in.Decode("", strings.ReplaceAll(path, "+", "%20"))
	_, key, _ := strings.Cut(object, "/")
	switch {
	case errors.Is(err, s3key.ErrEncoding):
		return "", "", "Invalid copy source encoding"
	case errors.Is(err, s3key.ErrBucket), errors.Is(err, s3key.ErrAPI):
		return "", "", "Invalid copy source bucket name"
	case err != nil || key == "" || s3key.HoldsVersion(object):
		return "", "", NoSource
	case query == "":
		return object, "", ""
	}
	p, rest, ok, err := urlquery.Next(query)
	if err != nil || !ok || rest != "" || p.Name != "versionId" || !IsID(p.Value) {
		return "", "", NoSource
	}
	return object, p.Value, ""
}

// TLSVersion is the value of s3:TlsVersion; "" for none.
func TLSVersion(version uint16) string {
	switch version {
	case tls.VersionTLS10:
		return "1.0"
	case tls.VersionTLS11:
		return "1.1"
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return ""
}
