package sigv4_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

func TestSigningRefusesInvalidOptionsAndRequests(t *testing.T) {
	for name, change := range map[string]func(*sigv4.Request, *sigv4.Credentials, *sigv4.SignOptions){
		"no access key":     func(_ *sigv4.Request, c *sigv4.Credentials, _ *sigv4.SignOptions) { c.AccessKeyID = "" },
		"no secret":         func(_ *sigv4.Request, c *sigv4.Credentials, _ *sigv4.SignOptions) { c.SecretAccessKey = "" },
		"no time":           func(_ *sigv4.Request, _ *sigv4.Credentials, o *sigv4.SignOptions) { o.Time = time.Time{} },
		"no region":         func(_ *sigv4.Request, _ *sigv4.Credentials, o *sigv4.SignOptions) { o.Region = "" },
		"no service":        func(_ *sigv4.Request, _ *sigv4.Credentials, o *sigv4.SignOptions) { o.Service = "" },
		"no host":           func(r *sigv4.Request, _ *sigv4.Credentials, _ *sigv4.SignOptions) { r.Host = "" },
		"a bad path":        func(r *sigv4.Request, _ *sigv4.Credentials, _ *sigv4.SignOptions) { r.RawPath = "/%" },
		"a bad query":       func(r *sigv4.Request, _ *sigv4.Credentials, _ *sigv4.SignOptions) { r.RawQuery = "%" },
		"a presigned query": func(r *sigv4.Request, _ *sigv4.Credentials, _ *sigv4.SignOptions) { r.RawQuery = "X-Amz-Signature=a" },
		"two spellings": func(r *sigv4.Request, _ *sigv4.Credentials, _ *sigv4.SignOptions) {
			r.Header["x-amz-meta-a"] = []string{"c"}
		},
		"no header, no expiry": func(r *sigv4.Request, _ *sigv4.Credentials, o *sigv4.SignOptions) { r.Header = nil; o.Expires = 0 },
		"no hash, no whole second": func(_ *sigv4.Request, _ *sigv4.Credentials, o *sigv4.SignOptions) {
			o.PayloadHash, o.Expires = "", 1500*time.Millisecond
		},
		"no hash of a body": func(r *sigv4.Request, _ *sigv4.Credentials, o *sigv4.SignOptions) {
			o.PayloadHash, o.Service, r.ContentLength = "", "sts", 3
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, c, o := newRequest(), creds, signOptions()
			change(r, &c, &o)
			if err := sigv4.Sign(r, c, o); err == nil {
				t.Error("Sign returned no error")
			}
			if _, err := sigv4.Presign(r, c, o); err == nil {
				t.Error("Presign returned no error")
			}
		})
	}
	if text := fmt.Sprintf("%v %+v %#v %s", creds, creds, creds, creds); strings.Contains(text, "secret") || strings.Contains(text, "token") {
		t.Errorf("credentials show: %s", text)
	}
}

// Requests of every shape are signed and sent to a real server, so that the verifier sees what net/http parses.
func TestEveryShapeOfRequestVerifiesAtAServer(t *testing.T) {
	var got *sigv4.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = sigv4.FromHTTP(r) }))
	defer server.Close()
	many := make([]string, 60)
	for i := range many {
		many[i] = fmt.Sprintf("p%d=%d", 59-i, i)
	}
	for _, target := range []string{
		"/", "", "/bucket/key", "/bucket//two//slashes/", "/a%20b/c+d", "/a%2Fb", "/%E4%BD%A0%E5%A5%BD", "/a/./b/../c", "/~-._", "/(par)*'!",
		"/?b=2&a=1", "/?p10=x&p1=y&p1=a", "/?a&b=&c", "/?a=1&a=1", "/?q=a%20b+c%2Bd", "/?%C3%A9=1&z=2", "/?x=%2F/%3D=", "/?&&a=1&&",
		"/?" + strings.Join(many, "&"), "/?k;v=1;2", "/?a=" + url.QueryEscape("héllo wörld/+?&="),
	} {
		for _, service := range []string{"s3", "sts"} {
			r, err := http.NewRequest("GET", server.URL+target, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Add("X-Amz-Meta-List", "one")
			r.Header.Add("X-Amz-Meta-List", "  two   three ")
			view := sigv4.FromHTTP(r)
			so := signOptions()
			so.Service = service
			signed(t, view, so)
			send(t, r)
			if _, err := verify(got, options()); err != nil {
				t.Errorf("%s %s: %v", service, target, err)
			}
			r.Header = http.Header{}
			view = sigv4.FromHTTP(r)
			presigned(t, view, so)
			r.URL.RawQuery = view.RawQuery
			send(t, r)
			if _, err := verify(got, options()); err != nil {
				t.Errorf("presigned %s %s: %v", service, target, err)
			}
		}
	}
}

func send(t *testing.T, r *http.Request) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

// Keys of several identities under one cache that is far too small for them never verify one another's signatures.
