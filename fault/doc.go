// Package fault defines the kinds of errors that Sluice's domain packages return.
//
// An Error has a Kind and a Message for the client. The wires call KindOf and translate each Kind with a table: the same error
// is NotAuthorizedException in the JSON protocol, invalid_grant in OAuth 2.0, AccessDenied in the XML of S3, and a sentence on
// a login page. Statuses, exception names and response bodies belong to the wires.
//
// An error that is not an Error is internal: its text is for the log and never for the client.
//
// Source: the kinds follow the exceptions in the AWS API models of cognito-idp, cognito-identity, STS and IAM.
package fault
