package caddymodule

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/seal"
)

// adaptPool returns the configuration of startPool with a block added, as it is now.
func (e *edge) adaptPool(t *testing.T, block string) []byte {
	t.Helper()
	e.loaded = true
	adapted, err := e.adapt(globalOptions, block+poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	return adapted
}

// reloadInVain loads a configuration with an app that does not start. Apps start in any order, so it does so several times.
func reloadInVain(t *testing.T, adapted []byte) {
	t.Helper()
	var next map[string]any
	if err := json.Unmarshal(adapted, &next); err != nil {
		t.Fatal(err)
	}
	next["apps"].(map[string]any)["sluice_test_fails"] = object{}
	failing, err := json.Marshal(next)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := caddy.Load(failing, true); err == nil || !strings.Contains(err.Error(), "this start fails") {
			t.Fatal(err)
		}
	}
}

func TestAReloadAppliesTheAdministratorsKeyOfItsFiles(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	t.Setenv("SLUICE_ROOT_ACCESS_KEY_ID", "")
	t.Setenv("SLUICE_ROOT_SECRET_ACCESS_KEY", "")
	t.Setenv("SLUICE_ROOT_ACCESS_KEY_ID_FILE", e.file(t, "id", rootKey.AccessKeyID))
	t.Setenv("SLUICE_ROOT_SECRET_ACCESS_KEY_FILE", e.file(t, "secret", rootKey.SecretAccessKey))
	first := e.adaptPool(t, "")
	if err := caddy.Load(first, false); err != nil {
		t.Fatal(err)
	}
	leaked := sigv4.Credentials{AccessKeyID: rootKey.AccessKeyID, SecretAccessKey: rootKey.SecretAccessKey}
	fresh := sigv4.Credentials{AccessKeyID: rootKey.AccessKeyID, SecretAccessKey: "another-secret-of-the-administrator"}
	valid := func(when string, key sigv4.Credentials, want bool) {
		t.Helper()
		e.http.CloseIdleConnections() // a reload closes them too
		if _, err := e.call(idp+"DescribeUserPool", &key, object{"UserPoolId": poolID}); (err == nil) != want {
			t.Errorf("%s, at the API: %v", when, err)
		}
		if a := e.s3(t, "GET", "/bucket/key", key, "", sigv4.HashPayload(nil)); (a.status == 200) != want {
			t.Errorf("%s, at the gate: %d %s", when, a.status, a.body)
		}
	}
	valid("the first key", leaked, true)
	e.file(t, "secret", fresh.SecretAccessKey)
	second := e.adaptPool(t, "")
	if strings.Contains(string(second), fresh.SecretAccessKey) {
		t.Error("the configuration has the secret")
	}
	reloadInVain(t, second)
	valid("the first key after a reload that failed", leaked, true)
	valid("the second key after a reload that failed", fresh, false)
	if err := caddy.Load(second, false); err != nil { // not forced, as by "sluice reload"
		t.Fatal(err)
	}
	valid("the replaced key", leaked, false)
	valid("the second key", fresh, true)
}

// A regression test. The new key sealed although the reload failed, and the configuration that continued did not have it: later reloads
// of it failed, and it did not start again.
func TestAReloadThatFailsLeavesTheMasterKeys(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	old, next := masterKey(t), masterKey(t)
	e.file(t, "keys", old.Encode().Reveal()+"\n")
	e.file(t, "more-keys", next.Encode().Reveal()+"\n"+old.Encode().Reveal()+"\n")
	e.file(t, "other-keys", next.Encode().Reveal()+"\n")
	first, second := e.adaptPool(t, "master_key file %DIR%/keys\n"), e.adaptPool(t, "master_key file %DIR%/more-keys\n")
	if err := caddy.Load(first, true); err != nil {
		t.Fatal(err)
	}
	reloadInVain(t, second)
	if err := caddy.Load(e.adaptPool(t, "master_key file %DIR%/other-keys\n"), true); err == nil || !strings.Contains(err.Error(), masterkey.ErrMissing.Error()) {
		t.Errorf("without the key that the store needs: %v", err)
	}
	for range 2 { // the running configuration, and a restart with it
		if err := caddy.Load(first, true); err != nil {
			t.Fatal(err)
		}
		e.stop(t)
	}
	if err := caddy.Load(first, true); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(second, true); err != nil {
		t.Fatal(err)
	}
	e.stop(t)
	if err := caddy.Load(first, true); err == nil || !strings.Contains(err.Error(), masterkey.ErrMissing.Error()) {
		t.Errorf("after a reload that succeeded, the new key does not seal: %v", err)
	}
}

func masterKey(t *testing.T) seal.Key {
	t.Helper()
	key, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAReloadThatFailsLeavesTheChainOfTheAuditLog(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	log := filepath.Join(e.dir, "caddy.log")
	chained := func() int {
		t.Helper()
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), `"chain":`)
	}
	call := func() {
		t.Helper()
		e.http.CloseIdleConnections() // a reload closes them too
		e.admin(t, "CreateGroup", object{"GroupName": rand.Text()})
	}
	on, off := e.adaptPool(t, "audit_log {\n\tchain on\n}\n"), e.adaptPool(t, "audit_log\n")
	if err := caddy.Load(on, true); err != nil {
		t.Fatal(err)
	}
	reloadInVain(t, off)
	before := chained()
	call()
	if chained() == before {
		t.Error("the chain is off after a reload without it failed")
	}
	if err := caddy.Load(off, true); err != nil {
		t.Fatal(err)
	}
	reloadInVain(t, on)
	before = chained()
	call()
	if chained() != before {
		t.Error("the chain is on after a reload with it failed")
	}
	if err := caddy.Load(on, true); err != nil {
		t.Fatal(err)
	}
	before = chained()
	call()
	if chained() == before {
		t.Error("the chain is off after a reload with it")
	}
}
