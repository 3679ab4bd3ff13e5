package caddymodule

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/sluicegate/sluice/caddymodule/console"
	"github.com/sluicegate/sluice/caddymodule/storeoptions"
	"github.com/sluicegate/sluice/config"
)

var update = flag.Bool("update", false, "rewrite the expected half of testdata/adapt")

const separator = "\n----------\n"

// Each file holds a Caddyfile and, after a line of dashes, the JSON that it adapts to or the expected error.
func TestCaddyfileAdapts(t *testing.T) {
	t.Chdir("testdata/adapt") // where the files are that the cases name
	files, err := filepath.Glob("*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(raw), separator)
			got := adapt(input)
			if *update {
				if err := os.WriteFile(file, []byte(input+separator+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != strings.TrimSpace(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// adapt returns Sluice's parts of the adapted config, the app and the handlers, or the error. It replaces the working directory
// with /here.
func adapt(input string) string {
	here, err := os.Getwd()
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.ReplaceAll(adaptHere(input), here, "/here")
}

func adaptHere(input string) string {
	adapted, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return "error: " + err.Error()
	}
	var whole struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if err := json.Unmarshal(adapted, &whole); err != nil {
		return "error: " + err.Error()
	}
	parts := map[string]any{"sluice": whole.Apps["sluice"], "handlers": sluiceHandlers(whole.Apps["http"])}
	if whole.Apps["sluice"] == nil {
		delete(parts, "sluice")
	}
	text, err := json.MarshalIndent(parts, "", "\t")
	if err != nil {
		return "error: " + err.Error()
	}
	for _, w := range warnings {
		if strings.Contains(w.Message, "not formatted") {
			continue
		}
		text = append(text, "\nwarning: "+w.String()...)
	}
	return string(text)
}

// sluiceHandlers finds our handlers in the order in which Caddy would run them.
func sluiceHandlers(http json.RawMessage) []any {
	var tree any
	if err := json.Unmarshal(http, &tree); err != nil {
		return nil
	}
	var found []any
	var walk func(any)
	walk = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			if name, _ := n["handler"].(string); strings.HasPrefix(name, "sluice_") || name == "reverse_proxy" || name == "authentication" {
				if !strings.HasPrefix(name, "sluice_") {
					n = map[string]any{"handler": name}
				}
				found = append(found, n)
				return
			}
			for _, key := range slices.Sorted(maps.Keys(n)) {
				walk(n[key])
			}
		case []any:
			for _, child := range n {
				walk(child)
			}
		}
	}
	walk(tree)
	return found
}

// allOptions lists every option of every block, as "block option".
func allOptions() []string {
	var all []string
	add := func(block string, options map[string]option) {
		for name := range options {
			all = append(all, block+" "+name)
		}
	}
	at := places{}
	add("sluice", sluiceOptions(new(config.App), at))
	add("user_pool", userPoolOptions(new(config.UserPool), at, ""))
	add("client", clientOptions(new(config.Client)))
	add("branding", brandingOptions(new(config.Branding)))
	add("group", groupOptions(new(config.Group)))
	add("user", userOptions(&config.User{Attributes: map[string]string{}}))
	add("identity_pool", identityPoolOptions(new(config.IdentityPool), at, ""))
	add("login", loginProviderOptions(new(config.LoginProvider)))
	add("role", roleOptions(new(config.Role), at, ""))
	add("trigger", triggerOptions(new(config.Trigger)))
	add("smtp", smtpOptions(new(config.SMTP)))
	add("sms", smsOptions(new(config.SMS)))
	add("store", storeOptions(new(config.Store)))
	add("redis", storeoptions.RedisOptions("", new(config.Redis)))
	add("tls", storeoptions.RedisTLSOptions(new(config.RedisTLS)))
	for _, source := range []string{config.MasterKeyCommand, config.MasterKeyKMS, config.MasterKeyVault} {
		add("master_key", masterKeyOptions(&config.MasterKey{Source: source}))
	}
	add("sluice_authorize", authorizeOptions(new(config.Authorize), at))
	add("issuer", issuerOptions(new(config.Issuer)))
	add("issuer", presetOptions(new(config.Preset)))
	add("cors", corsOptions(new(config.CORS)))
	add("sigv4", sigv4Options(new(config.SigV4)))
	add("sluice_credentials", credentialsOptions(new(config.Credentials), at))
	add("resign", resignOptions(new(config.Resign)))
	slices.Sort(all)
	return all
}

func TestEveryOptionIsDocumentedAndAdapted(t *testing.T) {
	documentation, err := os.ReadFile("../docs/caddyfile.md")
	if err != nil {
		t.Fatal(err)
	}
	var cases []byte
	files, _ := filepath.Glob("testdata/adapt/*.caddyfiletest")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		input, _, _ := bytes.Cut(raw, []byte(separator))
		cases = append(cases, input...)
	}
	for _, name := range allOptions() {
		_, option, _ := strings.Cut(name, " ")
		if !regexp.MustCompile("`[^`\n]*\\b" + option + "\\b").Match(documentation) {
			t.Errorf("docs/caddyfile.md does not explain the option %q", name)
		}
		if !regexp.MustCompile(`(?m)^\s*` + option + `\b`).Match(cases) {
			t.Errorf("no case in testdata/adapt uses the option %q", name)
		}
	}
}

// Every Caddyfile in the documentation, and the example, must adapt without an error.
func TestDocumentedCaddyfilesAdapt(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```caddyfile\n(.*?)```")
	documents, _ := filepath.Glob("../docs/*.md")
	texts := map[string][]byte{}
	for _, path := range append(documents, "../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = text
	}
	t.Chdir("testdata/adapt") // where pools/ and policies/ are
	for path, text := range texts {
		for _, m := range blocks.FindAllSubmatch(text, -1) {
			if got := adapt(string(m[1])); strings.HasPrefix(got, "error:") || strings.Contains(got, "warning:") {
				t.Errorf("%s: %s\n%s", path, got, m[1])
			}
		}
	}
	t.Chdir("../../..")
	example, err := os.ReadFile("Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	if got := adapt(string(example)); strings.HasPrefix(got, "error:") || strings.Contains(got, "warning:") {
		t.Errorf("Caddyfile.example: %s", got)
	}
}

// For any input, the parser must return a config or an error, without a panic.
func FuzzCaddyfile(f *testing.F) {
	files, _ := filepath.Glob("testdata/adapt/*.caddyfiletest")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		input, _, _ := strings.Cut(string(raw), separator)
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input string) {
		if strings.Contains(input, "import") { // reads files
			return
		}
		first := adapt(input)
		if second := adapt(input); first != second && !strings.HasPrefix(first, "error:") {
			t.Errorf("adapts differently the second time:\n%s\n%s", first, second)
		}
	})
}
