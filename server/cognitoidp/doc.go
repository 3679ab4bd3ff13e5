// Package cognitoidp answers the operations of Amazon Cognito user pools.
//
// What it does: a function per operation turns the input into one call of the user pool service and its result into the
// output. Registry lists them; an operation that is not in it answers that it is not implemented.
//
// What it leaves to others: the wire, validation and names of errors (server/awsjson, api/cognitoidp), who may call
// (server/caller), and every decision (userpool). Operations that take an access token need no signature: the service
// verifies the token.
//
// Source: the cognito-idp API reference of November 2026; testdata holds requests and answers as they are on the wire.
package cognitoidp
