// Command wiregen writes the wire types of Sluice: the packages api/cognitoidp, api/cognitoidentity, api/sts and api/iam.
//
//	go -C tools/wiregen run . -root ../..
//
// What it does: it reads AWS's models from the Go module github.com/aws/aws-sdk-go, applies our overlays
// (overlay/<api>.json) and writes Go: a struct per structure, constants for enumerations, and the tables of package api
// (shapes with constraints, operations, errors). The same input gives the same bytes.
//
// The overlay has the shape of api-2.json. An operation or shape that the model lacks is added whole. For one that the
// model has, the overlay contains only the changes: members are merged by name, the values of "enum" and "errors" are appended
// (an "enum" that has all values of the model's replaces it: messages list values in its order),
// everything else ("required", "min", "max", "pattern", "authtype" …) is replaced.
//
// The overlay also marks shapes as sensitive that the model does not: session tokens, codes, challenge parameters, the secrets
// of identity providers. They appear in no message and no log.
//
// What it leaves to others: validation, codecs and what an operation does. Nothing here is linked into Sluice; the SDK is
// a dependency of this module alone.
//
// Source: api-2.json of cognito-idp, cognito-identity, sts and iam in aws-sdk-go v1.55.8; for the overlay the Smithy model
// of cognito-idp of April 2026 and, for what is newer, AWS's API reference of November 2026. The pattern of PasswordType is that of
// AWS's messages, as public repositories quote them; the models still have an older one.
package main
