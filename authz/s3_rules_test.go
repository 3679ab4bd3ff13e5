package authz

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/s3op"
)

// storeGate is a gate for a store with rules, at which alice asks with a token.
func storeGate(t *testing.T, prefix string, change func(*Options), rules ...string) *Engine {
	t.Helper()
	return tokenGate(t, newClock(), func(o *Options) {
		o.Mapping = &S3Mapping{Region: testRegion, Account: testAccount, Prefix: prefix}
		if change != nil {
			change(o)
		}
	}, rules...)
}

// asks returns alice's request: a method and a target, the source of a copy after "<", or the keys of a DeleteObjects after "!".
func asks(line string) *Request {
	words := strings.Fields(line)
	r := get(words[0], words[1], bearerToken("alice", nil))
	if len(words) > 3 && words[2] == "<" {
		r.Header["X-Amz-Copy-Source"] = []string{words[3]}
	}
	if len(words) > 3 && words[2] == "!" {
		body := deletion(len(words)-3, func(i int) string { return words[3+i] })
		r.ContentLength, r.Body = int64(len(body)), strings.NewReader(body)
	}
	return r
}

func TestThreatARuleJudgesEveryObjectThatARequestTouches(t *testing.T) {
	home := []string{"allow user alice * /s3/data/users/${cognito:username}/*"}
	secret := []string{"allow any * *", "deny any * /s3/data/secret/*"}
	for _, tc := range []struct {
		rules   []string
		line    string
		outcome Outcome
	}{
		{home, "PUT /s3/data/users/alice/x", Allowed},
		{home, "PUT /s3/data/users/alice/x < data/users/alice/y", Allowed},
		{home, "PUT /s3/data/users/alice/x < /data/users/bob/y", Denied},
		{home, "PUT /s3/data/users/alice/x < other/users/alice/y", Denied},
		{home, "PUT /s3/data/users/alice/x < data/users/bob/y?versionId=v", Denied},
		{home, "PUT /s3/data/users/alice/x?partNumber=1&uploadId=u < data/users/bob/y", Denied},
		{home, "PUT /s3/data/users/alice/x?partNumber=1&uploadId=u < data/users/alice/y", Allowed},
		{home, "POST /s3/data?delete ! users/alice/x", Allowed},
		{home, "POST /s3/data?delete ! users/alice/x users/bob/y", Denied},
		{secret, "PUT /s3/data/x < data/open/y", Allowed},
		{secret, "PUT /s3/data/x < data/secret/y", Denied},
		{secret, "PUT /s3/data/x < data%2Fsecret%2Fy", Denied},
		{secret, "PUT /s3/data/secret/x < data/open/y", Denied},
		{secret, "POST /s3/data?delete ! open/x", Allowed},
		{secret, "POST /s3/data/?delete ! open/x secret/y", Denied},
		{[]string{"allow any * *", "deny any POST /s3/data"}, "POST /s3/data?delete ! open/x", Denied},
		{[]string{"allow any * *", "deny any POST /s3/data/*"}, "POST /s3/data?delete ! open/x", Denied},
		{[]string{"allow any * *", "deny any PUT *"}, "PUT /s3/data/x < data/y", Denied},
		{[]string{"allow any * *", "deny any DELETE /s3/data/*"}, "POST /s3/data?delete ! open/x", Denied},
		{[]string{"allow any * *", "require group admins DELETE /s3/data/*"}, "POST /s3/data?delete ! open/x", Denied},
		{[]string{"allow any * *", "require group admins GET /s3/data/secret/*"}, "PUT /s3/data/x < data/secret/y", Denied},
		{[]string{"allow any POST /s3/data/*"}, "POST /s3/data/?delete ! open/x", Denied},
		{[]string{"allow any DELETE /s3/data/*"}, "POST /s3/data/?delete ! open/x", Allowed},
		{[]string{"allow any PUT /s3/data/*"}, "PUT /s3/data/x < data/y", Denied},
		{[]string{"allow any PUT,GET /s3/data/*"}, "PUT /s3/data/x < data/y", Allowed},
		{[]string{"allow any POST,PUT /s3/drop/*"}, "POST /s3/drop/x?uploads", Allowed},
		{[]string{"allow any POST,PUT /s3/drop/*"}, "POST /s3/drop/x?select&select-type=2", Denied},
		{[]string{"allow any GET /s3/drop/*"}, "POST /s3/drop/x?select&select-type=2", Allowed},
	} {
		e := storeGate(t, "/s3", nil, tc.rules...)
		if got := e.Authorize(t.Context(), asks(tc.line)); got.Outcome != tc.outcome {
			t.Errorf("%q: %s is %s: %+v", tc.rules, tc.line, got.Outcome, got.Refusal)
		}
	}
}

