package iam_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/store"
)

const mayAssume = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`

func TestAssumeRoleNeedsTheTrustPolicyAndTheCallersPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	byRole := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:role/caller"},"Action":"sts:AssumeRole"}]}`
	denied := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}`
	nothing := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	for name, tc := range map[string]struct {
		trust, callerPolicy, sessionPolicy string
		ok                                 bool
	}{
		"the account is trusted and the caller may":                  {accountTrust(""), mayAssume, "", true},
		"the account is trusted and the caller may not":              {accountTrust(""), nothing, "", false},
		"the caller's role is trusted, which grants by itself":       {byRole, nothing, "", true},
		"the role is trusted but the session policy is silent":       {byRole, nothing, nothing, false},
		"the role is trusted and the session policy allows":          {byRole, nothing, mayAssume, true},
		"the role is trusted but the caller's policies deny":         {byRole, denied, "", false},
		"the account is trusted and the session policy is silent":    {accountTrust(""), mayAssume, nothing, false},
		"everybody is trusted, which leaves it to the policies":      {strings.Replace(byRole, `"arn:aws:iam::`+account+`:role/caller"`, `"*"`, 1), nothing, "", false},
		"another role is trusted":                                    {strings.Replace(byRole, "caller", "other", 1), mayAssume, "", false},
		"another account is trusted":                                 {strings.Replace(accountTrust(""), account, "210987654321", 1), mayAssume, "", false},
		"the trust wants an external id that is not given":           {accountTrust(`,"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}`), mayAssume, "", false},
		"the trust wants a session name that is given":               {accountTrust(`,"Condition":{"StringEquals":{"sts:RoleSessionName":"test"}}`), mayAssume, "", true},
		"the trust wants the caller to have a tag that is not there": {accountTrust(`,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`), mayAssume, "", false},
	} {
		caller := w.role("caller", accountTrust(""), tc.callerPolicy)
		target := w.role("target", tc.trust, allowAll)
		first := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: caller, Limits: iam.SessionLimits{Policy: tc.sessionPolicy}})
		_, err := w.AssumeRole(t.Context(), w.caller(first.Credentials), iam.AssumeRoleInput{RoleARN: target, SessionName: "test"})
		if tc.ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !tc.ok && !fault.Is(err, fault.AccessDenied) {
			t.Errorf("%s: error %v, want AccessDenied", name, err)
		}
	}
	target := w.role("target", accountTrust(`,"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}`), allowAll)
	w.assume(w.root(), iam.AssumeRoleInput{RoleARN: target, ExternalID: "x1"})
	_, err := w.AssumeRole(t.Context(), w.root(), iam.AssumeRoleInput{RoleARN: target + "none", SessionName: "test"})
	if message, _ := fault.Message(err); message != "User: arn:aws:iam::123456789012:root is not authorized to perform: sts:AssumeRole on resource: "+target+"none" {
		t.Errorf("the error for a missing role is %q", message)
	}
}

func TestTheDurationOfASessionIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trust := json.RawMessage(accountTrust(""))
	must(t, w.Ensure(t.Context(), iam.DeclaredRole{Name: "long", Trust: trust, MaxSession: 12 * time.Hour, Policies: map[string]json.RawMessage{"a": json.RawMessage(allowAll)}}))
	long := w.RoleARN("long")
	first := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: long})
	if life := first.Credentials.Expiration.Sub(w.now); life != time.Hour {
		t.Errorf("default duration of a session: %s", life)
	}
	if life := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: long, Limits: iam.SessionLimits{Duration: 12 * time.Hour}}).Credentials.Expiration.Sub(w.now); life != 12*time.Hour {
		t.Errorf("longest duration of a session: %s", life)
	}
	chained := w.caller(first.Credentials)
	for name, tc := range map[string]struct {
		caller  *iam.Caller
		asked   time.Duration
		message string
	}{
		"longer than the role's maximum": {w.root(), 13 * time.Hour, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"longer than an hour, chained":   {chained, 2 * time.Hour, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
	} {
		_, err := w.AssumeRole(t.Context(), tc.caller, iam.AssumeRoleInput{RoleARN: long, SessionName: "test", Limits: iam.SessionLimits{Duration: tc.asked}})
		if message, _ := fault.Message(err); message != tc.message || !fault.Is(err, fault.Validation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := w.caller(w.assume(chained, iam.AssumeRoleInput{RoleARN: long}).Credentials); !c.Session.Chained {
		t.Error("Chained is not set in a chained session")
	}
	w.now = w.now.Add(time.Hour + time.Second)
	if _, _, err := w.minter.Open(first.Credentials.AccessKeyID, first.Credentials.SessionToken, w.now); !fault.Is(err, fault.ExpiredToken) {
		t.Errorf("an expired session opens: %v", err)
	}
}

func TestTagsAndSourceIdentityFollowTheChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.role("one", accountTrust(""), allowAll), w.role("two", accountTrust(""), allowAll)
	must(t, w.TagRole(t.Context(), "two", map[string]string{"Team": "role", "unit": "u"}))
	first := w.assume(w.root(), iam.AssumeRoleInput{
		RoleARN: one, Tags: []iam.Tag{{Key: "team", Value: "blue"}, {Key: "local", Value: "1"}}, TransitiveKeys: []string{"team"}, SourceIdentity: "alice",
	})
	caller := w.caller(first.Credentials)
	second := w.caller(w.assume(caller, iam.AssumeRoleInput{RoleARN: two}).Credentials)
	if got := fmt.Sprint(second.Principal.Tags); got != "[{team blue} {unit u}]" {
		t.Errorf("tags after chaining: %s; the transitive one stays and overrides the role's, the other is dropped", got)
	}
	if second.Principal.SourceIdentity != "alice" {
		t.Errorf("source identity after chaining: %q", second.Principal.SourceIdentity)
	}
	for name, in := range map[string]iam.AssumeRoleInput{
		"a transitive tag cannot be replaced":     {Tags: []iam.Tag{{Key: "Team", Value: "red"}}},
		"a tag key twice in different case":       {Tags: []iam.Tag{{Key: "a", Value: "1"}, {Key: "A", Value: "2"}}},
		"a reserved tag key":                      {Tags: []iam.Tag{{Key: "aws:x", Value: "1"}}},
		"a transitive key that is not among tags": {TransitiveKeys: []string{"none"}},
		"a tag value that is too long":            {Tags: []iam.Tag{{Key: "a", Value: strings.Repeat("x", 257)}}},
		"an empty tag key":                        {Tags: []iam.Tag{{Key: "", Value: "x"}}},
	} {
		in.RoleARN, in.SessionName = two, "test"
		want := fault.InvalidParameter
		if strings.HasSuffix(name, "too long") || strings.HasPrefix(name, "an empty") {
			want = fault.Validation
		}
		if _, err := w.AssumeRole(t.Context(), caller, in); !fault.Is(err, want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
	_, err := w.AssumeRole(t.Context(), caller, iam.AssumeRoleInput{RoleARN: two, SessionName: "test", SourceIdentity: "bob"})
	wantFault(t, err, fault.AccessDenied)

	plain := strings.Replace(accountTrust(""), `"sts:TagSession",`, "", 1)
	_, err = w.AssumeRole(t.Context(), caller, iam.AssumeRoleInput{RoleARN: w.role("plain", plain, allowAll), SessionName: "test"})
	wantFault(t, err, fault.AccessDenied) // transitive tags are passed even if the caller does not list them

	w.role("untagged", strings.Replace(accountTrust(""), `,"sts:TagSession","sts:SetSourceIdentity"`, "", 1), allowAll)
	for name, in := range map[string]iam.AssumeRoleInput{
		"tags without sts:TagSession":                     {Tags: []iam.Tag{{Key: "a", Value: "1"}}},
		"a source identity without sts:SetSourceIdentity": {SourceIdentity: "alice"},
	} {
		in.RoleARN, in.SessionName = w.RoleARN("untagged"), "test"
		if _, err := w.AssumeRole(t.Context(), w.root(), in); !fault.Is(err, fault.AccessDenied) {
			t.Errorf("%s in the trust policy: error %v, want AccessDenied", name, err)
		}
	}
}

// A tag key that is listed twice as transitive, or in two cases, is carried once, and the next session can be minted.
func TestATransitiveTagIsCarriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.role("one", accountTrust(""), allowAll), w.role("two", accountTrust(""), allowAll)
	caller := w.caller(w.assume(w.root(), iam.AssumeRoleInput{
		// The long s (ſ) folds to s and is a lower-case letter itself.
		RoleARN: one, Tags: []iam.Tag{{Key: "unit", Value: "u"}, {Key: "Team", Value: "blue"}, {Key: "s", Value: "1"}, {Key: "ſ", Value: "2"}},
		TransitiveKeys: []string{"Team", "team", "Team", "s", "ſ"},
	}).Credentials)
	for range 3 {
		caller = w.caller(w.assume(caller, iam.AssumeRoleInput{RoleARN: two}).Credentials)
		if got := fmt.Sprint(caller.Session.PrincipalTags, caller.Session.TransitiveTagKeys); got != "[{Team blue} {s 1} {ſ 2}] [Team s ſ]" {
			t.Errorf("carried: %s", got)
		}
	}
}

// Two tag keys are equal if policies fold them to the same key. A transitive tag cannot be replaced by one whose key
// differs only in case.
func TestTagKeysAreComparedAsPoliciesCompareThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.role("one", accountTrust(""), allowAll), w.role("two", accountTrust(""), allowAll)
	must(t, w.TagRole(t.Context(), "two", map[string]string{"side": "role", "class": "role"}))
	caller := w.caller(w.assume(w.root(), iam.AssumeRoleInput{
		RoleARN: one, Tags: []iam.Tag{{Key: "unit", Value: "blue"}}, TransitiveKeys: []string{"unit"},
	}).Credentials)
	_, err := w.AssumeRole(t.Context(), caller, iam.AssumeRoleInput{RoleARN: two, SessionName: "test", Tags: []iam.Tag{{Key: "unİt", Value: "red"}}})
	wantFault(t, err, fault.InvalidParameter)
	caller = w.caller(w.assume(caller, iam.AssumeRoleInput{RoleARN: two, Tags: []iam.Tag{{Key: "sİde", Value: "s"}, {Key: "claſs", Value: "c"}}}).Credentials)
	if got := fmt.Sprint(caller.Session.PrincipalTags); got != "[{class role} {claſs c} {sİde s} {unit blue}]" {
		t.Errorf("tags: %s", got)
	}
}

// A session can do only what role, boundary and session policy all allow, for every combination of them.
func TestASessionIsTheIntersectionOfRoleBoundaryAndSessionPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	actions := []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
	document := func(effect string, mask int) string {
		var listed []string
		for i, a := range actions {
			if mask&(1<<i) != 0 {
				listed = append(listed, `"`+a+`"`)
			}
		}
		if len(listed) == 0 {
			listed = []string{`"s3:None"`}
		}
		return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Action":[` + strings.Join(listed, ",") + `],"Resource":"*"}}`
	}
	for role := range 8 {
		for boundary := range 8 {
			d := iam.DeclaredRole{Name: "r", Trust: json.RawMessage(accountTrust("")), Policies: map[string]json.RawMessage{"a": json.RawMessage(document("Allow", role))}}
			d.Boundary = json.RawMessage(document("Allow", boundary))
			must(t, w.Ensure(t.Context(), d))
			for limit := range 8 {
				c := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: w.RoleARN("r"), Limits: iam.SessionLimits{Policy: document("Allow", limit)}}).Credentials)
				for i, action := range actions {
					want := role&boundary&limit&(1<<i) != 0
					if got := w.may(c, action, "arn:aws:s3:::b/k"); got != want {
						t.Fatalf("role %03b, boundary %03b, session policy %03b: %s is %v, want %v", role, boundary, limit, action, got, want)
					}
				}
			}
		}
	}
	c := w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: w.role("all", accountTrust(""), allowAll), Limits: iam.SessionLimits{Policy: document("Deny", 1), PolicyARNs: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}}}).Credentials)
	if w.may(c, "s3:GetObject", "arn:aws:s3:::b/k") || !w.may(c, "s3:PutObject", "arn:aws:s3:::b/k") {
		t.Error("a deny in one session policy must win over the allow in another, and nothing else")
	}
}

func TestPackedPolicySizeIsLimitedAndReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("r", accountTrust(""), allowAll)
	out := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role, Limits: iam.SessionLimits{Policy: allowAll}, Tags: []iam.Tag{{Key: "a", Value: "b"}}})
	if out.PackedPolicySize < 1 || out.PackedPolicySize > 10 {
		t.Errorf("PackedPolicySize %d", out.PackedPolicySize)
	}
	if out := w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role}); out.PackedPolicySize != 0 {
		t.Errorf("PackedPolicySize without policies and tags is %d", out.PackedPolicySize)
	}
	padded := strings.Replace(allowAll, `"Effect"`, `"Sid":"`+strings.Repeat("x", 2000)+`","Effect"`, 1)
	_, err := w.AssumeRole(t.Context(), w.root(), iam.AssumeRoleInput{RoleARN: role, SessionName: "test", Limits: iam.SessionLimits{Policy: padded}})
	wantFault(t, err, fault.PackedPolicyTooLarge)
	var tags []iam.Tag
	for i := range 20 {
		tags = append(tags, iam.Tag{Key: fmt.Sprint("key", i), Value: strings.Repeat("v", 256)})
	}
	_, err = w.AssumeRole(t.Context(), w.root(), iam.AssumeRoleInput{RoleARN: role, SessionName: "test", Tags: tags})
	wantFault(t, err, fault.PackedPolicyTooLarge)
	_, err = w.AssumeRole(t.Context(), w.root(), iam.AssumeRoleInput{RoleARN: role, SessionName: "test", Limits: iam.SessionLimits{PolicyARNs: make([]string, 11)}})
	wantFault(t, err, fault.Validation)
}

