// Package config holds Sluice's settings as plain structs.
//
// What it does: each struct is one block of the Caddyfile and one object of the JSON config; its doc comments are the
// reference for both. Defaults fills what was left out, Validate judges the whole and says what to write instead.
//
// What it leaves to others: parsing the Caddyfile and reading files (caddymodule), and doing anything with the settings.
//
// Source: the Caddyfile's shape is fixed in docs/caddyfile.md; the settings files of pools and app clients are the
// requests CreateUserPool and CreateUserPoolClient of the cognito-idp API.
package config
