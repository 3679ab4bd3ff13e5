package node

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/server/refusal"
)

// ServeHTTP serves the APIs of user pools, identity pools, STS and IAM, discovery documents and key sets, the metadata of
// protected resources, /healthz and /readyz. It answers 404 to everything else.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if ServeHealth(w, r) {
		return
	}
	if metadata := n.plan.Metadata(r.Host, r.URL.Path); metadata != nil {
		metadata.ServeHTTP(w, r)
		return
	}
	n.ServeAPIs(w, r)
}

// ServeAPIs is ServeHTTP without /healthz and metadata, which a host can serve before the node is open.
func (n *Node) ServeAPIs(w http.ResponseWriter, r *http.Request) {
	sv := n.Services
	switch {
	case sv == nil:
		_ = refusal.Starting(w)
	case r.URL.Path == "/readyz":
		sv.ready(w, r)
	default:
		sv.serve(w, r)
	}
}

func (sv *Services) serve(w http.ResponseWriter, r *http.Request) {
	handler := sv.apis.find(r)
	if handler == nil {
		_ = refusal.NotFound(w) // a client that has gone needs no answer
		return
	}
	if !sv.calls.begin() {
		_ = refusal.Starting(w) // these services are closing; others serve the next request
		return
	}
	defer sv.calls.end()
	handler.ServeHTTP(w, r)
}

// ServeHealth answers /healthz, which says that the process runs. It returns false for any other path.
func ServeHealth(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/healthz" {
		return false
	}
	writeStatus(w, r, http.StatusOK, map[string]string{"status": "ok"})
	return true
}

// ready says whether the store takes writes and the revocations are recent.
func (sv *Services) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	status, parts := http.StatusOK, map[string]string{"status": "ok", "store": "ok", "revocations": "ok"}
	if err := sv.Store.Ping(ctx); err != nil {
		sv.log.Error("store not ready", "error", err)
		status, parts["status"], parts["store"] = http.StatusServiceUnavailable, "unavailable", "unavailable"
	}
	if state := sv.Revocations.state(); state != "ok" {
		parts["revocations"] = state
		if !sv.Revocations.Fresh() {
			status, parts["status"] = http.StatusServiceUnavailable, "unavailable"
		}
	}
	writeStatus(w, r, status, parts)
}

func writeStatus(w http.ResponseWriter, r *http.Request, status int, parts map[string]string) {
	contentType, body := "application/json", []byte(nil)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		status, contentType, body = http.StatusMethodNotAllowed, "text/plain; charset=utf-8", []byte("write GET\n")
	} else {
		body, _ = json.Marshal(parts) // strings always marshal
		body = append(body, '\n')
	}
	_ = refusal.Write(w, status, contentType, body) // a client that has gone needs no answer
}
