// Package caddymodule is Sluice's place in Caddy: the app "sluice", the handlers sluice_authorize, sluice_credentials
// and sluice_pools, their Caddyfile, the admin endpoint and the metrics.
//
// What it does: it reads settings, builds the domain's services once per process and the gate of each route once per
// configuration, and carries requests between Caddy and them. Provision only reads and judges, so that `validate`
// touches nothing; Start opens the store and makes what is declared. Stores, caches and key sets live in usage pools
// and survive a reload.
//
// What it leaves to others: every decision (authz), every record (userpool, identitypool, iam), every wire (server/…).
//
// Source: Caddy's documentation for module developers.
package caddymodule
