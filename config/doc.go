// Package config holds Sluice's settings as plain structs.
//
// Each struct is a block of the Caddyfile and an object of the JSON config; its doc comments are the reference for both.
// Defaults sets the default of each setting that is empty. Validate reports the place and the correction of each mistake.
//
// Parsing the Caddyfile and reading files is left to caddymodule.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: docs/caddyfile.md for the Caddyfile; the requests CreateUserPool and CreateUserPoolClient of the cognito-idp API for
// the settings files of pools and app clients.
package config
