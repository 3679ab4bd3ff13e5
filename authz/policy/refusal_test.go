package policy_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// These are the rarer problems; each case checks the first problem of a document.
func TestParseRefusesTheRareMistakesToo(t *testing.T) {
	t.Parallel()
	action := func(a string) string { return statement(`{"Effect":"Allow","Action":"` + a + `","Resource":"*"}`) }
	resource := func(r string) string { return statement(`{"Effect":"Allow","Action":"*","Resource":"` + r + `"}`) }
	trust := func(p string) string {
		return statement(`{"Effect":"Allow","Principal":` + p + `,"Action":"sts:AssumeRole"}`)
	}
	for name, tc := range map[string]struct {
		kind      policy.Kind
		src, want string
	}{
		"a word that is none of JSON's":          {policy.Identity, `{"Version": nope}`, `1:13: unexpected 'n'`},
		"a member without its colon":             {policy.Identity, `{"Version" 1}`, `expected a colon after the name "Version"`},
		"a list without its comma":               {policy.Identity, `{"Statement":[1 2]}`, "expected a comma or ']' in the list"},
		"a trailing comma":                       {policy.Identity, `{"Statement":[1,]}`, "unexpected ']'"},
		"a negative number":                      {policy.Identity, `{"Version":-1.5e+3}`, "Version: should be a string, not a number"},
		"a number with a leading zero":           {policy.Identity, `{"Version":01}`, "not a number"},
		"a minus alone":                          {policy.Identity, `{"Version":-}`, "not a number"},
		"a point without digits":                 {policy.Identity, `{"Version":1.}`, "not a number"},
		"a tab in a string":                      {policy.Identity, "{\"Id\":\"a\tb\"}", "a control character in a string"},
		"a string that does not end":             {policy.Identity, `{"Id":"a`, "a string without its closing quote"},
		"an escape of another language":          {policy.Identity, `{"Id":"\x41"}`, "an escape that JSON does not have"},
		"an escape that is cut off":              {policy.Identity, `{"Id":"\u00`, "an escape that is not a character"},
		"a surrogate before another escape":      {policy.Identity, `{"Id":"\ud83d\u0041"}`, "an escape that is not a character"},
		"a surrogate before text":                {policy.Identity, `{"Id":"\ud83dx"}`, "an escape that is not a character"},
		"a character that needs two escapes":     {policy.Identity, strings.Replace(allowAll, "{", `{"Id":"😀",`, 1), `write it as two \u escapes`},
		"a statement that is no object":          {policy.Identity, `{"Statement":["x"]}`, "Statement[0]: a statement is an object, not a string"},
		"an effect that is no text":              {policy.Identity, statement(`{"Effect":true,"Action":"*","Resource":"*"}`), "Effect: should be a string, not a boolean"},
		"an element with an endless name":        {policy.Identity, strings.Replace(allowAll, "{", `{"`+strings.Repeat("x", 500)+`":1,`, 1), "…: unknown element"},
		"a service in an unknown script":         {policy.Identity, action("s_3:Get"), `"s_3" is not the name of a service`},
		"a space in an action":                   {policy.Identity, action("s3:Get Object"), "holds a space"},
		"an ARN without a service":               {policy.Identity, resource("arn:aws::::x"), "names no service"},
		"an ARN with a strange service":          {policy.Identity, resource("arn:aws:s_3:::x"), `"s_3" is not the name of a service`},
		"an ARN with a strange account":          {policy.Identity, resource("arn:aws:s3::12 34:x"), "holds a character that neither can have"},
		"an ARN that hardly begins":              {policy.Identity, resource("arn:aws"), `write "arn:partition:service:region:account:resource"`},
		"a resource that is very long":           {policy.Identity, resource(strings.Repeat("é", 500)), "…\" is not an ARN"},
		"a variable in a variable":               {policy.Identity, resource("arn:aws:s3:::b/${aws:${aws:username}}"), "a variable cannot hold another"},
		"a default with another quote inside":    {policy.Identity, condition(`{"StringLike":{"aws:a":"${aws:b, 'x'y}"}}`), "lacks its closing quote"},
		"a default that holds a variable":        {policy.Identity, condition(`{"StringLike":{"aws:a":"${aws:b, '${aws:c}'}"}}`), "a default value cannot hold a quote or a variable"},
		"a quote within a default":               {policy.Identity, condition(`{"StringLike":{"aws:a":"${aws:b, 'it's'}"}}`), "a default value cannot hold a quote or a variable"},
		"a tag variable without its tag":         {policy.Identity, condition(`{"StringLike":{"aws:a":"${aws:PrincipalTag/}"}}`), `the variable "aws:PrincipalTag/" names no tag; write "${aws:PrincipalTag/team}", for example`},
		"a tag key without its tag":              {policy.Identity, condition(`{"StringNotLike":{"AWS:RequestTag":"x"}}`), `"AWS:RequestTag" names no tag; write "AWS:RequestTag/team", for example`},
		"a tag key that ends in its slash":       {policy.Identity, condition(`{"StringNotLike":{"s3:ExistingObjectTag/":"x"}}`), `"s3:ExistingObjectTag/" names no tag`},
		"a space behind a key":                   {policy.Identity, condition(`{"StringNotEquals":{"aws:username ":"x"}}`), `"aws:username " is not a context key, which has a prefix and a colon; write "aws:username"`},
		"a space within a key":                   {policy.Identity, condition(`{"StringNotEquals":{"aws: username":"x"}}`), `is not a context key, which has a prefix and a colon; write "aws:username"`},
		"a qualifier alone":                      {policy.Identity, condition(`{"ForAnyValue:":{"aws:a":"x"}}`), `unknown operator "ForAnyValue:"`},
		"a suffix in the wrong case":             {policy.Identity, condition(`{"StringEqualsIfexists":{"aws:a":"x"}}`), `unknown operator "StringEqualsIfexists"; write "StringEqualsIfExists"`},
		"a qualified operator with a slip":       {policy.Identity, condition(`{"ForAllValues:StringLikes":{"aws:a":"x"}}`), `write "ForAllValues:StringLike"`},
		"a byte order mark":                      {policy.Identity, "\ufeff" + allowAll, "1:1: a policy cannot hold the character '\\ufeff'; save the file without a byte order mark"},
		"a Sid without letters":                  {policy.Identity, statement(`{"Sid":"--","Effect":"Allow","Action":"*","Resource":"*"}`), "a Sid consists of letters and digits"},
		"a service that only looks right":        {policy.Identity, action("\u212ams:Get"), "is not the name of a service"},
		"a broken variable in an ARN condition":  {policy.Identity, condition(`{"ArnLike":{"aws:a":"arn:aws:s3:::${"}}`), `"${" without its "}"`},
		"a broken variable without case":         {policy.Identity, condition(`{"StringEqualsIgnoreCase":{"aws:a":"${"}}`), `"${" without its "}"`},
		"a variable in binary data":              {policy.Identity, condition(`{"BinaryEquals":{"aws:a":"${aws:b}"}}`), "a variable is not allowed in binary data"},
		"a variable in a date":                   {policy.Identity, condition(`{"DateEquals":{"aws:a":"${aws:b}"}}`), "a variable is not allowed in a date"},
		"a variable in an address":               {policy.Identity, condition(`{"IpAddress":{"aws:a":"${aws:b}"}}`), "a variable is not allowed in an address"},
		"a range over the mapped addresses' end": {policy.Identity, condition(`{"IpAddress":{"aws:a":"::ffff:10.0.0.0/80"}}`), "is not a range of addresses"},
		"an address with a zone":                 {policy.Identity, condition(`{"IpAddress":{"aws:a":"fe80::1%eth0"}}`), "is not a range of addresses"},
		"an operator that holds no object":       {policy.Identity, condition(`{"Bool":"true"}`), "an operator holds an object of keys, not a string"},
		"a condition that is no object":          {policy.Identity, condition(`[]`), "a condition is an object of operators, not a list"},
		"an operator unlike any other":           {policy.Identity, condition(`{"` + strings.Repeat("Q", 100) + `":{"aws:a":"x"}}`), "unknown operator"},
		"a principal that is no object":          {policy.Trust, trust(`"everyone"`), `a principal is "*" or an object of types`},
		"an empty principal":                     {policy.Trust, trust(`{}`), "the principal is empty"},
		"a type of principal twice":              {policy.Trust, trust(`{"AWS":"123456789012","AWS":"123456789013"}`), `the type "AWS" is given twice`},
		"a variable in a principal":              {policy.Trust, trust(`{"AWS":"arn:aws:iam::123456789012:user/${aws:username}"}`), "a variable is not allowed in a principal"},
		"an empty name of a principal":           {policy.Trust, trust(`{"AWS":""}`), `"" is not a principal`},
		"a service that has no domain":           {policy.Trust, trust(`{"Service":"lambda"}`), `write "name.amazonaws.com"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse([]byte(tc.src), tc.kind)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("refused with\n%v\nwant\n%s", err, tc.want)
			}
		})
	}
}

func TestAProblemIsReportedOnceAndWithoutAnEmptySuggestion(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"a version that is no text": strings.Replace(allowAll, `"2012-10-17"`, "20121017", 1),
		"a Sid without letters":     statement(`{"Sid":"--","Effect":"Allow","Action":"*","Resource":"*"}`),
		"a qualifier alone":         condition(`{"ForAnyValue:":{"aws:a":"x"}}`),
	} {
		_, err := policy.Parse([]byte(src), policy.Identity)
		if problems, _ := policy.IsInvalid(err); len(problems) != 1 || problems[0].Suggestion != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTagKeysMayContainSpacesAndSlashes(t *testing.T) {
	t.Parallel()
	if _, err := policy.Parse([]byte(condition(`{"StringEquals":{"aws:PrincipalTag/a b/c":"${aws:PrincipalTag/a b/c, 'x'}","aws:TagKeys":"a"}}`)), policy.Identity); err != nil {
		t.Error(err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse([]byte(`{"Statement":[`+strings.Repeat(`{},`, 100)+`{}]}`), policy.Identity)
	if problems, _ := policy.IsInvalid(err); len(problems) != policy.MaxProblems {
		t.Errorf("%d problems", len(problems))
	}
	_, err = policy.Parse([]byte(strings.Replace(allowAll, "{", `{"Id":"Жжжжжж","Foo":1,`, 1)), policy.Identity)
	if problems, _ := policy.IsInvalid(err); len(problems) != 4 || problems[3].Path != "Foo" {
		t.Errorf("text in another script hides the other problems: %v", err)
	}
	if _, ok := policy.IsInvalid(nil); ok {
		t.Error("IsInvalid is true for nil")
	}
}

func TestDocumentsMarshalAsPolicies(t *testing.T) {
	t.Parallel()
	d := &policy.Document{Version: policy.Version2012, ID: "Жук 😀", Statements: []policy.Statement{
		{Sid: "A", Effect: policy.Allow, Principal: &policy.Principals{Any: true}, Action: []string{"sts:AssumeRole"},
			Condition: []policy.Condition{{Operator: "StringLike", Key: "sts:RoleSessionName", Values: []string{"a<b>&c"}},
				{Operator: "StringLike", Key: "aws:username", Values: []string{"x", "y"}}, {Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}}}},
		{Effect: policy.Deny, Principal: &policy.Principals{AWS: []string{"123456789012"}, Service: []string{"a.amazonaws.com", "b.amazonaws.com"}}, NotAction: []string{"sts:AssumeRole"}},
	}}
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	const text = `{"Version":"2012-10-17","Id":"\u0416\u0443\u043a \ud83d\ude00","Statement":[{"Sid":"A","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringLike":{"sts:RoleSessionName":"a<b>&c","aws:username":["x","y"]},"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Deny","Principal":{"AWS":"123456789012","Service":["a.amazonaws.com","b.amazonaws.com"]},"NotAction":"sts:AssumeRole"}]}`
	if json.Unmarshal(out, &got) != nil || json.Unmarshal([]byte(text), &want) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("written as\n%s\nwant\n%s", out, text)
	}
	again, err := policy.Parse(mustMarshal(t, d), policy.Trust)
	if err != nil || again.ID != d.ID {
		t.Errorf("reads back as %+v, %v", again, err)
	}
}

// mustMarshal calls MarshalJSON directly, because json.Marshal would escape the result for HTML.
func mustMarshal(t *testing.T, d *policy.Document) []byte {
	t.Helper()
	out, err := d.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range string(out) {
		if c > 0xff {
			t.Errorf("the text of a policy contains %q", c)
		}
	}
	return out
}

func TestRareValuesOfRequestsAreCompared(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("QUJD", 200)
	for name, tc := range map[string]struct {
		block, value string
		want         bool
	}{
		"a date west of Greenwich":                {`{"DateEquals":{"aws:key":"2026-01-31T12:00:00Z"}}`, "2026-01-31T09:30:00-02:30", true},
		"a fraction of ten digits":                {`{"DateGreaterThan":{"aws:key":"2026-01-31"}}`, "2026-01-31T12:00:00.1234567890Z", false},
		"a point without a fraction":              {`{"DateGreaterThan":{"aws:key":"2026-01-31"}}`, "2026-01-31T12:00:00.Z", false},
		"an offset of a day":                      {`{"DateGreaterThan":{"aws:key":"2026-01-31"}}`, "2026-02-01T12:00:00+24:00", false},
		"an offset without its colon":             {`{"DateGreaterThan":{"aws:key":"2026-01-31"}}`, "2026-02-01T12:00:00+0100", false},
		"an hour without minutes":                 {`{"DateGreaterThan":{"aws:key":"2026-01-31"}}`, "2026-02-01T12Z", false},
		"a month that does not exist":             {`{"DateGreaterThan":{"aws:key":"2026-01-31"}}`, "2026-13", false},
		"seconds before 1970":                     {`{"DateLessThan":{"aws:key":"1970"}}`, "-999", true},
		"seconds beyond the universe":             {`{"DateGreaterThan":{"aws:key":"1970"}}`, strings.Repeat("9", 16), false},
		"a mapped range and its address":          {`{"IpAddress":{"aws:key":"::ffff:10.0.0.0/104"}}`, "10.9.9.9", true},
		"a mapped range and another address":      {`{"IpAddress":{"aws:key":"::ffff:10.0.0.0/104"}}`, "11.9.9.9", false},
		"an address with a zone":                  {`{"IpAddress":{"aws:key":"fe80::/10"}}`, "fe80::1%eth0", false},
		"much binary data":                        {`{"BinaryEquals":{"aws:key":"` + long + `"}}`, long, true},
		"much other binary data":                  {`{"BinaryEquals":{"aws:key":"` + long + `"}}`, long[4:] + "QUJE", false},
		"base64 with a line break":                {`{"BinaryEquals":{"aws:key":"QUJD"}}`, "QU\nJD", true},
		"Kelvin's sign without case":              {`{"StringEqualsIgnoreCase":{"aws:key":"k"}}`, "\u212a", true},
		"bytes that are no text, without case":    {`{"StringEqualsIgnoreCase":{"aws:key":"k"}}`, "\xff", false},
		"five variables in a value":               {`{"StringEquals":{"aws:key":"${aws:a}${aws:a}${aws:a}${aws:a}${aws:a}"}}`, "vvvvv", true},
		"five variables and a value too short":    {`{"StringEquals":{"aws:key":"${aws:a}${aws:a}${aws:a}${aws:a}${aws:a}"}}`, "vvvv", false},
		"an ARN of variables that is longer":      {`{"ArnEquals":{"aws:key":"${aws:arn}"}}`, "arn:aws:s3:::bb", false},
		"an ARN of variables that is shorter":     {`{"ArnEquals":{"aws:key":"${aws:arn}x"}}`, "arn:aws:s3:::b", false},
		"an ARN of variables with other fields":   {`{"ArnEquals":{"aws:key":"${aws:arn}"}}`, "arn:aws:s3::1:b", false},
		"a variable that is no ARN, before stars": {`{"ArnLike":{"aws:key":"${aws:a}*"}}`, "arn:aws:s3:::b", false},
		"no ARN at all":                           {`{"ArnNotLike":{"aws:key":"arn:aws:s3:::b"}}`, "b", true},
		"a variable far into a long text":         {`{"StringLike":{"aws:key":"*${aws:long}?*"}}`, strings.Repeat("a", 40000) + "b" + strings.Repeat("x", 2000) + "é", true},
		"a variable that a long text lacks":       {`{"StringLike":{"aws:key":"*${aws:long}?*"}}`, strings.Repeat("a", 40000) + "b" + strings.Repeat("x", 1999), false},
	} {
		t.Run(name, func(t *testing.T) {
			l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: parse(t, condition(tc.block))}, policy.Source{Name: "none"})}}
			r := &policy.Request{Action: "s3:GetObject", Resource: "*", Context: policy.MapContext{"aws:key": {tc.value}, "aws:a": {"v"},
				"aws:arn": {"arn:aws:s3:::b"}, "aws:long": {"b" + strings.Repeat("x", 2000)}}}
			if got := l.Decide(r).Effect == policy.Allow; got != tc.want {
				t.Errorf("allowed: %v, want %v", got, tc.want)
			}
		})
	}
}
