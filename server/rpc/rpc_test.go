package rpc_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// trail records the stages of a call in order, and fails at one of them.
type trail struct {
	stages []string
	failAt string
}

func (tr *trail) at(stage string) error {
	tr.stages = append(tr.stages, stage)
	if stage == tr.failAt {
		return fault.New(fault.AccessDenied, "%s", stage)
	}
	return nil
}

func (tr *trail) Authenticate(_ context.Context, c *rpc.Call) error {
	if c.Input != nil {
		return errors.New("parsed before the caller is known")
	}
	c.Principal = &principal.Principal{}
	return tr.at("authenticate")
}

func (tr *trail) Authorize(_ context.Context, c *rpc.Call) error {
	if c.Input == nil || c.Principal == nil {
		return errors.New("nothing to decide on")
	}
	return tr.at("authorize")
}

func TestACallRunsItsStagesInOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		operation, failAt, want string
		stage                   rpc.Stage
	}{
		"a signed call":                      {"GetAccessKeyInfo", "", "authenticate decode authorize run", rpc.Running},
		"an unsigned call meets no gate":     {"AssumeRoleWithWebIdentity", "", "decode run", rpc.Running},
		"a stranger's input is not parsed":   {"GetAccessKeyInfo", "authenticate", "authenticate", rpc.Authenticating},
		"a bad body is not decided on":       {"GetAccessKeyInfo", "decode", "authenticate decode", rpc.Decoding},
		"what is not allowed does not run":   {"GetAccessKeyInfo", "authorize", "authenticate decode authorize", rpc.Authorizing},
		"the function's error is the last":   {"GetAccessKeyInfo", "run", "authenticate decode authorize run", rpc.Running},
		"what has no function meets nothing": {"GetSessionToken", "", "", rpc.Decoding},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &trail{failAt: tc.failAt}
			a := rpc.API{Service: &sts.API, Registry: rpc.Registry{
				"GetAccessKeyInfo": rpc.Handle(func(context.Context, *rpc.Call, *sts.GetAccessKeyInfoRequest) (*sts.GetAccessKeyInfoResponse, error) {
					return nil, tr.at("run")
				}),
				"AssumeRoleWithWebIdentity": rpc.Handle(func(context.Context, *rpc.Call, *sts.AssumeRoleWithWebIdentityRequest) (
					*sts.AssumeRoleWithWebIdentityResponse, error) {
					return nil, tr.at("run")
				}),
			}}
			c := &rpc.Call{API: &sts.API, Operation: sts.API.Operation(tc.operation)}
			out, stage, err := a.Serve(context.Background(), tr, c, func() error {
				switch in := c.Input.(type) {
				case *sts.GetAccessKeyInfoRequest:
					in.AccessKeyId = new("AKIAEXAMPLE000000000")
				case *sts.AssumeRoleWithWebIdentityRequest:
					in.RoleArn, in.RoleSessionName, in.WebIdentityToken = new("arn:aws:iam::123456789012:role/r"), new("me"), new("token")
				}
				return tr.at("decode")
			})
			if got := strings.Join(tr.stages, " "); got != tc.want || stage != tc.stage {
				t.Errorf("met %q and ended at %d, want %q and %d (%v)", got, stage, tc.want, tc.stage, err)
			}
			if wantErr := tc.failAt != "" || tc.want == ""; wantErr != (err != nil) {
				t.Errorf("error %v", err)
			}
			if err == nil && out == nil {
				t.Error("a nil output does not answer like an empty one")
			}
		})
	}
}

func TestARegistryNamesItsOperations(t *testing.T) {
	f := rpc.Handle(func(context.Context, *rpc.Call, *sts.GetCallerIdentityRequest) (*api.Empty, error) { return nil, nil })
	if got := (rpc.Registry{"B": f, "A": f}).Operations(); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("got %v", got)
	}
}

func TestReadBody(t *testing.T) {
	for name, tc := range map[string]struct {
		body io.Reader
		kind fault.Kind
		want int
	}{
		"a body as large as may be":  {strings.NewReader(strings.Repeat("a", rpc.MaxBody)), "", rpc.MaxBody},
		"one byte more":              {strings.NewReader(strings.Repeat("a", rpc.MaxBody+1)), fault.RequestTooLarge, 0},
		"one byte more, unannounced": {iotest.OneByteReader(strings.NewReader(strings.Repeat("a", rpc.MaxBody+1))), fault.RequestTooLarge, 0},
		"a body that breaks off":     {iotest.ErrReader(io.ErrUnexpectedEOF), fault.Serialization, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := rpc.Config{Bodies: bounded.NewBudget(4*rpc.MaxBody, 4*rpc.MaxBody), ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} }}
			got, err := c.ReadBody(httptest.NewRecorder(), httptest.NewRequest("POST", "/", tc.body))
			if len(got) != tc.want || err == nil && tc.kind != "" || err != nil && fault.KindOf(err) != tc.kind {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	got, err := rpc.RequestID(strings.NewReader(strings.Repeat("\xff", 16)))
	if want := "ffffffff-ffff-4fff-bfff-ffffffffffff"; err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if _, err := rpc.RequestID(strings.NewReader("")); err == nil {
		t.Error("an id without randomness")
	}
}

func TestPageTokensComeBack(t *testing.T) {
	if rpc.PageToken("") != nil {
		t.Error("a token for no page")
	}
	if key, ok := rpc.After(nil); key != "" || !ok {
		t.Error("the first page", key, ok)
	}
	if key, ok := rpc.After(rpc.PageToken("last key/ä")); key != "last key/ä" || !ok {
		t.Error(key, ok)
	}
	for _, bad := range []string{"", "?", "YQ=="} {
		if _, ok := rpc.After(&bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

// slowly is an answer whose connection has a deadline.
type slowly struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (s *slowly) SetReadDeadline(t time.Time) error {
	s.deadlines = append(s.deadlines, t)
	return nil
}

func TestABodyHasADeadlineAndABudget(t *testing.T) {
	c := rpc.Config{Bodies: bounded.NewBudget(1<<20, 64<<10), ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} }}
	w := &slowly{ResponseRecorder: httptest.NewRecorder()}
	if _, err := c.ReadBody(w, httptest.NewRequest("POST", "/", strings.NewReader("a"))); err != nil {
		t.Fatal(err)
	}
	if len(w.deadlines) != 2 || !w.deadlines[0].After(time.Now()) || !w.deadlines[1].IsZero() {
		t.Errorf("deadlines %v", w.deadlines)
	}
	_, err := c.ReadBody(w, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("a", 200<<10))))
	if !fault.Is(err, fault.TooManyRequests) {
		t.Errorf("more than one client may hold: %v", err)
	}
}
