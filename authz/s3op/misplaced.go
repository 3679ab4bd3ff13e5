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
