package iam_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/store"
)

func TestChangesOfARoleApplyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	r, err := w.CreateRole(ctx, store.Role{Name: "Editor", Path: "/staff/", Trust: json.RawMessage(accountTrust(""))})
	must(t, err)
	arn := w.RoleARNOf(r)
	if arn != "arn:aws:iam::123456789012:role/staff/Editor" || !strings.HasPrefix(r.ID, "AROA") || len(r.ID) != 21 {
		t.Errorf("role %s %s", arn, r.ID)
	}
	caller := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: arn}).Credentials)
	version := w.Version()
	check := func(step string, want bool) {
		t.Helper()
		if w.may(caller, "s3:GetObject", "arn:aws:s3:::b/k") != want {
			t.Errorf("%s: s3:GetObject is not %v", step, want)
		}
		if w.Version() == version {
			t.Errorf("%s: the version did not change", step)
		}
		version = w.Version()
	}
	must(t, w.PutRolePolicy(ctx, "editor", "inline", json.RawMessage(allowAll)))
	check("an inline policy was put, the name in another case", true)
	must(t, w.DeleteRolePolicy(ctx, "Editor", "inline"))
	check("the inline policy was deleted", false)
	p, err := w.CreatePolicy(ctx, store.Policy{Name: "reads", Document: json.RawMessage(allowAll)})
	must(t, err)
	must(t, w.AttachRolePolicy(ctx, "Editor", p.ARN))
	check("a managed policy was attached", true)
	boundary, err := w.CreatePolicy(ctx, store.Policy{Name: "bound", Document: json.RawMessage(strings.Replace(allowAll, `"Action":"*"`, `"Action":"sqs:*"`, 1))})
	must(t, err)
	must(t, w.PutBoundary(ctx, "Editor", boundary.ARN))
	check("a boundary was set", false)
	must(t, w.PutBoundary(ctx, "Editor", ""))
	check("the boundary was removed", true)

	wantFault(t, w.DeletePolicy(ctx, p.ARN), fault.DeleteConflict)
	wantFault(t, w.DeleteRole(ctx, "Editor"), fault.DeleteConflict)
	must(t, w.DetachRolePolicy(ctx, "Editor", p.ARN))
	check("the managed policy was detached", false)
	must(t, w.DeletePolicy(ctx, p.ARN))
	must(t, w.DeleteRole(ctx, "Editor"))
	if _, _, ok := w.PolicySets(arn); ok {
		t.Error("a deleted role has policies")
	}
	wantFault(t, w.DeleteRole(ctx, "Editor"), fault.NoSuchEntity)
}

func TestInvalidInputIsRefusedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.role("r", accountTrust(""))
	trust := json.RawMessage(accountTrust(""))
	long := json.RawMessage(strings.Replace(allowAll, `"Effect"`, `"Sid":"`+strings.Repeat("x", 11000)+`","Effect"`, 1))
	for name, tc := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"a role of that name, in another case": {second(w.CreateRole(ctx, store.Role{Name: "R", Trust: trust})), fault.EntityExists},
		"a trust policy that is no JSON":       {second(w.CreateRole(ctx, store.Role{Name: "x", Trust: json.RawMessage("{")})), fault.MalformedPolicy},
		"a trust policy without a principal":   {second(w.CreateRole(ctx, store.Role{Name: "x", Trust: json.RawMessage(allowAll)})), fault.MalformedPolicy},
		"a boundary that is not there":         {second(w.CreateRole(ctx, store.Role{Name: "x", Trust: trust, Boundary: "arn:aws:iam::123456789012:policy/none"})), fault.NoSuchEntity},
		"a maximum session of 13 hours":        {second(w.CreateRole(ctx, store.Role{Name: "x", Trust: trust, MaxSession: 13 * 3600})), fault.Validation},
		"an unknown operator":                  {w.PutRolePolicy(ctx, "r", "p", json.RawMessage(strings.Replace(allowAll, `"Effect"`, `"Condition":{"Nonsense":{"a":"b"}},"Effect"`, 1))), fault.MalformedPolicy},
		"a key twice":                          {w.PutRolePolicy(ctx, "r", "p", json.RawMessage(strings.Replace(allowAll, `"Effect":"Allow"`, `"Effect":"Deny","Effect":"Allow"`, 1))), fault.MalformedPolicy},
		"inline policies that are too long":    {w.PutRolePolicy(ctx, "r", "p", long), fault.LimitExceeded},
		"a managed policy that is too long":    {second(w.CreatePolicy(ctx, store.Policy{Name: "p", Document: long})), fault.LimitExceeded},
		"a policy on a role that is not there": {w.PutRolePolicy(ctx, "none", "p", json.RawMessage(allowAll)), fault.NoSuchEntity},
		"an attachment that is not there":      {w.AttachRolePolicy(ctx, "r", "arn:aws:iam::123456789012:policy/none"), fault.NoSuchEntity},
		"detaching what is not attached":       {w.DetachRolePolicy(ctx, "r", "arn:aws:iam::aws:policy/AdministratorAccess"), fault.NoSuchEntity},
		"deleting a policy that is not there":  {w.DeletePolicy(ctx, "arn:aws:iam::123456789012:policy/none"), fault.NoSuchEntity},
	} {
		if !fault.Is(tc.err, tc.kind) {
			t.Errorf("%s: error %v, want %s", name, tc.err, tc.kind)
		}
	}
}

