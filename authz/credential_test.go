package authz

import (
	"net/http"
	"strings"
	"testing"
)

func TestExactlyOneCredentialIsFound(t *testing.T) {
	const aws = "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=0"
	for _, tc := range []struct {
		name          string
		authorization []string
		cookie        []string
		query         string
		scheme        scheme
		value         string
		refusal       *Refusal
	}{
		{name: "nothing"},
		{name: "a bearer token", authorization: []string{"Bearer a.b.c"}, scheme: schemeBearer, value: "a.b.c"},
		{name: "the scheme in another case", authorization: []string{"bEARER a.b.c"}, scheme: schemeBearer, value: "a.b.c"},
		{name: "two blanks", authorization: []string{"Bearer  a.b.c"}, scheme: schemeBearer, value: "a.b.c"},
		{name: "a JWT alone", authorization: []string{"a.b.c"}, scheme: schemeBearer, value: "a.b.c"},
		{name: "a JWT alone, twice", authorization: []string{"a.b.c", "a.b.c"}, refusal: refuse(TooManyCredentials)},
		{name: "a JWT alone and a bearer token", authorization: []string{"a.b.c", "Bearer a.b.c"}, refusal: refuse(TooManyCredentials)},
		{name: "a JWT alone and the cookie", authorization: []string{"a.b.c"}, cookie: []string{"session=b"}, refusal: refuse(TooManyCredentials)},
		{name: "a JWT alone and a presigned query", authorization: []string{"a.b.c"}, query: "X-Amz-Signature=b", refusal: refuse(TooManyCredentials)},
		{name: "a list of JWTs", authorization: []string{"a.b.c,d.e.f"}, refusal: refuse(MalformedCredential)},
		{name: "a JWT and more", authorization: []string{"a.b.c d"}, scheme: schemeOther, value: "a.b.c"},
		{name: "a JWT and a tab", authorization: []string{"a.b.c\td"}, refusal: refuse(MalformedCredential)},
		{name: "too few dots", authorization: []string{"a.b"}, scheme: schemeOther, value: "a.b"},
		{name: "too many dots", authorization: []string{"a.b.c.d.e"}, scheme: schemeOther, value: "a.b.c.d.e"},
		{name: "a signature", authorization: []string{aws}, scheme: schemeSigV4},
		{name: "an old signature", authorization: []string{"AWS key:sig"}, scheme: schemeSigV4},
		{name: "another scheme", authorization: []string{"Basic YTpi"}, scheme: schemeOther, value: "Basic"},
		{name: "two headers", authorization: []string{"Bearer a", "Bearer b"}, refusal: refuse(TooManyCredentials)},
		{name: "two headers, the same", authorization: []string{"Bearer a", "Bearer a"}, refusal: refuse(TooManyCredentials)},
		{name: "a list", authorization: []string{"Bearer a, Bearer b"}, refusal: refuse(TooManyCredentials)},
		{name: "a list without a blank", authorization: []string{"Bearer a,b"}, refusal: refuse(TooManyCredentials)},
		{name: "no token", authorization: []string{"Bearer"}, refusal: refuse(MalformedCredential)},
		{name: "an empty token", authorization: []string{"Bearer  "}, refusal: refuse(MalformedCredential)},
		{name: "two words", authorization: []string{"Bearer a b"}, refusal: refuse(MalformedCredential)},
		{name: "a tab", authorization: []string{"Bearer\ta"}, refusal: refuse(MalformedCredential)},
		{name: "an empty header", authorization: []string{""}, refusal: refuse(NoCredential)},
		{name: "a presigned query", query: "X-Amz-Algorithm=a&X-Amz-Signature=b", scheme: schemePresigned},
		{name: "a presigned query in another case", query: "x-amz-signature=b", scheme: schemePresigned},
		{name: "an encoded name", query: "X%2DAmz-Signature=b", scheme: schemePresigned},
		{name: "an old presigned query", query: "AWSAccessKeyId=a&Signature=b&Expires=1", scheme: schemePresigned},
		{name: "a header and a presigned query", authorization: []string{"Bearer a"}, query: "X-Amz-Signature=b", refusal: refuse(TooManyCredentials)},
		{name: "a signature twice", authorization: []string{aws}, query: "X-Amz-Credential=b", refusal: refuse(TooManyCredentials)},
		{name: "a token in the query", query: "access_token=a", refusal: refuse(TokenInQuery)},
		{name: "a token in the query, encoded", query: "access%5Ftoken=a", refusal: refuse(TokenInQuery)},
		{name: "a header and a token in the query", authorization: []string{"Bearer a"}, query: "access_token=b", refusal: refuse(TooManyCredentials)},
		{name: "other parameters", query: "page=1&sort-by=x", authorization: []string{"Bearer a"}, scheme: schemeBearer, value: "a"},
		{name: "the session cookie", cookie: []string{"x=1; session=abc"}, scheme: schemeCookie, value: "abc"},
		{name: "another cookie", cookie: []string{"x=1; Session=abc; xsession=abc"}},
		{name: "two session cookies", cookie: []string{"session=a; session=b"}, refusal: refuse(TooManyCredentials)},
		{name: "two session cookies in two headers", cookie: []string{"session=a", "session=b"}, refusal: refuse(TooManyCredentials)},
		{name: "a header and the cookie", authorization: []string{"Bearer a"}, cookie: []string{"session=b"}, refusal: refuse(TooManyCredentials)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &Request{RawQuery: tc.query, Header: http.Header{}}
			if tc.authorization != nil {
				r.Header["Authorization"] = tc.authorization
			}
			if tc.cookie != nil {
				r.Header["Cookie"] = tc.cookie
			}
			found, refusal := findCredential(r, "session")
			if found.scheme != tc.scheme || found.value != tc.value || refusal != tc.refusal {
				t.Errorf("found %s %q, %+v", found.scheme, found.value, refusal)
			}
		})
	}
}

func FuzzFindCredential(f *testing.F) {
	f.Add("Bearer a.b.c", "session=a", "X-Amz-Signature=a")
	f.Add("AWS4-HMAC-SHA256 x", "", "access_token=%41&;")
	f.Fuzz(func(t *testing.T, authorization, cookie, query string) {
		r := &Request{RawQuery: query, Header: http.Header{"Authorization": {authorization}, "Cookie": {cookie}}}
		found, refusal := findCredential(r, "session")
		if refusal != nil {
			if found != (credential{}) {
				t.Fatal("both a refusal and a credential were returned")
			}
			return
		}
		if found.scheme == schemeBearer && (found.value == "" || strings.ContainsAny(found.value, " ,\t")) {
			t.Fatalf("token %q", found.value)
		}
		if found.scheme == schemeNone {
			t.Fatal("an Authorization header was ignored")
		}
	})
}
