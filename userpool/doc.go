// Package userpool keeps user pools: their settings, app clients, schema, names and signing keys.
//
// Service creates, changes, lists and deletes pools and app clients and rotates each pool's keys. Pool and Client are a pool
// and an app client with their settings resolved. They apply the settings: how names compare and which user a name means, which
// attributes may be read and written, which passwords the policy accepts. Base holds the dependencies that this package and those above share.
//
// The packages above build on it, each on the one before: userpool/tokens (issues and checks tokens), userpool/directory
// (users, groups, passwords, codes), userpool/signin (the sign-in machine). userpool/idp wires them together.
//
// It does not serve HTTP or decode requests (server/cognitoidp), decide who may call an administrator's operation
// (server/caller), or store records (store).
//
// Source: the cognito-idp API reference and the Amazon Cognito developer guide of November 2026; where they are
// silent, the behaviour of official clients. docs/user-pools.md lists the features, docs/divergences.md the differences.
package userpool
