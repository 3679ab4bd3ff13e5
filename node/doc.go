// Package node builds Sluice from its settings: store, services, APIs and gates, wired together, without Caddy. The Caddy
// modules, the tests and Go programs that embed Sluice all use this wiring.
//
// What it does: Open takes a [config.App] and returns a [Node], an http.Handler for the APIs. Its Gate method returns a [Gate]
// for a [config.Authorize]; [Gate.Protect] is middleware for net/http. A host that must check settings before it acts on
// them, as Caddy does, calls [Read] instead of Open. Read and [Plan.Gate] read files, touch nothing else and refuse what Open
// would refuse; [Plan.Open] opens the store and makes what the settings declare.
//
// A reload opens the new node before it closes the old one. Stores, services, key sets and caches live in a [Shared] and
// pass from one to the other; everything else is rebuilt.
//
// What it leaves to others: every decision (authz), every record (userpool, identitypool, iam), every wire (server/…), and
// modules, the Caddyfile, commands and metrics (caddymodule).
//
// Source: docs/architecture.md; decision 5 in docs/decisions.
package node
