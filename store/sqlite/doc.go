// Package sqlite keeps Sluice's data in one SQLite file. It is the default implementation of store.Store.
//
// What it does: it opens the file, migrates its schema forward, and runs transactions on it. One connection writes and
// several read. Updates that arrive while another one waits for the disk are committed together: each runs in a
// separate savepoint inside one SQL transaction, and all of them return after its single fsync. The file is in WAL
// mode with synchronous=FULL, so what Update acknowledged survives kill -9 and power loss. Each connection prepares a
// statement once and calls the driver directly, because database/sql costs about as much as a lookup by key.
//
// What it leaves to others: the statements and records are in store/sql. Package store and the domain say what the
// records mean; secrets arrive sealed or hashed.
//
// Source: package store's contract; https://www.sqlite.org/wal.html, https://www.sqlite.org/rescode.html.
package sqlite
