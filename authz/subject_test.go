package authz

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

func TestSubjectsWithTheSameGroupsShareTheirPermissions(t *testing.T) {
	roles := newTestRoles()
	e := tokenGate(t, newClock(), func(o *Options) { o.Roles, o.TokenRoles = roles, true }, "allow any * /*")
	user := func(groups, roles []string) *Subject {
		return &Subject{Principal: &principal.Principal{Kind: principal.User, Groups: groups, Roles: roles}}
	}
	same := func(a, b *Subject) bool { return e.permissionsFor(a) == e.permissionsFor(b) }
	ab := user([]string{"a", "b"}, nil)
	if !same(ab, user([]string{"a", "b"}, nil)) {
		t.Error("two users with the same groups do not share permissions")
	}
	for name, other := range map[string]*Subject{
		"the groups run together":    user([]string{"ab"}, nil),
		"the groups are roles":       user(nil, []string{"a", "b"}),
		"one is a role":              user([]string{"a"}, []string{"b"}),
		"nobody":                     e.anonymous,
		"a machine":                  {Principal: &principal.Principal{Kind: principal.Machine, Groups: []string{"a", "b"}}},
		"a preferred role":           {Principal: &principal.Principal{Kind: principal.User, Groups: []string{"a", "b"}, PreferredRole: "r"}},
		"a session with a policy":    {Principal: &principal.Principal{Kind: principal.RoleSession}, keys: &accessKey{policies: []string{"{}"}}},
		"a session with another":     {Principal: &principal.Principal{Kind: principal.RoleSession}, keys: &accessKey{arns: []string{"x"}}},
		"a session without policies": {Principal: &principal.Principal{Kind: principal.RoleSession, RoleARN: "a"}},
	} {
		if same(ab, other) {
			t.Errorf("%s: the permissions are shared", name)
		}
	}
	before := e.permissionsFor(ab)
	roles.version.Add(1)
	if e.permissionsFor(ab) == before {
		t.Error("permissions of an old version were used")
	}
	for i := range maxShared + 10 {
		e.permissionsFor(user([]string{"g", string(rune(i))}, nil))
	}
	if n := len(e.shared.recent) + len(e.shared.older); n > maxShared || n < maxShared/2 {
		t.Errorf("%d permissions are stored", n)
	}
	if !same(user([]string{"late"}, nil), user([]string{"late"}, nil)) {
		t.Error("a full table does not share new permissions")
	}
	if long := []string{strings.Repeat("g", maxSharedKey)}; same(user(long, nil), user(long, nil)) {
		t.Error("a key that is too long was stored")
	}
}

// slowRoles delays returning the policies of one role.
type slowRoles struct {
	*testRoles
	asked, answer chan struct{}
}

func (r *slowRoles) PolicySets(arn string) ([]*policy.Set, *policy.Set, bool) {
	if arn == "slow" {
		r.asked <- struct{}{}
		<-r.answer
	}
	return r.testRoles.PolicySets(arn)
}

func TestSlowPermissionsDoNotDelayOtherSubjects(t *testing.T) {
	roles := &slowRoles{newTestRoles(), make(chan struct{}), make(chan struct{})}
	e := tokenGate(t, newClock(), func(o *Options) { o.Roles, o.TokenRoles = roles, true })
	of := func(role string) *permissions {
		return e.permissionsFor(&Subject{Principal: &principal.Principal{Kind: principal.User, Roles: []string{role}}})
	}
	slow := make(chan *permissions, 2)
	go func() { slow <- of("slow") }()
	<-roles.asked
	go func() { slow <- of("slow") }() // waits for the first call and must not compute again, which would block
	of("fast")
	close(roles.answer)
	if first, second := <-slow, <-slow; first != second {
		t.Error("two subjects of one role have permissions of their own")
	}
}
