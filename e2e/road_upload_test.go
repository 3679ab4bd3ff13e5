package e2e

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// Multipart uploads an object in parts.
func (roads) Multipart(t *testing.T, c *sdk) {
	ctx := t.Context()
	makeUser(t, c.Sluice, c.name)
	mine, creds := temporary(t, c.Sluice, *signIn(t, c.Sluice, c.name).IdToken)
	client, bucket, key := c.S3(creds), aws.String(harness.Bucket), aws.String("users/"+mine+"/film.mp4")
	up, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")}
	var done []s3types.CompletedPart
	for i, part := range parts {
		number := aws.Int32(int32(i + 1))
		got, err := client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: number, Body: bytes.NewReader(part),
		})
		if err != nil {
			t.Fatalf("part %d: %v", i+1, err)
		}
		done = append(done, s3types.CompletedPart{
			ETag: got.ETag, PartNumber: number, ChecksumCRC32: got.ChecksumCRC32, ChecksumCRC64NVME: got.ChecksumCRC64NVME,
		})
	}
	list, err := client.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: up.UploadId})
	if err != nil || len(list.Parts) != 2 {
		t.Errorf("ListParts: %+v, %v", list, err)
	}
	if _, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: done},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, slices.Concat(parts...)) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	up, err = client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: up.UploadId}); err != nil {
		t.Errorf("abort: %v", err)
	}
	_, err = client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("public/film.mp4")})
	wantCode(t, "multipart elsewhere", err, "AccessDenied")
}

// Presigned uses presigned URLs, and changes them.
func (roads) Presigned(t *testing.T, c *sdk) {
	ctx := t.Context()
	makeUser(t, c.Sluice, c.name)
	mine, creds := temporary(t, c.Sluice, *signIn(t, c.Sluice, c.name).IdToken)
	signer, bucket, key := s3.NewPresignClient(c.S3(creds)), aws.String(harness.Bucket), aws.String("users/"+mine+"/shared")
	put, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, url, body string, header http.Header) harness.Response {
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range header {
			if name != "Host" {
				req.Header[name] = values
			}
		}
		return harness.Do(t, req)
	}
	if got := send("PUT", put.URL, "hello", put.SignedHeader); got.Status != 200 {
		t.Fatalf("put: %d %s", got.Status, got.Body)
	}
	get, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got := send("GET", get.URL, "", get.SignedHeader); got.Status != 200 || got.Body != "hello" {
		t.Errorf("get: %d %s", got.Status, got.Body)
	}
	for name, url := range map[string]string{
		"for another key":    strings.Replace(get.URL, "shared", "sharec", 1),
		"with more time":     strings.Replace(get.URL, "X-Amz-Expires=60", "X-Amz-Expires=600", 1),
		"for another method": put.URL,
		"without a token":    dropQuery(get.URL, "X-Amz-Security-Token"),
	} {
		if got := send("GET", url, "", nil); got.Status != 403 || !strings.Contains(got.Body, "<Error>") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	foreign, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("users/x/y")})
	if err != nil {
		t.Fatal(err)
	}
	if got := send("GET", foreign.URL, "", nil); got.Status != 403 || !strings.Contains(got.Body, "<Code>AccessDenied</Code>") {
		t.Errorf("another's key: %d %s", got.Status, got.Body)
	}
}
