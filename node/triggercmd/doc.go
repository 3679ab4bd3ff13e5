// Package triggercmd implements "sluice trigger": it calls a trigger function without a running Sluice.
//
// What it does: it reads the event, calls the function that the configuration maps to an ARN, and prints its output and its log.
//
// What it leaves to others: reading the configuration (caddymodule), and running functions (node, trigger).
//
// Source: docs/triggers.md.
package triggercmd
