// Package postgrestest runs PostgreSQL servers and poolers for tests.
//
// What it does: Start runs a server in its own folder, which ends with the test. Tests make databases in it, stop it,
// start it again and freeze it. Pooler puts PgBouncer in front of it.
//
// What it leaves to others: the tables, which store/postgres makes, and the tests themselves.
//
// Source: PostgreSQL 15, "Server Setup and Operation"; PgBouncer 1.18, pgbouncer(5).
package postgrestest
