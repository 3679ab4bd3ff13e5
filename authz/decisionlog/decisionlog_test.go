package decisionlog_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/decisionlog"
)

// line is a record as the host's logger writes it.
func line(t testing.TB, d *decisionlog.Record) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"level": "info", "ts": 1.5, "logger": decisionlog.Logger, "msg": decisionlog.Message, decisionlog.Member: d})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw) + "\n"
}

func record(user, action string, at int64) *decisionlog.Record {
	return &decisionlog.Record{Time: time.Unix(at, 0).UTC(), ID: user + action, Route: "notes", Outcome: "denied", Reason: "denied", Shadow: true, Scheme: "bearer",
		Principal: decisionlog.Principal{Kind: "user", Username: user}, Targets: []decisionlog.Target{{Action: action, Resource: "r"}},
		Context: map[string][]string{"aws:username": {user}}}
}

func TestReadFindsRecordsAmongOtherLines(t *testing.T) {
	text := `{"msg":"other"}` + "\n\n" + line(t, record("ada", "a", 1)) + "not JSON\n" + strings.Repeat("x", decisionlog.MaxLine+5) + "\n" +
		`{"msg":"decision","decision":{"targets":[]}}` + "\n" + `{"msg":"other","decision":null}` + "\n" + line(t, record("rita", "b", 2)) + `{"msg":"decision","deci`
	var found []string
	count, err := decisionlog.Read(strings.NewReader(text), func(n int, d *decisionlog.Record) error {
		found = append(found, d.Principal.Name())
		return nil
	})
	if err != nil || count != (decisionlog.Lines{Whole: 4, Skipped: 4}) || strings.Join(found, " ") != "ada rita" {
		t.Errorf("%v, %+v, %q", err, count, found)
	}
	_, err = decisionlog.Read(strings.NewReader(text), func(int, *decisionlog.Record) error { return errors.New("enough") })
	if err == nil || err.Error() != "line 3: enough" {
		t.Error(err)
	}
}

func TestAReportGroupsByRoutePrincipalActionAndStatement(t *testing.T) {
	var all, routes decisionlog.Report
	routes.By = decisionlog.By{AnyPrincipal: true, AnyAction: true, AnyStatement: true}
	sampled := record("ada", "a", 5)
	sampled.Every = 10
	denied := record("ada", "a", 3)
	denied.Statement = &decisionlog.Statement{Source: "deny.json", Sid: "No"}
	for _, d := range []*decisionlog.Record{record("ada", "a", 2), sampled, denied, record("rita", "a", 1)} {
		all.Add(d)
		routes.Add(d)
	}
	groups := all.Groups()
	if len(groups) != 3 || all.Total != 13 || groups[0].Count != 11 || groups[0].First.Unix() != 2 || groups[0].Last.Unix() != 5 ||
		groups[0].Statement != "no statement allows it" || groups[1].Statement != "deny.json, No" {
		t.Errorf("%+v", groups)
	}
	if groups := routes.Groups(); len(groups) != 1 || groups[0].Count != 13 || groups[0].Principal != "" {
		t.Errorf("%+v", groups)
	}
}

func TestKeysThatMayHoldSecretsAreKnown(t *testing.T) {
	for key, want := range map[string]bool{"http:header/x-api-key": true, "http:query/access_token": true, "jwt:nonce": true, "http:header/x-tenant": false,
		"jwt:token_use": false, "jwt:department": false, "aws:referer": true, "aws:username": false, "http:query/code": true,
		"http:query/sig": true, "http:query/pwd": true, "http:query/assignee": false, "http:header/x-amzn-oidc-data": true} {
		if decisionlog.Secret(key) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(line(f, record("ada", "a", 1))))
	f.Add([]byte(`{"msg":"decision","decision":{"targets":[{}],"decided":7}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var report decisionlog.Report
		if _, err := decisionlog.Read(strings.NewReader(string(text)), func(_ int, d *decisionlog.Record) error {
			report.Add(d)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
