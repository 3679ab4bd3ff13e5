package sigv4_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// signedWith signs a request that has the headers too, and then removes them, as a server or a proxy does.
func signedWith(t testing.TB, service string, headers http.Header) *sigv4.Request {
	t.Helper()
	r, o := newRequest(), signOptions()
	for name, values := range headers {
		r.Header[name] = values
	}
	o.Service, o.SignHeader = service, func(string) bool { return true }
	signed(t, r, o)
	for name := range headers {
		delete(r.Header, name)
	}
	return r
}

// net/http does not leave these headers in the map. SDKs of 2024 sign the first.
func TestASignedHeaderThatTheServerKeepsElsewhereIsCompared(t *testing.T) {
	chunked, expect := http.Header{"Transfer-Encoding": {"chunked"}}, http.Header{"Expect": {"100-continue"}}
	for name, tc := range map[string]struct {
		sent     http.Header
		encoding []string
		proto    string
		good     bool
	}{
		"chunked":                      {chunked, []string{"chunked"}, "HTTP/1.1", true},
		"another encoding":             {chunked, []string{"gzip"}, "HTTP/1.1", false},
		"no encoding":                  {chunked, nil, "HTTP/1.1", false},
		"Expect over HTTP/2":           {expect, nil, "HTTP/2.0", true},
		"Expect over HTTP/1.1":         {expect, nil, "HTTP/1.1", false},
		"an empty Expect over HTTP/2":  {http.Header{"Expect": {""}}, nil, "HTTP/2.0", true},
		"another Expect over HTTP/2":   {http.Header{"Expect": {"200-ok"}}, nil, "HTTP/2.0", false},
		"both":                         {http.Header{"Expect": {"100-continue"}, "X-Other": {""}}, nil, "HTTP/2.0", true},
		"an encoding that nobody sent": {http.Header{"Transfer-Encoding": {""}}, []string{"chunked"}, "HTTP/1.1", false},
	} {
		r := signedWith(t, "s3", tc.sent)
		r.TransferEncoding, r.Proto = tc.encoding, tc.proto
		if _, err := verify(r, options()); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// libs3 always names transfer-encoding, and curl a header that it was told not to send. S3 and STS take both as empty.
func TestASignedHeaderThatNobodySentIsEmptyForS3AndSTS(t *testing.T) {
	o := options()
	o.Services, o.BodySHA256 = []string{"s3", "sts", "execute-api", "iam"}, sigv4.HashPayload(nil)
	empty := http.Header{"Transfer-Encoding": {""}, "Expires": {" "}}
	for _, service := range []string{"s3", "sts"} {
		if _, err := verify(signedWith(t, service, empty), o); err != nil {
			t.Errorf("%s: %v", service, err)
		}
		r := signedWith(t, service, http.Header{"Expires": {"0"}})
		_, err := verify(r, o)
		wantRefusal(t, err, "the signed header expires is not in the request", false, sigv4.Facts{Absent: "expires"})
		r = signedWith(t, service, http.Header{"X-Amz-Meta-User_id": {"7"}, "Expires": {""}})
		_, err = verify(r, o)
		wantRefusal(t, err, "the signed header x-amz-meta-user_id is not in the request", false, sigv4.Facts{Absent: "x-amz-meta-user_id"})
		r = signedWith(t, service, empty)
		r.Header["X-Amz-Acl"] = []string{"public-read"}
		_, err = verify(r, o)
		wantReason(t, err, sigv4.UnsignedHeader, false)
		r = signedWith(t, service, empty)
		r.Header["Expires"] = []string{"0"}
		_, err = verify(r, o)
		wantReason(t, err, sigv4.Mismatch, false)
	}
	for _, service := range []string{"execute-api", "iam"} {
		_, err := verify(signedWith(t, service, http.Header{"Expect": {""}}), o)
		wantRefusal(t, err, "'expect' is named as a SignedHeader, but it does not exist in the HTTP request.", false, sigv4.Facts{Absent: "expect"})
		if !errors.Is(err, &sigv4.Error{Reason: sigv4.Incomplete}) {
			t.Errorf("%s: %v", service, err)
		}
	}
}
