package policy_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

func TestKeysAreThoseOfConditionsAndVariables(t *testing.T) {
	for name, test := range map[string]struct{ statement, want string }{
		"none":                           {`"Resource":"*"`, ""},
		"a condition":                    {`"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}`, "aws:securetransport"},
		"in another case, once":          {`"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"Null":{"AWS:securetransport":"false"}}`, "aws:securetransport"},
		"a variable of a resource":       {`"Resource":"arn:aws:s3:::notes/${aws:username}/*"`, "aws:username"},
		"a variable of NotResource":      {`"NotResource":"arn:aws:s3:::notes/${aws:PrincipalTag/Team}/*"`, "aws:principaltag/team"},
		"a variable with a default":      {`"Resource":"arn:aws:s3:::notes/${aws:userid, 'none'}"`, "aws:userid"},
		"a variable of a value":          {`"Resource":"*","Condition":{"StringLike":{"s3:prefix":"${cognito-identity.amazonaws.com:sub}/*"}}`, "cognito-identity.amazonaws.com:sub s3:prefix"},
		"literal characters have no key": {`"Resource":"arn:aws:s3:::notes/${*}${?}${$}"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			set := policy.Compile(policy.Source{Name: "keys", Document: parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",`+test.statement+`}}`)})
			if got := strings.Join(set.Keys(), " "); got != test.want {
				t.Errorf("the keys are %q, want %q", got, test.want)
			}
		})
	}
}
