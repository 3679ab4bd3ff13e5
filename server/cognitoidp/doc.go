// Package cognitoidp answers the operations of Amazon Cognito user pools.
//
// One function per operation converts the input, makes one call of a service of user pools, and converts the result.
// Registry lists them; an operation that is missing from it answers that it is not implemented. CheckRequest validates
// declared settings as if they came over the wire.
//
// The wire, validation and names of errors are in server/awsjson and api/cognitoidp, who may call in server/caller, and
// every decision in the packages of userpool. Operations that take an access token need no signature: the service verifies
// the token.
//
// Source: the cognito-idp API reference of November 2026; testdata holds requests and answers as they are on the wire.
package cognitoidp
