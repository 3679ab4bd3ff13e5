package sigv4

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"
)

// AWS's SDK for JavaScript, which Amplify uses, signed the requests in testdata/smithy/signed.json. Unlike the SDK for
// Go it normalizes paths and sorts encoded queries. Like it, it moves x-amz-* headers into a presigned query.
func TestEveryShapeThatTheSDKForJavaScriptSignsVerifies(t *testing.T) {
	raw, err := os.ReadFile("testdata/smithy/signed.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Requests []struct {
			Service, Path, Query string
			Presigned            bool
			Headers              map[string]string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Requests) != 100 {
		t.Fatalf("%d requests, not 100", len(file.Requests))
	}
	for _, signed := range file.Requests {
		r := &Request{Method: "GET", RawPath: signed.Path, RawQuery: signed.Query, Header: http.Header{}}
		for name, value := range signed.Headers {
			r.Header.Set(name, value)
		}
		r.Host = r.Header.Get("Host")
		r.Header.Del("Host")
		a, err := Parse(r)
		if err == nil {
			_, err = a.Verify("a/secret+with=signs", Options{
				Now: time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), Regions: []string{"us-east-1"}, Services: []string{"s3", "execute-api"},
			})
		}
		if err != nil {
			t.Errorf("%s %s?%s, presigned %v: %v", signed.Service, signed.Path, signed.Query, signed.Presigned, err)
		} else if a.SessionToken != "to/ken+==" || a.Presigned != signed.Presigned {
			t.Errorf("parsed %+v", a)
		}
	}
}
