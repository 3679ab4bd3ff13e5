package deploycheck

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPromtoolAcceptsTheRulesAndTheirTests(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "rules.yaml"}, {"test", "rules", "rules_test.yaml"}} {
		cmd := exec.Command("promtool", args...)
		cmd.Dir = "../../deploy/prometheus"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal([]byte(read(t, "../../deploy/prometheus/rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	return file.Groups[0].Rules
}

var (
	metric    = regexp.MustCompile(`\bsluice_[a-z_]+`)
	histogram = regexp.MustCompile(`_(bucket|count|sum)$`)
)

// TestMetricsThatAreNamedExist compares rules and dashboard with docs/metrics.md.
func TestMetricsThatAreNamedExist(t *testing.T) {
	known := metric.FindAllString(read(t, "../../docs/metrics.md"), -1)
	look := func(where, text string) {
		for _, name := range metric.FindAllString(text, -1) {
			if !slices.Contains(known, name) && !slices.Contains(known, histogram.ReplaceAllString(name, "")) {
				t.Errorf("%s names %s, which docs/metrics.md does not have", where, name)
			}
		}
	}
	for _, r := range rules(t) {
		look("the rule "+r.Alert+r.Record, r.Expr)
	}
	for title, expr := range queries(t) {
		look("the panel "+title, expr)
	}
}

// queries returns the queries of the dashboard by the titles of their panels.
func queries(t *testing.T) map[string]string {
	t.Helper()
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "../../deploy/grafana/sluice.json")), &board); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			all[p.Title] += target.Expr + "\n"
		}
	}
	return all
}

// TestQueriesOfTheDashboardParse has promtool check the queries as rules, with values for Grafana's variables.
func TestQueriesOfTheDashboardParse(t *testing.T) {
	fill := strings.NewReplacer("$__rate_interval", "5m", "$job", "sluice", "$instance", ".*")
	type record struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var records []record
	for _, text := range queries(t) {
		for _, expr := range strings.Split(strings.TrimSpace(text), "\n") {
			records = append(records, record{"a", fill.Replace(expr)})
		}
	}
	raw, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": records}}})
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/rules.yaml"
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "check", "rules", "--lint=none", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

var section = regexp.MustCompile(`(?m)^## (Sluice\w+)\n([^#]*)`)

// TestEveryAlertHasItsSectionInTheRunbook also fails for a section without an alert.
func TestEveryAlertHasItsSectionInTheRunbook(t *testing.T) {
	sections := map[string]string{}
	for _, m := range section.FindAllStringSubmatch(read(t, "../../docs/runbook.md"), -1) {
		sections[m[1]] = m[2]
	}
	tests := read(t, "../../deploy/prometheus/rules_test.yaml")
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		text, ok := sections[r.Alert]
		delete(sections, r.Alert)
		for _, part := range []string{"**Means:**", "**See:**", "**Do:**"} {
			if !strings.Contains(text, part) {
				t.Errorf("docs/runbook.md: %s (there: %v) lacks %s", r.Alert, ok, part)
			}
		}
		if want := "/docs/runbook.md#" + strings.ToLower(r.Alert); !strings.HasSuffix(r.Annotations["runbook_url"], want) {
			t.Errorf("%s: its runbook_url is %q", r.Alert, r.Annotations["runbook_url"])
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: its severity is %q", r.Alert, s)
		}
		if !strings.Contains(tests, "  - name: "+r.Alert+"\n") {
			t.Errorf("%s: rules_test.yaml has no test that it fires", r.Alert)
		}
	}
	for name := range sections {
		t.Errorf("docs/runbook.md has a section %s, and there is no such alert", name)
	}
}
