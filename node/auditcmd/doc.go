// Package auditcmd is the command `sluice audit`.
//
// What it does: it verifies the chain of audit logs, in plain files and in those that the host has rotated and compressed, and compares
// their ends with those that the store knows.
//
// What it leaves to others: the chain (server/audit/chain), opening the store (node), reading the configuration (caddymodule).
//
// Source: docs/operations.md, "Audit log".
package auditcmd
