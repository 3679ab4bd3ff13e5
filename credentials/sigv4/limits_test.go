package sigv4

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func limitsRequest() *Request {
	return &Request{Method: "GET", Host: "h", RawPath: "/a", Header: http.Header{}}
}

// verdict signs the request with the options of the fuzz targets, changes it and verifies it.
func verdict(t *testing.T, r *Request, change func(*Request)) error {
	t.Helper()
	o := fuzzSignOptions()
	o.SignHeader = func(name string) bool { return name == "date" }
	if err := Sign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, o); err != nil {
		t.Fatal(err)
	}
	change(r)
	a, err := Parse(r)
	if err == nil {
		_, err = a.Verify(fuzzSecret, fuzzOptions())
	}
	return err
}

// Old SDKs sign Date because some clients cannot set X-Amz-Date.
func TestASignedDateHeaderReplacesXAmzDate(t *testing.T) {
	for text, want := range map[string]Reason{
		"Sun, 01 Mar 2026 12:00:00 GMT":  0,
		"20260301T120000Z":               0,
		"Sunday, 01-Mar-26 12:00:00 GMT": 0,
		"Sun, 01 Mar 2026 12:16:00 GMT":  Skewed,
		"Mon, 02 Mar 2026 12:00:00 GMT":  WrongScope,
		"2026-03-01 12:00":               NoDate,
		"20260301T12000xZ":               NoDate,
		"20260301T246000Z":               NoDate,
		"20261301T120000Z":               NoDate,
	} {
		r := limitsRequest()
		r.Header["Date"] = []string{text}
		date := "20260301T120000Z"
		if at, err := http.ParseTime(text); err == nil {
			date = at.UTC().Format(timeFormat)
		}
		// Sign always writes X-Amz-Date, so the test makes this signature itself.
		s := newScratch()
		const signed, scope = "date;host;x-amz-content-sha256", "20260301/us-east-1/s3/aws4_request"
		r.Header["X-Amz-Content-Sha256"] = []string{UnsignedPayload}
		if err := s.loadHeaders(r, signed, false); err != nil {
			t.Fatal(err)
		}
		if err := s.canonicalRequest(r, signed, S3Rule, UnsignedPayload, false, form{}); err != nil {
			t.Fatal(err)
		}
		sum := s.signRequest(deriveKey(fuzzSecret, "20260301", "us-east-1", "s3"), date)
		r.Header["Authorization"] = []string{fmt.Sprintf("AWS4-HMAC-SHA256 Credential=AKIA/%s, SignedHeaders=%s, Signature=%x", scope, signed, sum)}
		a, err := Parse(r)
		if err == nil {
			_, err = a.Verify(fuzzSecret, fuzzOptions())
		}
		if want == 0 && err != nil || want != 0 && !errors.Is(err, &Error{Reason: want}) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
	err := verdict(t, limitsRequest(), func(r *Request) { r.Header["Date"] = []string{"a", "b"}; r.Header.Del("X-Amz-Date") })
	if !errors.Is(err, &Error{Reason: Malformed}) {
		t.Errorf("two dates: %v", err)
	}
}

func TestHeadersHaveALimit(t *testing.T) {
	many := func(r *Request) {
		for i := range maxHeaders {
			r.Header[fmt.Sprintf("A-%d", i)] = []string{""}
		}
	}
	if err := verdict(t, limitsRequest(), many); !errors.Is(err, &Error{Reason: Malformed}) {
		t.Errorf("verified: %v", err)
	}
	r := limitsRequest()
	many(r)
	if err := Sign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, fuzzSignOptions()); err == nil {
		t.Error("signed")
	}
	if err := Sign(&Request{Method: "GET", Host: "h"}, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, fuzzSignOptions()); err == nil {
		t.Error("signed in no header")
	}
	if err := verdict(t, limitsRequest(), func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{"a", "b"} }); !errors.Is(err, &Error{Reason: Malformed}) {
		t.Errorf("two payload hashes: %v", err)
	}
	presigned := limitsRequest()
	query, err := Presign(presigned, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, fuzzSignOptions())
	if err != nil {
		t.Fatal(err)
	}
	presigned.RawQuery = query
	presigned.Header["X-Amz-Security-Token"] = []string{"a", "b"}
	if _, err := Parse(presigned); !errors.Is(err, &Error{Reason: Malformed}) {
		t.Errorf("two tokens: %v", err)
	}
}

