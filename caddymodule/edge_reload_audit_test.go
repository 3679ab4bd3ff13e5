package caddymodule

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/auditcmd"
)

func init() { caddy.RegisterModule(overlappingApp{}) }

// whileBothRun is called when the node of a configuration with the app sluice_test_overlaps is open and that of the one before is, too.
var whileBothRun func(*node.Node)

type overlappingApp struct{}

func (overlappingApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "sluice_test_overlaps", New: func() caddy.Module { return new(overlappingApp) }}
}

func (overlappingApp) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err == nil {
		app.OnStart(func(n *node.Node) error {
			whileBothRun(n)
			return nil
		})
	}
	return err
}

func (overlappingApp) Start() error { return nil }
func (overlappingApp) Stop() error  { return nil }

// withApp returns a configuration with another app.
func withApp(t *testing.T, adapted []byte, name string) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(adapted, &all); err != nil {
		t.Fatal(err)
	}
	all["apps"].(map[string]any)[name] = object{}
	more, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return more
}

// createGroup calls the API of a node.
func createGroup(t *testing.T, n *node.Node) {
	t.Helper()
	body, err := json.Marshal(object{"UserPoolId": poolID, "GroupName": rand.Text()})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://id.example/", strings.NewReader(string(body)))
	r.URL.Host = r.Host
	r.Header.Set("X-Amz-Target", idp+"CreateGroup")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if err := signRequest(r, rootKey, "cognito-idp", sigv4.HashPayload(body)); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	n.ServeAPIs(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// verifyAudit does what "sluice audit verify --complete" does.
func (e *edge) verifyAudit(t *testing.T, log string) string {
	t.Helper()
	var out strings.Builder
	cmd := &cobra.Command{Use: "audit", SilenceUsage: true}
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"verify", "--complete", log})
	auditcmd.Add(cmd, auditcmd.Options{Getenv: func(string) string { return "" }, Load: func(string, string) (config.App, error) {
		return config.App{DataDir: e.dir, Account: "123456789012", PublicURL: "http://id.example"}, nil
	}})
	if err := cmd.Execute(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	return out.String()
}

// A regression test. The chain was that of the old configuration and the log that of the new one: what was called while both ran was
// missing in the log, or had no chain.
func TestTheChainIsSoundAfterCallsWhileAReloadSwitchesTheAuditLog(t *testing.T) {
	for name, test := range map[string]struct{ first, second, records string }{
		"on to off": {"audit_log {\n\tchain on\n}\n", "", "records 1 to 3 "},
		"off to on": {"", "audit_log {\n\tchain on\n}\n", "records 1 to 3 "},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			e.loaded = true
			e.poolFiles(t)
			log := filepath.Join(e.dir, "audit.log")
			configured := func(block string) []byte {
				t.Helper()
				global := globalOptions
				if block != "" {
					global = strings.Replace(global, "\tlog {\n", "\tlog audit {\n\t\tinclude sluice.audit\n\t\toutput file "+log+"\n\t}\n\tlog {\n", 1)
				}
				adapted, err := e.adapt(global, block+poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n")
				if err != nil {
					t.Fatal(err)
				}
				return adapted
			}
			if err := caddy.Load(configured(test.first), true); err != nil {
				t.Fatal(err)
			}
			e.admin(t, "CreateGroup", object{"GroupName": "before"})
			whileBothRun = func(n *node.Node) { createGroup(t, n) }
			if err := caddy.Load(withApp(t, configured(test.second), "sluice_test_overlaps"), true); err != nil {
				t.Fatal(err)
			}
			e.http.CloseIdleConnections()
			e.admin(t, "CreateGroup", object{"GroupName": "after"})
			e.stop(t)
			if out := e.verifyAudit(t, log); !strings.Contains(out, test.records) {
				t.Error(out)
			}
		})
	}
}
