// Package sql reads and writes the records of package store in an SQL database.
//
// What it does: it has the statements of every record, one file per noun, and what surrounds them: binding of
// arguments, reading of rows, savepoints and the translation of errors. The SQL text is the same for all databases; what
// differs is a Dialect. The tests run it on SQLite and PostgreSQL. It avoids what CockroachDB's documentation excludes.
//
// What it leaves to others: a backend (store/sqlite) provides the connection, begins and commits transactions, and owns
// the schema and its migrations. A backend hands a Transaction to its caller's function:
//
//	tx := sql.NewTransaction(ctx, conn, &dialect, true)
//	err := fn(tx.Tx())
//	tx.End()
//	if cause := tx.Broken(); cause != nil {
//		// Roll back; nothing of the transaction can be kept.
//	}
//
// The schema of a backend has the tables and columns of store/sqlite/migrations, and:
//
//   - text columns compare by bytes (in PostgreSQL: collate "C");
//   - JSON columns keep the text as it is (in PostgreSQL: text, not jsonb);
//   - unique constraints and primary keys have the names that PostgreSQL gives them by default (see Failure);
//   - rows of a parent that is deleted go with it (on delete cascade).
//
// Source: package store's contract; https://www.sqlite.org/lang.html and
// https://www.postgresql.org/docs/15/sql-commands.html for the common subset.
package sql
