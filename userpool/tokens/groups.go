package tokens

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/store"
)

// groupsOf returns a user's groups in the order of tokens: by precedence, the lowest number first and groups without one
// last, then by name.
func groupsOf(tx store.Tx, u *store.User) ([]store.Group, error) {
	list, err := tx.Groups.Of(u.PoolID, u.Sub, store.Page{})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b store.Group) int {
		switch {
		case a.Precedence == nil && b.Precedence != nil:
			return 1
		case a.Precedence != nil && b.Precedence == nil:
			return -1
		case a.Precedence != nil && *a.Precedence != *b.Precedence:
			return *a.Precedence - *b.Precedence
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

// groupNames returns the names of ordered groups.
func groupNames(groups []store.Group) []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	return names
}

// groupRoles returns the roles of ordered groups, each once.
func groupRoles(groups []store.Group) []string {
	var roles []string
	for _, g := range groups {
		if g.RoleARN != "" && !slices.Contains(roles, g.RoleARN) {
			roles = append(roles, g.RoleARN)
		}
	}
	return roles
}

// preferredRole returns the role of the first group that has one. As in AWS, it returns "" if groups of the same precedence
// have different roles.
func preferredRole(groups []store.Group) string {
	var top *store.Group
	for i := range groups {
		g := &groups[i]
		switch {
		case g.RoleARN == "":
		case top == nil:
			top = g
		case sameRank(top.Precedence, g.Precedence) && g.RoleARN != top.RoleARN:
			return ""
		}
	}
	if top == nil {
		return ""
	}
	return top.RoleARN
}

func sameRank(a, b *int) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
