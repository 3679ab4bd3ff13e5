package opslog_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/caddymodule/opslog"
)

func TestALoggerOfWhatOutlivesAConfigurationFollowsTheNewest(t *testing.T) {
	var first, second strings.Builder
	loggerTo := func(b *strings.Builder, level slog.Level) *slog.Logger {
		return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: level}))
	}
	newest := loggerTo(&first, slog.LevelWarn)
	log := opslog.Follow(func() *slog.Logger { return newest }).With("pool", "p").WithGroup("g")
	log.Info("not enabled")
	log.Warn("before", "key", "a")
	newest = loggerTo(&second, slog.LevelInfo)
	log.Info("after", "key", "b")
	if got := first.String(); !strings.Contains(got, "msg=before pool=p g.key=a") || strings.Contains(got, "enabled") || strings.Contains(got, "after") {
		t.Errorf("the first log: %s", got)
	}
	if got := second.String(); !strings.Contains(got, "msg=after pool=p g.key=b") || strings.Contains(got, "before") {
		t.Errorf("the second log: %s", got)
	}
}
