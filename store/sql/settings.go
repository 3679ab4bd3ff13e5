package sql

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
)

type settings struct{ *Transaction }

func (s settings) Get(name string) ([]byte, error) {
	return one(s.Transaction, (*row).bytes, `select value from settings where name = $1`, name)
}

func (s settings) Put(name string, value []byte) error {
	return s.insert(`insert into settings (name, value) values ($1, $2)
		on conflict (name) do update set value = excluded.value`, name, value)
}

func (s settings) Delete(name string) error {
	return s.insert(`delete from settings where name = $1`, name)
}

// Beat writes the time to a separate row. A backend's Ping uses it to find out whether the database takes writes.
func (t *Transaction) Beat(at time.Time) error {
	return t.insert(`insert into heartbeat (id, at) values (1, $1) on conflict (id) do update set at = excluded.at`, at)
}

type sealedRows struct{ *Transaction }

// Page implements store.SealedRows. The names in the statement are those of store.SealedColumns, never a caller's.
func (s sealedRows) Page(c store.SealedColumn, after []any, limit int) ([]store.SealedRow, error) {
	if after == nil {
		for range c.Key {
			after = append(after, "")
		}
		if c.Number {
			after[len(after)-1] = -1
		}
	}
	marks := make([]string, len(c.Key))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	key, columns := strings.Join(c.Key, ", "), append(append([]string{}, c.Key...), c.More...)
	text := fmt.Sprintf("select %s, %s from %s where (%s) > (%s) order by %s limit $%d", strings.Join(columns, ", "), c.Column, c.Table, key,
		strings.Join(marks, ", "), key, len(marks)+1)
	return all(s.Transaction, func(r *row) store.SealedRow { return scanSealed(r, c) }, text, append(after[:len(after):len(after)], limit)...)
}

func scanSealed(r *row, c store.SealedColumn) (found store.SealedRow) {
	for i := range c.Key {
		if c.Number && i == len(c.Key)-1 {
			found.Key = append(found.Key, r.number())
		} else {
			found.Key = append(found.Key, r.text())
		}
	}
	for range c.More {
		found.More = append(found.More, r.text())
	}
	if c.Text {
		found.Value = []byte(r.text())
	} else {
		found.Value = r.bytes()
	}
	return found
}

// Replace implements store.SealedRows.
func (s sealedRows) Replace(c store.SealedColumn, row store.SealedRow, value []byte) error {
	where := make([]string, len(c.Key))
	for i, name := range c.Key {
		where[i] = fmt.Sprintf("%s = $%d", name, i+3)
	}
	text := fmt.Sprintf("update %s set %s = $1 where %s = $2 and %s", c.Table, c.Column, c.Column, strings.Join(where, " and "))
	var next, old any = value, row.Value
	if c.Text {
		next, old = string(value), string(row.Value)
	}
	err := s.change(text, append([]any{next, old}, row.Key...)...)
	if pool, ok := row.Key[0].(string); ok && (c.Table == "pools" || c.Table == "identity_providers") { // which processes keep, sealed
		return s.logged(store.ChangedPool, pool, "", err)
	}
	return err
}

// LastEnd implements store.SealedRows.
func (s sealedRows) LastEnd(made, now time.Time) (end time.Time, n int, err error) {
	for _, text := range []string{
		`select count(*), max(expires_at) from refresh_tokens where created_at <= $1 and revoked_at is null and expires_at > $2`,
		`select count(*), max(expires_at) from edge_sessions where created_at <= $1 and expires_at > $2`,
	} {
		err := s.query(text, func(r *row) error {
			n += r.number()
			if at := r.time(); at.After(end) {
				end = at
			}
			return r.err
		}, made, now)
		if err != nil {
			return end, n, err
		}
	}
	return end, n, nil
}
