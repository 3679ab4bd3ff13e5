// Package idp wires the packages of user pools into one identity provider.
//
// New makes the four services from one set of options: userpool (pools, app clients, keys), userpool/tokens,
// userpool/directory (users) and userpool/signin. Servers call the service that an operation belongs to.
//
// It holds no behaviour of its own but the hourly upkeep.
//
// Source: the field calls such a whole an identity provider, and so does the API: cognito-idp.
package idp
