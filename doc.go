// Package sluice is the root of Sluice, an authorizing reverse proxy with user pools and identity pools inside.
//
// The program is cmd/sluice, the Caddy plugin is caddymodule; docs/architecture.md describes the other packages.
// This package exports nothing. Importing it registers the plugin, so that `xcaddy build --with github.com/sluicegate/sluice`
// has it. It contains the tests of the house rules.
package sluice

import (
	_ "github.com/sluicegate/sluice/caddymodule"         // registers the modules
	_ "github.com/sluicegate/sluice/caddymodule/ask"     // for other gateways, matchers and the authentication handler
	_ "github.com/sluicegate/sluice/caddymodule/console" // and the console
)
