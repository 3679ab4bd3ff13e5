// Package backupcmd implements "sluice backup" and "sluice restore".
//
// What it does: it finds the data directory of a flag or the configuration, calls package backup, and prints the progress, the result,
// errors, and the master keys that must be kept with the backup.
//
// What it leaves to others: reading the configuration (caddymodule), copying and checking (backup), and the master key (node).
//
// Source: docs/backup.md.
package backupcmd
