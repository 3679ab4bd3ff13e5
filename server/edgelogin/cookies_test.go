package edgelogin

import (
	"net/http"
	"slices"
	"testing"
)

func TestStripRemovesOwnCookiesOnly(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []string
		want []string
	}{
		{"none", nil, nil},
		{"others", []string{"a=1; b=2"}, []string{"a=1; b=2"}},
		{"a session", []string{"a=1; sluice-0123456789abcdef=x; b=2"}, []string{"a=1; b=2"}},
		{"a session on https, and an attempt", []string{"__Host-sluice-0123456789abcdef=x;__Host-sluice-0123456789abcdef-t-1=y"}, nil},
		{"several lines", []string{"sluice-a=1", "b=2"}, []string{"b=2"}},
		{"the session of a pool", []string{"cognito-us-east-1_notes0001=x; __Host-XSRF-TOKEN-us-east-1_notes0001=y; _ga=GA1.2"}, []string{"_ga=GA1.2"}},
		{"values are no names", []string{"a=sluice-b; c=us-east-1_notes0001"}, []string{"a=sluice-b; c=us-east-1_notes0001"}},
		{"other names", []string{"Sluice-a=1; my-sluice-b=2; app_us-east=3"}, []string{"Sluice-a=1; my-sluice-b=2; app_us-east=3"}},
		{"without a value", []string{"sluice-a; b"}, []string{"b"}},
	} {
		h := http.Header{}
		if c.in != nil {
			h["Cookie"] = slices.Clone(c.in)
		}
		Strip(h)
		if got := h["Cookie"]; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzStrip(f *testing.F) {
	f.Add("a=1; sluice-b=2;c")
	f.Add(";;=;__Host-sluice-")
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cookie": {line}}
		Strip(h)
		for _, left := range h["Cookie"] {
			if holdsOurs(left) {
				t.Errorf("%q is left of %q", left, line)
			}
		}
	})
}
