package caddymodule

import (
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/caddymodule/backupmetrics"
	"github.com/sluicegate/sluice/caddymodule/fleetmetrics"
	"github.com/sluicegate/sluice/caddymodule/gatemetrics"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/observe"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/providers"
)

// metrics are the process's counters. They survive reloads; each configuration registers them with its registry. All labels
// have few values: names from the configuration, or from fixed lists.
type metrics struct {
	verifications *prometheus.CounterVec   // issuer, result
	fetches       *prometheus.CounterVec   // issuer, result
	signIns       *prometheus.CounterVec   // flow, result
	federated     *prometheus.CounterVec   // provider_type, result
	minted        *prometheus.CounterVec   // kind
	operations    *prometheus.CounterVec   // api, operation, result
	messages      *prometheus.CounterVec   // medium, result
	queued        prometheus.Gauge         // messages
	logRecords    *prometheus.CounterVec   // result
	store         *prometheus.HistogramVec // operation, result
	triggers      *prometheus.HistogramVec // function, result
	relayed       *prometheus.CounterVec   // result
	elsewhere     *prometheus.GaugeVec     // pool
	hashQueue     *prometheus.GaugeVec     // kind
	hashes        *prometheus.CounterVec   // kind, result
	hashWait      *prometheus.HistogramVec // kind
	sessions      *prometheus.GaugeVec     // kind
	health        *gatemetrics.Held        // check
	build         *prometheus.GaugeVec     // version, go_version
	fetched       *prometheus.GaugeVec     // issuer
	*fleet
	*gates
	*backups

	verified gatemetrics.Counters[verificationKey] // of verifications

	mu      sync.Mutex
	keySets map[string]int // how many there are of an issuer
}

// configuration is the observer of one configuration. Its values for gates and checks are removed with it.
type configuration struct {
	*metrics
	owner *gatemetrics.Owner
}

func (m *metrics) configuration() *configuration {
	return &configuration{m, gatemetrics.NewOwner(m.health, m.Modes())}
}

// Gate implements node.Observer.
func (c *configuration) Gate(route string, shadow bool) authz.Observer {
	return c.GateOf(c.owner, route, shadow)
}

// HealthChecked implements node.Observer.
func (c *configuration) HealthChecked(check string, level health.Level) {
	c.health.SetFor(c.owner, float64(level), check)
	emitter.Newest().Health(check, level.String())
}

// The metrics of other packages.
type (
	fleet = fleetmetrics.Metrics
	gates = gatemetrics.Metrics

	backups = backupmetrics.Metrics
)

type verificationKey struct {
	issuer string
	reason token.Reason
}

