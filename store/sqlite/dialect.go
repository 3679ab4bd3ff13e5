package sqlite

import (
	"errors"
	"fmt"
	"strings"

	driverimpl "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sluicegate/sluice/store"
)

// dialect is what another SQL database would say differently.
type dialect struct {
	writerSetup, readerSetup []string

	beginWrite, beginRead, commit, rollback string
	openMember, keepMember, undoMember      string // savepoint of an Update in a shared transaction
	openRecord, keepRecord, undoRecord      string // savepoint of a record of several rows
	restartLog                              string
}

var lite = dialect{
	writerSetup: []string{
		"pragma busy_timeout = 5000", // milliseconds; another process may be migrating
		"pragma journal_mode = wal",
		"pragma synchronous = full",
		"pragma foreign_keys = on",
		"pragma wal_autocheckpoint = 1000", // pages
		"pragma journal_size_limit = 67108864",
		"pragma temp_store = memory", // what savepoints keep for undo
		"pragma trusted_schema = off",
	},
	readerSetup: []string{
		"pragma busy_timeout = 5000",
		"pragma query_only = on",
		"pragma cache_size = -1024", // KiB; the pages are in the operating system's cache as well
		"pragma trusted_schema = off",
	},
	beginWrite: "begin immediate",
	beginRead:  "begin",
	commit:     "commit",
	rollback:   "rollback",
	openMember: "savepoint member",
	keepMember: "release member",
	undoMember: "rollback to member",
	openRecord: "savepoint record",
	keepRecord: "release record",
	undoRecord: "rollback to record",
	restartLog: "pragma wal_checkpoint(restart)",
}

// conflicts says which key of which record a unique constraint guards, by its columns as SQLite names them.
var conflicts = map[string]store.Conflict{
	"pools.id":                              {Record: "pool", Key: "id"},
	"clients.id":                            {Record: "client", Key: "id"},
	"users.pool_id, users.sub":              {Record: "user", Key: "sub"},
	"users.pool_id, users.name_key":         {Record: "user", Key: "username"},
	"user_groups.pool_id, user_groups.name": {Record: "group", Key: "name"},
	"refresh_tokens.id":                     {Record: "refresh token", Key: "id"},
	"refresh_tokens.hash":                   {Record: "refresh token", Key: "hash"},
	"signing_keys.owner, signing_keys.id":   {Record: "signing key", Key: "id"},
	"identity_pools.id":                     {Record: "identity pool", Key: "id"},
	"identities.id":                         {Record: "identity", Key: "id"},
	"roles.name_key":                        {Record: "role", Key: "name"},
	"policies.arn":                          {Record: "policy", Key: "arn"},
	"user_aliases.pool_id, user_aliases.kind, user_aliases.value":                {Record: "alias", Key: "alias"},
	"identity_logins.pool_id, identity_logins.provider, identity_logins.subject": {Record: "login", Key: "login"},
}

// classify turns an error of the driver into one of package store's where the contract names one.
func (dialect) classify(err error) error {
	e, ok := errors.AsType[*driverimpl.Error](err)
	if !ok {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return store.ErrNotFound
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		for columns, conflict := range conflicts {
			if hasColumns(e.Error(), columns) {
				return &conflict
			}
		}
		return fmt.Errorf("%w: %w", store.ErrExists, err)
	}
	if fatal(e) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

// hasColumns reports whether text is "… constraint failed: <columns> (<code>)".
func hasColumns(text, columns string) bool {
	_, after, found := strings.Cut(text, "constraint failed: ")
	for found {
		if rest, ok := strings.CutPrefix(after, columns); ok && (rest == "" || strings.HasPrefix(rest, " (")) {
			return true
		}
		_, after, found = strings.Cut(after, "constraint failed: ")
	}
	return false
}

// fatal reports whether the error is about the file and not about the statement. After such an error SQLite may have
// rolled the whole transaction back.
func fatal(err error) bool {
	e, ok := errors.AsType[*driverimpl.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}