// The metadata of an object may have two thousand bytes, in as many headers as fit.
func TestManyHeadersCanBeSigned(t *testing.T) {
	for n, fits := range map[int]bool{60: true, maxSignedHeaders - 3: true, maxSignedHeaders - 2: false} { // three are those of the signature and host
		r := limitsRequest()
		for i := range n {
			r.Header[fmt.Sprintf("X-Amz-Meta-%d", i)] = []string{"v"}
		}
		err := Sign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, fuzzSignOptions())
		if (err == nil) != fits {
			t.Errorf("signing %d: %v", n, err)
		}
		if err != nil {
			continue
		}
		a, err := Parse(r)
		if err == nil {
			_, err = a.Verify(fuzzSecret, fuzzOptions())
		}
		if err != nil {
			t.Errorf("%d: %v", n, err)
		}
		r.Header["X-Amz-Meta-7"] = []string{"w"}
		if _, err = a.Verify(fuzzSecret, fuzzOptions()); !errors.Is(err, &Error{Reason: Mismatch}) {
			t.Errorf("%d, one changed: %v", n, err)
		}
	}
}

// CloudFront adds X-Amz-Cf-Id to each request, and AWS's load balancers and API Gateway add headers with x-amzn-.
func TestHeadersThatCloudFrontAddsNeedNoSignature(t *testing.T) {
	add := func(r *Request) {
		for _, name := range []string{CloudFrontID, "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id", "X-Amzn-Waf-Bot", "Cloudfront-Viewer-Country", "Via"} {
			r.Header[name] = []string{"added"}
		}
	}
	if err := verdict(t, limitsRequest(), add); err != nil {
		t.Errorf("in a header: %v", err)
	}
	r := limitsRequest()
	query, err := Presign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, fuzzSignOptions())
	if err != nil {
		t.Fatal(err)
	}
	r.RawQuery = query
	add(r)
	a, err := Parse(r)
	if err == nil {
		_, err = a.Verify(fuzzSecret, fuzzOptions())
	}
	if err != nil {
		t.Errorf("presigned: %v", err)
	}
	for _, name := range []string{"X-Amz-Cf-Ids", "X-Amz-Cf-", "x-amz-cf-id", "X-Amz-Acl"} {
		err := verdict(t, limitsRequest(), func(r *Request) { add(r); r.Header[name] = []string{"added"} })
		refused, _ := errors.AsType[*Error](err)
		if refused == nil || refused.Reason != UnsignedHeader || refused.Facts.Unsigned != strings.ToLower(name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Requests that differ only in equivalent spellings have the same signature.
func TestSpellingsThatMeanTheSameSignTheSame(t *testing.T) {
	sign := func(path, query string, rule PathRule) string {
		r := limitsRequest()
		r.RawPath, r.RawQuery = path, query
		o := fuzzSignOptions()
		o.Rule = &rule
		if err := Sign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, o); err != nil {
			t.Fatal(err)
		}
		return r.Header.Get("Authorization")
	}
	for name, tc := range map[string]struct {
		a, b string
		rule PathRule
		same bool
	}{
		"an encoded letter":             {"/%61", "/a", S3Rule, true},
		"small hexadecimal digits":      {"/%c3%a9", "/%C3%A9", S3Rule, true},
		"raw bytes":                     {"/é", "/%C3%A9", S3Rule, true},
		"an encoded slash":              {"/a%2Fb", "/a/b", S3Rule, false},
		"two slashes":                   {"/a//b", "/a/b", S3Rule, false},
		"two slashes, elsewhere":        {"/a//b", "/a/b", GeneralRule, true},
		"a dot segment":                 {"/a/./b", "/a/b", S3Rule, false},
		"a dot segment, elsewhere":      {"/x/../a/./b", "/a/b", GeneralRule, true},
		"above the root":                {"/../../a", "/a", GeneralRule, true},
		"an encoded letter, elsewhere":  {"/%61", "/a", GeneralRule, false},
		"a last slash":                  {"/a/", "/a", GeneralRule, false},
		"a query in another order":      {"/?b=1&a=2&a=1", "/?a=1&a=2&b=1", S3Rule, true},
		"a query key that others begin": {"/?p10=1&p1=2", "/?p1=2&p10=1", S3Rule, true},
		"a plus in a query":             {"/?a=b+c", "/?a=b%20c", S3Rule, true},
		"a plus sign in a query":        {"/?a=b%2Bc", "/?a=b%20c", S3Rule, false},
		"a name without equals sign":    {"/?acl", "/?acl=", S3Rule, true},
		"nothing between ampersands":    {"/?&a=1&&", "/?a=1", S3Rule, true},
		"values in another order":       {"/?a=1&b=2", "/?a=2&b=1", S3Rule, false},
	} {
		pathA, queryA, _ := strings.Cut(tc.a, "?")
		pathB, queryB, _ := strings.Cut(tc.b, "?")
		if same := sign(pathA, queryA, tc.rule) == sign(pathB, queryB, tc.rule); same != tc.same {
			t.Errorf("%s: %s and %s sign the same: %v", name, tc.a, tc.b, same)
		}
	}
}

// aws-sdk-go sorts a query by the decoded texts. For keys outside ASCII this order differs from that of AWS's rules.
func TestAQuerySortedByDecodedTextsVerifies(t *testing.T) {
	r := limitsRequest()
	r.RawQuery = "%C3%A9=2&%C3%A9=%20&z=1&%C3%A9=1"
	s := &scratch{}
	for _, byDecoded := range []bool{false, true} {
		got := string(s.appendQuery(nil, r.RawQuery, false, byDecoded))
		want := map[bool]string{false: "%C3%A9=%20&%C3%A9=1&%C3%A9=2&z=1", true: "z=1&%C3%A9=%20&%C3%A9=1&%C3%A9=2"}[byDecoded]
		if got != want {
			t.Errorf("by decoded %v: %s, want %s", byDecoded, got, want)
		}
	}
}

func TestARequestNotYetSentHasItsHostInTheURL(t *testing.T) {
	r := &http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "example.com", Path: "/a b"}, Header: http.Header{}}
	if view := FromHTTP(r); view.Host != "example.com" || view.RawPath != "/a%20b" {
		t.Errorf("%+v", view)
	}
}