var processMetrics = sync.OnceValue(func() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sluice", Name: name, Help: help}, labels)
	}
	return &metrics{
		verifications: counter("token_verifications_total", "Tokens verified (not taken from the cache), by issuer and result.",
			"issuer", "result"),
		fetches:    counter("jwks_fetches_total", "Fetches of remote key sets, by issuer and result.", "issuer", "result"),
		signIns:    counter("sign_ins_total", "Sign-ins to user pools, by flow and result.", "flow", "result"),
		federated:  counter("federated_sign_ins_total", "Sign-ins to user pools through identity providers, by type of provider and result.", "provider_type", "result"),
		minted:     counter("credentials_minted_total", "Temporary credentials made, by the call that made them.", "kind"),
		operations: counter("api_operations_total", "Calls of the AWS-compatible APIs, by API, operation and result.", "api", "operation", "result"),
		messages:   counter("messages_total", "Codes and invitations, by medium and what happened to them.", "medium", "result"),
		logRecords: counter("log_records_total", "Records of user pools' logs, by what happened to them.", "result"),
		queued: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "sluice", Name: "messages_queued",
			Help: "Codes and invitations that wait to be sent."}),
		store: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "sluice", Name: "store_operation_seconds", Help: "How long the store took, waiting included, by operation and result.",
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5},
		}, []string{"operation", "result"}),
		triggers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "sluice", Name: "trigger_seconds", Help: "How long trigger functions took, waiting included, by function and result.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"function", "result"}),
		relayed: counter("password_relay_total", "Passwords that old user pools were asked for, by what they said.", "result"),
		elsewhere: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "password_relay_pending",
			Help: "Users whose password is still at the user pool that they were pulled from."}, []string{"pool"}),
		fleet: fleetmetrics.New(),
		gates: gatemetrics.New(),

		backups: backupmetrics.New(),
		fetched: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "jwks_fetched_timestamp_seconds",
			Help: "When the key set of a remote issuer was last fetched, in seconds since 1970."}, []string{"issuer"}),
		hashQueue: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "password_hash_queue_length",
			Help: "Callers that wait for a password hash, by kind of hash."}, []string{"kind"}),
		hashes: counter("password_hashes_total", "Password hashes asked for, by kind and result.", "kind", "result"),
		hashWait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "sluice", Name: "password_hash_wait_seconds", Help: "How long callers waited for a password hash to begin, by kind of hash.",
			Buckets: []float64{.0001, .001, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"kind"}),
		sessions: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "sessions",
			Help: "Live sessions in the store, by kind."}, []string{"kind"}),
		health: gatemetrics.NewHeld(prometheus.GaugeOpts{Namespace: "sluice", Name: "health_check",
			Help: "The checks of readiness: 0 for ok, 1 for degraded, 2 for failed."}, "check"),
		keySets: map[string]int{},
		build: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "build_info",
			Help: "1, by version of Sluice and of Go."}, []string{"version", "go_version"}),
	}
})

// Version is the version of Sluice: that of the release, else of the module as Go recorded it in the binary; "unknown" if it did not.
func Version() string {
	const path = "github.com/sluicegate/sluice"
	if caddy.CustomVersion != "" && caddy.CustomBinaryName == "sluice" {
		return caddy.CustomVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == path && m.Version != "" {
			return m.Version
		}
	}
	return "unknown"
}

// newMetrics registers the process's metrics with a configuration's registry.
func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := processMetrics()
	for _, t := range providers.Types {
		m.federated.WithLabelValues(string(t), federation.Success) // 0 if there is none yet
	}
	for _, result := range []string{"right", "temporary", "wrong", "locked", "reset_required", "failure", "srp"} {
		m.relayed.WithLabelValues(result)
	}
	for _, result := range []string{"delivered", "failed", "dropped", "unmapped"} {
		m.logRecords.WithLabelValues(result)
	}
	for _, kind := range []string{directory.OwnHash, directory.ImportedHash} {
		m.hashQueue.WithLabelValues(kind)
		m.hashWait.WithLabelValues(kind)
		for _, result := range []string{"ok", "refused", "canceled"} {
			m.hashes.WithLabelValues(kind, result)
		}
	}
	m.build.WithLabelValues(Version(), runtime.Version()).Set(1)
	for _, c := range append(slices.Concat(m.fleet.Collectors(), m.gates.Collectors(), m.backups.Collectors()), m.verifications, m.fetches, m.fetched, m.signIns, m.federated, m.minted,
		m.operations, m.store, m.messages, m.queued, m.logRecords, m.triggers, m.relayed, m.elsewhere, m.hashQueue, m.hashes, m.hashWait, m.sessions, m.health, m.build) {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return nil, err
		}
	}
	return m, nil
}

// FunctionDone implements node.Observer.
func (m *metrics) FunctionDone(arn string, took time.Duration, err error) {
	result := "ok"
	var raised *trigger.FunctionError
	switch {
	case errors.As(err, &raised):
		result = "error"
	case errors.Is(err, trigger.ErrTimeout):
		result = "timeout"
	case err != nil:
		result = "failure"
	}
	m.triggers.WithLabelValues(arn, result).Observe(took.Seconds())
}

// TokenVerified implements token.Observer.
func (m *metrics) TokenVerified(issuer string, reason token.Reason) {
	key := verificationKey{issuer, reason}
	counter, ok := m.verified.Get(key)
	if !ok {
		if issuer == "" {
			issuer = "unknown"
		}
		if reason == "" {
			reason = "ok"
		}
		counter = m.verifications.WithLabelValues(issuer, string(reason))
		m.verified.Put(key, counter)
	}
	counter.Inc()
}

