package sql

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/store"
)

// searchable are the attributes that List can filter by. The other filters are fields of the record.
var searchable = []string{"email", "phone_number", "name", "given_name", "family_name", "preferred_username"}

// foldable are the attributes that List can also compare without regard to case.
var foldable = []string{"username", "email", "preferred_username"}

// folded returns the name under which an attribute is kept in lower case.
func folded(name string) string { return "folded " + name }

// maxKey is how many characters of a text from outside a key keeps as they are. PostgreSQL has keys of up to 2,704 bytes.
const maxKey = 256

// Key returns the form in which an alias, or a value that List filters by, is kept in a key: the text itself if it has at most 256 characters.
// Of a longer one it returns these 256 and the SHA-256 of all of it, which no shorter text equals.
func Key(text string) string {
	head := first(text)
	if head == text {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return head + hex.EncodeToString(sum[:])
}

// first returns the first maxKey characters of a text.
func first(text string) string {
	n := 0
	for i := range text {
		if n++; n > maxKey {
			return text[:i]
		}
	}
	return text
}

// insertSearch writes the rows that List filters by.
func (s users) insertSearch(u store.User) error {
	insert := func(name, value string) error {
		return s.insert(`insert into user_search (pool_id, name, value, sub) values ($1, $2, $3, $4)`,
			u.PoolID, name, Key(value), u.Sub)
	}
	add := func(name, value string) error {
		if err := insert(name, value); err != nil || !slices.Contains(foldable, name) {
			return err
		}
		return insert(folded(name), strings.ToLower(value))
	}
	status := "Disabled"
	if u.Enabled {
		status = "Enabled"
	}
	for _, e := range [][2]string{{"username", u.Username}, {"cognito:user_status", u.Status}, {"status", status}} {
		if err := add(e[0], e[1]); err != nil {
			return err
		}
	}
	for _, name := range searchable {
		if value, ok := u.Attributes[name]; ok {
			if err := add(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s users) List(poolID string, f *store.Filter, p store.Page) ([]store.User, error) {
	if f == nil {
		return all(s.Transaction, scanUser, selectUser+`where u.pool_id = $1 and u.sub > $2 order by u.sub limit $3`,
			poolID, p.After, limit(p))
	}
	if !filters(f.Name) || f.Folded && !slices.Contains(foldable, f.Name) {
		return nil, fmt.Errorf("store: users cannot be filtered by %q (folded: %t)", f.Name, f.Folded)
	}
	// Stored text is UTF-8, so a value that is not matches nothing.
	if !utf8.ValidString(f.Value) {
		return nil, nil
	}
	if f.Name == "sub" {
		return s.listBySub(poolID, f, p)
	}
	name := f.Name
	if f.Folded {
		name = folded(name)
	}
	if !f.Prefix {
		return all(s.Transaction, scanUser, selectUser+`join user_search x on x.pool_id = u.pool_id and x.sub = u.sub
			where x.pool_id = $1 and x.name = $2 and x.value = $3 and x.sub > $4 order by x.sub limit $5`,
			poolID, name, Key(f.Value), p.After, limit(p))
	}
	prefix := first(f.Value)
	if end := prefixEnd(prefix); end != "" {
		return all(s.Transaction, scanUser, selectUser+`join user_search x on x.pool_id = u.pool_id and x.sub = u.sub
			where x.pool_id = $1 and x.name = $2 and x.value >= $3 and x.value < $4 and x.sub > $5
			order by x.sub limit $6`, poolID, name, prefix, end, p.After, limit(p))
	}
	return all(s.Transaction, scanUser, selectUser+`join user_search x on x.pool_id = u.pool_id and x.sub = u.sub
		where x.pool_id = $1 and x.name = $2 and x.value >= $3 and x.sub > $4 order by x.sub limit $5`,
		poolID, name, prefix, p.After, limit(p))
}

func (s users) listBySub(poolID string, f *store.Filter, p store.Page) ([]store.User, error) {
	end := prefixEnd(f.Value)
	if !f.Prefix || end == "" {
		// Equal, or every sub from the value on: a prefix without an end is empty or consists of U+10FFFF only.
		return all(s.Transaction, scanUser, selectUser+`where u.pool_id = $1 and u.sub >= $2 and u.sub > $3
			and (u.sub = $2 or $4) order by u.sub limit $5`, poolID, f.Value, p.After, f.Prefix, limit(p))
	}
	return all(s.Transaction, scanUser, selectUser+`where u.pool_id = $1 and u.sub >= $2 and u.sub < $3 and u.sub > $4
		order by u.sub limit $5`, poolID, f.Value, end, p.After, limit(p))
}

func filters(name string) bool {
	switch name {
	case "username", "sub", "cognito:user_status", "status":
		return true
	}
	for _, s := range searchable {
		if s == name {
			return true
		}
	}
	return false
}

// prefixEnd returns the smallest text that sorts after every text that starts with prefix, or "" if there is none.
// UTF-8 text sorts by bytes as it sorts by code points, so the last character is incremented.
func prefixEnd(prefix string) string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if last == utf8.MaxRune {
			continue
		}
		last++
		if last == 0xD800 { // surrogates are not valid in UTF-8
			last = 0xE000
		}
		return prefix + string(last)
	}
	return ""
}

func (s users) CountElsewhere(poolID string) (int, error) {
	return s.counted(`users where pool_id = $1 and password_hash = '$elsewhere$'`, `true`, poolID)
}

func (s users) ListElsewhere(poolID string, p store.Page) ([]store.User, error) {
	return all(s.Transaction, scanUser, selectUser+`where u.pool_id = $1 and u.password_hash = '$elsewhere$' and u.sub > $2
		order by u.sub limit $3`, poolID, p.After, limit(p))
}
