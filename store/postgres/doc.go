// Package postgres keeps the records of package store in a PostgreSQL database, for any number of processes.
//
// What it does: it connects (Open), keeps a pool of connections, migrates the schema while other processes do the same,
// and runs the statements of package store/sql. Updates are serializable transactions: one that loses against another is
// run again, with a pause of random length. Views are repeatable reads. A round trip is what costs here, so the start of a
// transaction travels with its first statement, inserts travel with the statement after them, and callers do not wait for the end
// of a View. Updates run without savepoints at first; one whose write fails, because a key exists already, and that continues
// after it, is run again with savepoints.
//
// What it leaves to others: the statements (store/sql), the contract (store) and its tests (store/storetest), and backups,
// which are PostgreSQL's own. docs/postgresql.md tells operators how to set it up.
//
// Source: PostgreSQL 15, "Serializable Isolation Level", "Frontend/Backend Protocol" and "PostgreSQL Error Codes"; the
// parameters of the URL are those of libpq.
package postgres
