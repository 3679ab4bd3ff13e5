package store

import "time"

// SealedColumn is a column whose values are sealed with a master key, or are JSON with sealed values inside.
type SealedColumn struct {
	Table, Column string   // names in SQL, the same for all backends
	Key           []string // the columns of the primary key
	Number        bool     // the last column of the key is a number; the others are text
	More          []string // text columns that a row also returns
	Text          bool     // the column is text; else bytes
}

// SealedRow is one row of a SealedColumn.
type SealedRow struct {
	Key   []any    // string, or int for a number
	More  []string // the columns of SealedColumn.More, in its order
	Value []byte   // nil if there is none
}

// SealedColumns are all columns with sealed values, except in the table settings. Package reseal knows what each is sealed with.
var SealedColumns = []SealedColumn{
	{Table: "pools", Column: "sealed_keys", Key: []string{"id"}},
	{Table: "clients", Column: "secrets", Key: []string{"id"}, Text: true},
	{Table: "users", Column: "srp_verifier", Key: []string{"pool_id", "sub"}},
	{Table: "users", Column: "mfa", Key: []string{"pool_id", "sub"}, Text: true},
	{Table: "signing_keys", Column: "private_key", Key: []string{"owner", "id"}, More: []string{"purpose"}},
	{Table: "saml_keys", Column: "private_key", Key: []string{"pool_id"}},
	{Table: "identity_providers", Column: "sealed", Key: []string{"pool_id", "name"}, More: []string{"type"}},
	{Table: "pulls", Column: "data", Key: []string{"pool_id"}},
	{Table: "devices", Column: "verifier", Key: []string{"pool_id", "sub", "device_key"}},
	{Table: "entities", Column: "content", Key: []string{"arn"}, Text: true},
	{Table: "identity_pools", Column: "settings", Key: []string{"id"}, Text: true},
	{Table: "messages", Column: "sealed", Key: []string{"id"}},
	{Table: "challenges", Column: "sealed", Key: []string{"id"}},
	{Table: "edge_sessions", Column: "sealed", Key: []string{"id"}},
	{Table: "provider_requests", Column: "sealed", Key: []string{"id"}},
	{Table: "import_parts", Column: "sealed", Key: []string{"pool_id", "job_id", "upload", "part"}, Number: true},
}

// SealedRows reads and replaces sealed values, whatever they are, so that they can be sealed with another master key.
type SealedRows interface {
	// Page returns at most limit rows whose keys come after the key after, in the order of the key. nil starts at the first row. Rows
	// without a value are among them.
	Page(c SealedColumn, after []any, limit int) ([]SealedRow, error)
	// Replace writes the value of a row, if it still has the value that the row was read with; else it returns ErrNotFound.
	Replace(c SealedColumn, row SealedRow, value []byte) error
	// LastEnd returns when the last of the tokens ends that were made until a time, that live now and that the store remembers, and how many
	// those are: refresh tokens, and sessions at the edge. They are sealed with the master key of their time, and only their holders have
	// them.
	LastEnd(made, now time.Time) (end time.Time, n int, err error)
}
