package trigger

import (
	"fmt"
	"regexp"
)

// ARN is the ARN of a Lambda function: arn:aws:lambda:us-east-1:123456789012:function:name, with or without a version or alias at
// the end. It is comparable.
type ARN struct {
	Partition, Region, Account, Name string // the parts as in the text; Account has 12 digits
	Qualifier                        string // a version or an alias; "" if there is none
}

// arnPattern is the pattern of FunctionArn in Lambda's API reference, with the groups that ARN needs.
var arnPattern = regexp.MustCompile(
	`\Aarn:(aws[a-zA-Z-]*):lambda:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):function:([a-zA-Z0-9_-]{1,64})(?::(\$LATEST|[a-zA-Z0-9_-]{1,128}))?\z`)

// ParseARN parses the ARN of a function.
func ParseARN(s string) (ARN, error) {
	m := arnPattern.FindStringSubmatch(s)
	if m == nil {
		return ARN{}, fmt.Errorf("%q is not the ARN of a Lambda function; write one such as arn:aws:lambda:us-east-1:123456789012:function:name", s)
	}
	return ARN{Partition: m[1], Region: m[2], Account: m[3], Name: m[4], Qualifier: m[5]}, nil
}

// String returns the ARN as text.
func (a ARN) String() string {
	s := "arn:" + a.Partition + ":lambda:" + a.Region + ":" + a.Account + ":function:" + a.Name
	if a.Qualifier != "" {
		s += ":" + a.Qualifier
	}
	return s
}
