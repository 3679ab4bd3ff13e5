package decisionlog

import "strings"

// s3Resource begins the ARNs of buckets and objects.
const s3Resource = "arn:aws:s3:::"

// resource returns the resource of the target. Earlier releases wrote "*" for the list of buckets.
func (t *Target) resource() string {
	if t.Resource == "*" && t.Action == "s3:ListAllMyBuckets" {
		return s3Resource + "*"
	}
	return t.Resource
}

// path returns http:path of the request. Earlier releases wrote the path of a bucket of S3 as the client did, perhaps without the slash
// at its end.
func (r *Record) path() string {
	for i := range r.Targets {
		t := &r.Targets[i]
		object, ok := strings.CutPrefix(t.Resource, s3Resource)
		bucket, _, isObject := strings.Cut(object, "/")
		if ok && (!isObject || r.deletes(t)) && strings.HasSuffix(r.Path, "/"+bucket) {
			return r.Path + "/"
		}
	}
	return r.Path
}

// place returns http:method and http:path of a target that is not what the request's own say, where a record of an earlier release does
// not have them: the source of a copy, a key of DeleteObjects, and an object that another method than GET reads. The method is "" for
// other targets, the path if it cannot be derived.
func (r *Record) place(t *Target) (method, path string) {
	object, ok := strings.CutPrefix(t.Resource, s3Resource)
	bucket, _, isObject := strings.Cut(object, "/")
	switch {
	case !ok || !isObject || t.Elsewhere:
		return "", ""
	case strings.HasPrefix(t.Action, "s3:GetObject") && r.Method != "GET" && r.Method != "HEAD":
		method = "GET"
	case r.deletes(t):
		method = "DELETE"
	default:
		return "", ""
	}
	// The request's path ends in the object, in the bucket, or in the object that a copy writes.
	first := strings.TrimPrefix(r.Targets[0].Resource, s3Resource)
	for _, end := range []string{object, first, bucket, bucket + "/"} {
		if prefix, ok := strings.CutSuffix(r.Path, "/"+end); ok {
			return method, prefix + "/" + object
		}
	}
	return method, ""
}

// deletes reports whether the target is a key of DeleteObjects.
func (r *Record) deletes(t *Target) bool {
	return r.Method == "POST" && (strings.HasPrefix(t.Action, "s3:DeleteObject") || t.Action == "s3:BypassGovernanceRetention")
}

// parameters returns the values of the condition keys that rules on routes for S3 test, for records of earlier releases, in which they
// are missing: the parameter is there if the first action is that of its operation.
func (r *Record) parameters() map[string][]string {
	first := &r.Targets[0]
	if !strings.HasPrefix(first.Resource, s3Resource) {
		return nil
	}
	found := map[string][]string{}
	for key, end := range map[string]string{"http:query/acl": "Acl", "http:query/tagging": "Tagging", "http:query/legal-hold": "LegalHold"} {
		found[key] = nil
		if strings.HasSuffix(first.Action, end) {
			found[key] = []string{""}
		}
	}
	return found
}
