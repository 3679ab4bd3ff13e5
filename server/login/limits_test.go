package login_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
)

func TestInputsHaveLimits(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	b.get("/login" + s.query())
	address, fields := b.form("signin")
	long := func(n int) url.Values {
		f := url.Values{}
		for k, v := range fields {
			f[k] = v
		}
		f.Set("username", strings.Repeat("a", n))
		f.Set("password", "x")
		return f
	}
	send := func(change func(*http.Request)) int {
		r := post(address, long(10))
		change(r)
		return b.once(r).Code
	}
	for name, tc := range map[string]struct {
		got, want int
	}{
		"a long body":     {b.once(post(address, long(70<<10))).Code, 413},
		"a long name":     {b.once(post(address, long(2000))).Code, 400},
		"a long query":    {b.once(post(address+"&x="+strings.Repeat("a", 17<<10), long(1))).Code, 414},
		"multipart":       {send(func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }), 415},
		"JSON":            {send(func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }), 415},
		"no type":         {send(func(r *http.Request) { r.Header.Del("Content-Type") }), 415},
		"PUT":             {send(func(r *http.Request) { r.Method = "PUT" }), 405},
		"a field twice":   {b.once(rawPost(address, long(1).Encode()+"&username=b")).Code, 400},
		"a broken form":   {b.once(rawPost(address, "%zz")).Code, 400},
		"too many fields": {b.once(rawPost(address, manyFields())).Code, 400},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %d, want %d", name, tc.got, tc.want)
		}
	}
	s.admit = fault.New(fault.TooManyRequests, "Rate exceeded")
	if w := b.once(post(address, long(1))); w.Code != 429 {
		t.Errorf("an address that calls too often: %d", w.Code)
	}
}

func manyFields() string {
	var f strings.Builder
	for i := range 200 {
		fmt.Fprintf(&f, "f%d=1&", i)
	}
	return f.String()
}

func rawPost(address, body string) *http.Request {
	r := httptest.NewRequest("POST", "https://auth.example.com"+address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