func TestTheKeyCacheIsBounded(t *testing.T) {
	for n, want := range map[int]int{-1: 2, 0: 2, 3: 4, 1000: 1024, 1 << 30: 1 << 20} {
		if got := len(NewKeyCache(n).slots); got != want {
			t.Errorf("NewKeyCache(%d) holds %d", n, got)
		}
	}
	cache := NewKeyCache(2)
	a := cache.get("a", "d", "r", "s")
	b := cache.get("b", "d", "r", "s")
	if cache.get("a", "d", "r", "s") != a || cache.get("b", "d", "r", "s") != b {
		t.Error("two keys do not fit a cache of two")
	}
	for i := range 100 {
		secret := fmt.Sprint(i)
		if cache.get(secret, "d", "r", "s").sign(nil) != deriveKey(secret, "d", "r", "s").sign(nil) {
			t.Fatalf("a wrong key for %s", secret)
		}
	}
}

// Keys that differ in one character may share a slot of the cache. Each caller must still get its own key.
func TestKeysInOneCacheSlotAreDistinguished(t *testing.T) {
	t.Parallel()
	secrets := []string{"a", "b", "aa", "ab", "123456789012345", "123456789012346", "1234567890123456", "1234567890123457"}
	for at := range 40 {
		secret := []byte(strings.Repeat("k", 40))
		secret[at] = 'x'
		secrets = append(secrets, string(secret))
	}
	type scoped struct{ secret, day, region, service string }
	wanted := map[scoped]*signingKey{}
	for _, secret := range secrets {
		for _, s := range []scoped{
			{"", "20260301", "us-east-1", "s3"}, {"", "20260311", "us-east-1", "s3"}, {"", "20260301", "us-west-1", "s3"},
			{"", "20260301", "us-east-1", "x3"}, {"", "20260301", "s-east-1", "s33"}, {"", "2026030", "1us-east-1", "s3"}, {"", "", "", ""},
		} {
			s.secret = secret
			wanted[s] = deriveKey(s.secret, s.day, s.region, s.service)
		}
	}
	for _, size := range []int{2, 16, 1024} {
		cache := NewKeyCache(size)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 3 {
					for s, want := range wanted { // each goroutine uses a random order
						if got := cache.get(s.secret, s.day, s.region, s.service); got.scope != want.scope || got.sign(nil) != want.sign(nil) {
							t.Errorf("a cache of %d has a wrong key for %+v", size, s)
							return
						}
					}
				}
			})
		}
		wg.Wait()
	}
}

