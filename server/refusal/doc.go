// Package refusal writes the answers of the edge authorizer to requests that do not pass.
//
// What it does: a Refuser knows how one route speaks and writes an authz.Refusal in that form. There are three forms, one
// file and one table each: problem+json with WWW-Authenticate (problem.go), the error documents of S3 (s3.go), and the
// messages of API Gateway for callers that sign (apigateway.go). host.go has the answers that the host gives without
// asking an engine.
//
// What it leaves to others: whether a request passes and why not (authz), the texts that all AWS services but S3 share
// (server/awsauth), and logging.
//
// Source: RFC 9457 (problem+json), RFC 6750 section 3 and RFC 9728 section 5.1 (WWW-Authenticate), "Error responses" in
// the Amazon S3 API Reference, "Gateway response types" in the API Gateway Developer Guide, and the live services.
package refusal
