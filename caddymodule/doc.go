// Package caddymodule makes Sluice a part of Caddy: the app "sluice", the handlers sluice_authorize, sluice_credentials
// and sluice_pools, their Caddyfile, the admin endpoint and the metrics.
//
// It reads the Caddyfile, passes the settings to package node, and converts requests between Caddy and the node. Provision
// only reads and checks, so that `validate` changes nothing; Start opens the node. Stores, services, caches and key sets are
// in Caddy's usage pool and survive a reload.
//
// It does not connect the services (node), decide on requests (authz), keep records (userpool, identitypool, iam) or
// implement protocols (server/…).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: Caddy's documentation for module developers.
package caddymodule