func TestEnsureCreatesAndUpdatesADeclaredRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	d := iam.DeclaredRole{Name: "user", Trust: iam.PoolTrust(poolID, true), Policies: map[string]json.RawMessage{"a.json": json.RawMessage(allowAll)}, Boundary: json.RawMessage(allowAll)}
	must(t, w.Ensure(ctx, d))
	before, err := w.GetRole("user")
	must(t, err)
	version := w.Version()
	must(t, w.Ensure(ctx, d))
	if w.Version() != version {
		t.Error("an unchanged declaration was written")
	}
	must(t, w.TagRole(ctx, "user", map[string]string{"kept": "yes"}))
	d.Boundary = json.RawMessage(strings.Replace(allowAll, `"Action":"*"`, `"Action":"s3:*"`, 1))
	must(t, w.Ensure(ctx, d))
	w.open()
	after, err := w.GetRole("user")
	must(t, err)
	if after.ID != before.ID || after.Tags["kept"] != "yes" || !after.Declared {
		t.Errorf("the role lost its id or its tags: %+v", after)
	}
	d.Trust = json.RawMessage(accountTrust(""))
	must(t, w.Ensure(ctx, d))
	c := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: w.RoleARN("user")}).Credentials)
	if w.may(c, "sqs:SendMessage", "*") || !w.may(c, "s3:GetObject", "arn:aws:s3:::b/k") {
		t.Error("a changed boundary does not apply to its role")
	}
	d.Policies["bad.json"] = json.RawMessage("{")
	if err := w.Ensure(ctx, d); err == nil || !strings.Contains(err.Error(), "role user: policy bad.json") {
		t.Errorf("a bad policy is named: %v", err)
	}
}

func TestARoleWithAnInvalidStoredPolicyIsDeniedEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.role("r", accountTrust(""), allowAll)
	must(t, w.store.Update(t.Context(), func(tx store.Tx) error {
		record, err := tx.Roles.Get("r")
		if err != nil {
			return err
		}
		record.Inline["broken"] = json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*","Unknown":1}}`)
		return tx.Roles.Update(record)
	}))
	must(t, w.Reload(t.Context()))
	if c := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: r}).Credentials); w.may(c, "sqs:SendMessage", "*") {
		t.Error("a policy that does not parse is ignored instead of denying")
	}
}

func TestPagesContainEveryEntryOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"b", "A", "c", "d"} {
		w.role(name, accountTrust(""))
	}
	var names []string
	after := ""
	for {
		page := w.ListRoles("", after, 2)
		for _, r := range page.Roles {
			names = append(names, r.Name)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if got := strings.Join(names, ""); got != "Abcd" {
		t.Errorf("the pages contain %s", got)
	}
	if page := w.ListRoles("/none/", "", 2); len(page.Roles) != 0 {
		t.Errorf("a path prefix without roles returns %d", len(page.Roles))
	}
}

func TestTrustPoliciesJoinOnlyWithinOneVersion(t *testing.T) {
	t.Parallel()
	joined, err := iam.JoinTrust(iam.PoolTrust(poolID, true), json.RawMessage(accountTrust("")))
	must(t, err)
	w := newWorld(t)
	role := w.role("joined", string(joined), allowAll)
	w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role})
	_, err = w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: role, SessionName: "test", Token: w.poolToken(poolID, "authenticated")})
	must(t, err)
	_, err = iam.JoinTrust(iam.PoolTrust(poolID, true), json.RawMessage(`{"Version":"2008-10-17","Statement":[]}`))
	wantFault(t, err, fault.MalformedPolicy)
}

func second[T any](_ T, err error) error { return err }

func TestADenialNamesTheLayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const bucket = "arn:aws:s3:::b/k"
	deny := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}}`
	other := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}`
	for name, tc := range map[string]struct{ policy, boundary, session, want string }{
		"no policy allows":            {other, "", "", "because no identity-based policy allows the s3:GetObject action"},
		"a policy denies":             {deny, "", "", "with an explicit deny in an identity-based policy"},
		"the boundary does not allow": {allowAll, other, "", "because no permissions boundary allows the s3:GetObject action"},
		"the boundary denies":         {allowAll, deny, "", "with an explicit deny in a permissions boundary"},
		"the session does not allow":  {allowAll, "", other, "because no session policy allows the s3:GetObject action"},
		"the session's policy denies": {allowAll, "", deny, "with an explicit deny in a session policy"},
	} {
		d := iam.DeclaredRole{Name: "r", Trust: json.RawMessage(accountTrust("")), Policies: map[string]json.RawMessage{"p": json.RawMessage(tc.policy)}}
		if tc.boundary != "" {
			d.Boundary = json.RawMessage(tc.boundary)
		}
		must(t, w.Ensure(t.Context(), d))
		c := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: w.RoleARN("r"), Limits: iam.SessionLimits{Policy: tc.session}}).Credentials)
		want := "User: arn:aws:sts::123456789012:assumed-role/r/test is not authorized to perform: s3:GetObject on resource: " + bucket + " " + tc.want
		if got := iam.Denied(c.Principal.ARN, "s3:GetObject", bucket, w.Decide(c, "s3:GetObject", bucket, nil)); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

func TestLookupsOfRolesAndPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, _, ok := w.RootKey(); ok {
		t.Error("RootKey returned a key before UseRoot")
	}
	_, err := w.UseRoot(t.Context(), "AKIAOPERATOROPERATOR", "a-secret-of-the-operator")
	must(t, err)
	if id, secret, ok := w.RootKey(); !ok || id != "AKIAOPERATOROPERATOR" || !secret.EqualString("a-secret-of-the-operator") {
		t.Errorf("root key %s %v", id, ok)
	}
	for arn, want := range map[string]bool{iam.GuestManagedPolicy: true, iam.GuestInlinePolicy: true, "arn:aws:iam::aws:policy/None": false} {
		if source, ok := w.ManagedPolicy(arn); ok != want || ok && source.Document == nil {
			t.Errorf("managed policy %s: %v", arn, ok)
		}
	}
	w.role("r", accountTrust(""))
	must(t, w.UpdateRole(t.Context(), "r", iam.RoleUpdate{MaxSession: new(7200), Description: new("d")}))
	if r, err := w.GetRole("R"); err != nil || r.MaxSession != 7200 || r.Description != "d" {
		t.Errorf("role %+v, %v", r, err)
	}
	wantFault(t, w.UpdateRole(t.Context(), "r", iam.RoleUpdate{MaxSession: new(1)}), fault.Validation)
	wantFault(t, w.UpdateRole(t.Context(), "none", iam.RoleUpdate{}), fault.NoSuchEntity)
}

func TestAKeyThatNoRequestHasIsLoggedWhenAPolicyIsWritten(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	w.open()
	ctx := t.Context()
	document := json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:PutRolePolicy","Resource":"*","Condition":{"Null":{"iam:PolicyARN":"false"}}}}`)
	trust := json.RawMessage(strings.Replace(accountTrust(""), `"Action":`, `"Condition":{"Null":{"aws:PrincipalOrgID":"false"}},"Action":`, 1))
	for name, write := range map[string]func() error{
		"CreatePolicy": func() error {
			_, err := w.CreatePolicy(ctx, store.Policy{Name: "p", Document: document})
			return err
		},
		"CreateRole": func() error {
			_, err := w.CreateRole(ctx, store.Role{Name: "made", Trust: trust})
			return err
		},
		"a declared role": func() error {
			return w.Ensure(ctx, iam.DeclaredRole{Name: "declared", Trust: json.RawMessage(accountTrust("")), Policies: map[string]json.RawMessage{"p": document}})
		},
	} {
		log.Reset()
		must(t, write())
		if !strings.Contains(log.String(), "has the condition key") {
			t.Errorf("%s: logged %q", name, log.String())
		}
	}
	for name, write := range map[string]func() error{
		"PutRolePolicy": func() error { return w.PutRolePolicy(ctx, "made", "p", document) },
		"UpdateTrust":   func() error { return w.UpdateTrust(ctx, "made", trust) },
	} {
		log.Reset()
		must(t, write())
		if !strings.Contains(log.String(), "has the condition key") {
			t.Errorf("%s: logged %q", name, log.String())
		}
	}
}
