package postgres

import (
	"database/sql/driver"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store/sql"
)

// dialect is what PostgreSQL does differently from other databases. Transactions write at the same time, so an Update
// locks what it is about to write.
var dialect = sql.Dialect{
	Time:          func(milliseconds int64) driver.Value { return time.UnixMilli(milliseconds).UTC() },
	Bool:          func(b bool) driver.Value { return b },
	Text:          func(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 },
	Lock:          " for no key update",
	FailureAborts: true,
	Clock:         "now()",
	Second:        "interval '1 second'",
	Estimates:     true,
	Classify:      classify,
}

// classify says what an error of a connection means.
func classify(err error) sql.Failure {
	e, answered := errors.AsType[*pgconn.PgError](err)
	if answered && (e.Code == "40001" || e.Code == "40P01") { // serialization_failure, deadlock_detected
		return sql.Failure{Kind: sql.Serialization}
	}
	if _, gone := errors.AsType[*lostError](err); gone { // whatever its reason, such as 25P03, a transaction that was idle for too long
		return sql.Failure{Kind: sql.Unavailable}
	}
	if !answered {
		return sql.Failure{}
	}
	switch e.Code {
	case "23505": // unique_violation
		return sql.Failure{Kind: sql.Unique, Constraint: e.ConstraintName}
	case "23503": // foreign_key_violation
		return sql.Failure{Kind: sql.ForeignKey}
	case "0A000", // feature_not_supported: a standby refuses serializable and "read write"
		"25006", // read_only_sql_transaction: a standby
		"57014", // query_canceled: the statement timeout
		"55P03", // lock_not_available: the lock timeout
		"26000", // invalid_sql_statement_name
		"42P05", // duplicate_prepared_statement
		"42501": // insufficient_privilege
		return sql.Failure{Kind: sql.Unavailable}
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "08", // connection exception
		"28", // invalid authorization
		"40", // transaction rollback
		"53", // insufficient resources, such as a full disk
		"57", // operator intervention, such as a shutdown
		"58", // system error
		"F0", // configuration file error
		"XX": // internal error, such as damaged data
		return sql.Failure{Kind: sql.Unavailable}
	}
	return sql.Failure{}
}

// readOnly reports whether an error is that of a standby, or of a server that is read-only.
func readOnly(err *pgconn.PgError) bool { return err.Code == "0A000" || err.Code == "25006" }

// advice returns what an operator can do about an error, or "".
func advice(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return "check that the server runs and that it can be reached"
	}
	if readOnly(e) {
		return "the server is a standby or read-only; name the one that takes writes"
	}
	switch e.Code {
	case "26000", "42P05":
		return "a pooler mixes up prepared statements; add default_query_exec_mode=exec to the URL"
	case "57014":
		return "a statement took longer than statement_timeout"
	case "28P01", "28000":
		return "check user and password"
	case "42501":
		return "grant the rights that docs/postgresql.md lists"
	}
	return "see the server's log"
}
