package authz

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
)

// S3 User Guide, "Controlling access to a bucket with user policies": its statement for the list of buckets has this resource.
func TestAPolicyForAllBucketsCoversTheirList(t *testing.T) {
	statement := func(effect, resource string) policy.Source {
		return policy.Source{Name: effect, Document: must(policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "`+effect+`",
			"Action": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "Resource": "`+resource+`"}]}`), policy.Identity))}
	}
	everything := statement("Allow", "*")
	record := &decisionlog.Record{Method: "GET", Path: "/", Targets: []decisionlog.Target{{Action: "s3:ListAllMyBuckets", Resource: "*"}},
		Principal: decisionlog.Principal{Kind: "anonymous"}} // of an earlier release
	for _, tc := range []struct {
		policies []policy.Source
		allowed  bool
	}{
		{[]policy.Source{statement("Allow", "arn:aws:s3:::*")}, true},
		{[]policy.Source{everything}, true},
		{[]policy.Source{statement("Allow", "arn:aws:s3:::photos")}, false},
		{[]policy.Source{statement("Allow", "arn:aws:s3:::p*")}, false},
		{[]policy.Source{statement("Allow", "arn:aws:s3:::*/*")}, false},
		{[]policy.Source{everything, statement("Deny", "arn:aws:s3:::*")}, false},
		{[]policy.Source{everything, statement("Deny", "*")}, false},
		{[]policy.Source{everything, statement("Deny", "arn:aws:s3:::photos")}, true},
	} {
		e := storeGate(t, "", func(o *Options) { o.Policies = tc.policies })
		text := string(must(json.Marshal(tc.policies)))
		if got := e.Authorize(t.Context(), asks("GET /")); (got.Outcome == Allowed) != tc.allowed || got.Resource != "arn:aws:s3:::*" {
			t.Errorf("%s: %s on %s", text, got.Outcome, got.Resource)
		}
		if got := e.Replay(record); got.Allowed != tc.allowed {
			t.Errorf("%s: replayed, %+v", text, got)
		}
	}
}

// What S3 answers is in public reports about stores that answered something else: versity/versitygw 1215, 1644, 1733, 1736 and 1809, brekkylab/backlot 192.
func TestARefusedValueIsNamedAsAtS3(t *testing.T) {
	const tagging = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."
	const location = "<CreateBucketConfiguration><LocationConstraint>%</LocationConstraint></CreateBucketConfiguration>"
	for _, tc := range []struct {
		line                   string
		header                 http.Header
		body                   string
		subject, value, detail string
	}{
		{"GET /b-1?max-keys=-1", nil, "", "maxKeys", "-1", "Argument maxKeys must be an integer between 0 and 2147483647"},
		{"GET /b-1?list-type=2&max-keys=-3", nil, "", "maxKeys", "-3", "Argument maxKeys must be an integer between 0 and 2147483647"},
		{"GET /b-1?versions&max-keys=-1", nil, "", "max-keys", "-1", "max-keys cannot be negative"},
		{"GET /b-1?max-keys=x", nil, "", "max-keys", "x", "Provided max-keys not an integer or within integer range"},
		{"GET /b-1?versions&max-keys=-2147483649", nil, "", "max-keys", "-2147483649", "Provided max-keys not an integer or within integer range"},
		{"PUT /b-1/k?uploadId=u&partNumber=0", nil, "", "partNumber", "0", "Part number must be an integer between 1 and 10000, inclusive"},
		{"PUT /b-1/k", h("X-Amz-Object-Lock-Mode", "abc"), "", "x-amz-object-lock-mode", "abc", "Unknown wormMode directive."},
		{"PUT /b-1/k", h("X-Amz-Tagging", "a=&a="), "", "x-amz-tagging", "a=&a=", tagging},
		{"PUT /b-1/k", h("X-Amz-Tagging", "="), "", "x-amz-tagging", "=", tagging},
		{"PUT /b-1/k", h("X-Amz-Tagging", "a=%"), "", "x-amz-tagging", "a=%", tagging},
		{"POST /b-1/k?uploads", h("X-Amz-Tagging", "a=1&b=2&a=3"), "", "x-amz-tagging", "a=1&b=2&a=3", tagging},
		{"PUT /b-1", nil, strings.Replace(location, "%", "", 1), "LocationConstraint", "", "The specified location-constraint is not valid"},
		{"PUT /b-1", nil, strings.Replace(location, "%", " \n", 1), "LocationConstraint", "", "The specified location-constraint is not valid"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		want := Refusal{Reason: InvalidValue, Subject: tc.subject, Value: tc.value, Detail: tc.detail}
		if c, refusal := mapS3(plainS3, method, "s3.example", target, tc.header, tc.body); refusal == nil || *refusal != want {
			t.Errorf("%s %v: %s, %+v", tc.line, tc.header, c.needs(), refusal)
		}
	}
	for document, want := range map[string]Refusal{
		"<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag>": {Reason: InvalidTags, Subject: "a", Detail: "Cannot provide multiple Tags with the same key"},
		"<Tag><Key/><Value>1</Value></Tag>":                                              {Reason: InvalidTags, Detail: "The TagKey you have provided is invalid"},
	} {
		if _, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k?tagging", nil, "<Tagging><TagSet>"+document+"</TagSet></Tagging>"); refusal == nil || *refusal != want {
			t.Errorf("%s: %+v", document, refusal)
		}
	}
	for value, reason := range map[string]Reason{"": 0, "&": 0, "a": 0, "a&b&": 0, strings.Repeat("a", 200): 0, "0&1&2&3&4&5&6&7&8&9": 0, "0&1&2&3&4&5&6&7&8&9&a": TooManyTags} {
		if _, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k", h("X-Amz-Tagging", value), ""); (refusal != nil) != (reason != 0) || refusal != nil && refusal.Reason != reason {
			t.Errorf("%q: %+v", value, refusal)
		}
	}
}

// S3 refuses a checksum without a value, and ignores one in the query. Where it is not of the body, stores get none.
func TestAChecksumWithoutAValueIsNotDropped(t *testing.T) {
	for _, tc := range []struct {
		line   string
		header http.Header
		kept   bool
	}{
		{"PUT /b-1/k", http.Header{}, true},
		{"PUT /b-1/k?partNumber=1&uploadId=u", http.Header{}, true},
		{"PUT /b-1?policy", http.Header{}, true},
		{"PUT /b-1/k", h("X-Amz-Copy-Source", "b-1/s"), false},
		{"POST /b-1/k?uploads", http.Header{}, false},
		{"POST /b-1/k?uploadId=u", http.Header{}, false},
		{"GET /b-1/k", http.Header{}, false},
		{"DELETE /b-1/k", http.Header{}, false},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		tc.header["X-Amz-Checksum-Crc32"], tc.header["X-Amz-Checksum-Algorithm"] = []string{""}, []string{""}
		c, refusal := mapS3(plainS3, method, "s3.example", target, tc.header, "")
		if refusal != nil || c.has("X-Amz-Checksum-Crc32") != tc.kept || c.has("X-Amz-Checksum-Algorithm") {
			t.Errorf("%s: %v, %+v", tc.line, c.r.Header, refusal)
		}
	}
	c, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k?X-Amz-Signature=s&x-amz-checksum-crc32=&x-amz-sdk-checksum-algorithm=CRC32", http.Header{}, "body")
	if refusal != nil || c.has("X-Amz-Checksum-Crc32", "X-Amz-Sdk-Checksum-Algorithm") {
		t.Errorf("in the query: %v, %+v", c.r.Header, refusal)
	}
}
