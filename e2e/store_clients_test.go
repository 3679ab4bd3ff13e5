package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/tags"

	"github.com/sluicegate/sluice/e2e/harness"
)

// storeSite is an object store and a site of Sluice before it, at which only the bucket comes before the key.
type storeSite struct {
	*harness.S3
	URL   string
	Roots string // a PEM file with the certificate of both, which speak HTTPS; empty if they speak HTTP
}

// startStoreSite starts a store and a Sluice. Clients use the administrator's key, which is allowed everything.
func startStoreSite(t *testing.T, options string) *storeSite {
	t.Helper()
	address := "127.0.0.1:" + strconv.Itoa(harness.FreePort(t))
	s := &storeSite{S3: harness.StartS3(t), URL: "http://" + address}
	s.start(t, options, "", s.Address)
	return s
}

// startSecureStoreSite does the same with HTTPS on both sides of Sluice.
func startSecureStoreSite(t *testing.T, options string) *storeSite {
	t.Helper()
	cert, key := harness.CertificateFiles(t)
	address := "127.0.0.1:" + strconv.Itoa(harness.FreePort(t))
	s := &storeSite{S3: harness.StartS3(t, "--cert", cert, "--key", key), URL: "https://" + address, Roots: cert}
	s.start(t, options, "tls "+cert+" "+key, "https://"+s.Address+` {
		transport http {
			tls_trust_pool file `+cert+`
		}
	}`)
	return s
}

func (s *storeSite) start(t *testing.T, options, tls, upstream string) {
	t.Helper()
	harness.Start(t, harness.Config{S3: s.S3, Edit: func(file string) string {
		file = strings.Replace(file, "{\n", "{\n\tauto_https disable_redirects\n", 1)
		return file + `
` + s.URL + ` {
	` + tls + `
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
	reverse_proxy ` + upstream + `
}
`
	}})
}

// env is the environment of the clients.
func (s *storeSite) env(t *testing.T) []string {
	t.Helper()
	// Some of the clients cannot take an AWS_CA_BUNDLE.
	env := slices.DeleteFunc(os.Environ(), func(line string) bool { return strings.HasPrefix(line, "AWS_") })
	if s.Roots != "" {
		env = append(env, "SSL_CERT_FILE="+s.Roots, "CURL_CA_BUNDLE="+s.Roots, "NODE_EXTRA_CA_CERTS="+s.Roots)
	}
	return append(env, "S3_URL="+s.URL, "S3_BUCKET="+harness.Bucket, "AWS_ACCESS_KEY_ID="+harness.RootKey, "AWS_SECRET_ACCESS_KEY="+harness.RootSecret,
		"AWS_REGION="+harness.Region, "AWS_DEFAULT_REGION="+harness.Region, "AWS_EC2_METADATA_DISABLED=true", "HOME="+t.TempDir())
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
	onBothSites(t, "", func(t *testing.T, site *storeSite) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "node", "story.mjs")
		cmd.Dir, cmd.Env = folder, append(site.env(t), "S3_PREFIX=users/js/")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "done\n") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// onBothSites runs a test with HTTP, and with HTTPS on both sides of Sluice.
func onBothSites(t *testing.T, options string, test func(*testing.T, *storeSite)) {
	t.Helper()
	for name, start := range map[string]func(*testing.T, string) *storeSite{"HTTP": startStoreSite, "HTTPS": startSecureStoreSite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, options))
		})
	}
}

// client returns a client of the site by minio-go.
func (s *storeSite) client(t *testing.T) *minio.Client {
	t.Helper()
	options := &minio.Options{Creds: credentials.NewStaticV4(harness.RootKey, harness.RootSecret, ""), Region: harness.Region,
		BucketLookup: minio.BucketLookupPath, Secure: s.Roots != "", Transport: s.transport(t)}
	client, err := minio.New(s.URL[strings.Index(s.URL, "://")+3:], options)
	ok(t, err)
	return client
}

