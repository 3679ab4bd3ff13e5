package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

const poolTrust = `{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity",
	"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:pool"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}`

func trustOf(principal string) string {
	return `{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}`
}

func TestATrustPolicyTrustsThePrincipalsItNames(t *testing.T) {
	t.Parallel()
	user := policy.MapContext{"cognito-identity.amazonaws.com:aud": {"us-east-1:pool"}, "cognito-identity.amazonaws.com:amr": {"authenticated", "idp"}}
	guest := policy.MapContext{"cognito-identity.amazonaws.com:aud": {"us-east-1:pool"}, "cognito-identity.amazonaws.com:amr": {"unauthenticated"}}
	foreign := policy.MapContext{"cognito-identity.amazonaws.com:aud": {"us-east-1:other"}, "cognito-identity.amazonaws.com:amr": {"authenticated"}}
	const session, role = "arn:aws:sts::123456789012:assumed-role/reader/jo", "arn:aws:iam::123456789012:role/team/reader"
	const service = "lambda.amazonaws.com"
	for name, tc := range map[string]struct {
		statements        string
		kind, who, action string
		context           policy.Context
		want              policy.Effect
	}{
		"an identity of the pool":                     {poolTrust, "Federated", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", user, policy.Allow},
		"an action in another case":                   {poolTrust, "Federated", "cognito-identity.amazonaws.com", "STS:assumerolewithwebidentity", user, policy.Allow},
		"a guest of a role for users":                 {poolTrust, "Federated", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", guest, policy.ImplicitDeny},
		"an identity of another pool":                 {poolTrust, "Federated", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", foreign, policy.ImplicitDeny},
		"an identity without any claims":              {poolTrust, "Federated", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", nil, policy.ImplicitDeny},
		"another provider":                            {poolTrust, "Federated", "accounts.google.com", "sts:AssumeRoleWithWebIdentity", user, policy.ImplicitDeny},
		"a provider whose name begins alike":          {poolTrust, "Federated", "cognito-identity.amazonaws.com.evil.example", "sts:AssumeRoleWithWebIdentity", user, policy.ImplicitDeny},
		"a service of the provider's name":            {poolTrust, "Service", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", user, policy.ImplicitDeny},
		"an action that is not allowed":               {poolTrust, "Federated", "cognito-identity.amazonaws.com", "sts:TagSession", user, policy.ImplicitDeny},
		"a deny with the allow":                       {poolTrust + `,{"Effect":"Deny","Principal":"*","Action":"sts:*"}`, "Federated", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", user, policy.ExplicitDeny},
		"a deny for AWS's everyone":                   {poolTrust + `,{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:*"}`, "Federated", "cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", user, policy.ExplicitDeny},
		"a role by its ARN":                           {trustOf(`{"AWS":"` + role + `"}`), "AWS", role, "sts:AssumeRole", nil, policy.Allow},
		"a session of a role with a path":             {trustOf(`{"AWS":"` + role + `"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"a session of another role":                   {trustOf(`{"AWS":"` + role + `"}`), "AWS", "arn:aws:sts::123456789012:assumed-role/reader2/jo", "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a session of another account's role":         {trustOf(`{"AWS":"` + role + `"}`), "AWS", "arn:aws:sts::999999999999:assumed-role/reader/jo", "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a session that is named itself":              {trustOf(`{"AWS":"` + session + `"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"another session of the role":                 {trustOf(`{"AWS":"` + session + `"}`), "AWS", session + "e", "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a role of that name without the path":        {trustOf(`{"AWS":"arn:aws:iam::123456789012:role/reader"}`), "AWS", session, "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a role of that name on another path":         {trustOf(`{"AWS":"arn:aws:iam::123456789012:role/prod/reader"}`), "AWS", session, "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a deny for that name on another path":        {trustOf(`{"AWS":"123456789012"}`) + `,` + strings.Replace(trustOf(`{"AWS":"arn:aws:iam::123456789012:role/prod/reader"}`), "Allow", "Deny", 1), "AWS", session, "sts:AssumeRole", nil, policy.ExplicitDeny},
		"a role by its id":                            {trustOf(`{"AWS":"AROAREADER"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"a session by its id":                         {trustOf(`{"AWS":"AROAREADER:jo"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"another session by its id":                   {trustOf(`{"AWS":"AROAREADER:joe"}`), "AWS", session, "sts:AssumeRole", nil, policy.ImplicitDeny},
		"another role by its id":                      {trustOf(`{"AWS":"AROAREADE"}`), "AWS", session, "sts:AssumeRole", nil, policy.ImplicitDeny},
		"anyone of an account by its digits":          {trustOf(`{"AWS":"123456789012"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"anyone of an account by its root":            {trustOf(`{"AWS":"arn:aws:iam::123456789012:root"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"anyone of another account":                   {trustOf(`{"AWS":"999999999999"}`), "AWS", session, "sts:AssumeRole", nil, policy.ImplicitDeny},
		"everyone of AWS":                             {trustOf(`{"AWS":"*"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"everyone of AWS is no federated user":        {trustOf(`{"AWS":"*"}`), "Federated", "idp.example.com", "sts:AssumeRole", nil, policy.ImplicitDeny},
		"everyone":                                    {trustOf(`"*"`), "Federated", "idp.example.com", "sts:AssumeRole", nil, policy.Allow},
		"a service":                                   {trustOf(`{"Service":"` + service + `"}`), "Service", service, "sts:AssumeRole", nil, policy.Allow},
		"another service":                             {trustOf(`{"Service":"` + service + `"}`), "Service", "ec2.amazonaws.com", "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a second type":                               {trustOf(`{"Service":"` + service + `","AWS":"123456789012"}`), "AWS", session, "sts:AssumeRole", nil, policy.Allow},
		"a type that does not exist":                  {trustOf(`{"AWS":"*","Service":"lambda.amazonaws.com"}`), "Nobody", "x", "sts:AssumeRole", nil, policy.ImplicitDeny},
		"a variable in a condition of a trust policy": {`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}}`, "AWS", session, "sts:AssumeRole", policy.MapContext{"aws:username": {"jo"}, "sts:RoleSessionName": {"jo"}}, policy.Allow},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Load([]byte(statement(tc.statements)), policy.Trust)
			if err != nil && !strings.Contains(tc.statements, "AROA") {
				t.Fatal(err)
			}
			s := policy.Compile(policy.Source{Name: "role r, trust", Document: d})
			r := &policy.TrustRequest{PrincipalType: tc.kind, Principal: tc.who, Action: tc.action, Context: tc.context}
			if tc.who == session {
				r.Role, r.UserID = role, "AROAREADER:jo"
			}
			got, a := s.DecideTrust(r), s.ExplainTrust(r)
			if err := a.WriteText(new(strings.Builder)); err != nil || len(a.Statements) == 0 {
				t.Errorf("the account has %d statements, %v", len(a.Statements), err)
			}
			if got.Effect != tc.want || got.Layer != policy.LayerTrust {
				t.Errorf("decided %s by %s, want %s", got.Effect, got.Layer, tc.want)
			}
			if a.Effect != got.Effect || !strings.Contains(a.Summary, "trust policy") {
				t.Errorf("the account has %s: %s", a.Effect, a.Summary)
			}
		})
	}
}

// Each statement that allows the action counts, in any order.
func TestATrustPolicyGrantsTheMostThatAStatementGrants(t *testing.T) {
	t.Parallel()
	const session, role = "arn:aws:sts::123456789012:assumed-role/reader/jo", "arn:aws:iam::123456789012:role/team/reader"
	account, everyone := trustOf(`{"AWS":"arn:aws:iam::123456789012:root"}`), trustOf(`{"AWS":"*"}`)
	byRole, bySession := trustOf(`{"AWS":"`+role+`"}`), trustOf(`{"AWS":"`+session+`"}`)
	other := strings.Replace(bySession, "sts:AssumeRole", "sts:TagSession", 1)
	denied := strings.Replace(account, "Allow", "Deny", 1)
	for name, tc := range map[string]struct {
		statements []string
		want       policy.Grant
	}{
		"nobody":                      {[]string{trustOf(`{"AWS":"999999999999"}`)}, policy.NoGrant},
		"the account":                 {[]string{account}, policy.GrantAccount},
		"the account by its digits":   {[]string{trustOf(`{"AWS":"123456789012"}`)}, policy.GrantAccount},
		"everyone of AWS":             {[]string{everyone}, policy.GrantAccount},
		"everyone":                    {[]string{trustOf(`"*"`)}, policy.GrantAccount},
		"the account and the role":    {[]string{account, byRole}, policy.GrantRole},
		"everyone, and the role":      {[]string{everyone, byRole}, policy.GrantRole},
		"both in one statement":       {[]string{trustOf(`{"AWS":["123456789012","` + role + `"]}`)}, policy.GrantRole},
		"the role and the session":    {[]string{byRole, bySession}, policy.GrantSession},
		"the session, another action": {[]string{account, other}, policy.GrantAccount},
		"a deny with the session":     {[]string{bySession, denied}, policy.NoGrant},
	} {
		for range 2 {
			d, err := policy.Parse([]byte(statement(strings.Join(tc.statements, ","))), policy.Trust)
			if err != nil {
				t.Fatal(err)
			}
			_, got := policy.Compile(policy.Source{Document: d}).Trusts(&policy.TrustRequest{PrincipalType: "AWS", Principal: session,
				Role: role, UserID: "AROAREADER:jo", Action: "sts:AssumeRole"})
			if got != tc.want {
				t.Errorf("%s: grant %d, want %d", name, got, tc.want)
			}
			slices.Reverse(tc.statements)
		}
	}
}

func TestAFlawedTrustPolicyTrustsNoOne(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"no principal":                `{"Effect":"Allow","Action":"sts:AssumeRole"}`,
		"an excluded principal":       `{"Effect":"Allow","NotPrincipal":{"AWS":"999999999999"},"Action":"sts:AssumeRole"}`,
		"a principal of unknown type": `{"Effect":"Allow","Principal":{"Anyone":"*"},"Action":"sts:AssumeRole"}`,
	} {
		t.Run(name, func(t *testing.T) {
			for effect, want := range map[string]policy.Effect{"Allow": policy.ImplicitDeny, "Deny": policy.ExplicitDeny} {
				d, err := policy.Load([]byte(statement(strings.Replace(src, "Allow", effect, 1))), policy.Trust)
				if err == nil {
					t.Fatal("the policy is accepted")
				}
				r := &policy.TrustRequest{PrincipalType: "AWS", Principal: "arn:aws:iam::123456789012:user/jo", Action: "sts:AssumeRole"}
				if got := policy.Compile(policy.Source{Document: d}).DecideTrust(r); got.Effect != want {
					t.Errorf("%s: decided %s, want %s", effect, got.Effect, want)
				}
			}
		})
	}
}

// AWS, "Specifying a principal": a wildcard matches all principals of the type AWS and of no other type.
func TestAWildcardNamesNoServiceAndNoProvider(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"Service", "Federated", "CanonicalUser"} {
		for effect, want := range map[string]policy.Effect{"Allow": policy.ImplicitDeny, "Deny": policy.ExplicitDeny} {
			src := statement(strings.Replace(trustOf(`{"`+kind+`":"*"}`), "Allow", effect, 1))
			d, err := policy.Load([]byte(src), policy.Trust)
			if err == nil || !strings.Contains(err.Error(), "a principal cannot hold wildcards") {
				t.Errorf("%s: refused with %v", kind, err)
			}
			r := &policy.TrustRequest{PrincipalType: kind, Principal: "lambda.amazonaws.com", Action: "sts:AssumeRole"}
			if got := policy.Compile(policy.Source{Document: d}).DecideTrust(r); got.Effect != want {
				t.Errorf("%s, %s: decided %s, want %s", kind, effect, got.Effect, want)
			}
		}
	}
}
