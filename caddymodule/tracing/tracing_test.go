package tracing_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/caddymodule/tracing"
)

func TestSpansAreChildrenOfTheRequestsSpan(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))
	r := httptest.NewRequest("GET", "/secret", nil)
	ctx, parent := provider.Tracer("caddy").Start(r.Context(), "request")
	r = r.WithContext(ctx)
	inner, span := tracing.Start(r, "sluice.decide")
	if inner == r {
		t.Error("the context has no span")
	}
	span.Decided("notes", &authz.Result{Outcome: authz.Denied, Scheme: "bearer", Action: "execute-api:Invoke", Resource: "r", DecisionID: "0123456789abcdef",
		Refusal: &authz.Refusal{Reason: authz.NotAllowed}})
	_, failed := tracing.Start(r, "sluice.sign")
	failed.End(errors.New("with a secret"))
	parent.End()
	spans := recorder.Ended()
	if len(spans) != 3 || spans[0].Name() != "sluice.decide" || spans[0].Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Fatalf("%+v", spans)
	}
	want := map[attribute.Key]string{"sluice.route": "notes", "sluice.outcome": "denied", "sluice.credential": "bearer", "sluice.action": "execute-api:Invoke",
		"sluice.reason": "denied", "sluice.shadow": "false", "sluice.decision_id": "0123456789abcdef"}
	for _, a := range spans[0].Attributes() {
		if want[a.Key] != a.Value.String() {
			t.Errorf("%s is %s", a.Key, a.Value.String())
		}
		delete(want, a.Key)
	}
	if len(want) > 0 || spans[1].Status().Code != codes.Error || spans[1].Status().Description != "failed" || len(spans[1].Events()) > 0 {
		t.Errorf("%v are missing; %+v", want, spans[1].Status())
	}
}

func TestWithoutASpanNothingIsMade(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	result := &authz.Result{}
	if n := testing.AllocsPerRun(100, func() {
		same, span := tracing.Start(r, "sluice.decide")
		if same != r {
			t.Error("another request")
		}
		span.Decided("notes", result)
		span.End(nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
