package iam_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/store"
)

const (
	rolePrefix    = "arn:aws:iam::" + account + ":role"
	sessionPrefix = "arn:aws:sts::" + account + ":assumed-role/"
)

// trusting returns a trust policy that names AWS principals.
func trusting(principals ...string) json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[` + trustStatement("sts:AssumeRole", principals...) + `]}`)
}

func trustStatement(action string, principals ...string) string {
	return `{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(principals, `","`) + `"]},"Action":"` + action + `"}`
}

// created creates a role through the API, which anyone of the account may assume who may call sts:*.
func (w *world) created(path, name string, trust json.RawMessage) string {
	w.t.Helper()
	r, err := w.CreateRole(w.t.Context(), store.Role{Name: name, Path: path, Trust: trust})
	must(w.t, err)
	must(w.t, w.PutRolePolicy(w.t.Context(), name, "may", json.RawMessage(mayAssume)))
	return w.RoleARNOf(r)
}

// deleted deletes a role of created.
func (w *world) deleted(name string) {
	w.t.Helper()
	must(w.t, w.DeleteRolePolicy(w.t.Context(), name, "may"))
	must(w.t, w.DeleteRole(w.t.Context(), name))
}

// reaches reports whether a new session of a role may assume another role.
func (w *world) reaches(from, to string) bool {
	w.t.Helper()
	caller := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: from}).Credentials)
	_, err := w.AssumeRole(w.t.Context(), caller, iam.AssumeRoleInput{RoleARN: to, SessionName: "test"})
	if err != nil && !fault.Is(err, fault.AccessDenied) {
		w.t.Error(err)
	}
	return err == nil
}

// shown returns the principals of a role's trust policy as GetRole shows it.
func (w *world) shown(name string) string {
	w.t.Helper()
	r, err := w.GetRole(name)
	must(w.t, err)
	var document struct {
		Statement []struct{ Principal struct{ AWS any } }
	}
	must(w.t, json.Unmarshal(w.TrustOf(r), &document))
	return fmt.Sprint(document.Statement[0].Principal.AWS)
}

func TestATrustPolicyNamesTheRoleOfItsPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everyone := json.RawMessage(accountTrust(""))
	prod := w.created("/prod/", "deployer", everyone)
	target := w.created("/", "target", trusting(prod))
	if !w.reaches(prod, target) {
		t.Fatal("the role that is named is not trusted")
	}
	w.deleted("deployer")
	if dev := w.created("/dev/", "deployer", everyone); w.reaches(dev, target) {
		t.Error("a role of the same name on another path is trusted")
	}
}

func TestARoleThatIsCreatedAgainIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everyone := json.RawMessage(accountTrust(""))
	caller := w.created("/", "caller", everyone)
	byRole, bySession := w.created("/", "by-role", trusting(caller)), w.created("/", "by-session", trusting(sessionPrefix+"caller/test"))
	if !w.reaches(caller, byRole) || !w.reaches(caller, bySession) || w.shown("by-role") != "["+caller+"]" {
		t.Fatal("the caller is not trusted, or not shown: ", w.shown("by-role"))
	}
	record, err := w.GetRole("caller")
	must(t, err)
	w.deleted("caller")
	for range 2 {
		if got := w.shown("by-role") + w.shown("by-session"); got != record.ID+record.ID+":test" {
			t.Errorf("the deleted role is shown as %s", got)
		}
		w.open()
	}
	w.created("/", "caller", everyone)
	if w.reaches(caller, byRole) || w.reaches(caller, bySession) {
		t.Error("the role that was created again is trusted")
	}
	if got := w.shown("by-role"); got != record.ID {
		t.Errorf("the deleted role is shown as %s", got)
	}
	must(t, w.UpdateTrust(t.Context(), "by-role", trusting(caller)))
	if !w.reaches(caller, byRole) || w.shown("by-role") != "["+caller+"]" {
		t.Error("the policy was written again and does not trust the new role")
	}
}

// IAM user guide, "AWS JSON policy elements: Principal": a principal must exist.
func TestATrustPolicyThatNamesNoRoleIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.created("/a/", "exists", json.RawMessage(accountTrust("")))
	want := func(arn string, err error) {
		t.Helper()
		wantFault(t, err, fault.MalformedPolicy)
		if message, _ := fault.Message(err); message != `Invalid principal in policy: "AWS":"`+arn+`"` {
			t.Errorf("the error is %q", message)
		}
	}
	for _, arn := range []string{rolePrefix + "/missing", rolePrefix + "/exists", rolePrefix + "/a/Exists", rolePrefix + "/self", sessionPrefix + "missing/test"} {
		_, err := w.CreateRole(t.Context(), store.Role{Name: "self", Trust: trusting(arn)})
		want(arn, err)
	}
	w.created("/", "self", trusting(rolePrefix+"/a/exists", sessionPrefix+"exists/test", account, "arn:aws:iam::210987654321:role/other"))
	must(t, w.UpdateTrust(t.Context(), "self", trusting(rolePrefix+"/self")))
	want(rolePrefix+"/missing", w.UpdateTrust(t.Context(), "self", trusting(rolePrefix+"/missing")))
	if got := w.shown("self"); got != "["+rolePrefix+"/self]" {
		t.Errorf("the refused policy was stored: %s", got)
	}
}

func TestDeclaredRolesNameEachOtherInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	declare := func() (first, second string) {
		return w.role("first", string(trusting(rolePrefix+"/second", account)), mayAssume), w.role("second", string(trusting(rolePrefix+"/first", account)), mayAssume)
	}
	plain := string(trusting(rolePrefix + "/second"))
	only := w.role("only", plain, mayAssume)
	first, second := declare()
	if !w.reaches(second, first) || !w.reaches(second, only) {
		t.Error("a role that is declared later is not trusted")
	}
	version := w.Version()
	declare()
	w.role("only", plain, mayAssume)
	if w.Version() != version {
		t.Error("declaring the same again changes something")
	}

	must(t, w.DeleteRolePolicy(t.Context(), "second", "a"))
	must(t, w.DeleteRole(t.Context(), "second"))
	w.created("/", "second", json.RawMessage(accountTrust("")))
	w.role("only", plain, mayAssume)
	if w.reaches(second, only) {
		t.Error("a role that was created through the API in place of the declared one is trusted")
	}
	declare()
	if !w.reaches(second, only) || !w.reaches(first, second) {
		t.Error("the role that is declared again is not trusted")
	}
}

// The release before wrote no ids. Those of the roles that exist are looked for once, at the first load.
func TestTrustPoliciesOfEarlierReleasesGetTheirIDsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everyone := json.RawMessage(accountTrust(""))
	caller := w.created("/", "caller", everyone)
	must(t, w.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.Roles.Insert(store.Role{Name: "old", Path: "/", ID: "AROAOLD", MaxSession: 3600, Trust: trusting(caller, rolePrefix+"/later")})
	}))
	old := rolePrefix + "/old"
	must(t, w.Reload(t.Context()))
	if !w.reaches(caller, old) {
		t.Error("the role that existed is not trusted")
	}
	if later := w.created("/", "later", everyone); w.reaches(later, old) {
		t.Error("a role that was created after the load is trusted")
	}
	w.deleted("caller")
	w.created("/", "caller", everyone)
	w.open()
	if w.reaches(caller, old) {
		t.Error("the role that was created again is trusted")
	}
}

// A Deny of a trust policy covers more rather than less: every role of the name.
func TestADenyOfATrustPolicyCoversTheRoleThatIsCreatedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everyone := json.RawMessage(accountTrust(""))
	caller := w.created("/", "caller", everyone)
	deny := strings.Replace(trustStatement("sts:AssumeRole", caller), "Allow", "Deny", 1)
	target := w.created("/", "target", json.RawMessage(strings.TrimSuffix(accountTrust(""), "]}")+","+deny+"]}"))
	if w.reaches(caller, target) {
		t.Error("the role is not denied")
	}
	w.deleted("caller")
	if caller = w.created("/a/", "caller", everyone); w.reaches(caller, target) {
		t.Error("the role that was created again is not denied")
	}
}

// Each action needs its own grant: one that names the role for sts:AssumeRole is none for tags or a source identity.
func TestEachActionOfAssumeRoleIsGrantedByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const nothing = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	const assumeOnly = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`
	const more = `sts:TagSession","sts:SetSourceIdentity`
	caller, session := rolePrefix+"/caller", sessionPrefix+"caller/test"
	delegated := `{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":["` + more + `"]}`
	granted := `{"Effect":"Allow","Principal":{"AWS":"` + caller + `"},"Action":["` + more + `"]}`
	for name, tc := range map[string]struct {
		statements     []string
		callers, limit string // policies
		refused        string // the action
	}{
		"the role may assume, the account is left to the policies":  {[]string{trustStatement("sts:AssumeRole", caller), delegated}, nothing, "", "sts:TagSession"},
		"the role may do everything":                                {[]string{trustStatement("sts:AssumeRole", caller), granted}, nothing, "", ""},
		"the session may assume, the account is left":               {[]string{trustStatement("sts:AssumeRole", session), delegated}, nothing, "", "sts:TagSession"},
		"the account, for which the caller may do everything":       {[]string{trustStatement("sts:AssumeRole", account), delegated}, mayAssume, "", ""},
		"the account, for which the caller may only assume":         {[]string{trustStatement("sts:AssumeRole", account), delegated}, assumeOnly, "", "sts:TagSession"},
		"the account for one action, the role for the others":       {[]string{trustStatement("sts:AssumeRole", account), granted}, assumeOnly, "", ""},
		"the account and the role":                                  {[]string{trustStatement("sts:*", account), trustStatement("sts:*", caller)}, nothing, "", ""},
		"everyone and the role":                                     {[]string{trustStatement("sts:*", "*"), trustStatement("sts:*", caller)}, nothing, "", ""},
		"the role, with a session policy that is silent":            {[]string{trustStatement("sts:*", caller)}, nothing, nothing, "sts:AssumeRole"},
		"the session, which a silent session policy does not limit": {[]string{trustStatement("sts:*", session)}, nothing, nothing, ""},
		"the session, with a policy that denies tags": {[]string{trustStatement("sts:*", session)}, nothing,
			`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:TagSession","Resource":"*"}}`, "sts:TagSession"},
	} {
		w.role("caller", accountTrust(""), tc.callers)
		for range 2 {
			trust := `{"Version":"2012-10-17","Statement":[` + strings.Join(tc.statements, ",") + `]}`
			target := w.role("target", trust, allowAll)
			from := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: caller, Limits: iam.SessionLimits{Policy: tc.limit}}).Credentials)
			_, err := w.AssumeRole(t.Context(), from, iam.AssumeRoleInput{RoleARN: target, SessionName: "test", SourceIdentity: "ceo", Tags: []iam.Tag{{Key: "team", Value: "admin"}}})
			want := ""
			if tc.refused != "" {
				want = "User: " + session + " is not authorized to perform: " + tc.refused + " on resource: " + target
			}
			if message, _ := fault.Message(err); (err == nil) != (want == "") || message != want {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			tc.statements[0], tc.statements[len(tc.statements)-1] = tc.statements[len(tc.statements)-1], tc.statements[0]
		}
	}
}

func TestARolesOwnTagsAreNotPacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role, tags := w.role("tagged", accountTrust(""), allowAll), map[string]string{}
	for i := range 15 {
		tags[fmt.Sprint("key", i, strings.Repeat("k", 40))] = strings.Repeat("v", 256)
	}
	must(t, w.TagRole(t.Context(), "tagged", tags))
	out := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role})
	if got := w.caller(out.Credentials).Session.PrincipalTags; out.PackedPolicySize != 0 || len(got) != 15 {
		t.Errorf("PackedPolicySize %d, %d tags", out.PackedPolicySize, len(got))
	}
	if out := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role, Tags: []iam.Tag{{Key: "a", Value: "b"}}}); out.PackedPolicySize != 1 {
		t.Errorf("PackedPolicySize of one tag is %d", out.PackedPolicySize)
	}
}

func TestASessionHasFiftyTagsWithThoseOfTheChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("r", accountTrust(""), allowAll)
	list := func(prefix string, n int) (tags []iam.Tag, keys []string) {
		for i := range n {
			tags, keys = append(tags, iam.Tag{Key: fmt.Sprint(prefix, i), Value: "v"}), append(keys, fmt.Sprint(prefix, i))
		}
		return tags, keys
	}
	tags, keys := list("a", 30)
	caller := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role, Tags: tags, TransitiveKeys: keys}).Credentials)
	tags, _ = list("b", 20)
	w.assume(caller, iam.AssumeRoleInput{RoleARN: role, Tags: tags})
	tags, _ = list("b", 21)
	_, err := w.AssumeRole(t.Context(), caller, iam.AssumeRoleInput{RoleARN: role, SessionName: "test", Tags: tags})
	wantFault(t, err, fault.Validation)
}

// IAM API reference, CreatePolicy: "The name of the policy must be unique within the account", without regard to case.
func TestManagedPoliciesHaveUniqueNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	document := json.RawMessage(allowAll)
	_, err := w.CreatePolicy(t.Context(), store.Policy{Name: "Foo", Document: document})
	must(t, err)
	for _, p := range []store.Policy{{Name: "Foo"}, {Name: "foo"}, {Name: "Foo", Path: "/x/"}} {
		p.Document = document
		_, err := w.CreatePolicy(t.Context(), p)
		wantFault(t, err, fault.EntityExists)
		if message, _ := fault.Message(err); message != "A policy called "+p.Name+" already exists. Duplicate names are not allowed." {
			t.Errorf("the error is %q", message)
		}
	}
	_, err = w.CreatePolicy(t.Context(), store.Policy{Name: "Foo2", Document: document})
	must(t, err)
}

func TestAttachedPoliciesAreListedByPathAndAreTenAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.role("r", accountTrust(""))
	paths := []string{"/", "/service-role/", "/service-role/a/"}
	for i := range 11 {
		p, err := w.CreatePolicy(t.Context(), store.Policy{Name: fmt.Sprint("p", i), Path: paths[i%3], Document: json.RawMessage(allowAll)})
		must(t, err)
		err = w.AttachRolePolicy(t.Context(), "r", p.ARN)
		if i < 10 {
			must(t, err)
			continue
		}
		wantFault(t, err, fault.LimitExceeded)
		if message, _ := fault.Message(err); message != "Cannot exceed quota for PoliciesPerRole: 10" {
			t.Errorf("the error is %q", message)
		}
	}
	for prefix, want := range map[string]int{"": 10, "/": 10, "/service-role/": 6, "/service-role/a/": 3, "/service": 6, "/none/": 0} {
		if list, err := w.ListAttachedRolePolicies("r", prefix); err != nil || len(list) != want {
			t.Errorf("prefix %q: %v, %v", prefix, list, err)
		}
	}
}
