package sql

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/store"
)

// Dialect is what differs from one SQL database to another. Placeholders do not: every database that this package
// supports takes $1, $2 and so on, in any order and more than once.
type Dialect struct {
	// Time returns the value of a time column. The argument is in milliseconds since 1970.
	Time func(milliseconds int64) driver.Value

	// Bool returns the value of a column that is true or false.
	Bool func(bool) driver.Value

	// Text reports whether a column can hold a text; nil = every text. A read for one that it cannot hold finds nothing. A
	// write with one fails with fault.InvalidParameter and changes nothing.
	Text func(string) bool

	// Lock is appended to a read by key, in an Update, of a record that callers usually write back: a user, a code, a
	// refresh token, an identity. It is " for no key update" where transactions write at the same time, so that the
	// second one waits instead of failing at its commit. It is empty where only one transaction writes.
	Lock string

	// FailureAborts says that after a statement failed, the transaction refuses all others until it returns to a
	// savepoint. Each write then gets its own savepoint, because store.Store lets callers continue after a conflict.
	FailureAborts bool

	// Clock is an expression for the time at which the transaction began, by the clock that all processes share, before its first read. Empty:
	// they are all on one machine.
	Clock string

	// Second is an expression for a second, to add to a time or to multiply.
	Second string

	// Estimates says that "explain" begins with a line that has "rows=" and the number of rows that a query is expected to return.
	Estimates bool

	// TrimChanges deletes the oldest rows of the table changes, after some were added. Empty: the backend does so at other times.
	TrimChanges string

	// MadeUpUser returns a user, in the order of the table's columns, from no table. It is run when a user was not found, so that this takes as
	// long. Empty where a statement takes longer than what it would hide: the database is in another process.
	MadeUpUser string

	// Classify says what an error of the driver means. It is not called with nil.
	Classify func(error) Failure
}

// Failure is the meaning of an error of the driver.
type Failure struct {
	Kind Kind // the zero value is Statement: callers get the error as it is

	// Constraint is the name of the constraint that a Unique failure violated, as PostgreSQL names constraints by
	// default: <table>_pkey for a primary key, <table>_<column>_<column>_key for a unique constraint.
	Constraint string
}

// Kind is a class of failures.
type Kind int

const (
	// Statement is an error of one statement, such as a syntax error. Callers get it as it is.
	Statement Kind = iota
	// Unique says that a key exists already. Callers get a *store.Conflict.
	Unique
	// ForeignKey says that the parent of a record does not exist. Callers get store.ErrNotFound.
	ForeignKey
	// Serialization says that the transaction lost against another one. The backend rolls it back and runs it again;
	// callers get store.ErrUnavailable from what they still do in it.
	Serialization
	// Unavailable says that the database cannot be reached, is full, read-only or damaged. The transaction is lost.
	// Callers get store.ErrUnavailable.
	Unavailable
)

// conflicts are the keys that callers know, by the constraints that guard them.
var conflicts = map[string]store.Conflict{
	"pools_pkey":                          {Record: "pool", Key: "id"},
	"clients_pkey":                        {Record: "client", Key: "id"},
	"domains_pkey":                        {Record: "domain", Key: "name"},
	"domains_pool_id_custom_key":          {Record: "domain", Key: "pool"},
	"resource_servers_pkey":               {Record: "resource server", Key: "id"},
	"identity_providers_pkey":             {Record: "identity provider", Key: "name"},
	"user_identities_pkey":                {Record: "user identity", Key: "value"},
	"users_pkey":                          {Record: "user", Key: "sub"},
	"users_pool_id_name_key_key":          {Record: "user", Key: "username"},
	"user_aliases_pkey":                   {Record: "alias", Key: "alias"},
	"user_groups_pkey":                    {Record: "group", Key: "name"},
	"challenges_pkey":                     {Record: "challenge", Key: "id"},
	"passkeys_pkey":                       {Record: "passkey", Key: "id"},
	"refresh_tokens_pkey":                 {Record: "refresh token", Key: "id"},
	"refresh_tokens_hash_key":             {Record: "refresh token", Key: "hash"},
	"sessions_pkey":                       {Record: "session", Key: "id"},
	"sessions_family_key":                 {Record: "session", Key: "family"},
	"authorization_codes_pkey":            {Record: "authorization code", Key: "hash"},
	"edge_sessions_pkey":                  {Record: "edge session", Key: "id"},
	"provider_requests_pkey":              {Record: "provider request", Key: "id"},
	"device_grants_pkey":                  {Record: "device grant", Key: "id"},
	"device_grants_pool_id_user_code_key": {Record: "device grant", Key: "user code"},
	"spent_ids_pkey":                      {Record: "spent id", Key: "id"},
	"spent_assertions_pkey":               {Record: "spent assertion", Key: "id"},
	"saml_keys_pkey":                      {Record: "saml key", Key: "pool id"},
	"devices_pkey":                        {Record: "device", Key: "key"},
	"signing_keys_pkey":                   {Record: "signing key", Key: "id"},
	"identity_pools_pkey":                 {Record: "identity pool", Key: "id"},
	"identities_pkey":                     {Record: "identity", Key: "id"},
	"identity_logins_pkey":                {Record: "login", Key: "login"},
	"roles_pkey":                          {Record: "role", Key: "name"},
	"policies_pkey":                       {Record: "policy", Key: "arn"},
	"entities_pkey":                       {Record: "entity", Key: "arn"},

	"brandings_pkey":                {Record: "branding", Key: "id"},
	"brandings_client_id_draft_key": {Record: "branding", Key: "client"},
	"terms_pkey":                    {Record: "terms", Key: "id"},
	"terms_client_id_name_key":      {Record: "terms", Key: "name"},
}

// Error returns the error of package store that an error of the driver means, or the error itself if package store has
// none for it.
func (d *Dialect) Error(err error) error {
	if err == nil {
		return nil
	}
	switch failure := d.Classify(err); failure.Kind {
	case Unique:
		if conflict, ok := conflicts[failure.Constraint]; ok {
			return &conflict
		}
		return fmt.Errorf("%w: %w", store.ErrExists, err)
	case ForeignKey:
		return store.ErrNotFound
	case Serialization, Unavailable:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	default:
		return err
	}
}

// bind returns a Go value as the driver takes it. Zero times and empty bytes and JSON become null.
func (d *Dialect) bind(v any) driver.Value {
	switch x := v.(type) {
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return d.Time(x.UnixMilli())
	case json.RawMessage:
		if len(x) == 0 {
			return nil
		}
		return string(x)
	case []byte:
		if len(x) == 0 {
			return nil
		}
		return x
	case int:
		return int64(x)
	case *int:
		if x == nil {
			return nil
		}
		return int64(*x)
	case bool:
		return d.Bool(x)
	default:
		return v
	}
}
