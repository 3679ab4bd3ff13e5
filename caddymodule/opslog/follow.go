package opslog

import (
	"context"
	"log/slog"
)

// Follow returns a logger for what outlives a configuration. It writes each line to the logger that newest returns then.
func Follow(newest func() *slog.Logger) *slog.Logger {
	return slog.New(&following{newest, func(h slog.Handler) slog.Handler { return h }})
}

// following is a handler that passes lines on to the one of another logger, with its own attributes and groups.
type following struct {
	newest func() *slog.Logger
	with   func(slog.Handler) slog.Handler
}

// Enabled implements slog.Handler.
func (f *following) Enabled(ctx context.Context, level slog.Level) bool {
	return f.newest().Handler().Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (f *following) Handle(ctx context.Context, r slog.Record) error {
	return f.with(f.newest().Handler()).Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (f *following) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &following{f.newest, func(h slog.Handler) slog.Handler { return f.with(h).WithAttrs(attrs) }}
}

// WithGroup implements slog.Handler.
func (f *following) WithGroup(name string) slog.Handler {
	return &following{f.newest, func(h slog.Handler) slog.Handler { return f.with(h).WithGroup(name) }}
}
