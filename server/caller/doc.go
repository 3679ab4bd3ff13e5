// Package caller is the gate before the operations that need a signature.
//
// What it does: it verifies the SigV4 signature of a call (the root key, or temporary credentials), makes the principal,
// and asks the principal's policies for "<service>:<Operation>" on the resource that the input names. Handing a role to
// a service needs iam:PassRole besides. The root key may do everything; nobody else may do anything unasked.
//
// What it leaves to others: signatures (credentials/sigv4), the sealed form of sessions (credentials/session), policies
// (iam), trust policies and the rules of each operation (the domain), names of errors on a wire (server/awsjson,
// server/query).
//
// Source: IAM user guide, "Policy evaluation logic"; the service authorization reference of Amazon Cognito user pools,
// Cognito identity, STS and IAM; "Common errors" of these APIs and the texts of the live services.
package caller