// KeysFetched implements token.Observer.
func (m *metrics) KeysFetched(issuer string, _ int, _ time.Duration, err error) {
	m.fetches.WithLabelValues(issuer, result(err)).Inc()
	if err == nil {
		m.fetched.WithLabelValues(issuer).SetToCurrentTime()
	}
}

// KeysOpened implements token.Observer.
func (m *metrics) KeysOpened(issuer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keySets[issuer]++
}

// KeysClosed implements token.Observer: the age of unused keys must not trigger alerts.
func (m *metrics) KeysClosed(issuer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keySets[issuer]--; m.keySets[issuer] <= 0 {
		delete(m.keySets, issuer)
		m.fetched.DeleteLabelValues(issuer)
	}
}

// StoreDone implements the store's observer.
func (m *metrics) StoreDone(operation string, took time.Duration, err error) {
	m.store.WithLabelValues(operation, result(err)).Observe(took.Seconds())
}

// Relayed implements node.Observer.
func (m *metrics) Relayed(result string) { m.relayed.WithLabelValues(result).Inc() }

// Elsewhere implements node.Observer.
func (m *metrics) Elsewhere(numbers map[string]int) {
	m.elsewhere.Reset() // of pools that are gone
	for pool, n := range numbers {
		m.elsewhere.WithLabelValues(pool).Set(float64(n))
	}
}

// Sessions implements node.Observer.
func (m *metrics) Sessions(n observe.Sessions) {
	m.sessions.WithLabelValues("tokens").Set(float64(n.Tokens))
	m.sessions.WithLabelValues("login_pages").Set(float64(n.LoginPages))
	m.sessions.WithLabelValues("edge_login").Set(float64(n.Edge))
}

// HashQueued implements node.Observer.
func (m *metrics) HashQueued(kind string, n int) { m.hashQueue.WithLabelValues(kind).Add(float64(n)) }

// HashBegan implements node.Observer.
func (m *metrics) HashBegan(kind string, waited time.Duration, err error) {
	result := "ok"
	switch {
	case err == nil:
		m.hashWait.WithLabelValues(kind).Observe(waited.Seconds())
	case fault.KindOf(err) == fault.TooManyRequests:
		result = "refused"
	default:
		result = "canceled"
	}
	m.hashes.WithLabelValues(kind, result).Inc()
}

// SignIn implements the user pools' observer.
func (m *metrics) SignIn(pool, flow, result string) {
	m.signIns.WithLabelValues(flow, result).Inc()
	emitter.Newest().SignedIn(pool, flow, result)
}

// Happened implements node.Observer.
func (m *metrics) Happened(e userpool.Event) { emitter.Newest().Happened(e) }

// LogRecord implements node.Observer.
func (m *metrics) LogRecord(result string) { m.logRecords.WithLabelValues(result).Inc() }

// FederatedSignIn implements node.Observer.
func (m *metrics) FederatedSignIn(t providers.Type, result string) {
	m.federated.WithLabelValues(string(t), result).Inc()
}

// MessageDone implements node.Observer.
func (m *metrics) MessageDone(medium, result string) {
	m.messages.WithLabelValues(medium, result).Inc()
}

// MessagesQueued implements node.Observer.
func (m *metrics) MessagesQueued(n int) { m.queued.Set(float64(n)) }

// CredentialsMinted implements node.Observer.
func (m *metrics) CredentialsMinted(operation string) { m.minted.WithLabelValues(operation).Inc() }

// OperationDone implements node.Observer: it counts a call by its result, "ok" or the kind of fault.
func (m *metrics) OperationDone(service, operation string, err error) {
	result := "ok"
	if err != nil {
		result = string(fault.KindOf(err))
	}
	m.operations.WithLabelValues(service, operation, result).Inc()
}

func result(err error) string {
	if err != nil {
		return "error"
	}
	return "ok"
}

var _ node.Observer = (*configuration)(nil)
