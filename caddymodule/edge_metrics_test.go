package caddymodule

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/caddyserver/caddy/v2"
)

// families are scraped metrics.
type families []*dto.MetricFamily

// metrics reads the registry of the running configuration, which the metrics directive serves.
func (e *edge) metrics(t testing.TB) families {
	t.Helper()
	running := caddy.ActiveContext()
	all, err := running.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sum returns the sum of the metric's values that have the given labels, as name and value pairs.
func (f families) sum(name string, labels ...string) float64 {
	total := 0.0
	for _, family := range f {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if hasLabels(m, labels) {
				total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return total
}

func hasLabels(m *dto.Metric, labels []string) bool {
	have := map[string]string{}
	for _, l := range m.GetLabel() {
		have[l.GetName()] = l.GetValue()
	}
	for i := 0; i+1 < len(labels); i += 2 {
		if have[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}

// documentedMetrics reads names and labels from the table of docs/metrics.md.
func documentedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([a-z_]+)`")
	documented := map[string][]string{}
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], "`sluice_") {
			continue
		}
		labels := []string{}
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			labels = append(labels, m[1])
		}
		slices.Sort(labels)
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			documented[m[1]] = labels
		}
	}
	if len(documented) < 8 {
		t.Fatalf("only %d metrics are documented", len(documented))
	}
	return documented
}

// Makes every documented metric appear, then scrapes the metrics directive as Prometheus does.
func TestEveryDocumentedMetricIsScraped(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.file(t, "pool.json", `{"LambdaConfig": {"PreSignUp": "`+triggerARN+`"}}`)
	e.file(t, "presignup.mjs", `export const handler = async (event) => event`)
	e.load(t, strings.Replace(poolBlock, "{\n", "{\n\t\t\tsettings %DIR%/pool.json\n", 1)+triggerBlock+"\nbackup {\n to %DIR%/backups\n}\n", "handle /metrics {\n metrics\n}\nhandle /remote/* {\n"+open("")+"}\n"+poolSite)
	e.addUser(t, "margravine", "readers")
	e.admin(t, "AdminCreateUser", object{"Username": "invited", "UserAttributes": []object{{"Name": "email", "Value": "invited@example.com"}}})
	in := e.mustSignIn(t, "margravine")
	key := e.credentials(t, in.id)
	for range 2 {
		if status := e.apiStatus(t, "/api/x", in.access); status != 200 {
			t.Errorf("status %d", status)
		}
		e.s3(t, "GET", "/bucket/key", key, "", "")
		e.get(t, "/remote/x", e.issuer.bearer(t, "ada"))
		e.get(t, "/remote/x", "Authorization: Bearer forged")
	}
	scraped := e.get(t, "/metrics")
	for deadline := time.Now().Add(time.Minute); !strings.Contains(scraped.body, "sluice_backup_made_timestamp_seconds{") && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond) // the first backup is being made
		scraped = e.get(t, "/metrics")
	}
	if scraped.status != 200 {
		t.Fatalf("status %d", scraped.status)
	}
	label := regexp.MustCompile(`([a-zA-Z_]+)="`)
	there := map[string][]string{}
	for line := range strings.SplitSeq(scraped.body, "\n") {
		if !strings.HasPrefix(line, "sluice_") {
			continue
		}
		end := strings.IndexAny(line, "{ ")
		base, rest := line[:end], line[end:]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, suffix)
		}
		labels := []string{}
		for _, m := range label.FindAllStringSubmatch(rest, -1) {
			if m[1] != "le" {
				labels = append(labels, m[1])
			}
		}
		slices.Sort(labels)
		there[base] = labels
	}
	documented := documentedMetrics(t)
	for name, labels := range documented {
		if got, ok := there[name]; !ok {
			if !strings.HasPrefix(name, "sluice_revocation_feed_") && !strings.HasPrefix(name, "sluice_backup") && name != "sluice_password_relay_pending" && name != "sluice_shared_counts_reached" { // there is no Redis, backup or pulled pool here
				t.Errorf("%s is documented but not exported", name)
			}
		} else if !slices.Equal(got, labels) {
			t.Errorf("%s has the labels %v, documented are %v", name, got, labels)
		}
	}
	for name := range there {
		if _, ok := documented[name]; !ok {
			t.Errorf("%s is exported but not documented", name)
		}
	}
	for _, secret := range []string{in.access, key.SecretAccessKey, "margravine"} {
		if strings.Contains(scraped.body, secret) {
			t.Error("the metrics contain a user name or a secret")
		}
	}
}

// What a reload removed has no state any more: an alert about it would never end.
func TestAReloadTakesTheStatesOfWhatItRemoves(t *testing.T) {
	e := newEdge(t)
	e.loaded = true
	site := func(name, options string) string {
		return "handle /" + name + "/* {\n" + strings.Replace(open(options), "{\n", "{\n\tapi "+name+"\n", 1) + "}\n"
	}
	e.poolFiles(t)
	backups := "\t\tbackup {\n\t\t\tto %DIR%/copies\n\t\t}\n"
	if err := e.reload(poolBlock+backups, site("stays", "mode shadow\n")+site("goes", "")); err != nil {
		t.Fatal(err)
	}
	e.get(t, "/goes/x", e.issuer.bearer(t, "ada"))
	has := func(name string, labels ...string) bool {
		for _, family := range e.metrics(t) {
			if family.GetName() == name && slices.ContainsFunc(family.GetMetric(), func(m *dto.Metric) bool { return hasLabels(m, labels) }) {
				return true
			}
		}
		return false
	}
	states := [][]string{{"sluice_route_mode", "route", "goes"}, {"sluice_jwks_fetched_timestamp_seconds", "issuer", e.issuer.url}, {"sluice_health_check", "check", "backup"}}
	for _, s := range states {
		eventually(t, s[0]+" is there", func() bool { return has(s[0], s[1:]...) })
	}
	if err := e.reload(poolBlock, "handle /stays/* {\nsluice_authorize {\napi stays\nuser_pool us-east-1_edge00001\nallow any * *\n}\n}\n"); err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		eventually(t, s[0]+" is gone", func() bool { return !has(s[0], s[1:]...) })
	}
	if now := e.metrics(t); now.sum("sluice_route_mode", "route", "stays", "mode", "enforce") != 1 || now.sum("sluice_route_mode", "route", "stays", "mode", "shadow") != 0 {
		t.Error("the mode of the route that stays is not the new one")
	}
	eventually(t, "the checks that stay are there", func() bool { return has("sluice_health_check", "check", "store") })
}
