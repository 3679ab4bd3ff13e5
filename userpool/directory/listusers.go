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

// AWS: AttributeName, = or ^=, and a quoted value; spaces around them are optional. A backslash escapes a quote in the value.
var filterForm = regexp.MustCompile(`\A\s*([A-Za-z_:0-9-]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*\z`)

// parseFilter parses a ListUsers filter. It returns nil for an empty one.
func parseFilter(text string) (*store.Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	m := filterForm.FindStringSubmatch(text)
	if m == nil {
		return nil, fault.New(fault.InvalidParameter, "Error while parsing filter")
	}
	if !slices.Contains(searchable, m[1]) {
		return nil, fault.New(fault.InvalidParameter, "Invalid search attribute: %s", m[1])
	}
	value := regexp.MustCompile(`\\(.)`).ReplaceAllString(m[3], "$1")
	return &store.Filter{Name: m[1], Value: value, Prefix: m[2] == "^="}, nil
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
	if f != nil && p.FoldsCase && f.Name == "username" {
		f.Value = strings.ToLower(f.Value)
	}
	for _, name := range attributes {
		if p.Schema[name] == nil {
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
