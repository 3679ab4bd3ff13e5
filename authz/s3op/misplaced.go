package s3op

import (
	"net/http"
	"slices"
	"strings"
)

// Allowed returns the methods other than that of the request that are served for what it is about, as in the header Allow.
func Allowed(request Key) string {
	var methods []string
	All(func(key Key, _ *Op) {
		if key.Level == request.Level && key.Selector == request.Selector && key.Method != request.Method {
			methods = append(methods, key.Method)
		}
	})
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// ResourceType is what S3 calls the thing that has not the method.
func ResourceType(level Level, selector string) string {
	switch {
	case selector == "uploadId":
		return "UPLOAD"
	case selector == "policy":
		return "BUCKETPOLICY"
	case level == Service:
		return "SERVICE"
	case level == Bucket:
		return "BUCKET"
	}
	return "OBJECT"
}

// Misplaced returns S3's message for a selector at a level, or with a method, at which S3 has it not; "" if S3 has no message of its own.
func Misplaced(key Key) string {
	switch at := selectors[key.Selector]; {
	case key.Level == Object && at == Bucket && key.Selector != "session":
		return "There is no such thing as the ?" + key.Selector + " sub-resource for a key"
	case key.Level == Object && key.Selector == "uploads" && key.Method == http.MethodGet:
		return "Key is not expected for the GET method ?uploads subresource"
	}
	return ""
}

// RuleActions are the actions that a rule on a path allows: those on objects and buckets as such. Reading an object's tags is reading the object: clients do it
// before they copy. GetBucketLocation is among them because clients ask for the location before anything else.
var RuleActions = []string{"s3:AbortMultipartUpload", "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion",
	"s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:GetObjectVersion",
	"s3:GetObjectVersionAttributes", "s3:GetObjectVersionTagging",
	"s3:ListAllMyBuckets", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions", "s3:ListMultipartUploadParts",
	"s3:PutObject"}

// IsPresign reports whether name is a parameter of a presigned request. Its spelling is signed.
func IsPresign(name string) bool {
	switch name {
	case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
		"X-Amz-Security-Token", "X-Amz-Content-Sha256":
		return true
	}
	return false
}
