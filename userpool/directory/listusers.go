package directory

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// searchable are the attributes that ListUsers can filter by.
var searchable = []string{"username", "sub", "email", "phone_number", "name", "given_name", "family_name",
	"preferred_username", "cognito:user_status", "status"}

// foldable are the attributes that compare without regard to case in a pool whose names do.
var foldable = []string{"username", "email", "preferred_username"}

// AWS: AttributeName, = or ^=, and a quoted value; spaces around them are optional, as are quotes around the name. A backslash
// escapes a quote in the value.
var filterForm = regexp.MustCompile(`\A\s*(?:([A-Za-z_:0-9-]+)|"([A-Za-z_:0-9-]+)")\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*\z`)

var escaped = regexp.MustCompile(`\\(.)`)

// parseFilter parses a ListUsers filter. It returns nil for an empty one.
func parseFilter(text string) (*store.Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	m := filterForm.FindStringSubmatch(text)
	if m == nil {
		return nil, fault.New(fault.InvalidParameter, "Error while parsing filter")
	}
	name := m[1] + m[2] // one of them is empty
	if !slices.Contains(searchable, name) {
		return nil, fault.New(fault.InvalidParameter, "Invalid search attribute: %s", name)
	}
	return &store.Filter{Name: name, Value: escaped.ReplaceAllString(m[4], "$1"), Prefix: m[3] == "^="}, nil
}

// ListUsers returns at most limit users after the sub, and the sub to continue after. With attributes, users show only those;
// as in AWS, naming one that a listed user has no value for is an error.
func (s *Service) ListUsers(ctx context.Context, poolID, filter string, attributes []string, after string, limit int) ([]User, string, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, "", err
	}
	f, err := parseFilter(filter)
	if err != nil {
		return nil, "", err
	}
	switch {
	case f == nil:
	case p.FoldsCase && slices.Contains(foldable, f.Name):
		f.Value, f.Folded = strings.ToLower(f.Value), true
	case f.Name == "cognito:user_status": // AWS: without regard to case, in every pool
		f.Value = strings.ToUpper(f.Value)
	}
	for _, name := range attributes {
		if p.Schema[name] == nil && name != userpool.Identities {
			return nil, "", fault.New(fault.InvalidParameter, "One or more requested attributes do not exist.")
		}
	}
	var recs []store.User
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Users.List(poolID, f, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := userpool.CutPage(recs, limit, func(u store.User) string { return u.Sub })
	list, err := shownUsers(recs, attributes)
	return list, next, err
}

func shownUsers(recs []store.User, attributes []string) ([]User, error) {
	list := make([]User, 0, len(recs))
	for _, rec := range recs {
		u := shownUser(rec)
		if len(attributes) > 0 {
			u.Attributes = slices.DeleteFunc(u.Attributes, func(a userpool.Attribute) bool { return !slices.Contains(attributes, a.Name) })
			if len(u.Attributes) < len(attributes) {
				return nil, fault.New(fault.InvalidParameter, "One or more requested attributes do not exist.")
			}
		}
		list = append(list, *u)
	}
	return list, nil
}