// One bucket has one path for rules, with or without the slash at its end.
func TestARuleNamesABucketWithAndWithoutTheSlash(t *testing.T) {
	for _, tc := range []struct {
		prefix, rule string
		outcomes     map[string]Outcome
	}{
		{"", "allow any GET /data", map[string]Outcome{"/data": Allowed, "/data/": Allowed, "/data/k": Denied, "/data2": Denied}},
		{"", "allow any GET /data/*", map[string]Outcome{"/data": Allowed, "/data/": Allowed, "/data/k": Allowed, "/data2": Denied}},
		{"", "allow any GET /data/?*", map[string]Outcome{"/data": Denied, "/data/": Denied, "/data/k": Allowed}},
		{"", "allow any GET /data/dir", map[string]Outcome{"/data/dir": Allowed, "/data/dir/": Denied}},
		{"/s3", "allow any GET /s3", map[string]Outcome{"/s3": Allowed, "/s3/": Allowed, "/s3/data": Denied}},
		{"/s3", "allow any GET /s3/data", map[string]Outcome{"/s3/data/": Allowed, "/s3/data": Allowed, "/s3/data/k": Denied}},
	} {
		e := storeGate(t, tc.prefix, nil, tc.rule)
		for target, outcome := range tc.outcomes {
			if got := e.Authorize(t.Context(), asks("GET "+target)); got.Outcome != outcome {
				t.Errorf("%s: %s is %s", tc.rule, target, got.Outcome)
			}
		}
	}
	if got := plainS3.rulePaths("/home-${jwt:a/b}"); len(got) != 2 || got[1] != "/home-${jwt:a/b}/" {
		t.Errorf("a bucket with a variable that has a slash in its name: %q", got)
	}
	e := storeGate(t, "", nil, "allow any * *", "deny any * /data/*")
	for _, target := range []string{"/data", "/data/", "/data?prefix=x", "/data?location"} {
		want(t, e, asks("GET "+target), Denied)
	}
}