// transport returns one that trusts the site's certificate.
func (s *storeSite) transport(t *testing.T) *http.Transport {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if s.Roots != "" {
		pem, err := os.ReadFile(s.Roots)
		ok(t, err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// TestMinioGo uses minio-go, which streams uploads in signed chunks and uploads large objects in parts.
func TestMinioGo(t *testing.T) {
	t.Parallel()
	onBothSites(t, "", useMinioGo)
}

func useMinioGo(t *testing.T, site *storeSite) {
	ctx := t.Context()
	client := site.client(t)
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
	completed, err := client.PutObject(ctx, harness.Bucket, "minio/large", bytes.NewReader(large), int64(len(large)), minio.PutObjectOptions{PartSize: 5 << 20})
	ok(t, err)
	equal(t, "the object's address", completed.Location, site.URL+"/"+harness.Bucket+"/minio%2Flarge")
	stored, err := os.ReadFile(filepath.Join(site.Dir, harness.Bucket, "minio", "large"))
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
	equal(t, "presigned PUT", site.status(t, request), 200)
	get, err := client.PresignedGetObject(ctx, harness.Bucket, "minio/presigned", time.Minute, nil)
	ok(t, err)
	request, err = http.NewRequest(http.MethodGet, get.String(), nil)
	ok(t, err)
	equal(t, "presigned GET", site.status(t, request), 200)
	objects := client.ListObjects(ctx, harness.Bucket, minio.ListObjectsOptions{Prefix: "minio/", Recursive: true})
	count := 0
	for failure := range client.RemoveObjects(ctx, harness.Bucket, counted(objects, &count), minio.RemoveObjectsOptions{}) {
		t.Errorf("remove %s: %v", failure.ObjectName, failure.Err)
	}
	equal(t, "objects removed", count, 8)
}

// status sends a request and returns the answer's status.
func (s *storeSite) status(t *testing.T, r *http.Request) int {
	t.Helper()
	response, err := (&http.Client{Transport: s.transport(t), Timeout: time.Minute}).Do(r)
	ok(t, err)
	ok(t, response.Body.Close())
	return response.StatusCode
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

// TestDebianClientsOfTheStore uses programs that scripts/install-tools.sh installs.
func TestDebianClientsOfTheStore(t *testing.T) {
	t.Parallel()
	onBothSites(t, "exact_keys", debianClients)
}

func debianClients(t *testing.T, site *storeSite) {
	files, restored := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"sp ace+plus%25.txt": "one", "sub/q?u&o='*().txt": "two", "large": strings.Repeat("0123456789abcdef", 1<<19)} {
		path := filepath.Join(files, filepath.FromSlash(name))
		ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
		ok(t, os.WriteFile(path, []byte(content), 0o600))
	}
	env := append(site.env(t), "RCLONE_CONFIG_S_TYPE=s3", "RCLONE_CONFIG_S_PROVIDER=Other", "RCLONE_CONFIG_S_ENDPOINT="+site.URL, "RCLONE_CONFIG_S_ENV_AUTH=true",
		"RCLONE_CONFIG_S_REGION="+harness.Region, "RESTIC_REPOSITORY=s3:"+site.URL+"/"+harness.Bucket+"/restic", "RESTIC_PASSWORD=restic",
		"RESTIC_CACHE_DIR="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir())
	bucket, archive := "s:"+harness.Bucket, "boto3+s3://"+harness.Bucket+"/duplicity"
	for _, command := range [][]string{
		{"rclone", "lsd", "s:"},
		{"rclone", "copy", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", files, bucket + "/rclone"},
		{"rclone", "check", "--download", files, bucket + "/rclone"},
		{"rclone", "copy", bucket + "/rclone", bucket + "/rclone2"},
		{"rclone", "check", files, bucket + "/rclone2"},
		{"rclone", "purge", bucket + "/rclone2"},
		{"restic", "init"},
		{"restic", "backup", files},
		{"restic", "check", "--read-data"},
		{"restic", "restore", "latest", "--target", filepath.Join(restored, "restic")},
		{"restic", "forget", "--keep-last", "1", "--prune"},
		{"aws", "--endpoint-url", site.URL, "s3", "cp", "--recursive", files, "s3://" + harness.Bucket + "/aws"},
		{"aws", "--endpoint-url", site.URL, "s3", "sync", "s3://" + harness.Bucket + "/aws", filepath.Join(restored, "aws")},
		{"aws", "--endpoint-url", site.URL, "s3", "mv", "s3://" + harness.Bucket + "/aws/large", "s3://" + harness.Bucket + "/aws/moved"},
		{"aws", "--endpoint-url", site.URL, "s3", "rm", "--recursive", "s3://" + harness.Bucket + "/aws"},
		{"duplicity", "full", "--no-encryption", "--s3-endpoint-url", site.URL, files, archive},
		{"duplicity", "verify", "--compare-data", "--no-encryption", "--s3-endpoint-url", site.URL, archive, files},
		{"duplicity", "restore", "--no-encryption", "--s3-endpoint-url", site.URL, archive, filepath.Join(restored, "duplicity")},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Env = env
		if site.Roots != "" && (command[0] == "duplicity" || command[0] == "aws") { // rclone takes no AWS_CA_BUNDLE
			cmd.Env = append(slices.Clone(env), "AWS_CA_BUNDLE="+site.Roots)
		}
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	for _, folder := range []string{filepath.Join("restic", files), "duplicity", "aws"} {
		if got, err := os.ReadFile(filepath.Join(restored, folder, "sp ace+plus%25.txt")); err != nil || string(got) != "one" {
			t.Errorf("%s: %q, %v", folder, got, err)
		}
	}
}

// TestS3FS mounts the store. It needs /dev/fuse.
func TestS3FS(t *testing.T) {
	t.Parallel()
	if device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skip("s3fs needs /dev/fuse:", err)
	} else {
		ok(t, device.Close())
	}
	onBothSites(t, "", mountStore)
}

func mountStore(t *testing.T, site *storeSite) {
	t.Helper()
	mount := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "s3fs", harness.Bucket, mount, "-f", "-o", "url="+site.URL+",use_path_request_style,endpoint="+harness.Region)
	cmd.Env = append(site.env(t), "AWSACCESSKEYID="+harness.RootKey, "AWSSECRETACCESSKEY="+harness.RootSecret)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ok(t, cmd.Start())
	defer func() {
		_ = exec.Command("fusermount", "-u", mount).Run() // ends s3fs
		_ = cmd.Wait()
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if exec.Command("mountpoint", "-q", mount).Run() == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not mounted: %s", out.String())
		}
	}
	ok(t, os.Mkdir(filepath.Join(mount, "s3fs"), 0o700))
	ok(t, os.WriteFile(filepath.Join(mount, "s3fs", "a b+c"), []byte("hello"), 0o600))
	ok(t, os.Rename(filepath.Join(mount, "s3fs", "a b+c"), filepath.Join(mount, "s3fs", "moved")))
	got, err := os.ReadFile(filepath.Join(mount, "s3fs", "moved"))
	ok(t, err)
	equal(t, "read back", string(got), "hello")
	stored, err := os.ReadFile(filepath.Join(site.Dir, harness.Bucket, "s3fs", "moved"))
	ok(t, err)
	equal(t, "at the store", string(stored), "hello")
}

// TestAnUploadThatBreaksOffLeavesTheOldObject closes the connection in the middle of an upload. The store by itself would keep
// what it has received.
func TestAnUploadThatBreaksOffLeavesTheOldObject(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	site := startStoreSite(t, "")
	client := site.client(t)
	_, err := client.PutObject(ctx, harness.Bucket, "precious", strings.NewReader("precious"), 8, minio.PutObjectOptions{})
	ok(t, err)
	put, err := client.PresignedPutObject(ctx, harness.Bucket, "precious", time.Minute)
	ok(t, err)
	for _, sent := range []int{30_000, 150_000, 199_999} {
		request, err := http.NewRequest(http.MethodPut, put.String(), io.MultiReader(strings.NewReader(strings.Repeat("y", sent)), iotest.ErrReader(io.ErrClosedPipe)))
		ok(t, err)
		request.ContentLength = 200_000
		if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
			ok(t, response.Body.Close())
		}
		// A request after it shows that the gate has done with the one before.
		_, err = client.StatObject(ctx, harness.Bucket, "precious", minio.StatObjectOptions{})
		ok(t, err)
		if stored, err := os.ReadFile(filepath.Join(site.Dir, harness.Bucket, "precious")); err != nil || string(stored) != "precious" {
			t.Errorf("after %d bytes: %d bytes are stored, %v", sent, len(stored), err)
		}
	}
}
