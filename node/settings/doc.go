// Package settings reads the files that the configuration names: requests of an API, such as CreateUserPool, and policies.
//
// Its errors have file, line and column, and suggest the correct spelling of a member. It does not carry the requests out (node).
package settings
