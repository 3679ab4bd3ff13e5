package relyingparty

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/providers"
)

// FuzzAnswer feeds what providers and browsers send to what reads it.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{`{"error":"invalid_grant","error_description":"x"}`, `{"error":{"type":"OAuthException","message":"m"}}`,
		`{"name":{"firstName":"Ada","lastName":"L"}}`, `{"birthdays":[{"date":{"year":1,"month":2,"day":3}}],"genders":[]}`, `{"a":["x",1,null],"b":{"c":1},"d":null}`, `[]`, `eyJhbGciOiJub25lIn0.e30.`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if refusal := tokenError("Acme", 400, []byte(text)); refusal.Description == "" || refusal.Code != "invalid_request" {
			t.Errorf("refusal %+v", refusal)
		}
		for name, value := range appleNames(text) {
			if value == "" || name == "email" {
				t.Errorf("%s: %q", name, value)
			}
		}
		_, _ = header(text)
		claims, err := token.ParseClaims(text)
		if err != nil {
			return
		}
		for _, name := range []string{"gender", "birthdays", "names"} {
			_, _ = ofPerson(&claims, name)
		}
		if checkClaims(&claims, "https://issuer.example.com", "client", time.Unix(1800000000, 0)) == nil && claims.Len() < 4 {
			t.Errorf("accepted %q", text)
		}
		_ = texts(&claims)
		_ = providers.Several([]string{text})
	})
}
