// Package routes finds the routes in a configuration of Caddy, for commands that decide as they would.
//
// What it does: it looks for the settings of every gate: those of the handlers sluice_authorize and sluice_forward_auth, of the provider
// "sluice" of Caddy's authentication handler (sluice_authenticate), and of the matcher sluice_allowed.
//
// What it leaves to others: reading the configuration (caddymodule), and deciding (node/policyroute).
//
// Source: Caddy's documentation, "JSON Config Structure".
package routes
