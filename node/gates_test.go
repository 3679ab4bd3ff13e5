package node_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

// publicRoute and tenantRoute may have one upstream, which cannot tell who set a header.
func publicRoute() config.Authorize {
	return config.Authorize{API: "public", UserPools: []string{callertest.UserPool},
		Rules: []config.Rule{{Effect: "allow", Subject: "anonymous", Method: "GET", Path: "/public/*"}}}
}

func tenantRoute() config.Authorize {
	return config.Authorize{API: "app", UserPools: []string{callertest.UserPool}, Headers: []config.Header{{Name: "X-Tenant-Id", Value: "{http.auth.user.id}"}},
		Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "*"}}}
}

func TestAGateRemovesTheHeadersOfGatesThatAreMadeLater(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]func() config.Authorize{
		"the public route first": {publicRoute, tenantRoute}, "the public route last": {tenantRoute, publicRoute},
	} {
		t.Run(name, func(t *testing.T) {
			w, u := callertest.New(t), new(upstream)
			var public http.Handler
			for _, route := range order {
				gate, err := w.Gate(route())
				if err != nil {
					t.Fatal(err)
				}
				if gate.Route() == "public" {
					public = gate.Protect(u)
				}
			}
			r := httptest.NewRequest("GET", "/public/x", strings.NewReader("text"))
			r.Header["X-Tenant-Id"], r.Header["X_tenant_id"], r.Trailer = []string{"7"}, []string{"7"}, http.Header{"X-Tenant-Id": {"7"}}
			public.ServeHTTP(httptest.NewRecorder(), r)
			if u.got == nil {
				t.Fatal("nothing arrived")
			}
			if h := u.got.Header; h["X-Tenant-Id"] != nil || h["X_tenant_id"] != nil || u.got.Trailer["X-Tenant-Id"] != nil {
				t.Errorf("arrived: %v, trailers %v", h, u.got.Trailer)
			}
		})
	}
}

func TestAGateThatIsRefusedLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w, u := callertest.New(t), new(upstream)
	keeping := publicRoute()
	keeping.KeepHeaders = []string{"X-Forwarded-User"}
	gate, err := w.Gate(keeping)
	if err != nil {
		t.Fatal(err)
	}
	refused := tenantRoute()
	refused.Resource = "https://app.example.com/"
	refused.Headers = append(refused.Headers, config.Header{Name: "X-Forwarded-User", Value: "{http.auth.user.id}"})
	if _, err := w.Gate(refused); err == nil || !strings.Contains(err.Error(), "keep_headers") {
		t.Errorf("a header that another gate keeps: %v", err)
	}
	r := httptest.NewRequest("GET", "/public/x", nil)
	r.Header["X-Tenant-Id"], r.Header["X-Forwarded-User"] = []string{"7"}, []string{"alice"}
	gate.Protect(u).ServeHTTP(httptest.NewRecorder(), r)
	if u.got == nil || !slices.Equal(u.got.Header["X-Forwarded-User"], []string{"alice"}) || !slices.Equal(u.got.Header["X-Tenant-Id"], []string{"7"}) {
		t.Errorf("arrived: %v", u.got)
	}
	rec := httptest.NewRecorder()
	w.Node.ServeHTTP(rec, httptest.NewRequest("GET", "https://app.example.com/.well-known/oauth-protected-resource", nil))
	if rec.Code != http.StatusNotFound {
		t.Errorf("the metadata of the refused route: %d %s", rec.Code, rec.Body)
	}
	if _, err := w.Gate(tenantRoute()); err != nil {
		t.Errorf("a gate after a refused one: %v", err)
	}
}

func TestGatesAreMadeWhileTheNodeServes(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	gate, err := w.Gate(publicRoute())
	if err != nil {
		t.Fatal(err)
	}
	served := gate.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	made := make(chan struct{})
	var serving, making sync.WaitGroup
	serving.Go(func() {
		for last := false; !last; {
			select {
			case <-made:
				last = true
			default:
			}
			served.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/public/x", nil))
			w.Node.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://app1.example.com/.well-known/oauth-protected-resource", nil))
		}
	})
	for i := range 4 {
		making.Go(func() {
			a := tenantRoute()
			a.Resource = fmt.Sprintf("https://app%d.example.com/", i%2)
			a.Headers[0].Name = fmt.Sprintf("X-Tenant-%d", i)
			if _, err := w.Gate(a); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	close(made)
	serving.Wait()
	for i := range 4 {
		if name := fmt.Sprintf("x-tenant-%d", i); !gate.IdentityHeaders().Contains(name) {
			t.Errorf("%s is not removed", name)
		}
	}
	rec := httptest.NewRecorder()
	w.Node.ServeHTTP(rec, httptest.NewRequest("GET", "https://app1.example.com/.well-known/oauth-protected-resource", nil))
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "https://app1.example.com/") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
