package opslog

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/server/audit"
)

// output is a file on a disk that may be full.
type output struct {
	full bool
	text strings.Builder
}

func (o *output) Write(text []byte) (int, error) {
	if o.full {
		return 0, errors.New("no space left on device")
	}
	return o.text.Write(text)
}

func (o *output) Sync() error { return nil }

func TestTheAuditLogIsNotHealthyWhileRecordsAreLost(t *testing.T) {
	o, told := &output{}, &output{}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), o, zap.InfoLevel), zap.ErrorOutput(told))
	write := func() { Audit(log, &audit.Record{Operation: "iam:CreateRole"}) }
	write()
	if s := AuditHealth(t.Context()); s.Level != health.OK || !strings.Contains(o.text.String(), "iam:CreateRole") {
		t.Errorf("%+v, %s", s, o.text.String())
	}
	o.full = true
	write()
	write()
	if s := AuditHealth(t.Context()); s.Level != health.Degraded || !strings.Contains(s.Detail, "2 records") || !strings.Contains(s.Detail, "no space left") {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(told.text.String(), "no space left") {
		t.Error("zap's own output was not told")
	}
	o.full = false
	write()
	if s := AuditHealth(t.Context()); s.Level != health.Degraded {
		t.Error("the loss is forgotten at once")
	}
	now = func() time.Time { return time.Now().Add(time.Hour) }
	defer func() { now = time.Now }()
	if s := AuditHealth(t.Context()); s.Level != health.OK {
		t.Errorf("%+v", s)
	}
}
