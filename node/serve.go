package node

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/server/channel"
	"github.com/sluicegate/sluice/server/refusal"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/userpool/branding"
)

// ServeHTTP serves the APIs of user pools, identity pools, STS and IAM, discovery documents and key sets, the metadata of
// protected resources, /healthz, /livez and /readyz. It answers 404 to everything else.
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

// ServeAPIs is ServeHTTP without /healthz, /livez and metadata, which a host can serve before the node is open.
func (n *Node) ServeAPIs(w http.ResponseWriter, r *http.Request) {
	sv := n.Services
	switch {
	case sv == nil:
		_ = refusal.Starting(w)
	case channel.TooEarly(r):
		_ = refusal.TooEarly(w)
	case n.serveReady(w, r):
	default:
		sv.serve(w, n.asSent(r)) // policies of callers have aws:SecureTransport too
	}
}

// catchUp has a call of an API answered from what any process committed before it.
func (sv *Services) catchUp(ctx context.Context, c *rpc.Call) {
	gap := fleet.Soon
	if c.Operation.Signed {
		gap = fleet.Now
	}
	sv.changes.CatchUp(ctx, gap)
}

// find returns the handler of a request, nil if there is none. The endpoints and pages of user pools, too, are served from what any
// process committed before. Documents, key sets and images are not: a verifier must get keys when the store is slow, and anybody may
// ask for them as often as he likes. APIs catch up when they know who calls.
func (sv *Services) find(r *http.Request) http.Handler {
	path := r.URL.Path
	switch {
	case path == "/", strings.Contains(path, wellKnown), strings.Contains(path, branding.Path):
	default:
		sv.changes.CatchUp(r.Context(), fleet.Bounded)
		return sv.apis.find(r)
	}
	handler := sv.apis.find(r)
	if handler == nil { // perhaps of a host that is new
		sv.changes.CatchUp(r.Context(), fleet.Bounded)
		handler = sv.apis.find(r)
	}
	return handler
}

func (sv *Services) serve(w http.ResponseWriter, r *http.Request) {
	handler := sv.find(r)
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

const (
	watchEvery = 15 * time.Second // how often the checks run without a request
	mailGrace  = time.Minute      // how long messages may fail before that is reported
)

// newHealth returns the checker of a node with services.
func (n *Node) newHealth() *health.Checker {
	sv, o := n.Services, &n.plan.o
	checks := []health.Check{
		{Name: "shutdown", Run: n.shutdown},
		{Name: "store", Run: sv.storeHealth},
		{Name: "revocations", Run: func(context.Context) health.Status { return sv.Revocations.Health() }},
		{Name: "keys", Run: func(context.Context) health.Status { return sv.keysHealth(o.Now()) }},
		{Name: "messages", Run: func(context.Context) health.Status { return sv.queue.Delivery().Status(o.Now(), mailGrace) }},
		{Name: "clock", Run: func(ctx context.Context) health.Status { return postgres.ClockHealth(ctx, sv.Store, sv.clock.Status()) }},
	}
	if len(n.backups) > 0 {
		checks = append(checks, health.Check{Name: "backup", Run: func(context.Context) health.Status { return n.backupHealth(o.Now()) }})
	}
	return health.New(health.Options{Checks: append(checks, o.Checks...), Changed: o.Observer.HealthChecked, Log: o.Log})
}

// shutdown fails while the process ends, so that a balancer sends new requests elsewhere before this one refuses them.
func (n *Node) shutdown(context.Context) health.Status {
	if !n.plan.o.Draining() {
		return health.Status{}
	}
	return health.Status{Level: health.Failed, Word: "draining", Detail: "the process is shutting down"}
}

func (sv *Services) storeHealth(ctx context.Context) health.Status {
	err := sv.Store.Ping(ctx)
	switch {
	case errors.Is(err, store.ErrBusy): // such as a command that alters a pool; no other process could write either
		return health.Status{Level: health.Degraded, Word: "busy", Detail: "another process writes to the store, and writes wait for it"}
	case err != nil:
		return health.Status{Level: health.Failed, Word: "unavailable", Detail: err.Error()}
	}
	return health.Status{}
}

// keysHealth is degraded while keys that are due cannot be rotated: those in use stay valid for days.
func (sv *Services) keysHealth(now time.Time) health.Status {
	if s := sv.Users.Rotation().Status(now, 0); s.Level != health.OK {
		return s
	}
	if s := sv.rotation.Status(now, 0); s.Level != health.OK || sv.masterKeys == nil {
		return s
	}
	return sv.masterKeys.Status(now)
}

// Health returns the state of the node for operators; details are in it. Nil means that the node has no services to check.
func (n *Node) Health(ctx context.Context) []health.Result {
	if n.health == nil {
		return nil
	}
	return n.health.Results(ctx)
}

// ServeHealth answers /healthz and /livez, which say that the process runs. It returns false for any other path.
func ServeHealth(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/healthz" && r.URL.Path != "/livez" {
		return false
	}
	report := health.Report{Name: r.URL.Path[1:], Results: []health.Result{{Name: "ping"}}}
	if r.URL.Query().Has("verbose") {
		report.Excluded = excluded(r)
		writeState(w, r, http.StatusOK, plainText, []byte(report.Text(false)))
		return true
	}
	writeStatus(w, r, http.StatusOK, map[string]string{"status": "ok"})
	return true
}

// serveReady answers /readyz and, for one check, /readyz/<name>. It returns false for any other path.
func (n *Node) serveReady(w http.ResponseWriter, r *http.Request) bool {
	one, below := strings.CutPrefix(r.URL.Path, "/readyz/")
	if r.URL.Path != "/readyz" && !below {
		return false
	}
	report := health.Report{Name: "readyz", Results: n.Health(r.Context()), Excluded: excluded(r)}
	if below {
		var known bool
		if report, known = report.Only(one); !known {
			_ = refusal.NotFound(w) // a client that has gone needs no answer
			return true
		}
	}
	status := StatusOf(report)
	if below || r.URL.Query().Has("verbose") {
		writeState(w, r, status, plainText, []byte(report.Text(false)))
		return true
	}
	writeStatus(w, r, status, parts(report))
	return true
}

// StatusOf returns the HTTP status that says what a report says: 503 if a check that counts has failed.
func StatusOf(report health.Report) int {
	if report.Level() == health.Failed {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// excluded returns the checks that a request does not want to count. There are fewer checks than it may name.
func excluded(r *http.Request) []string {
	names := r.URL.Query()["exclude"]
	return names[:min(len(names), 32)]
}

// parts are the members of the JSON document: one word for everything, and one for each check.
func parts(report health.Report) map[string]string {
	all := map[string]string{"status": map[health.Level]string{health.OK: "ok", health.Degraded: "degraded", health.Failed: "unavailable"}[report.Level()]}
	for _, result := range report.Results {
		if all[result.Name] = result.Word; result.Level == health.OK {
			all[result.Name] = "ok"
		}
	}
	return all
}

const plainText = "text/plain; charset=utf-8"

func writeStatus(w http.ResponseWriter, r *http.Request, status int, parts map[string]string) {
	body, _ := json.Marshal(parts) // strings always marshal
	writeState(w, r, status, "application/json", append(body, '\n'))
}

func writeState(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		status, contentType, body = http.StatusMethodNotAllowed, plainText, []byte("use GET\n")
	}
	_ = refusal.Write(w, status, contentType, body) // a client that has gone needs no answer
}
