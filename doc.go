// Package sluice is the root of Sluice, an authorizing reverse proxy with user pools and identity pools inside.
//
// The program is cmd/sluice, the Caddy plugin is caddymodule; docs/architecture.md describes the other packages.
// This package exports nothing. It contains the tests of the house rules.
package sluice
