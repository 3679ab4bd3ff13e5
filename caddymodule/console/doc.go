// Package console makes the web console a directive of Caddy: sluice_console.
//
// It parses the Caddyfile and passes requests to the console that package node builds. It finds the app by its name, so that package
// caddymodule need not know it.
//
// It leaves the settings to config, and everything else to server/console.
//
// Source: Caddy's documentation for module developers.
package console
