// Package awsjson serves APIs of the awsJson 1.1 protocol over HTTP: user pools and identity pools.
//
// What it does: a Dispatcher finds the operation by X-Amz-Target, reads the body, takes the call through its stages
// (server/rpc) and writes the answer. Every answer carries x-amzn-RequestId; an error also x-amzn-ErrorType, "__type" and
// "message". One table (errors.go) gives each kind of fault its exception.
//
// Statuses are those of the live services: 400 for every error of the client whatever the model says, 413 for a body over
// rpc.MaxBody, 500 and 503 for ours. A request that is no awsJson (another method or content type, no or an unknown target)
// gets UnknownOperationException; an operation that Sluice lacks NotImplementedException.
//
// What it leaves to others: the bodies' syntax (api/awsjson), what operations do, who may call them.
//
// Source: Smithy's "AWS JSON 1.1 protocol"; AWS's "Common error types"; public logs of the live services.
package awsjson
