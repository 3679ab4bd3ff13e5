// Package logfile opens log files that Caddy writes and rotates.
//
// What it does: it reads a file as it was before its rotation compressed it, by gzip or zstd.
//
// What it leaves to others: the records (authz/decisionlog, server/audit/chain).
//
// Source: the documentation of Caddy's log option, "roll_compression".
package logfile
