// Package storeflags has the flags with which commands choose a store: --config, --adapter and --data-dir.
//
// What it does: it reads the configuration, or takes the data directory that the user names instead, and says whether anyone has named
// it or the command only guesses.
//
// What it leaves to others: opening the store (node) and the commands.
//
// Source: docs/operations.md, "systemd".
package storeflags
