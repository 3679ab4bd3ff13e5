package policyroute_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node/policyroute"
)

// site is a configuration with a route "notes", and a folder for its files.
type site struct {
	t      *testing.T
	dir    string
	routes []config.Authorize
	app    config.App
}

func newSite(t *testing.T, policies map[string]string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	for name, text := range policies {
		s.write(name, text)
	}
	const pool = "us-east-1_notes0001"
	s.app = config.App{DataDir: filepath.Join(s.dir, "data"), PublicURL: "https://id.example.com", UserPools: []config.UserPool{{ID: pool,
		Clients: []config.Client{{ID: "1example23456789abcdefghij"}}}}}
	s.routes = []config.Authorize{{API: "notes", UserPools: []string{pool}}}
	return s
}

func (s *site) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// log writes a decision log.
func (s *site) log(records ...*decisionlog.Record) string {
	s.t.Helper()
	var text bytes.Buffer
	for _, d := range records {
		if err := json.NewEncoder(&text).Encode(map[string]any{"logger": decisionlog.Logger, "msg": decisionlog.Message, decisionlog.Member: d}); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.write("decisions.jsonl", text.String())
}

// run runs "sluice policy" and returns what it prints and its exit code.
func (s *site) run(args ...string) (string, int) {
	s.t.Helper()
	code := 0
	cmd := &cobra.Command{Use: "policy", SilenceUsage: true, SilenceErrors: true}
	policyroute.Add(cmd, policyroute.Options{Exit: func(c int) { code = c },
		Load: func(string, string) (config.App, []config.Authorize, error) { return s.app, s.routes, nil }})
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	if err := cmd.Execute(); err != nil {
		s.t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String(), code
}

const arn = "arn:aws:execute-api:us-east-1:000000000000:notes/default/"

// asked is a decision on GET of a path.
func asked(outcome, user, path string, groups ...string) *decisionlog.Record {
	d := &decisionlog.Record{Time: time.Unix(1_795_000_000, 0).UTC(), Route: "notes", Outcome: outcome, Scheme: "bearer", Method: "GET",
		Principal: decisionlog.Principal{Kind: "user", Username: user, Groups: groups}, Targets: []decisionlog.Target{{Action: "execute-api:Invoke", Resource: arn + "GET" + path}},
		Context: map[string][]string{"cognito:groups": groups, "aws:username": {user}, "http:path": {path}, "http:method": {"GET"}, "aws:principaltype": {"AssumedRole"}}}
	if outcome != "allowed" {
		d.Reason, d.ID = "denied", "0123456789abcdef"
	}
	return d
}

func TestReplaySaysWhatAChangedPolicyChanges(t *testing.T) {
	s := newSite(t, map[string]string{
		"now.json": `{"Version":"2012-10-17","Statement":[
			{"Sid":"Public","Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `GET/public/*"},
			{"Sid":"NoDrafts","Effect":"Deny","Action":"*","Resource":"` + arn + `GET/public/drafts/*"},
			{"Sid":"Tenant","Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `GET/tenant/*","Condition":{"StringEquals":{"http:header/x-tenant":"a"}}}]}`,
		"editor.json": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `GET/edit/*"}}`,
		"trust.json":  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}}`,
	})
	s.routes[0].Policies = []config.Policy{{File: filepath.Join(s.dir, "now.json")}}
	s.routes[0].RolePolicies = true
	s.app.UserPools[0].Groups = []config.Group{{Name: "editors", Role: "editor"}}
	s.app.Roles = []config.Role{{Name: "editor", Policies: []string{filepath.Join(s.dir, "editor.json")}, Trust: []config.Trust{{File: filepath.Join(s.dir, "trust.json")}}}}
	sampled := asked("allowed", "ada", "/public/drafts/x")
	sampled.Every = 10
	elsewhere := asked("allowed", "ada", "/x")
	elsewhere.Route = "other"
	log := s.log(asked("allowed", "ada", "/public/x"), sampled, asked("denied", "rita", "/public/y"), asked("allowed", "ed", "/edit/x", "editors"),
		asked("allowed", "ed", "/edit/x"), asked("denied", "rita", "/tenant/x"), elsewhere)
	out, code := s.run("replay", log)
	for _, want := range []string{"Would be denied, and were allowed:", "10 ", "NoDrafts", "Deny", "Would be allowed, and were denied:", "Public", "needs http:header/x-tenant",
		`1 requests of the route "other" are left out`, "2 requests would be decided as before, 11 would be denied, 1 would be allowed, 1 are unknown"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if code != 1 || t.Failed() {
		t.Errorf("exit %d\n%s", code, out)
	}
	out, code = s.run("replay", "--route", "notes", "--json", s.log(asked("allowed", "ada", "/public/x")))
	if code != 0 || out != `{"same":1,"denied":0,"allowed":0,"unknown":0,"left_out":0}`+"\n" {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("replay", "--json", s.log(elsewhere, asked("allowed", "ada", "/public/x"))); code != 1 || !strings.Contains(out, `"change":"left_out","route":"other"`) ||
		!strings.HasSuffix(out, `{"same":1,"denied":0,"allowed":0,"unknown":0,"left_out":1}`+"\n") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestShadowSumsUpWhatEnforcingWouldRefuse(t *testing.T) {
	s := newSite(t, nil)
	passed := asked("denied", "rita", "/x")
	passed.Shadow = true
	log := s.log(passed, passed, asked("denied", "rita", "/y"), asked("allowed", "ada", "/z"))
	out, code := s.run("shadow", log)
	if code != 1 || !strings.Contains(out, "2 requests in 1 groups") || !strings.Contains(out, "rita") || !strings.Contains(out, "no statement allows it") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("shadow", "--all", "--json", "--any-principal", log); code != 1 || !strings.Contains(out, `"count":3`) || strings.Contains(out, "rita") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("shadow", s.log(asked("allowed", "ada", "/z"))); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("shadow", filepath.Join(s.dir, "absent")); code != 2 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestLintNamesBroadGrantsWithTheSmallestEdit(t *testing.T) {
	s := newSite(t, nil)
	broad := s.write("broad.json", `{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"execute-api:*","Resource":"*"},
  {"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::b/*"},
  {"Effect":"Allow","Action":"iam:PassRole","Resource":"*"},
  {"Effect":"Allow","Action":["s3:GetObject","execute-api:Invoke"],"Resource":"`+arn+`*"},
  {"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	trust := s.write("trust.json", `{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},
  {"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`)
	log := s.log(asked("allowed", "ada", "/notes/1"), asked("allowed", "ada", "/notes/2"), asked("allowed", "ada", "/notes/3"), asked("allowed", "ada", "/notes/4"))
	out, code := s.run("lint", "--log", log, broad)
	for _, want := range []string{`broad.json:2:30: the statement allows every action of execute-api (whole-service)`, "\n    + \"execute-api:Invoke\"\n",
		`broad.json:2:57: the statement covers every resource (every-resource)`, "    + \"" + arn + "GET/notes/*\"\n",
		"broad.json:3:33: Allow with NotAction", "iam:PassRole on every role", `broad.json:5:31: no request in the log from`, "needed s3:GetObject (unused-action)"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if code != 1 || t.Failed() {
		t.Errorf("exit %d\n%s", code, out)
	}
	out, code = s.run("lint", "--kind", "trust", trust)
	if code != 1 || !strings.Contains(out, "anyone may assume the role") || !strings.Contains(out, "no condition tests cognito-identity.amazonaws.com:aud") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// The audit log tells what roles call. It has no reads, so those are kept.
func TestLintFindsWhatRolesMayCallAndNeverDo(t *testing.T) {
	s := newSite(t, nil)
	policies := s.write("ops.json", `{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":"cognito-idp:*","Resource":"*"},
{"Effect":"Allow","Action":["cognito-idp:AdminDeleteUser","cognito-idp:AdminGetUser"],"Resource":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_old000001"},
{"Effect":"Allow","Action":["cognito-idp:ListUserPools","cognito-identity:ListIdentityPools","sts:GetCallerIdentity"],"Resource":"*"},
{"Effect":"Allow","Action":["iam:AttachRolePolicy","iam:ListPolicies"],"Resource":"*"},
{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::123456789012:policy/edge"}}}]}`)
	line := func(operation, result, actor, target string) string {
		return `{"level":"info","ts":1795968307.65,"logger":"sluice.audit","msg":"api call","operation":"` + operation + `","result":"` + result + `","actor":"` + actor +
			`","region":"us-east-1","target":` + target + "}\n"
	}
	const ops = "arn:aws:sts::123456789012:assumed-role/ops/ada"
	log := s.write("audit.jsonl", line("cognito-idp:AdminCreateUser", "ok", ops, `{"UserPoolId":"us-east-1_notes0001"}`)+
		line("cognito-idp:AdminDisableUser", "AccessDenied", ops, `{"UserPoolId":"us-east-1_notes0001"}`)+line("cognito-idp:SignUp", "ok", "anonymous", `{}`)+"no JSON\n")
	out, code := s.run("lint", "--audit-log", log, policies)
	for _, want := range []string{
		"ops.json:2:28: the statement allows every action of cognito-idp (whole-service)", `    + ["cognito-idp:AdminCreateUser","cognito-idp:AdminGet*","cognito-idp:AdminList*","cognito-idp:Describe*","cognito-idp:Get*","cognito-idp:List*"`,
		`    + "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_notes0001"`,
		"ops.json:3:29: no request in the log from 2026-11-29T16:05:07Z to 2026-11-29T16:05:07Z needed cognito-idp:AdminDeleteUser (unused-action)",
		"ops.json:5:83: iam:AttachRolePolicy on every role or policy gives the caller any permission (escalation)", `"iam:PermissionsBoundary": "POLICY-ARN"`,
		"the statement covers every resource; only iam:ListPolicies cannot name one", `    + "arn:aws:iam::*:role/NAME"`} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out, "ops.json:4:") || strings.Contains(out, "needed cognito-idp:AdminGetUser") || strings.Count(out, "(escalation)") != 1 || code != 1 || t.Failed() {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("lint", "--audit-log", s.write("empty", "{}\n"), policies); code != 2 || !strings.Contains(out, "no call is in the log") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// The forms are those on which the APIs decide: server/caller, TestEachCallOfIAMIsDecidedOnItsResource.
func TestLintNamesTheKindOfResourceOfEachActionOfIAM(t *testing.T) {
	s := newSite(t, nil)
	for actions, want := range map[string]string{
		`"iam:DeleteInstanceProfile"`:             "arn:aws:iam::*:instance-profile/NAME",
		`"iam:AddRoleToInstanceProfile"`:          "arn:aws:iam::*:instance-profile/NAME",
		`"iam:ListInstanceProfilesForRole"`:       "arn:aws:iam::*:role/NAME",
		`"iam:UpdateSAMLProvider"`:                "arn:aws:iam::*:saml-provider/NAME",
		`"iam:CreateOpenIDConnectProvider"`:       "arn:aws:iam::*:oidc-provider/NAME",
		`"iam:DeletePolicy"`:                      "arn:aws:iam::*:policy/NAME",
		`"iam:SetDefaultPolicyVersion"`:           "arn:aws:iam::*:policy/apps/*",
		`"iam:UpdateAssumeRolePolicy"`:            "arn:aws:iam::*:role/apps/*",
		`"iam:ListRoles"`:                         "arn:aws:iam::*:role/NAME",
		`["iam:DeleteRole","iam:DeletePolicy"]`:   "name the resources",
		`["iam:DeletePolicy","iam:ListPolicies"]`: "only iam:ListPolicies cannot name one",
	} {
		out, code := s.run("lint", s.write("iam.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":`+actions+`,"Resource":"*"}}`))
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d, %q is missing:\n%s", actions, code, want, out)
		}
	}
	if out, code := s.run("lint", s.write("iam.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListPolicies","Resource":"*"}}`)); code != 0 {
		t.Errorf("iam:ListPolicies: exit %d\n%s", code, out)
	}
}

// "Every role" can be written as an ARN, too.
func TestLintFindsEveryRoleHoweverItIsWritten(t *testing.T) {
	s := newSite(t, nil)
	for _, tc := range []struct {
		action, resource string
		found            string // "" = nothing
	}{
		{"iam:PassRole", "*", "(pass-role)"},
		{"iam:PassRole", "arn:aws:iam::123456789012:role/*", "(pass-role)"},
		{"iam:PassRole", "arn:aws:iam::*:role/*", "(pass-role)"},
		{"iam:PassRole", "arn:aws:iam::*:*", "(pass-role)"},
		{"iam:PassRole", "arn:aws:iam::123456789012:role/?*", "(pass-role)"},
		{"iam:PassRole", "arn:aws:iam::123456789012:role/apps/*", ""},
		{"iam:PassRole", "arn:aws:iam::123456789012:role/*-app", ""},
		{"iam:PassRole", "arn:aws:iam::123456789012:policy/*", ""},
		{"iam:PassRole", "arn:aws:s3:::role/*", ""},
		{"iam:AttachRolePolicy", "arn:aws:iam::*:role/*", "(escalation)"},
		{"iam:AttachRolePolicy", "arn:aws:iam::*:policy/*", ""},
		{"iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/*", "(escalation)"},
		{"iam:CreatePolicyVersion", "arn:aws:iam::123456789012:role/*", ""},
		{"iam:UpdateSAMLProvider", "arn:aws:iam::*:saml-provider/*", "(escalation)"},
		{"iam:UpdateSAMLProvider", "arn:aws:iam::*:saml-provider/staff", ""},
		{"iam:AddClientIDToOpenIDConnectProvider", "arn:aws:iam::*:oidc-provider/*", "(escalation)"},
	} {
		out, code := s.run("lint", s.write("iam.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"`+tc.action+`","Resource":"`+tc.resource+`"}}`))
		if tc.found == "" && code != 0 || !strings.Contains(out, tc.found) {
			t.Errorf("%s on %s: exit %d, want %q\n%s", tc.action, tc.resource, code, tc.found, out)
		}
	}
}

func TestCheckDecidesOnARequestOfARoute(t *testing.T) {
	s := newSite(t, nil)
	s.routes[0].Rules = []config.Rule{{Effect: "allow", Subject: "group", Names: []string{"editors"}, Method: "GET", Path: "/api/*"}}
	if out, code := s.run("check", "--username", "ada", "--group", "editors", "GET", "/api/x"); code != 0 || !strings.Contains(out, "allowed") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("check", "--username", "ada", "GET", "/api/x"); code != 1 || !strings.Contains(out, "denied") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("check", "GET", "/api/x"); code != 1 || !strings.Contains(out, "missing") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestFilesAreTestedAsBefore(t *testing.T) {
	s := newSite(t, nil)
	cases := s.write("cases.json", `[{"name":"a","policies":[],"request":{"action":"s3:GetObject","resource":"*"},"expect":"implicitDeny"}]`)
	if out, code := s.run("test", cases); code != 0 || out != "1 passed, 0 failed\n" {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("explain", "--json", "--case", "a", cases); code != 0 || !strings.HasPrefix(out, `{"name":"a"`) {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.run("validate", "--kind", "trust", cases); code != 1 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestReportsOfALogDoNotPrintWhatATerminalWouldActOn(t *testing.T) {
	s := newSite(t, map[string]string{"now.json": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `GET/*"}}`})
	s.routes[0].Policies = []config.Policy{{File: filepath.Join(s.dir, "now.json")}}
	d := asked("denied", "ada\x1b]0;title\x07", "/k\x1b[31mred\nREQUESTS")
	d.Shadow = true
	log := s.log(d)
	for _, command := range []string{"replay", "shadow"} {
		out, code := s.run(command, log)
		if code != 1 || strings.ContainsAny(out, "\x1b\x07") || strings.Contains(out, "\nREQUESTS\n") || !strings.Contains(out, `/k\x1b[31mred\nREQUESTS`) || !strings.Contains(out, `ada\x1b]0;title\a`) {
			t.Errorf("%s: exit %d\n%q", command, code, out)
		}
	}
}

// A gate in a pipeline that replays the wrong file would otherwise pass.
func TestALogWithoutDecisionsIsAnError(t *testing.T) {
	s := newSite(t, map[string]string{"now.json": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `GET/*"}}`})
	s.routes[0].Policies = []config.Policy{{File: filepath.Join(s.dir, "now.json")}}
	log := s.log(asked("allowed", "ada", "/x"))
	for name, file := range map[string]string{"an empty file": s.write("empty", ""), "another log": s.write("access", `{"logger":"http.log.access","msg":"handled request"}`+"\n"),
		"no log": s.write("text", "decisions\n"), "another log that is being written": s.write("begun", `{"msg":"handled request"}`+"\n"+`{"msg":"hand`)} {
		for _, args := range [][]string{{"replay", file}, {"shadow", file}, {"lint", "--log", file}} {
			want := "no decision is in the log"
			if name == "no log" {
				want = "no line is JSON"
			}
			if out, code := s.run(args...); code != 2 || !strings.Contains(out, want) {
				t.Errorf("%s, %v: exit %d\n%s", name, args, code, out)
			}
		}
		out, code := s.run("replay", file, log)
		if wrong := name == "no log"; wrong != (code == 2) || !wrong && code != 0 {
			t.Errorf("%s beside a log: exit %d\n%s", name, code, out)
		}
	}
	if out, code := s.run("shadow", "--route", "note", log); code != 2 || !strings.Contains(out, `no decision of the route "note"`) {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestReplayRefusesARouteWhoseNameIsThatOfAnother(t *testing.T) {
	s := newSite(t, nil)
	s.routes[0].Rules = []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/api/*"}}
	s.routes = append(s.routes, s.routes[0])
	out, code := s.run("replay", s.log(asked("allowed", "ada", "/api/notes")))
	if code != 2 || !strings.Contains(out, `2 routes with the name "notes"`) || !strings.Contains(out, "give each its own name with the option api") {
		t.Errorf("code %d:\n%s", code, out)
	}
	s.routes[1].API = "other"
	if out, code := s.run("replay", s.log(asked("allowed", "ada", "/api/notes"))); code != 0 {
		t.Errorf("with names of their own: code %d:\n%s", code, out)
	}
}
