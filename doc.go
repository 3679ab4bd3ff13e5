// Package sluice is the root of Sluice, an authorizing reverse proxy with user pools and identity pools inside.
//
// The program is cmd/sluice, the Caddy plugin is caddymodule; docs/architecture.md says where everything else stands.
// Nothing is exported here: the package holds the tests of the house rules.
package sluice
