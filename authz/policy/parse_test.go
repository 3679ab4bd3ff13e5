package policy_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// statement returns a document with text as a whole statement, on line 2 from column 1.
func statement(text string) string {
	return "{\"Version\":\"2012-10-17\",\"Statement\":[\n" + text + "\n]}"
}

func condition(text string) string {
	return statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + text + `}`)
}

func TestProblemsHaveAPositionAndASuggestion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind policy.Kind
		src  string
		want []string // one for each problem: "line:column: …" or a part of it
	}{
		"text that is no JSON":                       {policy.Identity, "{\n  nope}", []string{"2:3: expected a member's name in double quotes"}},
		"an empty text":                              {policy.Identity, "", []string{"1:1: the document ends"}},
		"a document that ends early":                 {policy.Identity, `{"Version":`, []string{"1:12: the document ends"}},
		"text after the document":                    {policy.Identity, allowAll + "\n{}", []string{"2:1: text after the end"}},
		"a list instead of an object":                {policy.Identity, `[]`, []string{"1:1: a policy is an object, not a list"}},
		"half a surrogate pair":                      {policy.Identity, `{"Id":"\ud800"}`, []string{"1:8: an escape that is not a character"}},
		"bytes that are not UTF-8":                   {policy.Identity, "{\"Id\":\"\xff\"}", []string{"a policy cannot hold the character", "text that is not UTF-8"}},
		"a character outside the repertoire":         {policy.Identity, strings.Replace(allowAll, "{", "{\"Id\":\"Ж\",", 1), []string{`1:8: a policy cannot hold the character 'Ж'; write \u0416`}},
		"nesting beyond reason":                      {policy.Identity, strings.Repeat("[", 100), []string{"nested deeper"}},
		"an unknown version":                         {policy.Identity, strings.Replace(allowAll, "2012-10-17", "2012-10-18", 1), []string{`1:12: Version: the language has no version "2012-10-18"; write "2012-10-17"`}},
		"an element in the wrong case":               {policy.Identity, strings.Replace(allowAll, "Version", "version", 1), []string{`1:2: version: unknown element "version"; write "Version"`}},
		"no statement":                               {policy.Identity, `{"Version":"2012-10-17"}`, []string{"the policy has no Statement"}},
		"an empty list of statements":                {policy.Identity, `{"Statement":[]}`, []string{"the list of statements is empty"}},
		"a duplicate key of the document":            {policy.Identity, strings.Replace(allowAll, "{", `{"Version":"2012-10-17",`, 1), []string{`1:25: Version: the element "Version" is given twice`}},
		"a duplicate key of a statement":             {policy.Identity, statement(`{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}`), []string{`2:18: Statement[0].Effect: the element "Effect" is given twice`}},
		"a duplicate key written with an escape":     {policy.Identity, statement(`{"Effect":"Deny","\u0045ffect":"Allow","Action":"*","Resource":"*"}`), []string{`the element "Effect" is given twice`}},
		"a condition without values":                 {policy.Identity, condition(`{"IpAddress":{"aws:SourceIp":[]}}`), []string{"2:88: Statement[0].Condition.IpAddress.aws:SourceIp: the list of values is empty"}},
		"a duplicate operator":                       {policy.Identity, condition(`{"Bool":{"aws:a":"true"},"Bool":{"aws:b":"true"}}`), []string{"is given more than once", "is given more than once"}},
		"a duplicate context key":                    {policy.Identity, condition(`{"Bool":{"aws:a":"true","aws:a":"false"}}`), []string{"is given more than once", "is given more than once"}},
		"a duplicate context key in another case":    {policy.Identity, condition(`{"Bool":{"aws:a":"true","AWS:A":"false"}}`), []string{"the case of a key makes no difference", "is given more than once"}},
		"a misspelt element":                         {policy.Identity, statement(`{"Effect":"Allow","Actions":"*","Action":"*","Resource":"*"}`), []string{`2:19: Statement[0].Actions: unknown element "Actions"; write "Action"`}},
		"a misspelt effect":                          {policy.Identity, statement(`{"Effect":"allow","Action":"*","Resource":"*"}`), []string{`2:11: Statement[0].Effect: "allow" is no effect; write "Allow"`}},
		"no effect":                                  {policy.Identity, statement(`{"Action":"*","Resource":"*"}`), []string{"2:1: Statement[0].Effect: the statement has no Effect"}},
		"neither action nor its negation":            {policy.Identity, statement(`{"Effect":"Allow","Resource":"*"}`), []string{"neither Action nor NotAction"}},
		"both action and its negation":               {policy.Identity, statement(`{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}`), []string{"2:44: Statement[0]: a statement cannot have both Action and NotAction"}},
		"no resource":                                {policy.Identity, statement(`{"Effect":"Allow","Action":"*"}`), []string{"neither Resource nor NotResource"}},
		"an empty list of actions":                   {policy.Identity, statement(`{"Effect":"Allow","NotAction":[],"Resource":"*"}`), []string{"2:31: Statement[0].NotAction: the list is empty"}},
		"a number as an action":                      {policy.Identity, statement(`{"Effect":"Allow","Action":1,"Resource":"*"}`), []string{"should be a string, not a number"}},
		"an action without its service":              {policy.Identity, statement(`{"Effect":"Allow","Action":["s3:*","GetObject"],"Resource":"*"}`), []string{`2:36: Statement[0].Action[1]: "GetObject" is not an action; write "service:Name"`}},
		"a wildcard in the service":                  {policy.Identity, statement(`{"Effect":"Allow","Action":"s3*:Get","Resource":"*"}`), []string{"the service of an action must be written out"}},
		"a variable in an action":                    {policy.Identity, statement(`{"Effect":"Allow","Action":"s3:${aws:username}","Resource":"*"}`), []string{"a variable is not allowed in an action"}},
		"a resource that is no ARN":                  {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"photos/*"}`), []string{`2:43: Statement[0].Resource: "photos/*" is not an ARN`}},
		"an ARN with too few fields":                 {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:photos"}`), []string{`fewer than the six fields of an ARN; write "arn:aws:s3:::photos"`}},
		"an ARN of an unknown partition":             {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:amazon:s3:::b"}`), []string{`the partition "amazon" does not exist; write "aws"`}},
		"an ARN with a wildcard for the service":     {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:*:::b"}`), []string{"the service of an ARN must be written out"}},
		"an ARN with its service in capitals":        {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:S3:::b"}`), []string{`write "s3"`}},
		"an ARN without a resource":                  {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::"}`), []string{`names no resource; write "arn:aws:s3:::*"`}},
		"a variable before the fifth colon":          {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:${aws:RequestedRegion}:1:b"}`), []string{"only after the fifth colon"}},
		"a variable without its brace":               {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username"}`), []string{`"${" without its "}"; write "${$}{"`}},
		"an empty variable":                          {policy.Identity, condition(`{"StringEquals":{"aws:a":"${}"}}`), []string{`"${}" names no context key`}},
		"a variable without a prefix":                {policy.Identity, condition(`{"StringEquals":{"aws:a":"${username}"}}`), []string{`write "aws:username"`}},
		"a variable with a space":                    {policy.Identity, condition(`{"StringEquals":{"aws:a":"${ aws:username }"}}`), []string{`write "${aws:username}"`}},
		"a default without its quotes":               {policy.Identity, condition(`{"StringEquals":{"aws:a":"${aws:username, jo}"}}`), []string{"a comma, one space and single quotes"}},
		"a default without its closing quote":        {policy.Identity, condition(`{"StringEquals":{"aws:a":"${aws:username, 'jo}"}}`), []string{"lacks its closing quote"}},
		"a default without its space":                {policy.Identity, condition(`{"StringEquals":{"aws:a":"${aws:username,'jo'}"}}`), []string{`write "${aws:username, 'text'}"`}},
		"a misspelt operator":                        {policy.Identity, condition(`{"StringEqual":{"aws:a":"x"}}`), []string{`2:60: Statement[0].Condition.StringEqual: unknown operator "StringEqual"; write "StringEquals"`}},
		"an operator in the wrong case":              {policy.Identity, condition(`{"stringlike":{"aws:a":"x"}}`), []string{`write "StringLike"`}},
		"a misspelt operator with its suffix":        {policy.Identity, condition(`{"ForAnyValue:StringsLikeIfExists":{"aws:a":"x"}}`), []string{`write "ForAnyValue:StringLikeIfExists"`}},
		"a misspelt qualifier":                       {policy.Identity, condition(`{"ForAnyValues:StringLike":{"aws:a":"x"}}`), []string{`unknown qualifier "ForAnyValues"; write "ForAnyValue"`}},
		"Null with IfExists":                         {policy.Identity, condition(`{"NullIfExists":{"aws:a":"true"}}`), []string{`write "Null"`}},
		"Null with a qualifier":                      {policy.Identity, condition(`{"ForAnyValue:Null":{"aws:a":"true"}}`), []string{`write "Null"`}},
		"a context key that is empty":                {policy.Identity, condition(`{"IpAddress":{"":"10.0.0.0/8"}}`), []string{"is not a context key, which has a prefix and a colon"}},
		"an unknown action in a trust policy":        {policy.Trust, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoles"}}`, []string{`"sts:AssumeRoles" is not an action of a trust policy; write "sts:AssumeRole"`}},
		"two colons in an action":                    {policy.Identity, `{"Statement":{"Effect":"Allow","Action":"s3:Get:Object","Resource":"*"}}`, []string{`"s3:Get:Object" holds more than one colon`}},
		"a region in an ARN of IAM":                  {policy.Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam:us-east-1:123456789012:role/a"}}`, []string{"a resource of IAM has no region"}},
		"a region in a bucket's ARN":                 {policy.Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:us-east-1::bucket"}}`, []string{"a bucket and its objects have no region"}},
		"an object as a value":                       {policy.Identity, condition(`{"StringEquals":{"aws:a":{}}}`), []string{"a value is a string, a number or a boolean, not an object"}},
		"null as a value":                            {policy.Identity, condition(`{"StringEquals":{"aws:a":null}}`), []string{"not null"}},
		"a word where a number should be":            {policy.Identity, condition(`{"NumericEquals":{"s3:max-keys":["1","ten"]}}`), []string{`Statement[0].Condition.NumericEquals.s3:max-keys[1]: "ten" is not a number`}},
		"a number with an exponent":                  {policy.Identity, condition(`{"NumericEquals":{"s3:max-keys":1e3}}`), []string{`"1e3" is not a number`}},
		"a day that does not exist":                  {policy.Identity, condition(`{"DateLessThan":{"aws:CurrentTime":"2026-02-30"}}`), []string{`"2026-02-30" is not a date`}},
		"a time without its zone":                    {policy.Identity, condition(`{"DateLessThan":{"aws:CurrentTime":"2026-02-03T10:00:00"}}`), []string{"is not a date"}},
		"a boolean that is none":                     {policy.Identity, condition(`{"Bool":{"aws:SecureTransport":"yes"}}`), []string{`write "true" or "false"`}},
		"a presence that is none":                    {policy.Identity, condition(`{"Null":{"aws:username":"absent"}}`), []string{`write "true" or "false"`}},
		"a range with too many bits":                 {policy.Identity, condition(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`), []string{"is not a range of addresses"}},
		"text that is not base64":                    {policy.Identity, condition(`{"BinaryEquals":{"aws:a":"AAE"}}`), []string{"is not base64"}},
		"a variable in a number":                     {policy.Identity, condition(`{"NumericEquals":{"s3:max-keys":"${aws:username}"}}`), []string{"variables belong to String and Arn operators"}},
		"a variable in a boolean":                    {policy.Identity, condition(`{"Bool":{"aws:a":"${aws:b}"}}`), []string{"variables belong to String and Arn operators"}},
		"a condition on a name that is no ARN":       {policy.Identity, condition(`{"ArnLike":{"aws:PrincipalArn":"*"}}`), []string{`"*" is not an ARN`}},
		"a condition on an ARN that is too short":    {policy.Identity, condition(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*"}}`), []string{`write "arn:aws:iam::*:*"`}},
		"a Sid with a hyphen":                        {policy.Identity, statement(`{"Sid":"own-photos","Effect":"Allow","Action":"*","Resource":"*"}`), []string{`a Sid consists of letters and digits; write "ownphotos"`}},
		"a Sid twice":                                {policy.Identity, statement(`{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},` + "\n" + `{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}`), []string{`3:8: Statement[1].Sid: the Sid "a" is taken by the statement of line 2`}},
		"a principal in an identity's policy":        {policy.Identity, statement(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`), []string{"Principal is not allowed in the policy of an identity; leave it out"}},
		"a trust policy without a principal":         {policy.Trust, statement(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), []string{"the statement has no Principal"}},
		"a trust policy with a resource":             {policy.Trust, statement(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), []string{"Resource is not allowed in the policy of a role's trust"}},
		"a trust policy with NotPrincipal":           {policy.Trust, statement(`{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole"}`), []string{"NotPrincipal is not allowed"}},
		"a trust policy about another service":       {policy.Trust, statement(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}`), []string{"a trust policy speaks of sts actions only"}},
		"a misspelt type of principal":               {policy.Trust, statement(`{"Effect":"Allow","Principal":{"Aws":"123456789012"},"Action":"sts:AssumeRole"}`), []string{`unknown type of principal "Aws"; write "AWS"`}},
		"a wildcard in a principal":                  {policy.Trust, statement(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/*"},"Action":"sts:AssumeRole"}`), []string{"a principal cannot hold wildcards"}},
		"a provider given as an address":             {policy.Trust, statement(`{"Effect":"Allow","Principal":{"Federated":"https://idp.example.com"},"Action":"sts:AssumeRole"}`), []string{`write "idp.example.com" without the scheme`}},
		"a wildcard for every provider":              {policy.Trust, statement(`{"Effect":"Allow","Principal":{"Federated":"*"},"Action":"sts:AssumeRoleWithWebIdentity"}`), []string{"a principal cannot hold wildcards"}},
		"an account with eleven digits":              {policy.Trust, statement(`{"Effect":"Allow","Principal":{"AWS":"12345678901"},"Action":"sts:AssumeRole"}`), []string{"is neither an account nor the ARN"}},
		"a resource's policy without its principal":  {policy.Resource, statement(`{"Effect":"Allow","Action":"*","Resource":"*"}`), []string{"neither Principal nor NotPrincipal"}},
		"several mistakes at once, in their order":   {policy.Identity, statement(`{"Effect":"allow","Action":"Get","Resource":"b"}`), []string{"Effect", "Action", "Resource"}},
		"a document longer than the bound of a text": {policy.Identity, strings.Repeat(" ", policy.MaxSource+1), []string{"longer than"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse([]byte(tc.src), tc.kind)
			problems, ok := policy.IsInvalid(err)
			if !ok || d != nil {
				t.Fatalf("Parse = %v, %v; want a refusal", d, err)
			}
			if len(problems) != len(tc.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(problems), len(tc.want), err)
			}
			for i, p := range problems {
				if !strings.Contains(p.String(), tc.want[i]) {
					t.Errorf("problem %d is\n%s\nwant\n%s", i, p, tc.want[i])
				}
			}
		})
	}
}

func TestParseAcceptsWhatAWSAccepts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind policy.Kind
		src  string
	}{
		"tabs and line breaks":                      {policy.Identity, "{\r\n\t\"Statement\": {\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}\n}"},
		"letters up to U+00FF":                      {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/é/*"}`)},
		"a trust policy of an identity pool":        {policy.Trust, statement(`{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:1"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}`)},
		"a trust policy of an OIDC provider":        {policy.Trust, statement(`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/localhost:8080/us-east-1_notes0001"},"Action":"sts:AssumeRoleWithWebIdentity"}`)},
		"a trust policy of accounts and services":   {policy.Trust, statement(`{"Effect":"Allow","Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:root","arn:aws:sts::123456789012:assumed-role/r/s"],"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`)},
		"a resource's policy with NotPrincipal":     {policy.Resource, statement(`{"Sid":"with spaces","Effect":"Deny","NotPrincipal":{"AWS":"123456789012"},"Action":"*","Resource":"*"}`)},
		"an OIDC provider's address as a key":       {policy.Identity, condition(`{"StringEquals":{"idp.example.com/path:sub":"${accounts.google.com:sub}"}}`)},
		"every operator, qualified and conditional": {policy.Identity, everyOperator()},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse([]byte(tc.src), tc.kind)
			if err != nil {
				t.Fatal(err)
			}
			out, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			again, err := policy.Parse(out, tc.kind)
			if err != nil {
				t.Fatalf("the document does not read back: %v\n%s", err, out)
			}
			for _, x := range []*policy.Document{d, again} {
				for i := range x.Statements {
					x.Statements[i].Line, x.Statements[i].Column = 0, 0
				}
			}
			if !reflect.DeepEqual(d, again) {
				t.Errorf("marshaled as %s it parses as another document", out)
			}
			if err := d.Check(tc.kind); err != nil {
				t.Error("Check:", err)
			}
		})
	}
}

func everyOperator() string {
	block := map[string]any{}
	for _, base := range bases {
		value := map[string]string{"Numeri": "1", "DateEq": "2026", "DateNo": "2026", "DateLe": "2026", "DateGr": "2026", "Bool": "true",
			"Null": "true", "Binary": "AAE=", "IpAddr": "10.0.0.0/8", "NotIpA": "::/0"}[base[:min(6, len(base))]]
		if strings.HasPrefix(base, "Arn") {
			value = "arn:aws:s3:::b"
		}
		for _, qualifier := range []string{"", "ForAllValues:", "ForAnyValue:"} {
			for _, suffix := range []string{"", "IfExists"} {
				if base != "Null" || qualifier+suffix == "" {
					block[qualifier+base+suffix] = map[string]string{"aws:key": value}
				}
			}
		}
	}
	src, err := json.Marshal(block)
	if err != nil {
		panic(err)
	}
	return condition(string(src))
}

func TestLoadAtReportsPositionsInTheLargerText(t *testing.T) {
	t.Parallel()
	_, err := policy.LoadAt([]byte("{\"Statement\":{\"Effect\":\"allow\",\n\"Action\":\"x\",\"Resource\":\"*\"}}"), policy.Identity, 10, 5)
	problems, _ := policy.IsInvalid(err)
	if len(problems) != 2 || problems[0].Line != 10 || problems[0].Column != 28 || problems[1].Line != 11 || problems[1].Column != 10 {
		t.Errorf("wrong positions: %+v", problems)
	}
}

// A document that Parse refuses may have been in force before.
func TestLoadedFlawedAllowsDoNotApplyAndFlawedDeniesDeny(t *testing.T) {
	t.Parallel()
	for name, flawed := range map[string]string{
		"an unknown operator":        `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"StringIs":{"aws:username":"jo"}}}`,
		"an unknown element":         `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","When":"always"}`,
		"a repeated condition":       `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:a":"true"}},"Condition":{"Bool":{"aws:b":"true"}}}`,
		"a repeated operator":        `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:a":"true"},"Bool":{"aws:b":"true"}}}`,
		"a repeated key":             `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:a":"true","aws:a":"false"}}}`,
		"a repeated action":          `{"Effect":"EFFECT","Action":"s3:PutObject","Action":"s3:GetObject","Resource":"*"}`,
		"a repeated resource":        `{"Effect":"EFFECT","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Resource":"arn:aws:s3:::c/*"}`,
		"a repeated negated action":  `{"Effect":"EFFECT","NotAction":"s3:GetObject","NotAction":"s3:PutObject","Resource":"*"}`,
		"an action and its negation": `{"Effect":"EFFECT","Action":"s3:GetObject","NotAction":"s3:GetObject","Resource":"*"}`,
		"a condition without values": `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":[]}}}`,
		"no values to differ from":   `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringNotEquals":{"aws:username":[]}}}`,
		"null for a value":           `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":null}}}`,
		"null with a value":          `{"Effect":"EFFECT","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":["jo",null]}}}`,
		"no resource":                `{"Effect":"EFFECT","Action":"s3:GetObject"}`,
		"no action":                  `{"Effect":"EFFECT","Resource":"*"}`,
	} {
		t.Run(name, func(t *testing.T) {
			for effect, want := range map[string]policy.Effect{"Allow": policy.ImplicitDeny, "Deny": policy.ExplicitDeny} {
				d, err := policy.Load([]byte(statement(strings.Replace(flawed, "EFFECT", effect, 1))), policy.Identity)
				if err == nil || d == nil {
					t.Fatalf("Load = %v, %v; want a document and its problems", d, err)
				}
				l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
				r := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: policy.MapContext{}}
				if got := l.Decide(r); got.Effect != want {
					t.Errorf("%s: decided %s, want %s", effect, got.Effect, want)
				}
				checkAccount(t, l, r)
			}
		})
	}
}

func TestLoadedInvalidValuesMatchNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statement string
		want      policy.Effect
	}{
		"a malformed ARN allows nothing":                 {`{"Effect":"Allow","Action":"*","Resource":"b/*"}`, policy.ImplicitDeny},
		"a malformed ARN denies nothing":                 {`{"Effect":"Deny","Action":"*","Resource":"b/*"}`, policy.ImplicitDeny},
		"a malformed ARN excludes everything from Allow": {`{"Effect":"Allow","Action":"*","NotResource":"b/*"}`, policy.ImplicitDeny},
		"a malformed ARN excludes nothing from Deny":     {`{"Effect":"Deny","Action":"*","NotResource":"b/*"}`, policy.ExplicitDeny},
		"a broken variable allows nothing":               {`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username"}`, policy.ImplicitDeny},
		"a bad range matches no address":                 {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/99"}}}`, policy.ImplicitDeny},
		"a bad number equals none":                       {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"s3:max-keys":"ten"}}}`, policy.ImplicitDeny},
		"a bad date is before none":                      {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}}}`, policy.ImplicitDeny},
		"an unknown effect denies":                       {`{"Effect":"Permit","Action":"*","Resource":"*"}`, policy.ExplicitDeny},
		"a good value beside a bad one":                  {`{"Effect":"Allow","Action":"*","Resource":["b/*","arn:aws:s3:::b/*"]}`, policy.Allow},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Load([]byte(statement(tc.statement)), policy.Identity)
			if err == nil || d == nil {
				t.Fatalf("Load = %v, %v; want a document and its problems", d, err)
			}
			l := &policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Document: d})}}
			r := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: policy.MapContext{
				"aws:SourceIp": {"10.0.0.1"}, "s3:max-keys": {"10"}, "aws:CurrentTime": {"2026-01-01T00:00:00Z"}}}
			if got := l.Decide(r); got.Effect != tc.want {
				t.Errorf("decided %s, want %s", got.Effect, tc.want)
			}
		})
	}
}

func TestParseAcceptsLooseFormsAsAWSDoes(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"a key without a prefix":              `"Action":"*","Resource":"*","Condition":{"IpAddress":{"SourceIp":"10.0.0.0/8"}}`,
		"a vendor with a dot":                 `"Action":"s3.z:ListBucket","Resource":"*"`,
		"an access point, which has a region": `"Action":"*","Resource":"arn:aws:s3:us-west-2:123456789012:accesspoint/a/object/b"`,
		"a small t and an hour of one digit":  `"Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2018-11-12t2:00:00.48+23"}}`,
	} {
		if _, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+statement+`}}`), policy.Identity); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
