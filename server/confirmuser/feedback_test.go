package confirmuser_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/confirmuser"
	"github.com/sluicegate/sluice/userpool/directory"
)

type nobody struct{}

func (nobody) ConfirmLink(context.Context, string, directory.ConfirmInput) error { return nil }

// recorder notes feedback; it refuses the token "bad".
type recorder struct{ got []string }

func (r *recorder) UserFeedback(_ context.Context, pool, name, event, token, value string) error {
	if token == "bad" {
		return fault.New(fault.NotAuthorized, "Invalid feedback token.")
	}
	r.got = append(r.got, strings.Join([]string{pool, name, event, token, value}, " "))
	return nil
}

func TestALinkOfAMailGivesFeedback(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	h, err := confirmuser.New(confirmuser.Options{Users: nobody{}, Feedback: r, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	link := func(change url.Values) string {
		q := url.Values{"user_name": {"ann"}, "event_id": {"e1"}, "feedback_token": {"t"}, "feedback": {"Invalid"}}
		for k, v := range change {
			q[k] = v
		}
		return "/us-east-1_a/authEventFeedback?" + q.Encode()
	}
	for name, tc := range map[string]struct {
		method, target, purpose string
		status                  int
	}{
		"a prefetch":        {"GET", link(nil), "prefetch", 503},
		"a HEAD":            {"HEAD", link(nil), "", 200},
		"a wrong value":     {"GET", link(url.Values{"feedback": {"Maybe"}}), "", 400},
		"a member twice":    {"GET", link(url.Values{"event_id": {"a", "b"}}), "", 400},
		"a wrong token":     {"GET", link(url.Values{"feedback_token": {"bad"}}), "", 400},
		"a name too long":   {"GET", link(url.Values{"user_name": {strings.Repeat("x", 2000)}}), "", 400},
		"another method":    {"POST", link(nil), "", 405},
		"what is not ended": {"GET", link(url.Values{"user_name": {""}}), "", 400},
	} {
		q := httptest.NewRequest(tc.method, tc.target, nil)
		q.Header.Set("Sec-Purpose", tc.purpose)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code != tc.status {
			t.Errorf("%s: %d, want %d", name, w.Code, tc.status)
		}
	}
	if len(r.got) != 0 {
		t.Fatalf("feedback %v", r.got)
	}
	if !confirmuser.Is("/us-east-1_a/authEventFeedback") {
		t.Error("the path is not the page's")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", link(nil), nil))
	if w.Code != 200 || len(r.got) != 1 || r.got[0] != "us-east-1_a ann e1 t Invalid" {
		t.Errorf("%d, feedback %v", w.Code, r.got)
	}
}
