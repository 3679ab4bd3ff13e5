package node_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node/passing"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

// lateBody is a body before whose last byte something happens.
type lateBody struct {
	text   string
	before func()
}

func (b *lateBody) Read(into []byte) (int, error) {
	switch len(b.text) {
	case 0:
		return 0, io.EOF
	case 1:
		b.before()
	}
	n := copy(into, b.text[:max(1, len(b.text)-1)])
	b.text = b.text[n:]
	return n, nil
}

func TestThreatABodyThatEndsAfterItsCredentialIsNotForwardedWhole(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	role := w.Role("store", callertest.AccountTrust(), callertest.AllowAll)
	store, s := protect(t, w, config.Authorize{SigV4: &config.SigV4{Service: "s3"}, RolePolicies: true})
	plain, u := protect(t, w, config.Authorize{UserPools: []string{callertest.UserPool}, TokenUse: []string{"id"}, Leeway: new(config.Duration),
		Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "*"}}})
	const remove = "<Delete><Object><Key>k</Key></Object></Delete>"
	for name, tc := range map[string]struct {
		method, target, hash, body string
		header                     http.Header
		code                       string // "" on the plain route
	}{
		"an upload":                 {"PUT", "/bucket/k", sigv4.HashPayload([]byte("hello")), "hello", nil, "ExpiredToken"},
		"an upload without a hash":  {"PUT", "/bucket/k", sigv4.UnsignedPayload, "hello", nil, "ExpiredToken"},
		"an upload of a file":       {"PUT", "/bucket/k", sigv4.UnsignedPayload, strings.Repeat("x", 200_000), nil, "ExpiredToken"},
		"the end of an upload":      {"POST", "/bucket/k?uploadId=u", sigv4.UnsignedPayload, "<CompleteMultipartUpload/>", nil, "ExpiredToken"},
		"a policy":                  {"PUT", "/bucket?policy", sigv4.UnsignedPayload, "{}", nil, "ExpiredToken"},
		"a document that is read":   {"POST", "/bucket?delete", sigv4.HashPayload([]byte(remove)), remove, nil, "ExpiredToken"},
		"a body on any other route": {"PUT", "/x", "", "hello", nil, ""},
		"an upload in chunks": {"PUT", "/bucket/k", sigv4.StreamingUnsignedTrailer, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
			http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32"}, "X-Amz-Decoded-Content-Length": {"5"}}, "ExpiredToken"},
	} {
		now, by := w.Now(), w.As(role)
		for _, late := range []bool{false, true} {
			body := &lateBody{tc.body, func() {
				if late {
					w.SetNow(now.Add(2 * time.Hour))
				}
			}}
			r := httptest.NewRequest(tc.method, tc.target, body)
			r.ContentLength = int64(len(tc.body))
			for name, values := range tc.header {
				r.Header[name] = values
			}
			handler, got := plain, u
			if tc.code != "" {
				handler, got = store, s
				r.Header.Set("X-Amz-Content-Sha256", tc.hash)
				if err := sigv4.Sign(sigv4.FromHTTP(r), by, sigv4.SignOptions{Time: now, Region: callertest.Region, Service: "s3", PayloadHash: tc.hash}); err != nil {
					t.Fatal(err)
				}
			} else {
				r.Header.Set("Authorization", "Bearer "+w.IDToken("alice", nil))
			}
			*got = upstream{}
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, r)
			w.SetNow(now)
			switch {
			case !late && (got.got == nil || got.err != nil || rec.Code != http.StatusOK):
				t.Errorf("%s, in time: %d %s, %v", name, rec.Code, rec.Body, got.err)
			case late && tc.code != "" && (got.got != nil || rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "<Code>"+tc.code+"</Code>")):
				t.Errorf("%s: %d %s; the store got %v", name, rec.Code, rec.Body, got.got)
			case late && tc.code == "" && !errors.Is(got.err, passing.ErrEnded):
				t.Errorf("%s: the upstream got %q, %v", name, got.body, got.err)
			}
		}
	}
}

