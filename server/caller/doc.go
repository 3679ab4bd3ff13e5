// Package caller authenticates and authorizes the callers of operations that need a signature.
//
// What it does: it verifies the SigV4 signature of a call (the root key, or temporary credentials), creates the
// principal, and evaluates the principal's policies for "<service>:<Operation>" on the resource that the input names.
// Passing a role to a service also needs iam:PassRole. The root key may do everything; other callers may do only what
// policies allow.
//
// What it leaves to others: signatures (credentials/sigv4), the sealed form of sessions (credentials/session), policies
// (iam), trust policies and the rules of each operation (the domain), the texts for bad signatures (server/awsauth), the
// names of errors on a wire (server/awsjson, server/query).
//
// Source: "Policy evaluation logic" in the IAM User Guide; the Service Authorization Reference of Amazon Cognito user
// pools, Cognito identity, STS and IAM; "Common errors" of these APIs and the texts of the live services.
package caller