func TestThreatARuleAllowsObjectsAndListsAndNotWhatElseHasTheirPath(t *testing.T) {
	e := storeGate(t, "", nil, "allow any * /public/*")
	for _, line := range []string{"GET /public", "GET /public?list-type=2&prefix=a", "GET /public?versions", "GET /public?location", "HEAD /public/", "GET /public/k",
		"HEAD /public/k", "GET /public/k?versionId=v", "GET /public/k?attributes", "GET /public/k?tagging", "PUT /public/k", "POST /public/k?uploads", "GET /public?uploads",
		"PUT /public/k?partNumber=1&uploadId=u", "GET /public/k?uploadId=u", "POST /public/k?uploadId=u", "DELETE /public/k?uploadId=u", "DELETE /public/k",
		"PUT /public", "DELETE /public", "PUT /public/k < public/j"} {
		want(t, e, asks(line), Allowed)
	}
	served := 0
	s3op.All(func(key s3op.Key, op *s3op.Op) {
		target := "/public"
		if key.Level == s3op.Object {
			target += "/k"
		}
		if key.Selector == "" || key.Level == s3op.Service || op.Has(s3op.DeleteBody|s3op.TagsBody|s3op.LockBody|s3op.RestoreBody) {
			return
		}
		switch key.Selector {
		case "attributes", "location", "select", "uploadId", "uploads", "versions":
			return
		case "tagging":
			if key.Level == s3op.Object && key.Method == "GET" {
				return
			}
		}
		served++
		if r := e.Authorize(t.Context(), asks(key.Method+" "+target+"?"+key.Selector)); r.Outcome != Denied {
			t.Errorf("%s %s?%s is %s: %+v", key.Method, target, key.Selector, r.Outcome, r.Refusal)
		}
	})
	if served < 50 {
		t.Errorf("%d operations were asked for", served)
	}
	for header, value := range map[string]string{"X-Amz-Acl": "public-read", "X-Amz-Object-Lock-Legal-Hold": "ON"} {
		r := asks("PUT /public/k")
		r.Header[header] = []string{value}
		want(t, e, r, Denied)
	}
	all := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`), policy.Identity))
	e = storeGate(t, "", func(o *Options) { o.Policies = []policy.Source{{Name: "all", Document: all}} }, "deny any * /data/*")
	want(t, e, asks("PUT /other?policy"), Allowed)
	for _, line := range []string{"PUT /data?policy", "GET /data/k?acl", "PUT /data/k?acl", "DELETE /data/k?tagging"} {
		want(t, e, asks(line), Denied)
	}
}

func TestADenialOfAnObjectElsewhereIsExplainedAndReplayed(t *testing.T) {
	var log []*decisionlog.Record
	rules := []string{"allow any * *", "deny any * /s3/data/secret/*", "deny any POST /s3/archive"}
	e := storeGate(t, "/s3", func(o *Options) {
		o.Denials = NewDenials(9)
		o.Decisions = &decisionlog.Settings{Sample: 1, Write: func(d *decisionlog.Record) { log = append(log, d) }}
	}, rules...)
	for _, tc := range []struct {
		line, method, path, statement string
	}{
		{"PUT /s3/data/x < data/secret/y", "GET", "/s3/data/secret/y", rules[1]},
		{"POST /s3/data?delete ! a secret/b", "DELETE", "/s3/data/secret/b", rules[1]},
		{"POST /s3/archive?delete ! a", "DELETE", "/s3/archive/a", rules[2]},
	} {
		r := e.Authorize(t.Context(), asks(tc.line))
		if r.Outcome != Denied || r.Decision.Statement == nil || r.Decision.Statement.Source != "rule "+tc.statement {
			t.Fatalf("%s: %s, %+v", tc.line, r.Outcome, r.Decision)
		}
		d, _ := e.o.Denials.Get(r.DecisionID)
		found := false
		for _, target := range d.Targets {
			text := string(must(json.Marshal(target)))
			found = found || target.Method == tc.method && target.Path == tc.path && target.Effect == "explicitDeny" && strings.Contains(text, tc.statement)
		}
		if text := new(strings.Builder); !found || d.WriteText(text, "403") != nil || !strings.Contains(text.String(), "as         "+tc.method+" "+tc.path+"\n") {
			t.Errorf("%s: %s", tc.line, must(json.Marshal(d)))
		}
	}
	e.Authorize(t.Context(), asks("PUT /s3/data/x < data/y"))
	e.Authorize(t.Context(), asks("POST /s3/data?delete ! a b"))
	open := storeGate(t, "/s3", nil, rules[0])
	for _, d := range log {
		raw := must(json.Marshal(d))
		var back decisionlog.Record
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if got := e.Replay(&back); got.Allowed != (d.Outcome == "allowed") || got.Decided != d.Decided || len(got.Needs) > 0 {
			t.Errorf("%+v for %s", got, raw)
		}
		if got := open.Replay(&back); !got.Allowed {
			t.Errorf("without the denials: %+v for %s", got, raw)
		}
	}
	if len(log) != 5 {
		t.Errorf("%d records", len(log))
	}
}

// Records of earlier releases do not say which targets are elsewhere, and have the path of a bucket as the client wrote it.
func TestRecordsOfEarlierReleasesAreReplayedWithTheMethodAndPathOfEachObject(t *testing.T) {
	target := func(action, object string) decisionlog.Target {
		return decisionlog.Target{Action: action, Resource: objectARN + object}
	}
	for _, tc := range []struct {
		line, rule string // the rule without which the request is denied, and with which it is allowed
		targets    []decisionlog.Target
	}{
		{"POST /s3/data", "allow anonymous DELETE /s3/data/?*", []decisionlog.Target{target("s3:DeleteObject", "data/a"), target("s3:DeleteObjectVersion", "data/b")}},
		{"POST /s3/data/", "allow anonymous DELETE /s3/data/?*", []decisionlog.Target{target("s3:DeleteObject", "data/data/")}},
		{"PUT /data/data", "allow anonymous GET /other/y", []decisionlog.Target{target("s3:PutObject", "data/data"), target("s3:GetObject", "other/y"),
			target("s3:GetObjectTagging", "other/y"), target("s3:PutObjectTagging", "data/data")}},
		{"PUT /s3/data/x", "allow anonymous GET /s3/data/x", []decisionlog.Target{target("s3:PutObject", "data/x"), target("s3:GetObject", "data/x")}},
		{"POST /data/x", "allow anonymous GET /data/x", []decisionlog.Target{target("s3:GetObject", "data/x")}},
		{"GET /data", "allow anonymous GET /data/*", []decisionlog.Target{target("s3:ListBucket", "data")}},
	} {
		method, path, _ := strings.Cut(tc.line, " ")
		d := &decisionlog.Record{Method: method, Path: path, Targets: tc.targets, Principal: decisionlog.Principal{Kind: "anonymous"},
			Context: map[string][]string{"http:method": {method}, "http:path": {path}}}
		prefix := map[bool]string{true: "/s3"}[strings.HasPrefix(path, "/s3/")]
		written := "allow anonymous PUT " + path
		if got := storeGate(t, prefix, nil, written).Replay(d); got.Allowed {
			t.Errorf("%s without %s: %+v", tc.line, tc.rule, got)
		}
		if got := storeGate(t, prefix, nil, written, tc.rule).Replay(d); !got.Allowed || len(got.Needs) > 0 {
			t.Errorf("%s with %s: %+v", tc.line, tc.rule, got)
		}
		deny := "deny any " + method + " " + strings.TrimSuffix(path, "/")
		if got := storeGate(t, prefix, nil, written, tc.rule, deny).Replay(d); got.Allowed || got.Effect != policy.ExplicitDeny {
			t.Errorf("%s with %s: %+v", tc.line, deny, got)
		}
	}
	tagging := &decisionlog.Record{Method: "PUT", Path: "/data/k", Targets: []decisionlog.Target{target("s3:PutObjectTagging", "data/k")},
		Principal: decisionlog.Principal{Kind: "anonymous"}, Context: map[string][]string{"http:method": {"PUT"}, "http:path": {"/data/k"}}}
	if got := storeGate(t, "", nil, "allow anonymous * *").Replay(tagging); got.Allowed || len(got.Needs) > 0 {
		t.Errorf("PUT ?tagging: %+v", got)
	}
	strange := &decisionlog.Record{Method: "POST", Path: "/x", Targets: []decisionlog.Target{target("s3:DeleteObject", "data/a")}, Principal: decisionlog.Principal{Kind: "anonymous"}}
	if got := storeGate(t, "", nil, "allow anonymous * *").Replay(strange); strings.Join(got.Needs, " ") != "http:path" {
		t.Errorf("a path that does not fit: %+v", got)
	}
}

// docs/upgrading.md has a policy for those who used rules for the settings of objects and buckets.
func TestThePolicyForSettingsAllowsWhatRulesDid(t *testing.T) {
	page := string(must(os.ReadFile("../docs/upgrading.md")))
	_, text, _ := strings.Cut(page, "```json\n")
	text, _, _ = strings.Cut(text, "```")
	document := must(policy.Parse([]byte(text), policy.Identity))
	e := storeGate(t, "", func(o *Options) { o.Policies = []policy.Source{{Name: "settings", Document: document}} }, "allow group writers * /data/*")
	served := 0
	s3op.All(func(key s3op.Key, op *s3op.Op) {
		target := "/data"
		if key.Level == s3op.Object {
			target += "/k"
		}
		if key.Selector == "" || op.Has(s3op.DeleteBody|s3op.TagsBody|s3op.LockBody|s3op.RestoreBody) || strings.HasPrefix(key.Selector, "metadata") {
			return
		}
		if len(op.Required) > 0 || key.Selector == "torrent" || key.Selector == "abac" || key.Selector == "encryption" && key.Level == s3op.Object {
			return
		}
		served++
		r := get(key.Method, target+"?"+key.Selector+map[bool]string{true: "=u"}[key.Selector == "uploadId"], bearerToken("alice", map[string]any{"cognito:groups": []string{"writers"}}))
		if got := e.Authorize(t.Context(), r); got.Outcome != Allowed {
			t.Errorf("%s %s?%s is %s: %+v", key.Method, target, key.Selector, got.Outcome, got.Refusal)
		}
	})
	if served < 40 {
		t.Errorf("%d operations were asked for", served)
	}
}

