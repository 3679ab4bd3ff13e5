package harness

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Anonymous leaves requests unsigned.
var Anonymous aws.CredentialsProvider = aws.AnonymousCredentials{}

// Admin are the root keys.
var Admin = Keys(RootKey, RootSecret, "")

// Keys returns static keys.
func Keys(id, secret, token string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(id, secret, token)
}

// Users returns a client of the user pools API.
func (s *Sluice) Users(creds aws.CredentialsProvider) *cognitoidentityprovider.Client {
	return cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: Region, BaseEndpoint: &s.URL, Credentials: creds, RetryMaxAttempts: 1,
		HTTPClient: Whole(awshttp.NewBuildableClient()),
	})
}

// Identities returns a client of the identity pools API.
func (s *Sluice) Identities(creds aws.CredentialsProvider) *cognitoidentity.Client {
	return cognitoidentity.New(cognitoidentity.Options{
		Region: Region, BaseEndpoint: &s.URL, Credentials: creds, RetryMaxAttempts: 1,
		HTTPClient: Whole(awshttp.NewBuildableClient()),
	})
}

// STS returns a client of the Security Token Service.
func (s *Sluice) STS(creds aws.CredentialsProvider) *sts.Client {
	return sts.New(sts.Options{
		Region: Region, BaseEndpoint: &s.URL, Credentials: creds, RetryMaxAttempts: 1,
		HTTPClient: Whole(awshttp.NewBuildableClient()),
	})
}

// IAM returns a client of the IAM API.
func (s *Sluice) IAM(creds aws.CredentialsProvider) *iam.Client {
	return iam.New(iam.Options{
		Region: Region, BaseEndpoint: &s.URL, Credentials: creds, RetryMaxAttempts: 1,
		HTTPClient: Whole(awshttp.NewBuildableClient()),
	})
}

// KMS returns a client of the KMS API.
func (s *Sluice) KMS(creds aws.CredentialsProvider) *kms.Client {
	return kms.New(kms.Options{
		Region: Region, BaseEndpoint: &s.URL, Credentials: creds, RetryMaxAttempts: 1,
		HTTPClient: Whole(awshttp.NewBuildableClient()),
	})
}

// S3 returns a client of the object store behind /s3.
func (s *Sluice) S3(creds aws.CredentialsProvider) *s3.Client {
	return s3.New(s3.Options{
		Region: Region, BaseEndpoint: aws.String(s.URL + "/s3"), UsePathStyle: true, Credentials: creds,
		RetryMaxAttempts: 1, HTTPClient: Whole(awshttp.NewBuildableClient()),
	})
}

// Whole returns client without the race in the SDK that package awsclient describes: the SDK closes the body of a request while net/http
// looks for its end, and net/http then closes the connection of which the answer is being read.
func Whole(client aws.HTTPClient) aws.HTTPClient { return whole{client} }

type whole struct{ aws.HTTPClient }

// Do sends a request with a body that has no WriteTo.
func (c whole) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return c.HTTPClient.Do(req)
}

// Response is an HTTP response with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request and returns the response. It does not follow redirects.
func Do(t testing.TB, req *http.Request) Response {
	t.Helper()
	client := http.Client{
		Timeout:       Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Response{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
}

// Get requests a path. Headers are pairs of name and value.
func (s *Sluice) Get(t testing.TB, method, path string, headers ...string) Response {
	t.Helper()
	return s.Post(t, method, path, "", headers...)
}

// Post requests a path with a body. Headers are pairs of name and value.
func (s *Sluice) Post(t testing.TB, method, path, body string, headers ...string) Response {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return Do(t, req)
}

// Claims returns the claims of a token without verifying it.
func Claims(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a token", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// OutboxPath returns the file to which messages are written if no mail server is configured.
func (s *Sluice) OutboxPath() string { return filepath.Join(s.Dir, "outbox.jsonl") }

// OutboxCode waits for the nth message to an address, counted from 1, and returns the code in it. Some messages are sent after the
// answer.
func (s *Sluice) OutboxCode(t testing.TB, to string, nth int) string {
	t.Helper()
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		data, err := os.ReadFile(s.OutboxPath())
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		found := 0
		for text := range strings.Lines(string(data)) {
			var line struct{ To, Body string }
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				break // the line is not complete yet
			}
			if line.To == to {
				found++
			}
			if found == nth {
				return Code(t, line.Body)
			}
		}
	}
	t.Fatalf("no message %d to %s", nth, to)
	return ""
}
