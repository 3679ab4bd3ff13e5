package caddymodule

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// s3Question is a request to the store, which a test case signs and then modifies.
type s3Question struct {
	method        string // "" = GET
	presigned     bool
	age           time.Duration // how long ago it was signed
	expires       time.Duration // presigned; 0 = a minute
	region        string        // "" = the gate's
	service       string        // "" = s3
	key           *sigv4.Credentials
	target        string // "" = /bucket/key
	body, payload string // payload: what the signature says the body is
	headers       map[string]string
	change        func(*http.Request)
}

// ask sends the request and returns the time of its signature.
func (q s3Question) ask(t *testing.T, e *edge) (answer, time.Time) {
	t.Helper()
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	target, err := url.Parse(e.url("/s3" + or(q.target, "/bucket/key")))
	if err != nil {
		t.Fatal(err)
	}
	hash := sigv4.HashPayload([]byte(or(q.payload, q.body)))
	r, err := http.NewRequestWithContext(t.Context(), or(q.method, "GET"), target.String(), strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range q.headers {
		r.Header.Set(name, value)
	}
	key, at := &rootKey, time.Now().Add(-q.age)
	if q.key != nil {
		key = q.key
	}
	o := sigv4.SignOptions{Time: at, Region: or(q.region, "us-east-1"), Service: or(q.service, "s3"), PayloadHash: hash, Expires: time.Minute}
	if q.expires != 0 {
		o.Expires = q.expires
	}
	signed := &sigv4.Request{Method: r.Method, Host: target.Host, RawPath: target.EscapedPath(), Header: r.Header, ContentLength: r.ContentLength}
	if q.presigned {
		o.PayloadHash = sigv4.UnsignedPayload
		r.URL.RawQuery, err = sigv4.Presign(signed, *key, o)
	} else {
		r.Header.Set("X-Amz-Content-Sha256", hash)
		err = sigv4.Sign(signed, *key, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	if q.change != nil {
		q.change(r)
	}
	return do(t, e.http, r), at
}

// Clients depend on these documents: SDKs read the region, tools match texts, and users report the ids to support.
func TestRefusalsAreTheDocumentsThatS3Writes(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	ada := e.credentials(t, e.mustSignIn(t, "ada").id)
	nobody := sigv4.Credentials{AccessKeyID: "AKIANOSUCHKEY0000000", SecretAccessKey: "x"}
	query := func(old, replacement string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, replacement, 1) }
	}
	const (
		header    = `<Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; `
		parameter = `<Code>AuthorizationQueryParametersError</Code><Message>`
		mechanism = `<Code>InvalidRequest</Code><Message>The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.</Message>`
		dateless  = `<Code>AccessDenied</Code><Message>AWS authentication requires a valid Date or x-amz-date header</Message>`
		unsigned  = `<Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message>`
		differs   = `The request signature we calculated does not match the signature you provided. Check your key and signing method.`
		mismatch  = `<Code>XAmzContentSHA256Mismatch</Code><Message>The provided &#39;x-amz-content-sha256&#39; header does not match what was computed.</Message>`
	)
	for name, tc := range map[string]struct {
		s3Question
		status int
		want   string // the document up to Resource; SIGNED is the signing time, END the expiry, NOW the server's time
	}{
		"version 2 in a header": {s3Question{change: func(r *http.Request) {
			r.Header = http.Header{"Authorization": {"AWS " + rootKey.AccessKeyID + ":frJIUN8DYpKDtOLCwo//yllqDzg="}}
		}}, 400, mechanism},
		"version 2 in a query": {s3Question{change: func(r *http.Request) {
			r.Header = http.Header{}
			r.URL.RawQuery = "AWSAccessKeyId=" + rootKey.AccessKeyID + "&Signature=frJIUN8DYpKDtOLCwo%2F%2FyllqDzg%3D&Expires=1900000000"
		}}, 400, mechanism},
		"version 4A": {s3Question{presigned: true, change: query("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")}, 400, mechanism},
		"another region": {s3Question{region: "eu-west-1"}, 400,
			header + `the region &#39;eu-west-1&#39; is wrong; expecting &#39;us-east-1&#39;</Message><Region>us-east-1</Region>`},
		"another region in a query": {s3Question{region: "eu-west-1", presigned: true}, 400,
			parameter + `Error parsing the X-Amz-Credential parameter; the region &#39;eu-west-1&#39; is wrong; expecting &#39;us-east-1&#39;</Message><Region>us-east-1</Region>`},
		"an invalid region": {s3Question{presigned: true, change: query("us-east-1", "us%0Aeast")}, 400,
			parameter + `Error parsing the X-Amz-Credential parameter; the region is wrong; expecting &#39;us-east-1&#39;</Message><Region>us-east-1</Region>`},
		"another service": {s3Question{service: "sts"}, 400,
			header + `incorrect service &#34;sts&#34;. This endpoint belongs to &#34;s3&#34;.</Message>`},
		"a malformed credential": {s3Question{presigned: true, change: query("%2Fs3%2F", "%2F")}, 400,
			parameter + `Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting &#34;&lt;YOUR-AKID&gt;/YYYYMMDD/REGION/SERVICE/aws4_request&#34;.</Message>`},
		"a header without a signature": {s3Question{change: func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host")
		}}, 400, header + `the authorization header requires three components: Credential, SignedHeaders, and Signature.</Message>`},
		"a header without a date": {s3Question{change: func(r *http.Request) { r.Header.Del("X-Amz-Date") }}, 403, dateless},
		"a date in another form":  {s3Question{change: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20170509T154625+01") }}, 403, dateless},
		"a query without a lifetime": {s3Question{presigned: true, change: query("&X-Amz-Expires=60", "")}, 400,
			parameter + `Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.</Message>`},
		"a lifetime of more than a week": {s3Question{presigned: true, change: query("Expires=60", "Expires=604801")}, 400,
			parameter + `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds</Message>`},
		"a lifetime that is not a number": {s3Question{presigned: true, change: query("Expires=60", "Expires=1h")}, 400, parameter + `X-Amz-Expires should be a number</Message>`},
		"a negative lifetime":             {s3Question{presigned: true, change: query("Expires=60", "Expires=-1")}, 400, parameter + `X-Amz-Expires must be non-negative</Message>`},
		"a lifetime of zero":              {s3Question{presigned: true, change: query("Expires=60", "Expires=0")}, 400, parameter + `X-Amz-Expires must be non-negative</Message>`},
		"a wrong clock": {s3Question{age: time.Hour}, 403,
			`<Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message>` +
				`<RequestTime>SIGNED</RequestTime><ServerTime>NOW</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>`},
		"an expired presigned request": {s3Question{presigned: true, age: time.Hour}, 403,
			`<Code>AccessDenied</Code><Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires><Expires>END</Expires><ServerTime>NOW</ServerTime>`},
		"headers that are not signed": {s3Question{change: func(r *http.Request) {
			r.Header.Set("X-Amz-Tagging", "a=b")
			r.Header.Set("X-Amz-Acl", "public-read")
		}}, 403, unsigned + `<HeadersNotSigned>x-amz-acl, x-amz-tagging</HeadersNotSigned>`},
		"another body": {s3Question{method: "PUT", body: "one", payload: "two"}, 400, mismatch + `<ClientComputedContentSHA256>` +
			sigv4.HashPayload([]byte("two")) + `</ClientComputedContentSHA256><S3ComputedContentSHA256>` + sigv4.HashPayload([]byte("one")) + `</S3ComputedContentSHA256>`},
		"an unknown key": {s3Question{key: &nobody}, 403,
			`<Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message><AWSAccessKeyId>AKIANOSUCHKEY0000000</AWSAccessKeyId>`},
		"a forged signature": {s3Question{key: &sigv4.Credentials{AccessKeyID: rootKey.AccessKeyID, SecretAccessKey: "x"}}, 403,
			`<Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your key and signing method.</Message>`},
		"a signature that is no digest": {s3Question{change: func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+"0")
		}}, 403, `<Code>SignatureDoesNotMatch</Code><Message>` + differs + `</Message>`},
		"a signature in a query that is no digest": {s3Question{presigned: true, change: query("X-Amz-Signature=", "X-Amz-Signature=FWeDfwojDSdS2Ztmpfeubhd9isU%3D")}, 403,
			`<Code>SignatureDoesNotMatch</Code><Message>` + differs + `</Message>`},
		"an unknown key with a signature that is no digest": {s3Question{key: &nobody, change: func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+"0")
		}}, 403, `<Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message><AWSAccessKeyId>AKIANOSUCHKEY0000000</AWSAccessKeyId>`},
		"a header that the server drops": {s3Question{method: "PUT", headers: map[string]string{"X-Amz-Meta-User_id": "7"}}, 403,
			`<Code>SignatureDoesNotMatch</Code><Message>` + differs + ` The signed header x-amz-meta-user_id did not arrive: servers and proxies drop names with underscores or dots unless they are told to expect them.</Message>`},
		"an empty header": {s3Question{change: func(r *http.Request) { r.Header.Set("Authorization", "") }}, 403,
			`<Code>AccessDenied</Code><Message>Access Denied</Message>`},
		"what policies deny": {s3Question{key: &ada, target: "/bucket/secret/x"}, 403,
			`<Code>AccessDenied</Code><Message>Access Denied (decision ID)</Message>`},
	} {
		t.Run(name, func(t *testing.T) {
			a, at := tc.ask(t, e)
			got := plainDocument(t, a)
			resource := "/s3/bucket/key"
			if tc.target != "" {
				resource = "/s3" + tc.target
			}
			if tc.body != "" {
				resource = strings.TrimPrefix(resource, "/s3") // the body is read behind the gate
			}
			want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error>" + strings.NewReplacer("SIGNED", at.UTC().Format("20060102T150405Z"),
				"END", at.UTC().Truncate(time.Second).Add(time.Minute).Format(time.RFC3339)).Replace(tc.want) +
				"<Resource>" + resource + "</Resource><RequestId>ID</RequestId><HostId>HOST</HostId></Error>"
			if a.status != tc.status || got != want || a.header.Get("Content-Type") != "application/xml" {
				t.Errorf("status %d, want %d\n got %s\nwant %s", a.status, tc.status, got, want)
			}
		})
	}
	a, _ := s3Question{method: "HEAD", region: "eu-west-1"}.ask(t, e)
	if a.status != 400 || a.body != "" || a.header.Get("X-Amz-Request-Id") == "" || a.header.Get("X-Amz-Id-2") == "" || a.header.Get("X-Amz-Bucket-Region") != "us-east-1" {
		t.Errorf("HEAD: %d %v %q", a.status, a.header, a.body)
	}
}

var (
	requestIDs  = regexp.MustCompile(`^[0-9A-Za-z-]{16,}$`)
	serverTimes = regexp.MustCompile(`<ServerTime>([^<]*)</ServerTime>`)
)

// plainDocument returns an error document with its variable parts replaced by words: the server's time, and the ids, which
// must equal those in the headers.
func plainDocument(t *testing.T, a answer) string {
	t.Helper()
	id, host := a.header.Get("X-Amz-Request-Id"), a.header.Get("X-Amz-Id-2")
	if raw, err := base64.StdEncoding.DecodeString(host); !requestIDs.MatchString(id) || err != nil || len(raw) < 16 {
		t.Errorf("ids %q and %q", id, host)
		return a.body
	}
	document := strings.NewReplacer(id, "ID", host, "HOST").Replace(a.body)
	return serverTimes.ReplaceAllStringFunc(document, func(element string) string {
		at, err := time.Parse(time.RFC3339, serverTimes.FindStringSubmatch(element)[1])
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s: %v", element, err)
		}
		return "<ServerTime>NOW</ServerTime>"
	})
}
