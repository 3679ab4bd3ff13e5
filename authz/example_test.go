package authz_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/rule"
)

// The engine decides, and the program acts on the result: it forwards the path that was decided on, without the credential. With the answers
// of refusals, identity headers, logins and CORS, this is node.Gate.Protect, which programs should prefer.
func ExampleEngine_Authorize() {
	mapping, err := authz.NewHTTPMapping("us-east-1", "123456789012", "notes", "default")
	if err != nil {
		log.Fatal(err)
	}
	engine, err := authz.New(authz.Options{Mapping: mapping, Rules: []rule.Rule{
		{Effect: "allow", Subject: "anonymous", Method: "GET", Path: "/public/*"},
		{Effect: "deny", Subject: "any", Method: "*", Path: "/public/drafts/*"},
	}})
	if err != nil {
		log.Fatal(err)
	}
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the upstream has ", r.URL.Path) })
	protected := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := engine.Authorize(r.Context(), &authz.Request{Method: r.Method, Host: r.Host, Target: r.RequestURI, RawPath: r.URL.EscapedPath(),
			RawQuery: r.URL.RawQuery, Proto: r.Proto, Header: r.Header, ContentLength: r.ContentLength, Body: r.Body})
		if !result.Pass {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "refused, the credential is ", result.Refusal.Name())
			return
		}
		r = r.Clone(r.Context())
		r.Header.Del("Authorization")
		r.URL = &url.URL{Path: result.Path, RawPath: result.RawPath, RawQuery: result.RawQuery}
		upstream.ServeHTTP(w, r)
	})
	for _, path := range []string{"/public/a", "/public/drafts/b", "/private"} {
		answer := httptest.NewRecorder()
		protected.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Println(path, answer.Code, answer.Body)
	}
	// Output:
	// /public/a 200 the upstream has /public/a
	// /public/drafts/b 403 refused, the credential is missing
	// /private 403 refused, the credential is missing
}
