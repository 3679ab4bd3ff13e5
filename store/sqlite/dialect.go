package sqlite

import (
	"database/sql/driver"
	"errors"
	"strings"

	driverimpl "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sluicegate/sluice/store/sql"
)

// dialect is what SQLite does differently from other databases. There is one writer, so reads take no locks.
var dialect = sql.Dialect{
	Time:     func(milliseconds int64) driver.Value { return milliseconds },
	Bool:     boolValue,
	Second:   "1000", // times are in milliseconds
	Classify: classify,

	MadeUpUser: `select 'us-east-1_000000000', '00000000-0000-4000-8000-000000000000', 'made-up', 'made-up',
		'[{"Kind":"email","Value":"made-up@example.com"}]', 'CONFIRMED', 1, '{"email":"made-up@example.com","email_verified":"true","phone_number":"+15550100"}',
		'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', zeroblob(16),
		zeroblob(384), 0, null, 1700000000000, null, 0, null, null, 1700000000000, 1700000000000`,
	TrimChanges: `delete from changes where seq <= (select max(seq) from changes) - 4096`,
}

// boolValue returns 1 or 0: SQLite has no type for true and false.
func boolValue(b bool) driver.Value {
	if b {
		return int64(1)
	}
	return int64(0)
}

// classify says what an error of the driver means.
func classify(err error) sql.Failure {
	e, ok := errors.AsType[*driverimpl.Error](err)
	if !ok {
		return sql.Failure{}
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return sql.Failure{Kind: sql.ForeignKey}
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return sql.Failure{Kind: sql.Unique, Constraint: constraint(e.Error(), false)}
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return sql.Failure{Kind: sql.Unique, Constraint: constraint(e.Error(), true)}
	}
	// After these errors SQLite may have rolled back the whole transaction.
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_INTERRUPT:
		return sql.Failure{Kind: sql.Unavailable}
	}
	return sql.Failure{}
}

// isBusy reports whether another connection held a lock for longer than the connection waits.
func isBusy(err error) bool {
	e, ok := errors.AsType[*driverimpl.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// constraint returns the name of a constraint as sql.Failure has it. SQLite names only its columns: the error's text is
// "… constraint failed: <table>.<column>, <table>.<column> (<code>)".
func constraint(text string, primary bool) string {
	if _, after, ok := strings.Cut(text, "UNIQUE constraint failed: "); ok {
		text = after
	}
	text, _, _ = strings.Cut(text, " (")
	var table string
	name := ""
	for column := range strings.SplitSeq(text, ", ") {
		table, column, _ = strings.Cut(column, ".")
		name += "_" + column
	}
	if primary {
		return table + "_pkey"
	}
	return table + name + "_key"
}
