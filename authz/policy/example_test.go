package policy_test

import (
	"fmt"
	"log"

	"github.com/sluicegate/sluice/authz/policy"
)

// A role may read a bucket, but not below secret/.
func Example() {
	document, err := policy.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": [
			{"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::notes/${aws:username}/*"},
			{"Sid": "Secret", "Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::notes/*/secret/*"}
		]
	}`), policy.Identity)
	if err != nil {
		log.Fatal(err)
	}
	role := policy.Layers{Identity: []*policy.Set{policy.Compile(policy.Source{Name: "role reader", Document: document})}}
	for _, key := range []string{"ada/1.txt", "bob/1.txt", "ada/secret/1.txt"} {
		decision := role.Decide(&policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::notes/" + key,
			Context: policy.MapContext{"aws:username": {"ada"}}})
		statement := "no statement"
		if decision.Statement != nil {
			statement = decision.Statement.Sid
		}
		fmt.Println(key, decision.Effect, statement)
	}
	// Output:
	// ada/1.txt allow Read
	// bob/1.txt implicitDeny no statement
	// ada/secret/1.txt explicitDeny Secret
}

// A mistake in a policy has its place, and the right spelling.
func ExampleParse() {
	_, err := policy.Parse([]byte(`{
	"Version": "2012-10-17",
	"Statement": {"Effect": "Alow", "Action": "s3:GetObject", "Resource": "*"}
}`), policy.Identity)
	problems, _ := policy.IsInvalid(err)
	fmt.Println(problems[0].String())
	// Output: 3:26: Statement[0].Effect: "Alow" is no effect; write "Allow"
}
