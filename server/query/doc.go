// Package query serves APIs of the AWS Query protocol over HTTP: STS and the part of IAM that roles need.
//
// What it does: a Dispatcher finds the operation by Action and Version, which also tells STS from IAM, takes the call
// through its stages (server/rpc) and writes XML. One table (errors.go) gives each kind of fault its code and status.
//
// A request is a POST with a form in its body, or a GET with the parameters in its URL, as presigned GetCallerIdentity
// requests are. An unknown action or version answers InvalidAction, one that Sluice lacks NotImplementedException.
//
// What it leaves to others: parameters and XML (api/awsquery), what operations do, who may call them.
//
// Source: Smithy's "AWS Query protocol"; STS's and IAM's API references, "Common Errors"; the texts of the live services.
package query
