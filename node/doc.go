// Package node builds Sluice from its settings: store, services, APIs and gates, wired together, without Caddy. The Caddy
// modules, the tests and Go programs that embed Sluice all use this wiring.
//
// Open takes a [config.App] and returns a [Node], an http.Handler for the APIs. Its Gate method returns a [Gate]
// for a [config.Authorize]; [Gate.Protect] is middleware for net/http. A host that must check settings before it acts on
// them, as Caddy does, calls [Read] instead of Open. Read and [Plan.Gate] read files, change nothing and return the
// errors that Open would return; [Plan.Open] opens the store and creates the declared resources.
//
// A reload opens the new node before it closes the old one. The new node takes stores, services, key sets
// and caches from a [Shared]; everything else is rebuilt.
//
// It does not decide on requests (authz), keep records (userpool, identitypool, iam), implement protocols (server/…), or
// provide Caddy modules, the Caddyfile, commands and metrics (caddymodule).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: docs/architecture.md; decision 5 in docs/decisions.
package node
