// Package backup copies the SQLite store of a data directory to a folder or an S3 bucket, and back.
//
// What it does: Make copies the store while processes write, checks the copy, and writes it with a manifest to a Place. Verify checks a
// backup. Restore copies one into a data directory. Follow ships all transactions continuously, with the library of Litestream; RestoreTo
// restores the state at a time.
//
// What it leaves to others: SQLite (store/sqlite), the master key, which backups do not contain, and messages to the user
// (node/backupcmd). PostgreSQL has its own tools (docs/backup.md).
//
// Source: docs/backup.md; https://www.sqlite.org/backup.html, https://litestream.io.
package backup
