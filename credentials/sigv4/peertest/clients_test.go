package peertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/seal"
)

// store is a small gateway: it opens the session, verifies the request and its body, and stores objects by path.
type store struct {
	*httptest.Server
	minter *session.Minter

	mu      sync.Mutex
	objects map[string][]byte
	modes   map[string]int // payload hashes seen, hashes proper as "hash"
	err     error          // of the last request
	who     *session.Record
}

func newStore(t *testing.T, withTLS bool) *store {
	t.Helper()
	key, err := seal.GenerateMasterKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	s := &store{objects: map[string][]byte{}, modes: map[string]int{}}
	if s.minter, err = session.NewMinter(session.Options{Box: box}); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewUnstartedServer(s)
	if withTLS {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err = s.serve(w, r); s.err != nil {
		http.Error(w, s.err.Error(), http.StatusForbidden)
	}
}

func (s *store) serve(w http.ResponseWriter, r *http.Request) error {
	auth, err := sigv4.Parse(sigv4.FromHTTP(r))
	if err != nil {
		return err
	}
	record, secret, err := s.minter.Open(auth.AccessKeyID, auth.SessionToken, time.Now())
	if err != nil {
		return err
	}
	s.who = record
	o := options(time.Now())
	source := io.Reader(r.Body)
	if auth.Service != "s3" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		o.BodySHA256, source = sigv4.HashPayload(body), bytes.NewReader(body)
	}
	verified, err := auth.Verify(secret.Reveal(), o)
	if err != nil {
		return err
	}
	body, err := verified.Body(source)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	mode := auth.PayloadHash
	if len(mode) == 64 {
		mode = "hash"
	}
	s.modes[mode]++
	switch {
	case auth.Service == "sts":
		_, err = io.WriteString(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>`+record.RoleARN+`</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case r.Method == "PUT":
		s.objects[r.URL.Path] = data
	case r.Method == "GET" && s.objects[r.URL.Path] != nil:
		_, err = w.Write(s.objects[r.URL.Path])
	case r.Method == "GET" || r.Method == "POST":
		_, err = io.WriteString(w, `<?xml version="1.0"?><Result/>`)
	}
	return err
}

// credentials mints a session and returns its credentials for the SDK.
func (s *store) credentials(t *testing.T, role string) aws.CredentialsProvider {
	t.Helper()
	now := time.Now()
	c, err := s.minter.Mint(&session.Record{Kind: session.WebIdentityRole, RoleARN: role, IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey.Reveal(), c.SessionToken)
}

func (s *store) s3(t *testing.T, role string, change ...func(*s3.Options)) *s3.Client {
	t.Helper()
	return s3.New(s3.Options{
		Region: "eu-central-1", Credentials: s.credentials(t, role), BaseEndpoint: aws.String(s.URL), UsePathStyle: true,
		HTTPClient: s.Client(), Retryer: aws.NopRetryer{},
	}, change...)
}

var keys = []string{
	"plain", "a b", "a+b", "a/b//c", "ü/é", "你好 😀", "(par)*!'", "semi;colon", "per%cent", "per%2Fcent", "q?u#e", "tilde~", "dots...", "&=$@:,", "\"<>\\^`{|}",
}

func TestEveryKindOfUploadOfTheS3ClientVerifies(t *testing.T) {
	ctx := context.Background()
	data := make([]byte, 300<<10)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	for _, withTLS := range []bool{false, true} {
		store := newStore(t, withTLS)
		client := store.s3(t, "arn:aws:iam::123456789012:role/writer")
		put := func(name string, input *s3.PutObjectInput, options ...func(*s3.Options)) {
			t.Helper()
			input.Bucket, input.Key = aws.String("bucket"), aws.String(name)
			want, seekable := input.Body.(*bytes.Reader)
			if _, err := client.PutObject(ctx, input, options...); err != nil {
				t.Errorf("TLS %v, %s: %v (server: %v)", withTLS, name, err, store.err)
				return
			}
			size := int64(len(data))
			if seekable {
				size = want.Size()
			}
			if got := store.objects["/bucket/"+name]; int64(len(got)) != size || !bytes.Equal(got, data[:size]) {
				t.Errorf("TLS %v, %s: %d bytes arrived", withTLS, name, len(got))
			}
		}
		for _, key := range keys {
			put(key, &s3.PutObjectInput{Body: bytes.NewReader(data[:100])})
			if withTLS {
				continue
			}
			got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key)})
			if err != nil {
				t.Errorf("get %q: %v", key, err)
				continue
			}
			if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, data[:100]) {
				t.Errorf("get %q: %d bytes, %v", key, len(body), err)
			}
		}
		for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512"} {
			put("checksum "+string(algorithm), &s3.PutObjectInput{Body: bytes.NewReader(data), ChecksumAlgorithm: algorithm})
			put("empty "+string(algorithm), &s3.PutObjectInput{Body: bytes.NewReader(nil), ChecksumAlgorithm: algorithm})
		}
		put("unsigned", &s3.PutObjectInput{Body: bytes.NewReader(data)},
			s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
		if withTLS {
			put("a stream", &s3.PutObjectInput{Body: io.LimitReader(bytes.NewReader(data), int64(len(data))), ContentLength: aws.Int64(int64(len(data)))})
			if store.modes[sigv4.StreamingUnsignedTrailer] == 0 {
				t.Errorf("no upload with a trailer: %v", store.modes)
			}
		}
		if _, err := client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: aws.String("bucket"), Key: aws.String("part"), UploadId: aws.String("a/b+c="), PartNumber: aws.Int32(1), Body: bytes.NewReader(data),
		}); err != nil || !bytes.Equal(store.objects["/bucket/part"], data) {
			t.Errorf("part: %v", err)
		}
		t.Logf("TLS %v: %v", withTLS, store.modes)
	}
}

