package sigv4_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// API servers show these texts and facts to clients, some of which parse them.
func TestRefusalsHaveTheTextsOfS3(t *testing.T) {
	const (
		mechanism = "the authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
		skewed    = "the difference between the request time and the current time is too large"
		week      = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"
	)
	var none sigv4.Facts
	region, unnamed := sigv4.Facts{Region: "eu-west-1", Named: "us-east-1"}, sigv4.Facts{Region: "eu-west-1"}
	header := func(old, replacement string) func(*sigv4.Request, *sigv4.Options) {
		return func(r *sigv4.Request, _ *sigv4.Options) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, replacement, 1))
		}
	}
	query := func(old, replacement string) func(*sigv4.Request, *sigv4.Options) {
		return func(r *sigv4.Request, _ *sigv4.Options) {
			r.RawQuery = strings.Replace(r.RawQuery, old, replacement, 1)
		}
	}
	after := func(d time.Duration) func(*sigv4.Request, *sigv4.Options) {
		return func(_ *sigv4.Request, o *sigv4.Options) { o.Now = signTime.Add(d) }
	}
	with := func(names ...string) func(*sigv4.Request, *sigv4.Options) {
		return func(r *sigv4.Request, _ *sigv4.Options) {
			for _, name := range names {
				r.Header[name] = []string{"x"}
			}
		}
	}
	for name, tc := range map[string]struct {
		presigned  bool
		change     func(*sigv4.Request, *sigv4.Options)
		detail     string
		credential bool
		facts      sigv4.Facts
	}{
		"version 2":            {false, func(r *sigv4.Request, _ *sigv4.Options) { r.Header.Set("Authorization", "AWS id:sig") }, mechanism, false, none},
		"version 2 in a query": {true, func(r *sigv4.Request, _ *sigv4.Options) { r.RawQuery = "AWSAccessKeyId=a&Signature=b&Expires=1" }, mechanism, false, none},
		"another region":       {false, header("eu-west-1", "us-east-1"), "the region 'us-east-1' is wrong; expecting 'eu-west-1'", true, region},
		"in a query":           {true, query("eu-west-1", "us-east-1"), "the region 'us-east-1' is wrong; expecting 'eu-west-1'", true, region},
		"a region with quotes": {false, header("eu-west-1", "a'b"), "the region is wrong; expecting 'eu-west-1'", true, unnamed},
		"a region with controls": {true, query("eu-west-1", "a%0d%0ab"), "the region is wrong; expecting 'eu-west-1'", true,
			unnamed},
		"a long region": {false, header("eu-west-1", strings.Repeat("x", 65)), "the region is wrong; expecting 'eu-west-1'", true, unnamed},
		"no region is right": {false, func(_ *sigv4.Request, o *sigv4.Options) { o.Regions = nil }, "the region 'eu-west-1' is wrong", true,
			none},
		"another service": {false, header("/s3/", "/ec2/"), `incorrect service "ec2". This endpoint belongs to "s3".`, true,
			sigv4.Facts{Service: "s3"}},
		"another region and service": {false, header("/eu-west-1/s3/", "/us-east-1/ec2/"), "the region 'us-east-1' is wrong; expecting 'eu-west-1'", true,
			sigv4.Facts{Region: "eu-west-1", Service: "s3", Named: "us-east-1"}},
		"another terminator": {true, query("aws4_request", "aws4_re"), `incorrect terminal "aws4_re". This endpoint uses "aws4_request".`, true, none},
		"another day": {false, header("/20260301", "/20260302"),
			`Invalid credential date "20260302". This date is not the same as X-Amz-Date: "20260301".`, false, none},
		"a scope too short": {false, header("/eu-west-1", ""),
			`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`, true, none},
		"a life of no time":   {true, query("Expires=3600", "Expires=0"), "X-Amz-Expires must be non-negative", false, none},
		"a negative life":     {true, query("Expires=3600", "Expires=-1"), "X-Amz-Expires must be non-negative", false, none},
		"a signed life":       {true, query("Expires=3600", "Expires=%2B3600"), "X-Amz-Expires should be a number", false, none},
		"a life in words":     {true, query("Expires=3600", "Expires=1h"), "X-Amz-Expires should be a number", false, none},
		"a life over a week":  {true, query("Expires=3600", "Expires=604801"), week, false, none},
		"a life of centuries": {true, query("Expires=3600", "Expires=6048000000000"), week, false, none},
		"a clock behind": {false, after(time.Hour), skewed, false,
			sigv4.Facts{SignedAt: signTime, Now: signTime.Add(time.Hour), Allowed: sigv4.MaxSkew}},
		"a clock outside a narrower skew": {false, func(_ *sigv4.Request, o *sigv4.Options) { o.Now, o.Skew = signTime.Add(time.Hour), time.Minute }, skewed, false,
			sigv4.Facts{SignedAt: signTime, Now: signTime.Add(time.Hour), Allowed: time.Minute}},
		"an expired request": {true, after(2 * time.Hour), "", false,
			sigv4.Facts{SignedAt: signTime, Now: signTime.Add(2 * time.Hour), Allowed: time.Hour}},
		"a request from the future": {true, after(-time.Hour), "", false,
			sigv4.Facts{SignedAt: signTime, Now: signTime.Add(-time.Hour), Allowed: time.Hour}},
		"unsigned headers": {false, with("X-Amz-Tagging", "X-Amz-Acl", "Accept"), "x-amz-acl, x-amz-tagging", false,
			sigv4.Facts{Unsigned: "x-amz-acl, x-amz-tagging"}},
		"a header instead of a signed one": {true, func(r *sigv4.Request, _ *sigv4.Options) {
			delete(r.Header, "X-Amz-Meta-A")
			r.Header.Set("X-Amz-Expires", "5")
		}, "x-amz-expires", false, sigv4.Facts{Unsigned: "x-amz-expires"}},
		"headers beside the hash of the body": {true, with("X-Amz-Date", "X-Amz-Acl"), "x-amz-acl, x-amz-date", false,
			sigv4.Facts{Unsigned: "x-amz-acl, x-amz-date"}},
		"a signed header that a proxy dropped": {true, func(r *sigv4.Request, _ *sigv4.Options) { delete(r.Header, "X-Amz-Meta-A") },
			"the signed header x-amz-meta-a is not in the request", false, sigv4.Facts{Absent: "x-amz-meta-a"}},
		"a signed header with a long name": {false, header("SignedHeaders=", "SignedHeaders=a"+strings.Repeat("b", 200)+";"),
			"a signed header is not in the request", false, none},
		"a header respelled": {true, with("X-AMZ-META-A"), "x-amz-meta-a", false, sigv4.Facts{Unsigned: "x-amz-meta-a"}},
		"host unsigned":      {true, query("content-type%3Bhost", "content-type"), "host", false, sigv4.Facts{Unsigned: "host"}},
		"another body that the caller read": {false, func(_ *sigv4.Request, o *sigv4.Options) { o.BodySHA256 = sigv4.HashPayload([]byte("x")) },
			"the body is not the one that x-amz-content-sha256 names", false,
			sigv4.Facts{ClaimedHash: sigv4.HashPayload(nil), ComputedHash: sigv4.HashPayload([]byte("x"))}},
	} {
		t.Run(name, func(t *testing.T) {
			r, o := newRequest(), options()
			if tc.presigned {
				r = presigned(t, r, signOptions())
			} else {
				r = signed(t, r, signOptions())
			}
			tc.change(r, &o)
			_, err := verify(r, o)
			wantRefusal(t, err, tc.detail, tc.credential, tc.facts)
		})
	}
}

func TestARefusedBodyReportsBothHashes(t *testing.T) {
	r, o := newRequest(), signOptions()
	r.Method, r.ContentLength, o.PayloadHash = http.MethodPut, 3, sigv4.HashPayload([]byte("two"))
	v, err := verify(signed(t, r, o), options())
	if err != nil {
		t.Fatal(err)
	}
	body, err := v.Body(strings.NewReader("one"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(body)
	wantRefusal(t, err, "the body is not the one that x-amz-content-sha256 names", false,
		sigv4.Facts{ClaimedHash: sigv4.HashPayload([]byte("two")), ComputedHash: sigv4.HashPayload([]byte("one"))})
}

func wantRefusal(t *testing.T, err error, detail string, credential bool, facts sigv4.Facts) {
	t.Helper()
	refused, ok := errors.AsType[*sigv4.Error](err)
	if !ok || refused.Detail != detail || refused.Credential != credential || refused.Facts != facts {
		t.Errorf("got %+v\nwant %q, credential %v, facts %+v", err, detail, credential, facts)
	}
}
