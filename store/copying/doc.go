// Package copying copies a store from one database to another: from SQLite to PostgreSQL, and back.
//
// What it does: it takes the tables and columns from the catalogs of both databases, and copies the tables, parents first, in the order
// of their primary keys, with a transaction for each batch. It then compares every record of both stores. An interrupted copy can be
// continued. Until everything has been compared, the target has a mark that keeps Sluice from opening it.
//
// What it leaves to others: the schemas (store/sqlite, store/postgres), and messages to the user (node/storecmd).
//
// Source: docs/backup.md.
package copying
