package caddymodule

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collectedSpan is a span as the collector got it.
type collectedSpan struct {
	name, id, parent string
	attributes       map[string]string
}

// otlp is a collector of traces that speaks OTLP over HTTP.
type otlp struct {
	mu    sync.Mutex
	spans []collectedSpan
}

func startCollector(t *testing.T) *otlp {
	t.Helper()
	c := new(otlp)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &request); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					x := collectedSpan{s.GetName(), hex.EncodeToString(s.GetSpanId()), hex.EncodeToString(s.GetParentSpanId()), map[string]string{}}
					for _, a := range s.GetAttributes() {
						x.attributes[a.GetKey()] = a.GetValue().GetStringValue()
					}
					c.spans = append(c.spans, x)
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range c.spans {
			if t.Failed() {
				t.Logf("%s below %s: %v", s.name, s.parent, s.attributes)
			}
		}
	})
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	return c
}

// find returns the spans of a name below a span of another name.
func (c *otlp) find(name, below string) (found []collectedSpan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		at := slices.IndexFunc(c.spans, func(p collectedSpan) bool { return p.id == s.parent })
		if s.name == name && at >= 0 && c.spans[at].name == below {
			found = append(found, s)
		}
	}
	return found
}

func TestACollectorGetsTheSpansOfARequest(t *testing.T) {
	c := startCollector(t)
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, poolBlock, "tracing {\n span request\n}\nhandle /remote/* {\n"+open("api remote\n")+"}\n"+poolSite)
	e.addUser(t, "margravine", "readers")
	in := e.mustSignIn(t, "margravine")
	key := e.credentials(t, in.id)
	e.get(t, "/remote/x", e.issuer.bearer(t, "ada"))
	e.get(t, "/remote/x", "Authorization: Bearer "+in.access) // of another issuer
	if a := e.s3(t, "GET", "/bucket/key", key, "", ""); a.status != 200 {
		t.Errorf("status %d", a.status)
	}
	for _, want := range []struct {
		name, below string
		attributes  map[string]string
	}{
		{"sluice.decide", "request", map[string]string{"sluice.route": "remote", "sluice.outcome": "allowed"}},
		{"sluice.decide", "request", map[string]string{"sluice.route": "remote", "sluice.outcome": "unauthenticated", "sluice.reason": "unknown_issuer"}},
		{"sluice.verify", "sluice.decide", map[string]string{"sluice.result": "ok"}},
		{"sluice.verify", "sluice.decide", map[string]string{"sluice.result": "unknown_issuer"}},
		{"sluice.credentials", "request", nil},
		{"sluice.store.update", "request", map[string]string{"sluice.result": "ok"}},
		{"sluice.store.view", "request", map[string]string{"sluice.result": "ok"}},
	} {
		eventually(t, want.name+" is collected", func() bool {
			return slices.ContainsFunc(c.find(want.name, want.below), func(s collectedSpan) bool {
				for k, v := range want.attributes {
					if s.attributes[k] != v {
						return false
					}
				}
				return true
			})
		})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		for k, v := range s.attributes {
			if strings.HasPrefix(s.name, "sluice.") && (strings.Contains(v, "margravine") || strings.Contains(v, in.access) || strings.Contains(v, "/bucket")) {
				t.Errorf("%s has %s=%s", s.name, k, v)
			}
		}
	}
}
