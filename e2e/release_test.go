package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestAReleaseIsWholeAndTheSameEachTime builds one target twice, and uses what is in the archive.
func TestAReleaseIsWholeAndTheSameEachTime(t *testing.T) {
	t.Parallel()
	const name = "sluice_v1.2.3_linux_amd64"
	sums := [2]string{}
	out := ""
	for i := range sums {
		out = t.TempDir()
		// A release may be made in parts: what an earlier part left is not one of the files.
		ok(t, os.WriteFile(filepath.Join(out, "sluice_v1.2.3_checksums.txt"), []byte("of an earlier part\n"), 0o600))
		release := exec.Command(filepath.Join(harness.Root(), "scripts", "release.sh"), "v1.2.3", out)
		release.Env = append(os.Environ(), "RELEASE_TARGETS=linux/amd64")
		if text, err := release.CombinedOutput(); err != nil {
			t.Fatalf("release.sh: %v\n%s", err, text)
		}
		sums[i] = readText(t, filepath.Join(out, "sluice_v1.2.3_checksums.txt"))
	}
	if sums[0] != sums[1] {
		t.Errorf("the same source made\n%sand\n%s", sums[0], sums[1])
	}
	check := exec.Command("sha256sum", "--check", "sluice_v1.2.3_checksums.txt")
	check.Dir = out
	if text, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, text)
	}
	if text, err := exec.Command("tar", "-C", out, "-xzf", filepath.Join(out, name+".tar.gz")).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, text)
	}
	in := filepath.Join(out, name)
	if text, err := exec.Command(filepath.Join(in, "sluice"), "version").Output(); err != nil || !strings.HasPrefix(string(text), "Sluice v1.2.3\nCaddy v2.") {
		t.Errorf("sluice version: %s %v", text, err)
	}
	for _, file := range []string{"LICENSE", "SECURITY.md", "README.md", "Caddyfile.example", "man/sluice.8", "man/sluice-healthcheck.8", "completions/sluice.bash",
		"completions/sluice.zsh", "deploy/systemd/sluice.service", "deploy/kubernetes/sluice.yaml", "deploy/prometheus/rules.yaml", "deploy/grafana/sluice.json"} {
		if info, err := os.Stat(filepath.Join(in, file)); err != nil || info.Size() == 0 {
			t.Errorf("the archive lacks %s", file)
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^):#]+)[)#]`).FindAllStringSubmatch(readText(t, filepath.Join(in, "README.md")), -1) {
		if _, err := os.Stat(filepath.Join(in, m[1])); err != nil {
			t.Errorf("README.md leads to %s, which the archive lacks", m[1])
		}
	}
	example := exec.Command(filepath.Join(in, "sluice"), "validate", "--config", "Caddyfile.example", "--adapter", "caddyfile")
	example.Dir = in
	example.Env = append(os.Environ(), "HOME="+out, "XDG_DATA_HOME="+out, "XDG_CONFIG_HOME="+out)
	if text, err := example.CombinedOutput(); err != nil {
		t.Errorf("the example in the archive: %v\n%s", err, text)
	}
	if page := readText(t, filepath.Join(in, "man", "sluice.8")); !strings.Contains(page, `.TH "Sluice" "8"`) {
		t.Errorf("the manual page is called otherwise:\n%.200s", page)
	}
	var sbom struct{ Components []struct{ PURL string } }
	if err := json.Unmarshal([]byte(readText(t, filepath.Join(out, name+".cdx.json"))), &sbom); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, c := range sbom.Components {
		module, _, _ := strings.Cut(strings.TrimPrefix(c.PURL, "pkg:golang/"), "@")
		found[module] = true
	}
	if !found["stdlib"] || !found["github.com/caddyserver/caddy/v2"] || len(found) < 50 {
		t.Errorf("the list of modules has %d", len(found))
	}
}
