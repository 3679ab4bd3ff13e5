package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/tags"

	"github.com/sluicegate/sluice/e2e/harness"
)

// startStoreSite starts an object store and a Sluice with a site of its own before it, at which only the bucket comes before
// the key. It returns the URL of the site. Clients use the administrator's key, which is allowed everything.
func startStoreSite(t *testing.T, options string) (*harness.S3, string) {
	t.Helper()
	store := harness.StartS3(t)
	address := "127.0.0.1:" + strconv.Itoa(harness.FreePort(t))
	s := harness.Start(t, harness.Config{S3: store, Edit: func(file string) string {
		return file + `
http://` + address + ` {
	sluice_authorize {
		sigv4 s3 {
			` + options + `
		}
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
	_ = s
	return store, "http://" + address
}

func storeEnv(url string) []string {
	return append(os.Environ(), "S3_URL="+url, "S3_BUCKET="+harness.Bucket, "AWS_ACCESS_KEY_ID="+harness.RootKey, "AWS_SECRET_ACCESS_KEY="+harness.RootSecret,
		"AWS_REGION="+harness.Region, "AWS_DEFAULT_REGION="+harness.Region, "AWS_EC2_METADATA_DISABLED=true", "HOME="+os.TempDir())
}

// TestJavaScriptClientsOfTheStore uses the SDK for JavaScript and minio-js.
func TestJavaScriptClientsOfTheStore(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(harness.Root(), "e2e", "presign")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "minio")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	_, url := startStoreSite(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "story.mjs")
	cmd.Dir, cmd.Env = folder, append(storeEnv(url), "S3_PREFIX=users/js/")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "done\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestMinioGo uses minio-go, which streams uploads in signed chunks and uploads large objects in parts.
func TestMinioGo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store, url := startStoreSite(t, "")
	client, err := minio.New(strings.TrimPrefix(url, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(harness.RootKey, harness.RootSecret, ""), Region: harness.Region, BucketLookup: minio.BucketLookupPath,
	})
	ok(t, err)
	for _, key := range []string{"minio/sp ace+plus%25.txt", "minio/q?u&o='*().txt", "minio/tilde~!@$,;.txt"} {
		_, err := client.PutObject(ctx, harness.Bucket, key, strings.NewReader("hello"), 5, minio.PutObjectOptions{UserMetadata: map[string]string{"Owner": "ada"}})
		ok(t, err)
		object, err := client.GetObject(ctx, harness.Bucket, key, minio.GetObjectOptions{})
		ok(t, err)
		body, err := io.ReadAll(object)
		ok(t, err)
		equal(t, key, string(body), "hello")
		stat, err := client.StatObject(ctx, harness.Bucket, key, minio.StatObjectOptions{})
		ok(t, err)
		equal(t, "metadata", stat.UserMetadata["Owner"], "ada")
		_, err = client.CopyObject(ctx, minio.CopyDestOptions{Bucket: harness.Bucket, Object: key + ".copy"}, minio.CopySrcOptions{Bucket: harness.Bucket, Object: key})
		ok(t, err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	_, err = client.PutObject(ctx, harness.Bucket, "minio/large", bytes.NewReader(large), int64(len(large)), minio.PutObjectOptions{PartSize: 5 << 20})
	ok(t, err)
	stored, err := os.ReadFile(filepath.Join(store.Dir, harness.Bucket, "minio", "large"))
	if err != nil || !bytes.Equal(stored, large) {
		t.Errorf("the store holds %d bytes, %v", len(stored), err)
	}
	labels, err := tags.NewTags(map[string]string{"a b": "c+d"}, true)
	ok(t, err)
	ok(t, client.PutObjectTagging(ctx, harness.Bucket, "minio/large", labels, minio.PutObjectTaggingOptions{}))
	put, err := client.PresignedPutObject(ctx, harness.Bucket, "minio/presigned", time.Minute)
	ok(t, err)
	request, err := http.NewRequest(http.MethodPut, put.String(), strings.NewReader("presigned"))
	ok(t, err)
	equal(t, "presigned PUT", harness.Do(t, request).Status, 200)
	get, err := client.PresignedGetObject(ctx, harness.Bucket, "minio/presigned", time.Minute, nil)
	ok(t, err)
	request, err = http.NewRequest(http.MethodGet, get.String(), nil)
	ok(t, err)
	equal(t, "presigned GET", harness.Do(t, request).Body, "presigned")
	objects := client.ListObjects(ctx, harness.Bucket, minio.ListObjectsOptions{Prefix: "minio/", Recursive: true})
	count := 0
	for failure := range client.RemoveObjects(ctx, harness.Bucket, counted(objects, &count), minio.RemoveObjectsOptions{}) {
		t.Errorf("remove %s: %v", failure.ObjectName, failure.Err)
	}
	equal(t, "objects removed", count, 8)
}

// counted passes the objects on and counts them.
func counted(in <-chan minio.ObjectInfo, count *int) <-chan minio.ObjectInfo {
	out := make(chan minio.ObjectInfo)
	go func() {
		defer close(out)
		for object := range in {
			*count++
			out <- object
		}
	}()
	return out
}