func TestPresignedURLsOfTheSDKVerifyForTheirRequestOnly(t *testing.T) {
	ctx, store := context.Background(), newStore(t, false)
	presigner := s3.NewPresignClient(store.s3(t, "arn:aws:iam::123456789012:role/presigner"))
	for _, key := range keys {
		put, err := presigner.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key), ContentType: aws.String("text/plain")})
		if err != nil {
			t.Fatal(err)
		}
		do := func(method, url string, header http.Header, body string) {
			t.Helper()
			r, err := http.NewRequest(method, url, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header.Clone()
			r.Header.Del("Host")
			resp, err := store.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
		}
		do(put.Method, put.URL, put.SignedHeader, "body")
		if store.err != nil || string(store.objects["/bucket/"+key]) != "body" {
			t.Errorf("put %q: %v", key, store.err)
		}
		do("DELETE", put.URL, put.SignedHeader, "")
		if !errors.Is(store.err, &sigv4.Error{Reason: sigv4.Mismatch}) {
			t.Errorf("another method, %q: %v", key, store.err)
		}
		do(put.Method, put.URL+"&acl", put.SignedHeader, "body")
		if !errors.Is(store.err, &sigv4.Error{Reason: sigv4.Mismatch}) {
			t.Errorf("a parameter more, %q: %v", key, store.err)
		}
		get, err := presigner.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key),
			ResponseContentType: aws.String("text/html; charset=utf-8")}, s3.WithPresignExpires(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		do(get.Method, get.URL, get.SignedHeader, "")
		if store.err != nil {
			t.Errorf("get %q: %v", key, store.err)
		}
	}
}

func TestQueriesOfTheS3ClientVerify(t *testing.T) {
	ctx, store := context.Background(), newStore(t, false)
	client := store.s3(t, "arn:aws:iam::123456789012:role/reader")
	for _, prefix := range keys {
		if _, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("bucket"), Prefix: aws.String(prefix), Delimiter: aws.String("/")}); err != nil {
			t.Errorf("list %q: %v", prefix, err)
		}
	}
	if _, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("bucket"), Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String("a b")}},
	}}); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func TestSessionsOfTwoRolesDoNotMix(t *testing.T) {
	ctx, store := context.Background(), newStore(t, false)
	caller := func(provider aws.CredentialsProvider) (string, error) {
		client := sts.New(sts.Options{Region: "eu-central-1", Credentials: provider, BaseEndpoint: aws.String(store.URL),
			HTTPClient: store.Client(), Retryer: aws.NopRetryer{}})
		out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", store.err
		}
		return aws.ToString(out.Arn), nil
	}
	a, b := store.credentials(t, "arn:aws:iam::123456789012:role/a"), store.credentials(t, "arn:aws:iam::123456789012:role/b")
	for want, provider := range map[string]aws.CredentialsProvider{"role/a": a, "role/b": b} {
		if got, err := caller(provider); err != nil || !strings.HasSuffix(got, want) {
			t.Errorf("%s is %q, %v", want, got, err)
		}
	}
	ca, err := a.Retrieve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cb, err := b.Retrieve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		id, secret, token string
		want              error
	}{
		"a's key with b's token":  {ca.AccessKeyID, ca.SecretAccessKey, cb.SessionToken, session.ErrInvalid},
		"b's secret":              {ca.AccessKeyID, cb.SecretAccessKey, ca.SessionToken, &sigv4.Error{Reason: sigv4.Mismatch}},
		"a's key and no token":    {ca.AccessKeyID, ca.SecretAccessKey, "", session.ErrInvalid},
		"a's key, half the token": {ca.AccessKeyID, ca.SecretAccessKey, ca.SessionToken[:40], session.ErrInvalid},
	} {
		if who, err := caller(credentials.NewStaticCredentialsProvider(tc.id, tc.secret, tc.token)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %q, %v", name, who, err)
		}
	}
}