func TestTheStoreGetsNoBodyThatItsChecksumsAreNotOf(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	h, u := protect(t, w, config.Authorize{SigV4: &config.SigV4{Service: "s3"}, RolePolicies: true})
	by := w.As(w.Role("store", callertest.AccountTrust(), callertest.AllowAll))
	long := strings.Repeat("hello", 50_000)
	for name, tc := range map[string]struct {
		method, target, body string
		header, value        string
		answer               string // "" if the store gets the body
	}{
		"as claimed":                             {"PUT", "/bucket/k", "hello", "Content-Md5", "XUFAKrxLKna5cZ2REBfFkg==", ""},
		"as claimed, by CRC":                     {"PUT", "/bucket/k?partNumber=1&uploadId=u", "hello", "X-Amz-Checksum-Crc32", "NhCmhg==", ""},
		"another body":                           {"PUT", "/bucket/k", "hellO", "Content-Md5", "XUFAKrxLKna5cZ2REBfFkg==", "<Code>BadDigest</Code><Message>The Content-MD5 you specified did not match what we received.</Message>"},
		"another body, by CRC":                   {"PUT", "/bucket/k", "hellO", "X-Amz-Checksum-Crc32", "NhCmhg==", "<Code>BadDigest</Code><Message>The CRC32 you specified did not match the calculated checksum.</Message>"},
		"another part":                           {"PUT", "/bucket/k?partNumber=1&uploadId=u", "hellO", "X-Amz-Checksum-Crc32", "NhCmhg==", "<Code>BadDigest</Code>"},
		"another body, in a file":                {"PUT", "/bucket/k", long, "X-Amz-Checksum-Crc32", "NhCmhg==", "<Code>BadDigest</Code>"},
		"no body":                                {"PUT", "/bucket/k", "", "Content-Md5", "XUFAKrxLKna5cZ2REBfFkg==", "<Code>BadDigest</Code>"},
		"no body, as claimed":                    {"PUT", "/bucket/k", "", "Content-Md5", "1B2M2Y8AsgTpgAmY7PhCfg==", ""},
		"no MD5":                                 {"PUT", "/bucket/k", "hello", "Content-Md5", "XUFAKrxLKna5cZ2REBfF", "<Code>InvalidDigest</Code><Message>The Content-MD5 you specified was invalid.</Message>"},
		"no CRC":                                 {"PUT", "/bucket/k", "hello", "X-Amz-Checksum-Crc32", "x", "<Code>InvalidRequest</Code><Message>Value for x-amz-checksum-crc32 header is invalid.</Message>"},
		"a CRC without a value":                  {"PUT", "/bucket/k", "hello", "X-Amz-Checksum-Crc32", "", "<Code>InvalidRequest</Code><Message>Value for x-amz-checksum-crc32 header is invalid.</Message>"},
		"a CRC without a value of a part":        {"PUT", "/bucket/k?partNumber=1&uploadId=u", "hello", "X-Amz-Checksum-Crc32", " ", "<Code>InvalidRequest</Code>"},
		"a checksum of a document without value": {"PUT", "/bucket/k?tagging", "<Tagging><TagSet/></Tagging>", "X-Amz-Checksum-Sha256", "", "<Code>InvalidRequest</Code>"},
		"a checksum of keys without value":       {"POST", "/bucket?delete", "<Delete><Object><Key>k</Key></Object></Delete>", "X-Amz-Checksum-Sha256", "", "<Code>InvalidRequest</Code>"},
		"a policy":                               {"PUT", "/bucket?policy", "{}", "Content-Md5", "XUFAKrxLKna5cZ2REBfFkg==", "<Code>BadDigest</Code>"},
		"the checksum of an object":              {"POST", "/bucket/k?uploadId=u", "<CompleteMultipartUpload/>", "X-Amz-Checksum-Crc32", "NhCmhg==-2", ""},
	} {
		r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(tc.body))
		r.Header.Set(tc.header, tc.value)
		r.Header.Set("Content-Length", strconv.Itoa(len(tc.body))) // as from the network
		r.Header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayload)
		if err := sigv4.Sign(sigv4.FromHTTP(r), by, sigv4.SignOptions{Time: w.Now(), Region: callertest.Region, Service: "s3", PayloadHash: sigv4.UnsignedPayload}); err != nil {
			t.Fatal(err)
		}
		*u = upstream{}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		switch {
		case tc.answer == "" && (u.got == nil || u.body != tc.body || u.got.Header.Get(tc.header) != tc.value):
			t.Errorf("%s: %d %s, the store got %q", name, rec.Code, rec.Body, u.body)
		case tc.answer != "" && (u.got != nil || rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), tc.answer)):
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

// Many stores take no body whose checksum follows it.
func TestAChecksumThatFollowsABodyGoesToTheStoreAsAHeader(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	h, u := protect(t, w, config.Authorize{SigV4: &config.SigV4{Service: "s3"}, RolePolicies: true})
	by := w.As(w.Role("store", callertest.AccountTrust(), callertest.AllowAll))
	for _, body := range []string{"", "hello", strings.Repeat("hello", 50_000)} {
		for _, algorithm := range []string{"", "crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512", "md5"} {
			name, sum := "x-amz-checksum-"+algorithm, ""
			wire := fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(body), body)
			if body == "" {
				wire = "0\r\n"
			}
			header := http.Header{"Content-Encoding": {"aws-chunked"}, "X-Amz-Decoded-Content-Length": {strconv.Itoa(len(body))}, "Expect": {"100-continue"}}
			if algorithm != "" {
				hash := sigv4.NewChecksum(name)
				_, _ = io.WriteString(hash, body)
				sum = base64.StdEncoding.EncodeToString(hash.Sum(nil))
				wire += name + ":" + sum + "\r\n"
				header["X-Amz-Trailer"], header["X-Amz-Sdk-Checksum-Algorithm"] = []string{name}, []string{strings.ToUpper(algorithm)}
			}
			r := httptest.NewRequest("PUT", "/bucket/k", strings.NewReader(wire+"\r\n"))
			r.Header = header
			if err := sigv4.Sign(sigv4.FromHTTP(r), by, sigv4.SignOptions{Time: w.Now(), Region: callertest.Region, Service: "s3", PayloadHash: sigv4.StreamingUnsignedTrailer}); err != nil {
				t.Fatal(err)
			}
			*u = upstream{}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if u.got == nil || u.err != nil || u.body != body || u.got.ContentLength != int64(len(body)) {
				t.Errorf("%s, %d bytes: %d %s, the store got %d bytes, %v", algorithm, len(body), rec.Code, rec.Body, len(u.body), u.err)
				continue
			}
			if got := u.got.Header; algorithm != "" && got.Get(name) != sum || len(got) != min(len(algorithm), 1) {
				t.Errorf("%s, %d bytes: the store got the headers %v", algorithm, len(body), got)
			}
		}
	}
}
