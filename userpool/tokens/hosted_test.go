package tokens_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

func TestScopesReleaseClaims(t *testing.T) {
	all := []string{"sub", "email", "email_verified", "phone_number", "phone_number_verified", "name", "custom:team", "address"}
	c := &userpool.Client{}
	c.Settings.ReadAttributes = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == "address" })
	for name, tc := range map[string]struct{ scopes, want []string }{
		"openid alone":      {[]string{"openid"}, []string{"sub", "email", "email_verified", "phone_number", "phone_number_verified", "name", "custom:team"}},
		"with email":        {[]string{"openid", "email"}, []string{"sub", "email", "email_verified"}},
		"with phone":        {[]string{"openid", "phone"}, []string{"sub", "phone_number", "phone_number_verified"}},
		"with profile":      {[]string{"openid", "profile"}, []string{"sub", "name", "custom:team"}},
		"with a custom one": {[]string{"openid", "notes/read"}, []string{"sub", "email", "email_verified", "phone_number", "phone_number_verified", "name", "custom:team"}},
		"with all":          {[]string{"openid", "profile", "email", "phone"}, []string{"sub", "email", "email_verified", "phone_number", "phone_number_verified", "name", "custom:team"}},
	} {
		var got []string
		for _, attribute := range all {
			if tokens.Released(tc.scopes, c, attribute) {
				got = append(got, attribute)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
