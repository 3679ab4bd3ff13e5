// Package settings reads the files that the configuration names: requests of an API, such as CreateUserPool, and policies.
//
// Its errors have file, line and column, and say how a member is spelt. It does not carry the requests out (node).
package settings
