package sql

import (
	"encoding/json"
	"strings"

	"github.com/sluicegate/sluice/store"
)

const roleColumns = `name_key, name, path, id, description, trust, inline, attached, boundary, max_session, tags,
	declared, created_at, modified_at, trusted`

type roles struct{ *Transaction }

// roleKey returns what a role is found by. Role names are ASCII and compare without regard to case.
func roleKey(name string) string { return strings.ToLower(name) }

func scanRole(r *row) store.Role {
	r.next() // name_key
	role := store.Role{Name: r.text(), Path: r.text(), ID: r.text(), Description: r.text(), Trust: r.raw()}
	inline := r.textMap()
	role.Inline = make(map[string]json.RawMessage, len(inline))
	for name, document := range inline {
		role.Inline[name] = json.RawMessage(document)
	}
	r.into(&role.Attached)
	role.Boundary, role.MaxSession, role.Tags = r.text(), r.number(), r.textMap()
	role.Declared, role.CreatedAt, role.ModifiedAt = r.flag(), r.time(), r.time()
	role.Trusted = r.textMap()
	return role
}

func (s roles) Get(name string) (store.Role, error) {
	return one(s.Transaction, scanRole, `select `+roleColumns+` from roles where name_key = $1`, roleKey(name))
}

func (s roles) Insert(r store.Role) error {
	args, err := roleArgs(r)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedRole, "", r.Name, s.insert(`insert into roles (`+roleColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, args...))
}

func (s roles) Update(r store.Role) error {
	args, err := roleArgs(r)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedRole, "", r.Name, s.change(`update roles set name = $2, path = $3, id = $4, description = $5, trust = $6, inline = $7,
		attached = $8, boundary = $9, max_session = $10, tags = $11, declared = $12, created_at = $13,
		modified_at = $14, trusted = $15 where name_key = $1`, args...))
}

func (s roles) Delete(name string) error {
	return s.logged(store.ChangedRole, "", name, s.change(`delete from roles where name_key = $1`, roleKey(name)))
}

func (s roles) List(p store.Page) ([]store.Role, error) {
	return all(s.Transaction, scanRole, `select `+roleColumns+` from roles where name > $1 order by name limit $2`,
		p.After, limit(p))
}

// roleArgs returns the values of roleColumns, in order. Policy documents are JSON strings inside a JSON object, so that
// they are read back byte for byte.
func roleArgs(r store.Role) ([]any, error) {
	documents := make(map[string]string, len(r.Inline))
	for name, document := range r.Inline {
		documents[name] = string(document)
	}
	inline, err := encodedMap(documents)
	if err != nil {
		return nil, err
	}
	tags, err := encodedMap(r.Tags)
	if err != nil {
		return nil, err
	}
	trusted, err := encodedMap(r.Trusted)
	if err != nil {
		return nil, err
	}
	var attached any
	if len(r.Attached) > 0 {
		if attached, err = encoded(r.Attached); err != nil {
			return nil, err
		}
	}
	return []any{
		roleKey(r.Name), r.Name, r.Path, r.ID, r.Description, r.Trust, inline, attached, r.Boundary, r.MaxSession,
		tags, r.Declared, r.CreatedAt, r.ModifiedAt, trusted,
	}, nil
}
