package token

import (
	"strings"
	"testing"
)

func TestUnverifiedIssuer(t *testing.T) {
	with := func(payload string) string { return "e30." + b64([]byte(payload)) + ".AAAA" }
	for name, tc := range map[string]struct{ raw, want string }{
		"a signed token":             {sign(t, testKey(), claims(nil)), poolURL},
		"a token with any signature": {with(`{"iss":"a"}`), "a"},
		"an escaped name":            {with(`{"\u0069ss":"a"}`), "a"},
		"no iss":                     {with(`{"sub":"a"}`), ""},
		"iss is a number":            {with(`{"iss":1}`), ""},
		"iss is a list":              {with(`{"iss":["a"]}`), ""},
		"iss twice":                  {with(`{"iss":"a","iss":"b"}`), ""},
		"iss twice, once escaped":    {with(`{"iss":"a","\u0069ss":"b"}`), ""},
		"iss in another case":        {with(`{"Iss":"a"}`), ""},
		"no object":                  {with(`["iss"]`), ""},
		"nothing":                    {"", ""},
		"two parts":                  {"e30." + b64([]byte(`{"iss":"a"}`)), ""},
		"five parts":                 {with(`{"iss":"a"}`) + ".AAAA.AAAA", ""},
		"padding":                    {"e30." + b64([]byte(`{"iss":"a"}`)) + "=.AAAA", ""},
		"longer than a token may be": {with(`{"iss":"a"}`) + strings.Repeat("A", DefaultMaxTokenBytes), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := UnverifiedIssuer(tc.raw); got != tc.want || ok != (tc.want != "") {
				t.Errorf("%q, %v; want %q", got, ok, tc.want)
			}
		})
	}
}