// A policy in a file may test the path as well: it must allow each object with its own path, and a Deny holds for either.
func TestPathsInPoliciesAreThoseOfEachObject(t *testing.T) {
	statement := func(effect, pattern string) policy.Source {
		return policy.Source{Name: effect, Document: must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"`+effect+`","Action":"s3:*","Resource":"*",
			"Condition":{"StringLike":{"http:path":"`+pattern+`"}}}}`), policy.Identity))}
	}
	for _, tc := range []struct {
		allow, deny, line string
		outcome           Outcome
	}{
		{"/data/mine/*", "/x", "PUT /data/mine/a < data/other/b", Denied},
		{"/data/*", "/data/other/*", "PUT /data/mine/a < data/other/b", Denied},
		{"/data/*", "/data/", "POST /data?delete ! a", Denied},
		{"/data/*", "/x", "POST /data?delete ! a", Allowed},
	} {
		e := storeGate(t, "", func(o *Options) {
			o.Policies = []policy.Source{statement("Allow", tc.allow), statement("Deny", tc.deny)}
		})
		if got := e.Authorize(t.Context(), asks(tc.line)); got.Outcome != tc.outcome {
			t.Errorf("%+v: %s, %+v", tc, got.Outcome, got.Refusal)
		}
	}
}

// What clients send with every upload, and the tags of an object, are part of writing it: rclone and others send the ACL private.
func TestARuleForWritingCoversTheObjectsTagsAndHeadersThatChangeNothing(t *testing.T) {
	e := storeGate(t, "", nil, "allow any GET,HEAD,PUT,POST /data/*", "deny any * /data/closed/*")
	for _, tc := range []struct {
		line    string
		headers string // names and values, with a colon between them
		outcome Outcome
	}{
		{"PUT /data/k", "X-Amz-Acl: private", Allowed},
		{"PUT /data/k", "X-Amz-Acl: bucket-owner-full-control", Allowed},
		{"POST /data/k?uploads", "X-Amz-Acl: private", Allowed},
		{"PUT /data/k < data/j", "X-Amz-Acl: private", Allowed},
		{"PUT /data/closed/k", "X-Amz-Acl: private", Denied},
		{"PUT /other/k", "X-Amz-Acl: private", Denied},
		{"PUT /data/k", "X-Amz-Acl: public-read", Denied},
		{"PUT /data/k", "X-Amz-Acl: bucket-owner-read", Denied},
		{"PUT /data/k", "X-Amz-Acl: private, X-Amz-Grant-Read: id=x", Denied},
		{"PUT /data/k", "X-Amz-Grant-Full-Control: id=x", Denied},
		{"PUT /data/k?acl", "X-Amz-Acl: private", Denied},
		{"PUT /data/k?acl=x", "X-Amz-Acl: private", Denied},
		{"PUT /data/k?%61cl", "X-Amz-Acl: private", Denied},
		{"PUT /data/k?acl&versionId=v", "X-Amz-Acl: private", Denied},
		{"PUT /data?acl", "X-Amz-Acl: private", Denied},
		{"PUT /data/k", "X-Amz-Tagging: a=b", Allowed},
		{"POST /data/k?uploads", "X-Amz-Tagging: a=b", Allowed},
		{"PUT /data/closed/k", "X-Amz-Tagging: a=b", Denied},
		{"GET /data/k?tagging", "", Allowed},
		{"GET /data/k?tagging&versionId=v", "", Allowed},
		{"GET /data/closed/k?tagging", "", Denied},
		{"GET /data?tagging", "", Denied},
		{"PUT /data/k", "X-Amz-Object-Lock-Legal-Hold: OFF", Allowed},
		{"PUT /data/k", "X-Amz-Object-Lock-Legal-Hold: ON", Denied},
		{"PUT /data/k", "X-Amz-Object-Lock-Mode: GOVERNANCE, X-Amz-Object-Lock-Retain-Until-Date: 2027-01-01T00:00:00Z", Denied},
	} {
		r := asks(tc.line)
		for header := range strings.SplitSeq(tc.headers, ", ") {
			if name, value, ok := strings.Cut(header, ": "); ok {
				r.Header[name] = []string{value}
			}
		}
		if got := e.Authorize(t.Context(), r); got.Outcome != tc.outcome {
			t.Errorf("%s with %s is %s: %+v", tc.line, tc.headers, got.Outcome, got.Refusal)
		}
	}
	for line, body := range map[string]string{
		"PUT /data/k?tagging":    "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
		"PUT /data/k?legal-hold": "<LegalHold><Status>OFF</Status></LegalHold>",
	} {
		r := asks(line)
		r.ContentLength, r.Body = int64(len(body)), strings.NewReader(body)
		want(t, e, r, Denied)
	}
}

func TestCopiesUnderARuleKeepTheTagsOfTheirSource(t *testing.T) {
	const directive = "X-Amz-Tagging-Directive"
	for _, rules := range [][]string{{"allow any * /data/*"}, {"allow any GET /data/b", "allow any PUT /data/a"}} {
		e := storeGate(t, "", nil, rules...)
		r := asks("PUT /data/a < data/b")
		want(t, e, r, Allowed)
		if got := r.Header[directive]; len(got) > 0 {
			t.Errorf("%q: the directive is %q", rules, got)
		}
		r = asks("PUT /data/a < data/b?versionId=v")
		r.Header[directive] = []string{"COPY"}
		want(t, e, r, Allowed)
	}
	tags := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:GetObjectTagging","Resource":"*"}}`), policy.Identity))
	e := storeGate(t, "", func(o *Options) { o.Policies = []policy.Source{{Name: "tags", Document: tags}} }, "allow any * /data/*")
	r := asks("PUT /data/a < data/b")
	want(t, e, r, Allowed)
	if got := r.Header[directive]; len(got) != 1 || got[0] != "REPLACE" {
		t.Errorf("a policy denies the tags, and the directive is %q", got)
	}
}
