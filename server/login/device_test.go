package login_test

import (
	"context"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// waiting stands in for userpool/grants: one device waits.
type waiting struct {
	s        *site
	code     string
	approved *grants.Approver
	denied   bool
}

var errNoDevice = fault.New(fault.ExpiredCode, "The code is wrong or has expired.")

func (w *waiting) DeviceByUserCode(ctx context.Context, poolID, code string) (*grants.Pending, error) {
	if code != w.code || w.approved != nil || w.denied {
		return nil, errNoDevice
	}
	p, c, err := w.s.Pools.ClientOf(ctx, poolID, w.s.client.ID)
	return &grants.Pending{ID: "device-1", Pool: p, Client: c, Scopes: []string{"openid"}}, err
}

func (w *waiting) ApproveDevice(_ context.Context, _, id string, by grants.Approver) error {
	if id != "device-1" {
		return errNoDevice
	}
	w.approved = &by
	return nil
}

func (w *waiting) DenyDevice(context.Context, string, string) error {
	w.denied = true
	return nil
}

func TestADeviceGetsASignInOnlyAfterAFreshSignInAndAYes(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"allow", "deny"} {
		t.Run(action, func(t *testing.T) {
			s := crowded(t)
			w := &waiting{s: s, code: "WDJB-MJHT"}
			s.serve(w)
			b := s.browser()
			b.get("/login" + s.query()) // the browser has a session, which is not enough
			b.submit("signin", "username", "ada", "password", userpooltest.Password)
			b.wantApp()
			b.get("/device?user_code=WDJB-MJHT")
			b.wantPage("/device", 200, "user_code")
			if !strings.Contains(b.body, "WDJB-MJHT") {
				t.Error("the code of the link is not filled in")
			}
			b.submit("usercode", "user_code", "WRONG")
			b.wantPage("/device", 400, "user_code")
			b.submit("usercode", "user_code", "WDJB-MJHT")
			b.wantPage("/login", 200, "username")
			account, chosen := b.form("signin")
			chosen.Set("action", "account")
			chosen.Set("account", b.cookies["__Host-cognito"])
			b.do(post(account, chosen))
			b.wantPage("/login", 200, "username") // nor is an account that was chosen
			if w.approved != nil {
				t.Fatal("allowed without a question")
			}
			b.submit("signin", "username", "ada", "password", userpooltest.Password)
			b.wantPage("/device", 200)
			address, fields := b.form(action)
			forged := s.browser()
			if forged.do(post(address, fields)); forged.status != 403 || w.approved != nil || w.denied {
				t.Errorf("another browser: %d", forged.status)
			}
			b.do(post(address, fields))
			if b.status != 200 || (w.approved != nil) != (action == "allow") || w.denied != (action == "deny") {
				t.Errorf("%d, %+v", b.status, w)
			}
			if w.approved != nil && w.approved.SSOSession != "session of "+w.approved.Record.Sub {
				t.Error("allowed by nobody")
			}
			again := b.once(post(address, fields))
			if again.Code == 200 {
				t.Error("the answer counts twice")
			}
		})
	}
	s := crowded(t)
	s.serve(&waiting{s: s, code: "WDJB-MJHT"})
	b := s.browser()
	b.get("/device")
	address, fields := b.form("usercode")
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password) // in another tab, which voids the form
	fields.Set("user_code", "WDJB-MJHT")
	b.do(post(address, fields))
	if again := regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>\s*Start over`).FindStringSubmatch(b.body); b.status != 403 || again == nil || !strings.HasPrefix(again[1], "/device") {
		t.Errorf("a form that is void leads to %q: %d\n%s", again, b.status, b.body)
	}
	b = s.browser()
	b.once(httptest.NewRequest("GET", "https://auth.example.com/login?user_code=GUESSED", nil))
	if b.status != 302 || b.header.Get("Location") != "/device" {
		t.Errorf("a wrong code in a link: %d %q", b.status, b.header.Get("Location"))
	}
}
