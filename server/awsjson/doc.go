// Package awsjson serves APIs of the awsJson 1.1 protocol over HTTP: user pools and identity pools.
//
// A Dispatcher finds the operation by X-Amz-Target, reads the body, runs the call (server/rpc) and writes the answer. Every
// answer has x-amzn-RequestId; an error also has x-amzn-ErrorType, and "__type" and "message" in its body. The table in
// errors.go maps each kind of fault to its exception.
//
// The statuses are those of the live services: 400 for every client error, even if the model says otherwise; 413 for a body larger
// than rpc.MaxBody; 500 and 503 for server errors. A request with another method or content type, or with an unknown target
// or none, gets UnknownOperationException. An operation that Sluice lacks gets NotImplementedException.
//
// The syntax of bodies is in api/awsjson.
//
// Source: Smithy's "AWS JSON 1.1 protocol"; AWS's "Common error types"; public logs of the live services.
package awsjson
