// Package sqlite keeps Sluice's data in one SQLite file: the embedded default of store.Store.
//
// What it does: one connection writes, a few read. Updates that wait for the same disk are committed together: each
// runs in a savepoint of its own inside one transaction, and all are acknowledged after its single fsync, so that a
// thousand sign-ins at once cost a handful of fsyncs. The file is in WAL mode with synchronous=FULL: what Update
// acknowledged survives kill -9 and power loss. Statements are prepared once per connection and the driver is called
// without database/sql between, which would cost as much as the query. Opening migrates the schema forward.
//
// What it leaves to others: what the records mean (package store and the domain), sealing and hashing of secrets.
// The SQL of the nouns (one file each) is such that PostgreSQL takes it too; what only SQLite does is in dialect.go
// and in the migrations.
//
// Source: package store's contract; https://www.sqlite.org/wal.html, https://www.sqlite.org/rescode.html.
package sqlite
