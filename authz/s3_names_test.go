package authz

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/s3key"
)

// acceptedNames sends requests of which each names the object in another way, and returns those that are not refused before a policy
// decides.
func acceptedNames(m *S3Mapping, bucket, key string) (accepted []string) {
	for _, tc := range []struct {
		line   string
		header http.Header
		body   string
	}{
		{"GET /" + bucket + "/" + key, nil, ""},
		{"PUT /" + bucket + "/" + key, nil, ""},
		{"GET /" + bucket + "%2F" + key, nil, ""},
		{"GET /" + bucket + "/" + key + "?tagging", nil, ""},
		{"PUT /b-1/k", h("x-amz-copy-source", bucket+"/"+key), ""},
		{"PUT /b-1/k?partNumber=1&uploadId=u", h("x-amz-copy-source", "%2F"+bucket+"%2F"+key), ""},
		{"POST /" + bucket + "?delete", nil, "<Delete><Object><Key>k</Key></Object><Object><Key>" + key + "</Key></Object></Delete>"},
		{"GET /" + bucket + "?prefix=" + key, nil, ""},
		{"GET /" + bucket + "?marker=" + key, nil, ""},
		{"GET /" + bucket + "?list-type=2&start-after=" + key, nil, ""},
		{"GET /" + bucket + "?versions&key-marker=" + key, nil, ""},
		{"GET /" + bucket + "?uploads&prefix=" + key, nil, ""},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		if c, refusal := mapS3(m, method, "s3.example", target, tc.header, tc.body); refusal == nil {
			accepted = append(accepted, tc.line+": "+c.needs())
		}
	}
	return accepted
}

func TestThreatAnAPIOfTheStoreIsNoBucket(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount}
	for _, path := range []string{"minio/admin/v3/export-iam", "minio/k", "minio/v2/metrics/cluster", "rustfs/admin/v3/list-users", "riak-cs/users", "admin/user", "admin/metadata/user"} {
		bucket, key, _ := strings.Cut(path, "/")
		if accepted := acceptedNames(m, bucket, key); len(accepted) > 0 {
			t.Errorf("%s: %q", path, accepted)
		}
		for _, method := range []string{"GET", "PUT", "DELETE", "HEAD"} {
			if c, refusal := mapS3(m, method, "s3.example", "/"+bucket, nil, ""); refusal == nil || refusal.Reason != InvalidBucket {
				t.Errorf("%s /%s: %s, %+v", method, bucket, c.needs(), refusal)
			}
		}
	}
	for _, target := range []string{"/swift/v1/container/k", "/swift/v1", "/iceberg/v1/config", "/iceberg%2Fv1/config", "/_iceberg/v1/config", "/.minio.sys/config", "/_localstack/health", "/_/backbeat"} {
		if c, refusal := mapS3(m, "GET", "s3.example", target, nil, ""); refusal == nil {
			t.Errorf("%s: %s", target, c.needs())
		}
	}
	for _, target := range []string{"/create-user", "/delete-user", "/update-user", "/list-users", "/list-buckets", "/change-bucket-owner", "/data/create"} { // versitygw
		if c, refusal := mapS3(m, "PATCH", "s3.example", target, nil, ""); refusal == nil {
			t.Errorf("%s: %s", target, c.needs())
		}
	}
	for _, target := range []string{"/iceberg/data/k", "/swift/v2", "/minio-backup/k", "/data/minio/admin/k", "/admins/k"} {
		if _, refusal := mapS3(m, "GET", "s3.example", target, nil, ""); refusal != nil {
			t.Errorf("%s: %+v", target, refusal)
		}
	}
	hosts := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{Endpoints: s3key.Endpoints{Names: []string{"s3.example"}}}}
	for _, host := range []string{"minio.s3.example", "admin.s3.example"} {
		if c, refusal := mapS3(hosts, "GET", host, "/user", nil, ""); refusal == nil || refusal.Reason != InvalidBucket {
			t.Errorf("%s: %s, %+v", host, c.needs(), refusal)
		}
	}
}

func TestABucketWithTheNameOfAnAPIIsServedIfItIsNamed(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{Buckets: []string{"admin", "swift"}}}
	for target, needs := range map[string]string{"/admin/user": "GetObject admin/user", "/swift/v1/k": "GetObject swift/v1/k"} {
		if c, refusal := mapS3(m, "GET", "s3.example", target, nil, ""); refusal != nil || c.needs() != needs {
			t.Errorf("%s: %s, %+v", target, c.needs(), refusal)
		}
	}
	if _, refusal := mapS3(m, "GET", "s3.example", "/rustfs/k", nil, ""); refusal == nil {
		t.Error("another API is a bucket")
	}
	for name, ok := range map[string]bool{"admin": true, "riak-cs": true, "minio": false, "data": false} {
		m.Store.Buckets = []string{name}
		if err := m.check(); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThreatAFolderOfTheStoreItselfHasNoObjects(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount}
	for _, key := range []string{".sgwtmp/multipart/0a/id/1", ".sgwtmp", ".SGWTMP/x", ".sys/uploads/x", ".minio.sys/x", ".uploads/id/0001.part", "%252esgwtmp/multipart",
		`.sgwtmp%5Cx`, ".snapshot/daily/secret/a", "pub/.snapshot/daily/a", ".zfs/snapshot/daily/secret/a", "pub/.snap/daily/a", "pub/a.versions/v_1"} {
		accepted := acceptedNames(m, "b-1", key)
		if strings.Contains(key, "%") {
			accepted = nil // in a document, it is another key
			if c, refusal := mapS3(m, "GET", "s3.example", "/b-1/"+key, nil, ""); refusal == nil {
				accepted = append(accepted, c.needs())
			}
		}
		if len(accepted) > 0 {
			t.Errorf("%s: %q", key, accepted)
		}
	}
	exact := &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{ExactKeys: true}}
	for _, key := range []string{".sgwtmp/x", "pub/.snapshot/daily/a", "a.versions/v_1"} {
		if accepted := acceptedNames(exact, "b-1", key); len(accepted) != 12 {
			t.Errorf("%s, at a store that keeps keys as bytes: %q", key, accepted)
		}
	}
	for _, key := range []string{".sgwtmps/x", "pub/.sgwtmp/x", "pub/.uploads/x", "snapshot/x", "a.versions", "a.versions/x", ".system/x"} {
		if accepted := acceptedNames(m, "b-1", key); len(accepted) != 12 {
			t.Errorf("%s: %q", key, accepted)
		}
	}
}
