package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/observe"
	"github.com/sluicegate/sluice/userpool"
)

func init() {
	caddy.RegisterModule(eventRecorder{})
	caddy.RegisterModule(failingApp{})
}

// failingApp makes the start of a configuration fail when the node is open.
type failingApp struct{}

func (failingApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "sluice_test_fails", New: func() caddy.Module { return new(failingApp) }}
}

func (failingApp) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err == nil {
		app.OnStart(func(*node.Node) error { return errors.New("this start fails") })
	}
	return err
}

func (failingApp) Start() error { return nil }
func (failingApp) Stop() error  { return nil }

// eventRecorder is a handler of events that keeps them.
type eventRecorder struct{}

type recordedEvent struct {
	name string
	data map[string]any
}

var recorded struct {
	mu     sync.Mutex
	events []recordedEvent
}

func (eventRecorder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.sluice_test_record", New: func() caddy.Module { return new(eventRecorder) }}
}

func (eventRecorder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	return nil
}

func (eventRecorder) Handle(_ context.Context, e caddy.Event) error {
	recorded.mu.Lock()
	defer recorded.mu.Unlock()
	recorded.events = append(recorded.events, recordedEvent{e.Name(), e.Data})
	return nil
}

var _ caddyevents.Handler = eventRecorder{}

// event waits for an event whose data have the values.
func event(t *testing.T, name string, data map[string]any) {
	t.Helper()
	eventually(t, name+" is emitted", func() bool {
		recorded.mu.Lock()
		defer recorded.mu.Unlock()
		return slices.ContainsFunc(recorded.events, func(e recordedEvent) bool {
			for k, v := range data {
				if e.data[k] != v {
					return false
				}
			}
			return e.name == name
		})
	})
}

func TestAHandlerInTheCaddyfileGetsTheEventsOfUsers(t *testing.T) {
	e := newEdge(t)
	e.loaded = true
	e.poolFiles(t)
	names := []string{"sluice_sign_in", "sluice_decision_denied", "sluice_user_signed_up", "sluice_user_confirmed", "sluice_user_locked",
		"sluice_user_disabled", "sluice_user_signed_out", "sluice_key_rotated", "sluice_store_resealed"}
	var handlers strings.Builder
	for _, name := range names {
		handlers.WriteString("\t\ton " + name + " sluice_test_record\n")
	}
	global := strings.Replace(globalOptions, "{\n", "{\n\tevents {\n"+handlers.String()+"\t}\n", 1)
	adapted, err := e.adapt(global, poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	out, err := e.call(idp+"SignUp", nil, object{"ClientId": clientID, "Username": "margravine", "Password": password,
		"UserAttributes": []object{{"Name": "email", "Value": "margravine@example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	user := map[string]any{"user_pool": poolID, "sub": out.text("UserSub")}
	event(t, "sluice_user_signed_up", user)
	e.admin(t, "AdminConfirmSignUp", object{"Username": "margravine"})
	event(t, "sluice_user_confirmed", user)
	in := e.mustSignIn(t, "margravine")
	event(t, "sluice_sign_in", map[string]any{"user_pool": poolID, "flow": "USER_PASSWORD_AUTH", "result": "ok"})
	if status := e.apiStatus(t, "/api/x", in.access); status != 403 {
		t.Errorf("status %d of a user without a group", status)
	}
	event(t, "sluice_decision_denied", map[string]any{"reason": "denied", "shadow": false})
	if _, err := e.call(idp+"GlobalSignOut", nil, object{"AccessToken": in.access}); err != nil {
		t.Fatal(err)
	}
	event(t, "sluice_user_signed_out", user)
	for range 5 {
		if _, err := e.call(idp+"InitiateAuth", nil, object{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": clientID,
			"AuthParameters": object{"USERNAME": "margravine", "PASSWORD": "wrong"}}); err == nil {
			t.Error("a wrong password signs in")
		}
	}
	event(t, "sluice_user_locked", map[string]any{"sub": user["sub"], "failures": 5, "seconds": 1.0})
	e.admin(t, "AdminDisableUser", object{"Username": "margravine"})
	event(t, "sluice_user_disabled", user)
	emitter.Newest().Happened(userpool.Event{Kind: userpool.KeyRotated, PoolID: poolID, KeyID: "kid", Use: userpool.UseID})
	event(t, "sluice_key_rotated", map[string]any{"owner": poolID, "use": "id", "key": "kid"})
	observe.MasterKeyMade(processMetrics().configuration())("new")
	event(t, "sluice_key_rotated", map[string]any{"owner": "master", "use": "sealing", "key": "new"})
	observe.StoreResealed(processMetrics().configuration())("new", 3)
	event(t, "sluice_store_resealed", map[string]any{"key": "new", "values": 3})
	recorded.mu.Lock()
	defer recorded.mu.Unlock()
	for _, x := range recorded.events {
		for _, v := range x.data {
			if text, ok := v.(string); ok && (strings.Contains(text, "margravine") || text == in.access) {
				t.Errorf("%s has %q", x.name, text)
			}
		}
	}
}

func TestAReloadThatFailsLeavesEventsAndAuditLogToTheConfigurationThatContinues(t *testing.T) {
	e := newEdge(t)
	e.loaded = true
	e.poolFiles(t)
	global := strings.Replace(globalOptions, "{\n", "{\n\tevents {\n\t\ton sluice_key_rotated sluice_test_record\n\t}\n", 1)
	adapted, err := e.adapt(global, "audit_log\n"+poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	audit := auditLog.Newest()
	var next map[string]any
	if err := json.Unmarshal(adapted, &next); err != nil {
		t.Fatal(err)
	}
	next["apps"].(map[string]any)["sluice_test_fails"] = object{}
	failing, err := json.Marshal(next)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := caddy.Load(failing, true); err == nil || !strings.Contains(err.Error(), "this start fails") {
			t.Fatal(err)
		}
	}
	emitter.Newest().Happened(userpool.Event{Kind: userpool.KeyRotated, PoolID: poolID, KeyID: "after", Use: userpool.UseID})
	event(t, "sluice_key_rotated", map[string]any{"key": "after"})
	if audit == nil || auditLog.Newest() != audit {
		t.Error("the audit log is not the one of the running configuration")
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	if got := auditLog.Newest(); got == nil || got == audit {
		t.Error("after a reload that succeeds, the audit log is the old one")
	}
	emitter.Newest().Happened(userpool.Event{Kind: userpool.KeyRotated, PoolID: poolID, KeyID: "reloaded", Use: userpool.UseID})
	event(t, "sluice_key_rotated", map[string]any{"key": "reloaded"})
}
