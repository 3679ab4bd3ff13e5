// Package fault holds the kinds of failure that Sluice's domain can report.
//
// What it does: an Error says what went wrong (its Kind) and what a client may read about it (its Message). Domain
// packages return it, wires ask KindOf and translate with one table each: the same condition is
// NotAuthorizedException in awsJson, invalid_grant in OAuth2, AccessDenied in S3's XML and a sentence on a login page.
//
// What it leaves to others: HTTP statuses, exception names and bodies, which belong to the wires. An error that is not
// a fault is internal: its text is for the log and never for the client.
//
// Source: the kinds follow the exceptions that the AWS API models of cognito-idp, cognito-identity, STS and IAM declare.
package fault
