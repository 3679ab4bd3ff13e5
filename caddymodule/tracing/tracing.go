// Package tracing makes spans of what gates do, below those of Caddy's tracing directive.
//
// What it does: while the request has a span that is recorded, Start begins one below it. Without one it does nothing and makes nothing.
// Within that span, package span begins others. Attributes are the route, the action, the outcome, the reason and the decision id: never a credential, a user or a path.
//
// What it leaves to others: exporters and sampling, which Caddy's tracing directive sets up from the variables of OpenTelemetry.
//
// Source: OpenTelemetry specification, "Tracing API".
package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/span"
)

// library names Sluice in spans.
const library = "github.com/sluicegate/sluice"

// Start begins a span below that of the request. It returns the request with the span as its context. Without a recorded span it returns r
// and a span that is nil, which may still be used.
func Start(r *http.Request, name string) (*http.Request, *Span) {
	parent := trace.SpanFromContext(r.Context())
	if !parent.IsRecording() {
		return r, nil
	}
	ctx, begun := parent.TracerProvider().Tracer(library).Start(r.Context(), name)
	return r.WithContext(span.With(ctx, begin)), &Span{begun}
}

// Within returns the request with a context in which package span begins spans below that of the request; without a recorded span, r.
func Within(r *http.Request) *http.Request {
	if !trace.SpanFromContext(r.Context()).IsRecording() {
		return r
	}
	return r.WithContext(span.With(r.Context(), begin))
}

// begin is the span.Tracer.
func begin(ctx context.Context, name string) func(result string) {
	_, begun := trace.SpanFromContext(ctx).TracerProvider().Tracer(library).Start(ctx, name)
	return func(result string) {
		begun.SetAttributes(attribute.String("sluice.result", result))
		if result == span.Failed {
			begun.SetStatus(codes.Error, "failed")
		}
		begun.End()
	}
}

// Span is a span of Sluice. All methods may be called on nil.
type Span struct{ span trace.Span }

// Decided says how a gate decided, and ends the span.
func (s *Span) Decided(route string, result *authz.Result) {
	if s == nil {
		return
	}
	list := []attribute.KeyValue{attribute.String("sluice.route", route), attribute.String("sluice.outcome", result.Outcome.String()),
		attribute.String("sluice.credential", result.Scheme)}
	if result.Action != "" {
		list = append(list, attribute.String("sluice.action", result.Action))
	}
	if result.Refusal != nil {
		list = append(list, attribute.String("sluice.reason", result.Refusal.Name()), attribute.Bool("sluice.shadow", result.Pass))
	}
	if result.DecisionID != "" {
		list = append(list, attribute.String("sluice.decision_id", result.DecisionID))
	}
	s.span.SetAttributes(list...)
	s.span.End()
}

// End ends the span; err is nil for a success. Its text is not recorded, as it may name what is secret.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "failed")
	}
	s.span.End()
}
