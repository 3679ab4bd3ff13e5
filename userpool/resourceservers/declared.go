package resourceservers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Declared is a resource server of a declared user pool.
type Declared struct {
	ID     string        // the identifier, such as https://notes.example.com; prefix of the scopes in tokens
	Name   string        // "" is the identifier
	Scopes []store.Scope // the names without the prefix; each needs a description
}

// The patterns of the API's model.
var (
	idForm    = regexp.MustCompile(`\A[\x21\x23-\x5B\x5D-\x7E]{1,256}\z`)
	nameForm  = regexp.MustCompile(`\A[\w\s+=,.@-]{1,256}\z`)
	scopeForm = regexp.MustCompile(`\A[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}\z`)
)

func (d Declared) record(poolID string) store.ResourceServer {
	r := store.ResourceServer{PoolID: poolID, ID: d.ID, Name: d.Name, Scopes: d.Scopes, Declared: true}
	if r.Name == "" {
		r.Name = nameForm.FindString(d.ID)
	}
	if r.Name == "" {
		r.Name = "declared"
	}
	return r
}

// CheckDeclared returns why no pool can have the declared resource servers, or nil. It does not access the store.
func CheckDeclared(list []Declared) error {
	var problems []error
	for _, d := range list {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("resource_server "+d.ID+": "+format, args...))
		}
		if !idForm.MatchString(d.ID) {
			problem("an identifier has 1 to 256 printable characters of ASCII, without blank, double quote and backslash")
		}
		if d.Name != "" && !nameForm.MatchString(d.Name) {
			problem("a name has 1 to 256 letters, digits, blanks and +=,.@-")
		}
		for _, scope := range d.Scopes {
			if !scopeForm.MatchString(scope.Name) {
				problem("scope %q: a name has 1 to 256 printable characters of ASCII, without blank, double quote, slash and backslash", scope.Name)
			}
			if n := len(scope.Description); n == 0 || n > 256 {
				problem("scope %s: write a description of 1 to 256 characters", scope.Name)
			}
		}
		if text, ok := fault.Message(check(d.record(""))); ok {
			problem("%s", text)
		}
	}
	return errors.Join(problems...)
}

// Ensure gives an existing pool the declared resource servers, with exactly the declared scopes. It can be called at every reload.
func (s *Service) Ensure(ctx context.Context, poolID string, list []Declared) error {
	for _, d := range list {
		want := d.record(poolID)
		err := s.update(ctx, poolID, func(tx store.Tx) error {
			have, err := tx.ResourceServers.Get(poolID, d.ID)
			now := s.base.Now()
			want.CreatedAt, want.ModifiedAt = now, now
			if errors.Is(err, store.ErrNotFound) {
				return tx.ResourceServers.Insert(want)
			}
			if err != nil {
				return err
			}
			want.CreatedAt, have.ModifiedAt = have.CreatedAt, now
			if reflect.DeepEqual(have, want) {
				return nil
			}
			return tx.ResourceServers.Update(want)
		})
		if err != nil {
			return fmt.Errorf("user pool %s: resource_server %s: %w", poolID, d.ID, err)
		}
	}
	return nil
}
