package caddymodule

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// askAPI sends a GET request signed for execute-api at the given time.
func askAPI(t *testing.T, e *edge, path string, key sigv4.Credentials, region string, at time.Time) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	signed := &sigv4.Request{Method: r.Method, Host: r.URL.Host, RawPath: r.URL.EscapedPath(), Header: r.Header}
	o := sigv4.SignOptions{Time: at, Region: region, Service: "execute-api", PayloadHash: sigv4.HashPayload(nil)}
	if err := sigv4.Sign(signed, key, o); err != nil {
		t.Fatal(err)
	}
	return do(t, e.http, r)
}

// API Gateway clients identify errors by x-amzn-ErrorType and correct their clocks from the Date header of a 403.
func TestCallersThatSignGetWhatAPIGatewayAnswers(t *testing.T) {
	e := newEdge(t)
	e.load(t, "", `sluice_authorize {
		issuer %ISSUER% {
			client_id web
		}
		sigv4 execute-api
		allow any * /*
		deny  any * /secret/*
	}
	reverse_proxy %UPSTREAM%`)
	now := time.Now()
	nobody := sigv4.Credentials{AccessKeyID: "AKIANOSUCHKEY0000000", SecretAccessKey: "x"}
	forger := sigv4.Credentials{AccessKeyID: rootKey.AccessKeyID, SecretAccessKey: "x"}
	if a := askAPI(t, e, "/x", rootKey, "us-east-1", now); a.status != 200 || a.got == nil {
		t.Fatalf("a good signature: %d %s", a.status, a.body)
	}
	for name, tc := range map[string]struct {
		answer     answer
		kind, body string // body: its beginning
	}{
		"an unknown key":     {askAPI(t, e, "/x", nobody, "us-east-1", now), "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`},
		"a forged signature": {askAPI(t, e, "/x", forger, "us-east-1", now), "InvalidSignatureException", `{"message":"The request signature we calculated does not match`},
		"another region":     {askAPI(t, e, "/x", rootKey, "eu-west-1", now), "InvalidSignatureException", `{"message":"Credential should be scoped to a valid region. "}`},
		"a clock behind":     {askAPI(t, e, "/x", rootKey, "us-east-1", now.Add(-time.Hour)), "InvalidSignatureException", `{"message":"Signature expired: ` + now.Add(-time.Hour).UTC().Format("20060102T150405Z")},
		"a denial": {askAPI(t, e, "/secret/x", rootKey, "us-east-1", now), "AccessDeniedException",
			`{"Message":"User: arn:aws:iam::123456789012:root is not authorized to perform: execute-api:Invoke on resource: ` +
				`arn:aws:execute-api:us-east-1:********9012:sluice/default/GET/secret/x with an explicit deny in an identity-based policy"}`},
	} {
		a := tc.answer
		if a.status != 403 || a.header.Get("x-amzn-ErrorType") != tc.kind || !strings.HasPrefix(a.body, tc.body) || a.got != nil {
			t.Errorf("%s: %d %v\n%s", name, a.status, a.header, a.body)
		}
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("WWW-Authenticate") != "" || a.header.Get("x-amzn-RequestId") == "" {
			t.Errorf("%s: %v", name, a.header)
		}
		if _, err := http.ParseTime(a.header.Get("Date")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Requests with tokens to the same route still get the usual responses.
	if a := e.get(t, "/x", "Authorization: Bearer a.b.c"); a.status != 401 || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") ||
		a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a bad token: %d %v %s", a.status, a.header, a.body)
	}
	if a := e.get(t, "/secret/x", e.issuer.bearer(t, "ada")); a.status != 403 || a.problem(t, "decision_id") == "" {
		t.Errorf("a token that is denied: %d %s", a.status, a.body)
	}
	if a := e.get(t, "/x"); a.status != 401 || len(a.header.Values("WWW-Authenticate")) != 2 {
		t.Errorf("nothing: %d %v", a.status, a.header)
	}
}

func TestWhereOnlySignaturesAreTakenAMissingOneIsAMissingToken(t *testing.T) {
	e := newEdge(t)
	e.load(t, "", `sluice_authorize {
		sigv4 execute-api
		allow any * /*
	}
	reverse_proxy %UPSTREAM%`)
	a := e.get(t, "/x")
	if a.status != 403 || a.header.Get("x-amzn-ErrorType") != "MissingAuthenticationTokenException" || a.body != `{"message":"Missing Authentication Token"}` {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}
