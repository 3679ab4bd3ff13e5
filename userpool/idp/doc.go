// Package idp makes one identity provider of the packages of user pools.
//
// New builds their services from one set of options: userpool (pools, app clients, keys), userpool/tokens,
// userpool/directory (users) and userpool/signin. Servers call the service that an operation belongs to. Run does the
// hourly upkeep.
//
// It does not serve HTTP (server/cognitoidp, server/oauth), open the store or read a configuration.
//
// Source: none; the name is the API's own, cognito-idp.
package idp
