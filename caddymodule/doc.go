// Package caddymodule makes Sluice a part of Caddy: the app "sluice", the handlers sluice_authorize, sluice_credentials
// and sluice_pools, their Caddyfile, the admin endpoint and the metrics.
//
// What it does: it reads the Caddyfile, hands the settings to package node and carries requests between Caddy and the node.
// Provision only reads and checks, so that `validate` touches nothing; Start opens the node. Stores, services, caches and key
// sets are in Caddy's usage pool and survive a reload.
//
// What it leaves to others: the wiring (node), every decision (authz), every record (userpool, identitypool, iam), every wire
// (server/…).
//
// Source: Caddy's documentation for module developers.
package caddymodule
