package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
				Env: func(name string) string { return map[string]string{"SLUICE_DATA_DIR": tc.env}[name] }})
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

func TestALoginThatItsClientDoesNotAllowIsRefused(t *testing.T) {
	const pool, client = "us-east-1_notes0001", "1example23456789abcdefghij"
	whole := `{"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "email"], "SupportedIdentityProviders": ["COGNITO"],
		"CallbackURLs": ["https://app.example.com/.sluice/callback"], "LogoutURLs": ["https://app.example.com/.sluice/logout"]}`
	for change, want := range map[string]string{
		"": "", // the whole
		`"AllowedOAuthFlowsUserPoolClient": true`: `write "AllowedOAuthFlowsUserPoolClient": true`,
		`"code"`:             `AllowedOAuthFlows lacks "code"`,
		`"openid"`:           `AllowedOAuthScopes lacks "openid"`,
		`"email"`:            `AllowedOAuthScopes lacks "email"`,
		`/.sluice/callback"`: "no URL of CallbackURLs has the path /.sluice/callback; add that of the site, such as https://app.example.com/.sluice/callback",
		`/.sluice/logout"`:   "no URL of LogoutURLs has the path /.sluice/logout; add that of the site, such as https://app.example.com/.sluice/logout",
		"no file":            "it has no CallbackURLs; write in its block: settings <file>",
	} {
		text, path := whole, filepath.Join(t.TempDir(), "client.json")
		switch {
		case strings.HasSuffix(change, "true"):
			text = strings.Replace(text, change, `"ClientName": "app"`, 1)
		case strings.HasPrefix(change, "/"):
			text = strings.Replace(text, change, `/other"`, 1)
		case change == `"code"`:
			text = strings.Replace(text, change, `"implicit"`, 1)
		case change != "":
			text = strings.Replace(text, change, `"profile"`, 1)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if change == "no file" {
			path = ""
		}
		plan, err := node.Read(node.Options{ShowRootKey: func(_, _ string) {}, Config: config.App{DataDir: t.TempDir(),
			UserPools: []config.UserPool{{ID: pool, Clients: []config.Client{{ID: client, Settings: path}}}}}})
		if err != nil {
			t.Fatalf("%s: %v", change, err)
		}
		_, err = plan.Gate(&config.Authorize{UserPools: []string{pool}, Login: &config.Login{ClientID: client, Scopes: []string{"openid", "email"}},
			Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "*"}}})
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s\nwant: %s", change, got, want)
		}
	}
}
