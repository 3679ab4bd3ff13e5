package signin

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

func TestNextChallenge(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	proved := []Factor{Password}
	for name, tc := range map[string]struct {
		in        situation
		challenge string
		kind      fault.Kind
		text      string
	}{
		"a confirmed user who proved the password is signed in": {in: situation{enabled: true, status: userpool.StatusConfirmed, proved: proved}},
		"without a first factor no sign-in is complete":         {in: situation{enabled: true, status: userpool.StatusConfirmed}, kind: fault.Internal},
		"another factor is not a first factor": {in: situation{enabled: true, status: userpool.StatusConfirmed, proved: []Factor{SoftwareToken}},
			kind: fault.Internal},
		"a disabled user is refused": {in: situation{status: userpool.StatusConfirmed, proved: proved},
			kind: fault.NotAuthorized, text: "User is disabled."},
		"a disabled user is refused before all other checks": {in: situation{status: userpool.StatusForceChange, proved: proved},
			kind: fault.NotAuthorized, text: "User is disabled."},
		"a user who must reset the password is refused": {in: situation{enabled: true, status: userpool.StatusResetRequired, proved: proved},
			kind: fault.PasswordResetRequired, text: "Password reset required for the user"},
		"a temporary password requires a new one": {in: situation{enabled: true, status: userpool.StatusForceChange, temporaryUntil: now.Add(time.Second), proved: proved},
			challenge: newPasswordRequired},
		"a temporary password that never expires requires a new one": {in: situation{enabled: true, status: userpool.StatusForceChange, proved: proved},
			challenge: newPasswordRequired},
		"an expired temporary password is refused": {in: situation{enabled: true, status: userpool.StatusForceChange, temporaryUntil: now, proved: proved},
			kind: fault.NotAuthorized, text: "Temporary password has expired and must be reset by an administrator."},
		"a custom sign-in without a password does not ask for a new one": {in: situation{flow: customAuth, enabled: true, status: userpool.StatusForceChange,
			temporaryUntil: now, proved: []Factor{Custom}, decision: &decision{issue: true}}},
		"a custom sign-in with a temporary password requires a new one": {in: situation{flow: customAuth, enabled: true, status: userpool.StatusForceChange,
			temporaryUntil: now.Add(time.Second), proved: []Factor{Password, Custom}, decision: &decision{issue: true}}, challenge: newPasswordRequired},
		"a custom sign-in with an expired temporary password is refused": {in: situation{flow: customAuth, enabled: true, status: userpool.StatusForceChange,
			temporaryUntil: now, proved: proved, decision: &decision{issue: true}},
			kind: fault.NotAuthorized, text: "Temporary password has expired and must be reset by an administrator."},
		"an unconfirmed user is refused": {in: situation{enabled: true, status: userpool.StatusUnconfirmed, proved: proved},
			kind: fault.NotAuthorized, text: "User cannot sign in. Current status is UNCONFIRMED"},
		"a status that is not known is refused": {in: situation{enabled: true, status: "ARCHIVED", proved: proved},
			kind: fault.NotAuthorized, text: "User cannot sign in. Current status is ARCHIVED"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.in.now = now
			challenge, err := next(tc.in)
			if challenge != tc.challenge || (err == nil) != (tc.kind == "") {
				t.Fatalf("%q, %v", challenge, err)
			}
			if err == nil {
				return
			}
			if text, _ := fault.Message(err); fault.KindOf(err) != tc.kind || (tc.text != "" && text != tc.text) {
				t.Errorf("%v, want %s: %s", err, tc.kind, tc.text)
			}
		})
	}
}

// Every challenge that the registry or next names is registered, and each flow begins in exactly one way.
func TestTheRegistryIsComplete(t *testing.T) {
	m := &Machine{}
	if err := m.register(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{passwordVerifier, newPasswordRequired} {
		if m.steps[name] == nil {
			t.Errorf("the challenge %s is not registered", name)
		}
	}
	for name, s := range m.steps {
		if s.name != name || s.ask == nil || s.answer == nil {
			t.Errorf("the challenge %s lacks a part", name)
		}
	}
	for name, f := range m.flows {
		ways := 0
		for _, there := range []bool{f.answers != nil, f.asks != "", f.open != nil, f.renew != nil} {
			if there {
				ways++
			}
		}
		if ways != 1 || f.allow == "" || f.disabled == "" || !(f.public || f.admin) {
			t.Errorf("the flow %s is not complete, or begins in %d ways", name, ways)
		}
	}
}
