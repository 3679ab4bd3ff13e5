package reference_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/reference"
)

var update = flag.Bool("update", false, "write the table of docs/condition-keys.md")

func TestTheDocumentedTableIsTheList(t *testing.T) {
	const page, begin, end = "../../docs/condition-keys.md", "<!-- table -->\n", "<!-- end -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + reference.Table() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is stale: run go test ./authz/reference -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeysAreListedByAction(t *testing.T) {
	for action, wants := range map[string]map[string]bool{
		"iam:AttachRolePolicy": {"iam:PolicyARN": true, "iam:PermissionsBoundary": true, "aws:ResourceTag/*": true, "aws:RequestTag/*": false, "aws:SourceIp": true},
		"IAM:attachrolepolicy": {"iam:PolicyARN": true},
		"iam:ListRoles":        {"aws:ResourceTag/*": false, "aws:SourceIp": true},
		"sts:AssumeRole":       {"sts:ExternalId": true, "*:aud": false},
		"s3:GetObject":         {"s3:prefix": false, "s3:VersionId": false, "jwt:*": true},
		"s3:GetObjectVersion":  {"s3:VersionId": true},
		"sqs:SendMessage":      {"aws:SourceIp": false},
	} {
		keys := reference.Keys(action)
		for key, want := range wants {
			if slices.Contains(keys, key) != want {
				t.Errorf("%s: %s is listed: %v", action, key, !want)
			}
		}
		if !slices.IsSortedFunc(keys, func(a, b string) int { return strings.Compare(policy.FoldKey(a), policy.FoldKey(b)) }) {
			t.Errorf("%s: not sorted: %v", action, keys)
		}
	}
}

func TestAKeyThatNoActionHasIsReported(t *testing.T) {
	for name, tc := range map[string]struct {
		statement string
		reported  []string
	}{
		"a key of another operation":        {`"Action":"iam:PutRolePolicy","Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, []string{"iam:PolicyARN"}},
		"a key of one of the operations":    {`"Action":["iam:PutRolePolicy","iam:AttachRolePolicy"],"Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, nil},
		"a wildcard that covers it":         {`"Action":"iam:Attach*","Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, nil},
		"one that does not":                 {`"Action":"iam:Put*","Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, []string{"iam:PolicyARN"}},
		"everything":                        {`"Action":"*","Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, nil},
		"everything, and nothing has it":    {`"Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"x"}}`, []string{"aws:PrincipalOrgID"}},
		"all but what has it":               {`"NotAction":"iam:*RolePolicy","Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, []string{"iam:PolicyARN"}},
		"all but another":                   {`"NotAction":"iam:PutRolePolicy","Condition":{"StringEquals":{"iam:PolicyARN":"x"}}`, nil},
		"another service":                   {`"Action":"sqs:SendMessage","Condition":{"StringEquals":{"sqs:x":"x"}}`, nil},
		"a tag":                             {`"Action":"iam:DeleteRole","Condition":{"StringEquals":{"aws:ResourceTag/team":"x","AWS:PrincipalTag/Team":"x"}}`, nil},
		"the tag of a list":                 {`"Action":"iam:ListRoles","Condition":{"StringEquals":{"iam:ResourceTag/team":"x"}}`, []string{"iam:ResourceTag/team"}},
		"the prefix of an object":           {`"Action":"s3:GetObject","Condition":{"StringLike":{"s3:prefix":"x"}}`, []string{"s3:prefix"}},
		"the version of an object":          {`"Action":"s3:Get*","Condition":{"StringLike":{"s3:VersionId":"x"}}`, nil},
		"two patterns without a common":     {`"Action":"s3:Put*Acl","Condition":{"StringLike":{"s3:prefix":"x"}}`, []string{"s3:prefix"}},
		"a provider's key":                  {`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"localhost.example:8080/pool:aud":"x"}}`, nil},
		"what a provider's token lacks":     {`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.example.com:email":"x"}}`, []string{"token.example.com:email"}},
		"a claim at an upstream":            {`"Action":"execute-api:Invoke","Condition":{"StringEquals":{"jwt:email":"x"}}`, nil},
		"a variable":                        {`"Action":"iam:ListRoles","Condition":{"StringEquals":{"aws:username":"${aws:usernam}${*}${aws:userid, 'x'}"}}`, []string{"aws:usernam"}},
		"a duration that AWS does not have": {`"Action":"sts:AssumeRole","Condition":{"NumericLessThan":{"sts:DurationSeconds":"900"}}`, []string{"sts:DurationSeconds"}},
	} {
		d, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Resource":"*",`+tc.statement+`}}`), policy.Identity)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, p := range reference.Unsupplied(d) {
			_, key, _ := strings.Cut(p.Message, `"`)
			got = append(got, strings.TrimSuffix(key, `"`))
			if p.Line != 1 || p.Column == 0 {
				t.Errorf("%s: no place: %v", name, p)
			}
		}
		if !slices.Equal(got, tc.reported) {
			t.Errorf("%s: reported %q, want %q", name, got, tc.reported)
		}
	}
}

func TestVariablesInResourcesAreReportedToo(t *testing.T) {
	const statement = `"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:nobody}/*"}}`
	for version, want := range map[string]int{`{"Version":"2012-10-17",`: 1, `{"Version":"2008-10-17",`: 0} {
		d, err := policy.Parse([]byte(version+statement), policy.Identity)
		if err != nil {
			t.Fatal(err)
		}
		if got := reference.Unsupplied(d); len(got) != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}

func TestALongPolicyIsReportedInBounds(t *testing.T) {
	statement := `{"Effect":"Allow","Action":["s3:*` + strings.Repeat("a*", 100) + `","s3:G*` + strings.Repeat("?", 100) + `"],"Resource":"*","Condition":{"StringEquals":{"x:` + strings.Repeat("y", 500) + `":"1"}}}`
	d, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[`+statement+strings.Repeat(","+statement, 50)+`]}`), policy.Identity)
	if err != nil {
		t.Fatal(err)
	}
	found := reference.Unsupplied(d)
	if len(found) != policy.MaxProblems || len(found[0].String()) > 400 {
		t.Errorf("%d problems, the first %d bytes long", len(found), len(found[0].String()))
	}
}
