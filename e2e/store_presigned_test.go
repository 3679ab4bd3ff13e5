package e2e

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// s3Client returns a client of the site by the SDK for Go.
func (s *storeSite) s3Client(t *testing.T) *s3.Client {
	t.Helper()
	return s3.New(s3.Options{Region: harness.Region, BaseEndpoint: &s.URL, UsePathStyle: true, Credentials: harness.Admin,
		RetryMaxAttempts: 1, HTTPClient: harness.Whole(&http.Client{Transport: s.transport(t)})})
}

// follow does what somebody does who got a presigned request: it sends the method, the URL and the headers that were signed.
func (s *storeSite) follow(t *testing.T, signed *v4.PresignedHTTPRequest, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, strings.NewReader(body))
	ok(t, err)
	for name, values := range signed.SignedHeader {
		if name != "Host" && name != "Content-Length" {
			request.Header[name] = values
		}
	}
	response, err := (&http.Client{Transport: s.transport(t)}).Do(request)
	ok(t, err)
	answer, err := io.ReadAll(response.Body)
	ok(t, err)
	ok(t, response.Body.Close())
	return response.StatusCode, string(answer)
}

// TestPresignedURLsOfTheGoSDK gives URLs of the SDK for Go to a client that knows nothing of S3.
func TestPresignedURLsOfTheGoSDK(t *testing.T) {
	t.Parallel()
	onBothSites(t, "", followPresigned)
}

func followPresigned(t *testing.T, site *storeSite) {
	client, bucket := site.s3Client(t), aws.String(harness.Bucket)
	presigner := s3.NewPresignClient(client)
	for name, set := range map[string]func(*s3.PutObjectInput){
		"plain":          func(*s3.PutObjectInput) {},
		"sp ace+plus%25": func(*s3.PutObjectInput) {},
		"checksum": func(in *s3.PutObjectInput) {
			in.ChecksumSHA256 = aws.String("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
		},
		"checksumAlgorithm": func(in *s3.PutObjectInput) {
			in.ChecksumAlgorithm, in.Body = types.ChecksumAlgorithmCrc32, strings.NewReader("hello")
		},
		"encryption":   func(in *s3.PutObjectInput) { in.ServerSideEncryption = types.ServerSideEncryptionAes256 },
		"acl":          func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLPrivate },
		"metadata":     func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"owner": "ada", "two-words": "a  b"} },
		"storageClass": func(in *s3.PutObjectInput) { in.StorageClass = types.StorageClassStandard },
		"tagging":      func(in *s3.PutObjectInput) { in.Tagging = aws.String("team=a&who=b%20c") },
		"type":         func(in *s3.PutObjectInput) { in.ContentType = aws.String("text/plain") },
	} {
		key := aws.String("go/" + name)
		in := &s3.PutObjectInput{Bucket: bucket, Key: key}
		set(in)
		put, err := presigner.PresignPutObject(t.Context(), in)
		ok(t, err)
		if status, answer := site.follow(t, put, "hello"); status != http.StatusOK {
			t.Errorf("PUT, %s: %d %s\n%s", name, status, answer, put.URL)
			continue
		}
		for _, mode := range []types.ChecksumMode{"", types.ChecksumModeEnabled} {
			get, err := presigner.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key, ChecksumMode: mode})
			ok(t, err)
			if status, answer := site.follow(t, get, ""); status != http.StatusOK || answer != "hello" {
				t.Errorf("GET, %s, checksum mode %q: %d %s", name, mode, status, answer)
			}
		}
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("go/metadata")})
	ok(t, err)
	equal(t, "metadata", head.Metadata["owner"]+"|"+head.Metadata["two-words"], "ada|a  b")
	tags, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: bucket, Key: aws.String("go/tagging")})
	ok(t, err)
	equal(t, "tags", len(tags.TagSet), 2)
	tagging, err := presigner.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("go/plain"), Tagging: aws.String("a=b")})
	ok(t, err)
	tagging.SignedHeader.Set("X-Amz-Tagging", "a=c")
	if status, answer := site.follow(t, tagging, "changed"); status != http.StatusForbidden || !strings.Contains(answer, "SignatureDoesNotMatch") {
		t.Errorf("with another tag than was signed: %d %s", status, answer)
	}
	stored, err := os.ReadFile(filepath.Join(site.Dir, harness.Bucket, "go", "plain"))
	ok(t, err)
	equal(t, "after the refusal", string(stored), "hello")
	site.putByQuery(t)
}

// putByQuery presigns what other SDKs put into the query.
func (s *storeSite) putByQuery(t *testing.T) {
	t.Helper()
	query := url.Values{"X-Amz-Expires": {"60"}, "x-amz-acl": {"private"}, "x-amz-meta-owner": {"ada"}, "x-amz-server-side-encryption": {"AES256"},
		"x-amz-storage-class": {"STANDARD"}, "x-amz-tagging": {"team=a"}, "x-amz-checksum-sha256": {"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="},
		"x-amz-sdk-checksum-algorithm": {"SHA256"}}
	for body, want := range map[string]int{"hello": http.StatusOK, "other": http.StatusBadRequest} {
		request, err := http.NewRequest(http.MethodPut, s.URL+"/"+harness.Bucket+"/go/query?"+query.Encode(), http.NoBody)
		ok(t, err)
		keys, err := harness.Admin.Retrieve(t.Context())
		ok(t, err)
		target, headers, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
			PresignHTTP(t.Context(), keys, request, "UNSIGNED-PAYLOAD", "s3", harness.Region, time.Now())
		ok(t, err)
		signed := &v4.PresignedHTTPRequest{Method: http.MethodPut, URL: target, SignedHeader: headers}
		if status, answer := s.follow(t, signed, body); status != want {
			t.Errorf("PUT %s: %d %s\n%s", body, status, answer, target)
		}
	}
	in := &s3.GetObjectInput{Bucket: aws.String(harness.Bucket), Key: aws.String("go/query")}
	got, err := s.s3Client(t).GetObject(t.Context(), in)
	ok(t, err)
	body, err := io.ReadAll(got.Body)
	ok(t, err)
	equal(t, "stored", string(body)+"|"+got.Metadata["owner"], "hello|ada")
}
