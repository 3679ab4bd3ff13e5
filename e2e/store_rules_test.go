package e2e

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestRulesServeWhatClientsSendUnasked uses a site on which only rules allow something: uploads have an ACL, as those of rclone, and
// copies keep the tags, for which the AWS CLI asks first.
func TestRulesServeWhatClientsSendUnasked(t *testing.T) {
	store := harness.StartS3(t)
	site := "http://127.0.0.1:" + strconv.Itoa(harness.FreePort(t))
	harness.Start(t, harness.Config{S3: store, Edit: func(file string) string {
		return strings.Replace(file, "{\n", "{\n\tauto_https disable_redirects\n", 1) + `
` + site + ` {
	sluice_authorize {
		sigv4 s3
		allow anonymous GET,HEAD,PUT,POST /` + harness.Bucket + `/*
	}
	sluice_credentials {
		sigv4 s3 {
			access_key notes-store
			secret_key notes-store-secret
		}
	}
	reverse_proxy ` + store.Address + `
}
`
	}})
	client := s3.New(s3.Options{BaseEndpoint: &site, Region: harness.Region, UsePathStyle: true, Credentials: aws.AnonymousCredentials{}, HTTPClient: whole()})
	bucket := aws.String(harness.Bucket)
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a"), Body: strings.NewReader("hello"), Tagging: aws.String("team=red"),
		ACL: types.ObjectCannedACLPrivate})
	ok(t, err)
	_, err = client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("b"), CopySource: aws.String(harness.Bucket + "/a")})
	ok(t, err)
	for _, key := range []string{"a", "b"} {
		tags, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: bucket, Key: &key})
		ok(t, err)
		if len(tags.TagSet) != 1 || aws.ToString(tags.TagSet[0].Value) != "red" {
			t.Errorf("the tags of %s are %+v", key, tags.TagSet)
		}
	}
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("c"), Body: strings.NewReader("hello"), ACL: types.ObjectCannedACLPublicRead})
	wantCode(t, "an upload that everyone may read", err, "AccessDenied")
	_, err = client.PutObjectAcl(t.Context(), &s3.PutObjectAclInput{Bucket: bucket, Key: aws.String("a"), ACL: types.ObjectCannedACLPrivate})
	wantCode(t, "the ACL of an object", err, "AccessDenied")
	_, err = client.DeleteObjectTagging(t.Context(), &s3.DeleteObjectTaggingInput{Bucket: bucket, Key: aws.String("a")})
	wantCode(t, "the tags of an object", err, "AccessDenied")
}
