package opslog_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/sluicegate/sluice/caddymodule/opslog"
	"github.com/sluicegate/sluice/server/audit"
)

func TestTheLatestRefusedCallsAreFoundByTheirDecision(t *testing.T) {
	record := func(id string) {
		opslog.Audit(zap.NewNop(), &audit.Record{Operation: "cognito-idp:AdminDeleteUser", Result: "AccessDenied", Actor: "arn:aws:sts::123456789012:assumed-role/ops/ada",
			AccessKeyID: "ASIA1", From: netip.MustParseAddr("192.0.2.7"), Agent: "cli\x1b[31m", Target: map[string]string{"Username": "rita", "UserPoolId": "p"}, RequestID: "r", DecisionID: id})
	}
	record("")
	if _, ok := opslog.Refusal(""); ok {
		t.Error("a call that nothing refused is kept")
	}
	for i := range 514 {
		record(fmt.Sprintf("%016x", i))
	}
	for id, want := range map[string]bool{fmt.Sprintf("%016x", 1): false, fmt.Sprintf("%016x", 2): true, fmt.Sprintf("%016x", 513): true, "none": false} {
		if call, ok := opslog.Refusal(id); ok != want || ok && call.ID != id {
			t.Errorf("%s: %+v", id, call)
		}
	}
	call, _ := opslog.Refusal(fmt.Sprintf("%016x", 513))
	var text strings.Builder
	if err := call.WriteText(&text); err != nil || !strings.HasPrefix(text.String(), "refused: AccessDenied\ncall       cognito-idp:AdminDeleteUser\n") || strings.Contains(text.String(), "\x1b") ||
		!strings.Contains(text.String(), "\ntarget     UserPoolId p\ntarget     Username rita\n") || !strings.Contains(text.String(), "\nfrom       192.0.2.7\n") {
		t.Errorf("%v\n%s", err, text.String())
	}
	if raw, err := json.Marshal(call); err != nil || !strings.Contains(string(raw), `"operation":"cognito-idp:AdminDeleteUser"`) {
		t.Errorf("%s %v", raw, err)
	}
}
