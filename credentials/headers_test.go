package credentials

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
)

func TestHeadersReplaceEverySpelling(t *testing.T) {
	k, err := NewHeaders(Header{"x-user-id", "{user}"}, Header{"X-Empty", "{none}"}, Header{"X-Fixed", "a"})
	if err != nil {
		t.Fatal(err)
	}
	header := h("X-User-Id", "mallory", "Connection", "close, X-User-Id", "X-Empty", "mallory", "X-Other", "stays")
	header["X_user_id"] = []string{"mallory"}
	out := outgoing("GET", "/", "", "", header)
	out.Expand = func(s string) string { return strings.NewReplacer("{user}", "alice", "{none}", "").Replace(s) }
	if err := (Chain{k}).Present(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"X-User-Id": {"alice"}, "X-Fixed": {"a"}, "X-Other": {"stays"}, "Connection": {"close"}}
	if len(header) != len(want) {
		t.Errorf("header %v", header)
	}
	for name, values := range want {
		if header.Get(name) != values[0] || len(header[name]) != 1 {
			t.Errorf("%s: %q", name, header[name])
		}
	}
	out.Expand = func(string) string { return "alice\r\nX-Admin: yes" }
	if err := k.Present(t.Context(), out); !fault.Is(err, fault.InvalidParameter) {
		t.Errorf("a value with a line break: %v", err)
	}
}

func TestHeadersOfTheConnectionAreRefused(t *testing.T) {
	for _, name := range []string{"", "Connection", "host", "Content-Length", "transfer-encoding", "X Y", "X:Y", "X\n"} {
		if _, err := NewHeaders(Header{Name: name, Value: "x"}); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}
