package node_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// A process that is started in another directory must find its store.
func TestTheDataDirectoryDoesNotDependOnTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		config config.App
		env    string
		want   string
	}{
		"left out":                       {config.App{BaseDir: "/etc/sluice"}, "", "/etc/sluice/data"},
		"left out, without a Caddyfile":  {config.App{}, "", filepath.Join(here, "data")},
		"from the environment":           {config.App{BaseDir: "/etc/sluice"}, "/var/lib/sluice", "/var/lib/sluice"},
		"from the environment, relative": {config.App{BaseDir: "/etc/sluice"}, "state", filepath.Join(here, "state")},
		"relative":                       {config.App{BaseDir: "/etc/sluice", DataDir: "state"}, "/elsewhere", "/etc/sluice/state"},
		"absolute":                       {config.App{BaseDir: "/etc/sluice", DataDir: "/srv/state"}, "/elsewhere", "/srv/state"},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := node.Read(node.Options{Config: tc.config, ShowRootKey: func(_, _ string) {},
				Env: func(string) string { return tc.env }})
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Config().DataDir; got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if _, err := os.Stat(tc.want); err == nil {
				t.Error("Read made the directory")
			}
		})
	}
}

// A node that only verifies tokens of other issuers writes no files.
func TestANodeThatNeedsNoStoreOpensNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n, err := node.Open(t.Context(), node.Options{Config: config.App{DataDir: dir}, ShowRootKey: func(_, _ string) {}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Gate(config.Authorize{Issuers: []config.Issuer{{URL: "https://idp.example.com", AnyClient: true}},
		Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "*"}}}); err != nil {
		t.Error(err)
	}
	if _, err := n.Gate(config.Authorize{SigV4: &config.SigV4{Service: "s3"}, RolePolicies: true}); err == nil {
		t.Error("a gate that needs the services was built without them")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data directory was made: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}