// stutter returns no bytes and no error on every other call, which io.Reader allows.
type stutter struct {
	io.Reader
	silent bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.silent = !s.silent; s.silent {
		return 0, nil
	}
	return s.Reader.Read(p)
}

func TestBodyHandlesReadersThatReturnNothingOrFail(t *testing.T) {
	body := []byte("a body of some bytes")
	for _, e := range []encoded{plain(t, body, HashPayload(body), int64(len(body))), upload{mode: StreamingSigned, data: body, chunk: 7}.encode(t)} {
		got, err := e.receive(t, &stutter{Reader: iotest.HalfReader(bytes.NewReader(e.wire))})
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%q, %v", got, err)
		}
		broken := errors.New("connection reset")
		if _, err := e.receive(t, io.MultiReader(bytes.NewReader(e.wire[:9]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("the connection's error became %v", err)
		}
		b, err := e.open(t, bytes.NewReader(e.wire))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := b.Read(nil); n != 0 || err != nil {
			t.Errorf("reading into nothing gives %d, %v", n, err)
		}
	}
	// An upload without data is checked when Body is called, which then returns the error.
	e := upload{mode: StreamingSigned, chunk: 7}.encode(t)
	if _, err := e.open(t, strings.NewReader("0;chunk-signature="+strings.Repeat("0", 64)+"\r\n\r\n")); !errors.Is(err, &Error{Reason: ChunkMismatch}) {
		t.Errorf("a forged end: %v", err)
	}
	repeated := upload{mode: StreamingSigned, data: body, chunk: 7, mutate: func(r *Request) {
		r.Header["X-Amz-Decoded-Content-Length"] = []string{"20", "20"}
	}}.encode(t)
	if _, err := repeated.open(t, nil); !errors.Is(err, &Error{Reason: Malformed}) {
		t.Errorf("two decoded lengths: %v", err)
	}
	repeated = upload{mode: StreamingSignedTrailer, trailer: "x-amz-checksum-sha1", data: body, chunk: 7, mutate: func(r *Request) {
		r.Header.Add("X-Amz-Trailer", "x-amz-checksum-crc32")
	}}.encode(t)
	if _, err := repeated.open(t, nil); !errors.Is(err, &Error{Reason: Malformed}) {
		t.Errorf("two trailer headers: %v", err)
	}
}

func TestPresignUsesTheServicesPayloadHash(t *testing.T) {
	credentials := Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}
	o := fuzzSignOptions()
	o.PayloadHash = ""
	if query, err := Presign(limitsRequest(), credentials, o); err != nil || strings.Contains(query, queryPayloadHash) {
		t.Errorf("S3: %s, %v", query, err)
	}
	o.Expires = MaxExpires + time.Second
	if _, err := Presign(limitsRequest(), credentials, o); err == nil {
		t.Error("Presign accepted more than a week")
	}
	r := limitsRequest()
	r.Header["x-amz-a"], r.Header["X-Amz-A"] = []string{"1"}, []string{"2"}
	if _, err := Presign(r, credentials, fuzzSignOptions()); err == nil {
		t.Error("Presign accepted a header in two spellings")
	}
}

func TestOnlyGoodSignaturesTakeAPlaceInTheKeyCache(t *testing.T) {
	cache := NewKeyCache(2)
	verify := func(region, secret string) error {
		r := httptest.NewRequest("GET", "https://store.example/b", nil)
		if err := Sign(FromHTTP(r), Credentials{AccessKeyID: "AKIAEXAMPLE000000000", SecretAccessKey: secret},
			SignOptions{Time: exampleTime, Region: region, Service: "s3", PayloadHash: UnsignedPayload}); err != nil {
			t.Fatal(err)
		}
		a, err := Parse(FromHTTP(r))
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Verify("secret", Options{Now: exampleTime, Regions: []string{"us-east-1"}, OtherRegion: func(string) bool { return true }, Services: []string{"s3"}, Keys: cache})
		return err
	}
	day := exampleTime.UTC().Format("20060102")
	if err := verify("us-east-1", "secret"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := verify("ab-cd-"+strconv.Itoa(i), "guess"); err == nil {
			t.Fatal("a guess passes")
		}
	}
	if cache.find(keySource{"secret", day, "us-east-1", "s3"}) == nil {
		t.Error("guesses in many regions removed the key of a good signature")
	}
	if err := verify("ab-cd-1", "secret"); err != nil || cache.find(keySource{"secret", day, "ab-cd-1", "s3"}) == nil {
		t.Error(err)
	}
}
