// Package userpoolcmd implements "sluice user-pool": commands for the user pools of a store, with or without a running Sluice.
//
// What it does: it builds the command tree, with one file for each subcommand, opens the store of the configuration, finds the pool of
// --pool, and prints results. A subcommand is a function in the registry.
//
// What it leaves to others: reading the configuration (caddymodule), wiring (node), and the work itself, which the packages below
// userpool do.
//
// Source: docs/user-pools.md.
package userpoolcmd