func TestSessionsOfTheRootUserHaveTheirOwnLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("r", accountTrust(""), allowAll)
	minted, err := w.GetSessionToken(t.Context(), w.root(), 0)
	must(t, err)
	session := w.caller(minted)
	federated, err := w.GetFederationToken(t.Context(), w.root(), iam.FederationInput{Name: "bob", Limits: iam.SessionLimits{Policy: allowAll}})
	must(t, err)
	bob := w.caller(federated.Credentials)
	bare, err := w.GetFederationToken(t.Context(), w.root(), iam.FederationInput{Name: "eve"})
	must(t, err)
	eve := w.caller(bare.Credentials)
	for _, tc := range []struct {
		who    string
		caller *iam.Caller
		action string
		want   bool
	}{
		{"root", w.root(), "iam:CreateRole", true},
		{"a session of root", session, "s3:GetObject", true},
		{"a session of root", session, "cognito-idp:CreateUserPool", true},
		{"a session of root", session, "iam:CreateRole", false},
		{"a session of root", session, "sts:GetFederationToken", false},
		{"a federated user with a policy", bob, "s3:GetObject", true},
		{"a federated user with a policy", bob, "iam:GetRole", false},
		{"a federated user with a policy", bob, "sts:AssumeRole", false},
		{"a federated user without a policy", eve, "s3:GetObject", false},
	} {
		if w.may(tc.caller, tc.action, "*") != tc.want {
			t.Errorf("%s: %s is not %v", tc.who, tc.action, tc.want)
		}
	}
	w.assume(session, iam.AssumeRoleInput{RoleARN: role})
	_, err = w.AssumeRole(t.Context(), bob, iam.AssumeRoleInput{RoleARN: role, SessionName: "test"})
	wantFault(t, err, fault.AccessDenied)
	_, err = w.GetSessionToken(t.Context(), session, 0)
	wantFault(t, err, fault.AccessDenied)
	_, err = w.GetFederationToken(t.Context(), bob, iam.FederationInput{Name: "x2"})
	wantFault(t, err, fault.AccessDenied)
	_, err = w.GetSessionToken(t.Context(), w.root(), time.Minute)
	wantFault(t, err, fault.Validation)
	for _, tc := range []struct {
		caller      *iam.Caller
		arn, userID string
	}{
		{w.root(), "arn:aws:iam::123456789012:root", account},
		{session, "arn:aws:iam::123456789012:root", account},
		{bob, "arn:aws:sts::123456789012:federated-user/bob", account + ":bob"},
	} {
		if id := w.Identify(tc.caller); id.ARN != tc.arn || id.UserID != tc.userID || id.Account != account {
			t.Errorf("identity %+v, want %s %s", id, tc.arn, tc.userID)
		}
	}
	record, err := w.GetRole("r")
	must(t, err)
	if id := w.Identify(w.caller(w.assume(w.root(), iam.AssumeRoleInput{RoleARN: role}).Credentials)); id.UserID != record.ID+":test" {
		t.Errorf("identity of a role session: %+v", id)
	}
}

func TestTheRootKeyIsConfiguredOrCreatedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.UseRoot(t.Context(), "", "")
	must(t, err)
	if made == nil || len(made.AccessKeyID) != 20 || len(made.Secret.Reveal()) != 40 {
		t.Fatalf("the first start makes a key: %+v", made)
	}
	w.open()
	again, err := w.UseRoot(t.Context(), "", "")
	must(t, err)
	if again != nil {
		t.Error("UseRoot returned the stored key as new")
	}
	if secret, ok := w.RootSecret(made.AccessKeyID); !ok || !secret.Equal(made.Secret) {
		t.Error("UseRoot made another key")
	}
	var raw []byte
	must(t, w.store.View(t.Context(), func(tx store.Tx) (err error) { raw, err = tx.Settings.Get("root-key"); return err }))
	if strings.Contains(string(raw), made.Secret.Reveal()) || strings.Contains(string(raw), made.AccessKeyID) {
		t.Error("the store holds the key unsealed")
	}
	given, err := w.UseRoot(t.Context(), "AKIAOPERATOROPERATOR", "a-secret-of-the-operator")
	must(t, err)
	if given != nil {
		t.Error("UseRoot returned a configured key")
	}
	if _, ok := w.RootSecret(made.AccessKeyID); ok {
		t.Error("the old key still works")
	}
	if _, err := w.UseRoot(t.Context(), "AKIAOPERATOROPERATOR", ""); err == nil {
		t.Error("UseRoot accepted half of a key")
	}
}
