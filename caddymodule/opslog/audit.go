package opslog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/server/audit"
)

// Audit writes a record of the audit log. log is the logger sluice.audit. AuditHealth tells whether that failed.
func Audit(log *zap.Logger, r *audit.Record) {
	from := ""
	if r.From.IsValid() {
		from = r.From.String()
	}
	fields := []zap.Field{zap.String("operation", r.Operation), zap.String("result", r.Result), zap.String("actor", r.Actor),
		zap.String("access_key_id", r.AccessKeyID), zap.String("from", from), zap.String("agent", r.Agent), zap.Any("target", r.Target),
		zap.String("region", r.Region), zap.String("request_id", r.RequestID)}
	if r.DecisionID != "" {
		fields = append(fields, zap.String("decision_id", r.DecisionID))
		keepRefused(r)
	}
	if r.Chain != "" {
		fields = append(fields, zap.String("chain", r.Chain), zap.Uint64("sequence", r.Sequence), zap.String("time", r.Time.UTC().Format(time.RFC3339Nano)),
			zap.String("previous", r.Previous), zap.String("mac", r.MAC))
	}
	entry := log.Check(zap.InfoLevel, "api call")
	if entry == nil {
		return
	}
	failed := &failure{told: entry.ErrorOutput}
	entry.ErrorOutput = failed
	entry.Write(fields...)
	unwritten.note(failed.text)
}

// failure is where zap tells that an output could not be written.
type failure struct {
	told zapcore.WriteSyncer // nil for nobody
	text string
}

// Write implements zapcore.WriteSyncer.
func (f *failure) Write(text []byte) (int, error) {
	f.text = strings.TrimSpace(string(text))
	if _, cause, ok := strings.Cut(f.text, " write error: "); ok { // after the time
		f.text = cause
	}
	if f.told == nil {
		return len(text), nil
	}
	return f.told.Write(text)
}

// Sync implements zapcore.WriteSyncer.
func (f *failure) Sync() error {
	if f.told == nil {
		return nil
	}
	return f.told.Sync()
}

// unwritten knows the records that no output has.
var unwritten lost

type lost struct {
	mu  sync.Mutex
	n   int // since the process started
	why string
	at  time.Time // when the last one was lost
}

func (l *lost) note(problem string) {
	if problem == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	l.why, l.at = problem, now()
}

// lossLasts is how long a lost record is reported.
const lossLasts = 10 * time.Minute

// now is replaced by tests.
var now = time.Now

// AuditHealth is the check "audit": it is degraded for ten minutes after a record could not be written, and says how many were lost since
// the process started.
func AuditHealth(context.Context) health.Status {
	unwritten.mu.Lock()
	defer unwritten.mu.Unlock()
	if unwritten.n == 0 || now().Sub(unwritten.at) > lossLasts {
		return health.Status{}
	}
	return health.Status{Level: health.Degraded, Word: "lost", Detail: fmt.Sprintf("%d records of the audit log were not written; the last one: %s", unwritten.n, unwritten.why)}
}
