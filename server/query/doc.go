// Package query serves APIs of the AWS Query protocol over HTTP: STS and the part of IAM that roles need.
//
// A Dispatcher finds the API by Version and the operation by Action, runs the call (server/rpc) and writes XML, or JSON if the client prefers it (json.go). The table in
// errors.go maps each kind of fault to its code and status.
//
// A request is a POST with a form in its body, or a GET with the parameters in its URL, such as a presigned
// GetCallerIdentity. An unknown action or version gets InvalidAction; an operation that Sluice lacks gets
// NotImplementedException.
//
// The syntax of parameters and XML is in api/awsquery.
//
// Source: Smithy's "AWS Query protocol"; STS's and IAM's API references, "Common Errors"; the texts of the live services.
package query
