package caller_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	apiiam "github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/reference"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/server/caller"
	"github.com/sluicegate/sluice/server/caller/callertest"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

// keyWorld is a world in which every resource has tags and the role has a boundary, with a session that has every
// attribute of a session.
type keyWorld struct {
	*callertest.World
	t       *testing.T
	gate    *caller.Authorizer
	pool    string
	guest   string // an identity of the pool
	role    store.Role
	policy  store.Policy
	session session.Record
}

// resources implements caller.Resources.
type resources struct{ w *keyWorld }

func (r resources) UserPoolTags(ctx context.Context, arn string) (map[string]string, error) {
	_, id, _ := strings.Cut(arn, ":userpool/")
	p, err := r.w.Services.Users.Pools.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	return p.Settings.UserPoolTags, nil
}

func (r resources) IdentityPoolTags(_ context.Context, id string) (map[string]string, error) {
	return r.w.Pools.PoolTags(id), nil
}

func (r resources) PoolOfIdentity(ctx context.Context, id string) (string, error) {
	return r.w.Pools.PoolOfIdentity(ctx, id)
}

// KMSKey knows one key, which every ciphertext names.
func (r resources) KMSKey(_ context.Context, name string, ciphertext []byte) string {
	if name == "alias/notes" || name == "" && len(ciphertext) > 0 {
		return "arn:aws:kms:us-east-1:123456789012:key/k"
	}
	return ""
}

func newKeyWorld(t *testing.T) *keyWorld {
	t.Helper()
	w := &keyWorld{World: callertest.New(t), t: t}
	tags := map[string]string{"team": "blue"}
	var err error
	w.gate, err = caller.New(caller.Options{
		IAM: w.IAM, Minter: w.Minter, Regions: region.Only(callertest.Region), Now: w.Now, Resources: resources{w},
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
	})
	must(t, err)
	must(t, w.Services.Users.Pools.TagPool(t.Context(), callertest.UserPool, tags))
	p, err := w.Pools.Create(t.Context(), "pool", identitypool.Settings{Guests: true, Classic: true, Tags: tags})
	must(t, err)
	w.pool = p.ID
	w.guest, err = w.Pools.GetID(t.Context(), p.ID, "", nil)
	must(t, err)
	w.policy, err = w.IAM.CreatePolicy(t.Context(), store.Policy{Name: "limits", Document: []byte(callertest.AllowAll), Tags: tags})
	must(t, err)
	w.role, err = w.IAM.CreateRole(t.Context(), store.Role{Name: "target", Trust: callertest.AccountTrust(), Boundary: w.policy.ARN, Tags: tags})
	must(t, err)
	_, err = w.IAM.CreateInstanceProfile(t.Context(), iam.InstanceProfile{Name: "machines", Path: "/app/", Tags: tags})
	must(t, err)
	_, err = w.IAM.CreateOIDCProvider(t.Context(), iam.OIDCProvider{URL: "https://corp.example", Tags: tags})
	must(t, err)
	metadata, err := os.ReadFile("../iam/testdata/metadata.xml")
	must(t, err)
	_, err = w.IAM.CreateSAMLProvider(t.Context(), iam.SAMLProvider{Name: "corp", Metadata: string(metadata), Tags: tags}, "")
	must(t, err)
	w.Role("admin", callertest.AccountTrust(), callertest.AllowAll)
	admin, err := w.IAM.GetRole("admin")
	must(t, err)
	w.session = session.Record{
		Kind: session.AssumedRole, Account: callertest.Account, RoleARN: w.IAM.RoleARN("admin"), RoleID: admin.ID, SessionName: "s", IssuedAt: w.Now(),
		ExpiresAt: w.Now().Add(time.Hour), SourceIdentity: "jo", Username: "jo", FederatedProvider: "cognito-identity.amazonaws.com",
		IdentityID: w.guest, IdentityPoolID: p.ID, AMR: []string{"authenticated"}, PrincipalTags: []iam.Tag{{Key: "team", Value: "blue"}},
	}
	return w
}

// authorize authorizes the operation with a session policy that adds a statement to one that allows everything.
func (w *keyWorld) authorize(service *api.Service, operation string, input any, statement string) error {
	w.t.Helper()
	record := w.session
	record.SessionPolicies = []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` + statement + `]}`}
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/", http.NoBody)
	r.Header.Set("User-Agent", "test")
	r.Header.Set("Referer", "http://localhost/")
	return w.gate.Authorize(w.t.Context(), &rpc.Call{
		API: service, Operation: service.Operation(operation), Request: r, Input: input,
		Principal: w.IAM.SessionPrincipal("ASIA", &record), Session: &record,
	})
}

// input sets the members of an input that name a resource or contain tags.
func (w *keyWorld) input(service *api.Service, op *api.Operation) any {
	in := op.NewInput()
	v := reflect.ValueOf(in).Elem()
	set := func(field string, value any) {
		if f := v.FieldByName(field); f.IsValid() && f.Type() == reflect.TypeOf(value) {
			f.Set(reflect.ValueOf(value))
		}
	}
	set("RoleName", &w.role.Name)
	set("PermissionsBoundary", &w.policy.ARN)
	set("PolicyArn", &w.policy.ARN)
	set("InstanceProfileName", new("machines"))
	set("OpenIDConnectProviderArn", new(account+"oidc-provider/corp.example"))
	set("SAMLProviderArn", new(account+"saml-provider/corp"))
	set("UserPoolId", new(callertest.UserPool))
	set("IdentityPoolId", &w.pool)
	set("IdentityId", &w.guest)
	set("IdentityIdsToDelete", []string{w.guest})
	set("Tags", []apiiam.Tag{{Key: new("team"), Value: new("blue")}})
	set("Tags", []sts.Tag{{Key: new("team"), Value: new("blue")}})
	for _, field := range []string{"Tags", "UserPoolTags", "IdentityPoolTags"} {
		set(field, map[string]string{"team": "blue"})
	}
	set("TagKeys", []string{"team"})
	arn := "arn:aws:cognito-idp:" + callertest.Region + ":" + callertest.Account + ":userpool/" + callertest.UserPool
	if service == &cognitoidentity.API {
		arn = w.Pools.ARN(w.pool)
	}
	set("ResourceArn", &arn)
	return in
}

// suppliable reports whether the input can supply the key: a list has no resource with tags, and an object that the call
// creates has no tags yet.
func suppliable(op *api.Operation, in any, key string) bool {
	if !strings.Contains(key, ":ResourceTag/") {
		return true
	}
	v := reflect.ValueOf(in).Elem()
	if strings.HasPrefix(op.Name, "Create") && !v.FieldByName("UserPoolId").IsValid() && op.Name != "CreatePolicyVersion" && op.Name != "CreateRole" {
		return false
	}
	for _, field := range []string{"RoleName", "PolicyArn", "InstanceProfileName", "OpenIDConnectProviderArn", "SAMLProviderArn", "UserPoolId", "IdentityPoolId", "ResourceArn"} {
		if f := v.FieldByName(field); f.IsValid() && !f.IsNil() {
			return true
		}
	}
	return false
}

// ofAnotherSession are keys of sessions that AssumeRoleWithWebIdentity made for a user of a public provider; package iam tests them.
var ofAnotherSession = map[string]bool{"accounts.google.com:sub": true, "graph.facebook.com:id": true, "www.amazon.com:user_id": true}

func TestADenyOnAKeyOfTheReferenceDenies(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	elsewhere := map[string]bool{"AssumeRole": true, "GetCallerIdentity": true, "GetSessionToken": true}
	asked := 0
	for _, service := range []*api.Service{&apiiam.API, &sts.API, &cognitoidp.API, &cognitoidentity.API} {
		for i := range service.Operations {
			op := &service.Operations[i]
			if !op.Signed || service == &sts.API && elsewhere[op.Name] {
				continue
			}
			in := w.input(service, op)
			action := service.ID + ":" + op.Name
			if err := w.authorize(service, op.Name, in, `{"Effect":"Deny","Action":"probe:Probe","Resource":"*"}`); err != nil {
				t.Errorf("%s is refused without a Deny: %v", action, err)
			}
			for _, key := range reference.Keys(action) {
				if strings.HasPrefix(key, "*:") || ofAnotherSession[key] || !suppliable(op, in, key) {
					continue
				}
				asked++
				key = strings.Replace(key, "/*", "/team", 1)
				deny := fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":"*","Condition":{"Null":{%q:"false"}}}`, action, key)
				if err := w.authorize(service, op.Name, in, deny); fault.KindOf(err) != fault.AccessDenied {
					t.Errorf("%s: a Deny on %s does not apply: %v", action, key, err)
				}
			}
		}
	}
	if asked < 2000 {
		t.Errorf("only %d keys were tried", asked)
	}
}

func TestKeysHaveTheValuesOfTheCall(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	other := "arn:aws:iam::aws:policy/AdministratorAccess"
	for name, tc := range map[string]struct {
		service   *api.Service
		operation string
		input     any
		condition string
		allowed   bool
	}{
		"the role's own boundary":        {&apiiam.API, "PutRolePolicy", &apiiam.PutRolePolicyRequest{RoleName: &w.role.Name}, `"StringNotEquals":{"iam:PermissionsBoundary":"` + w.policy.ARN + `"}`, true},
		"another boundary than the role": {&apiiam.API, "PutRolePolicy", &apiiam.PutRolePolicyRequest{RoleName: &w.role.Name}, `"StringNotEquals":{"iam:PermissionsBoundary":"` + other + `"}`, false},
		"a role without a boundary":      {&apiiam.API, "PutRolePolicy", &apiiam.PutRolePolicyRequest{RoleName: new("admin")}, `"StringNotEquals":{"iam:PermissionsBoundary":"` + other + `"}`, false},
		"the boundary that is put":       {&apiiam.API, "PutRolePermissionsBoundary", &apiiam.PutRolePermissionsBoundaryRequest{RoleName: &w.role.Name, PermissionsBoundary: &other}, `"StringEquals":{"iam:PermissionsBoundary":"` + other + `"}`, false},
		"a role by its name in capitals": {&apiiam.API, "DeleteRole", &apiiam.DeleteRoleRequest{RoleName: new("TARGET")}, `"StringEquals":{"aws:ResourceTag/team":"blue"}`, false},
		"another tag":                    {&apiiam.API, "DeleteRole", &apiiam.DeleteRoleRequest{RoleName: &w.role.Name}, `"StringEquals":{"aws:ResourceTag/team":"red"}`, true},
		"the region of IAM":              {&apiiam.API, "DeleteRole", &apiiam.DeleteRoleRequest{RoleName: &w.role.Name}, `"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}`, true},
		"credentials without MFA":        {&apiiam.API, "DeleteRole", &apiiam.DeleteRoleRequest{RoleName: &w.role.Name}, `"Bool":{"aws:MultiFactorAuthPresent":"false"}`, false},
		"no service calls for the user":  {&apiiam.API, "DeleteRole", &apiiam.DeleteRoleRequest{RoleName: &w.role.Name}, `"Bool":{"aws:ViaAWSService":"true"}`, true},
		"the account of the resource":    {&apiiam.API, "DeleteRole", &apiiam.DeleteRoleRequest{RoleName: &w.role.Name}, `"StringNotEquals":{"aws:ResourceAccount":"` + callertest.Account + `"}`, true},
		"an identity of the pool":        {&cognitoidentity.API, "DescribeIdentity", &cognitoidentity.DescribeIdentityInput{IdentityId: &w.guest}, `"ArnNotEquals":{"cognito-identity:IdentityPoolArn":"` + w.Pools.ARN(w.pool) + `"}`, true},
		"and one that does not exist":    {&cognitoidentity.API, "DeleteIdentities", &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{w.guest, "us-east-1:00000000-0000-4000-8000-000000000000"}}, `"ArnNotEquals":{"cognito-identity:IdentityPoolArn":"` + w.Pools.ARN(w.pool) + `"}`, false},
		"the tags of a replica by its ARN": {&cognitoidp.API, "TagResource", &cognitoidp.TagResourceRequest{ResourceArn: new("arn:aws:cognito-idp:us-west-2:" + callertest.Account + ":userpool/" + callertest.UserPool)},
			`"StringEquals":{"aws:ResourceTag/team":"blue"}`, false},
		"tags while a role is created": {&apiiam.API, "CreateRole", &apiiam.CreateRoleRequest{RoleName: new("new"), Tags: []apiiam.Tag{{Key: new("Team"), Value: new("red")}}}, `"StringEquals":{"aws:RequestTag/team":"red"}`, false},
	} {
		err := w.authorize(tc.service, tc.operation, tc.input, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{`+tc.condition+`}}`)
		if (err == nil) != tc.allowed {
			t.Errorf("%s: %v, want allowed %v", name, err, tc.allowed)
		}
	}
}

func TestTagsOnCreationNeedTheActionForTags(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	deny := `{"Effect":"Deny","Action":["iam:Tag*","cognito-idp:TagResource","cognito-identity:TagResource"],"Resource":"*"}`
	for operation, service := range map[string]*api.Service{
		"CreateRole": &apiiam.API, "CreatePolicy": &apiiam.API, "CreateInstanceProfile": &apiiam.API, "CreateOpenIDConnectProvider": &apiiam.API,
		"CreateSAMLProvider": &apiiam.API, "CreateUserPool": &cognitoidp.API, "UpdateUserPool": &cognitoidp.API,
		"CreateIdentityPool": &cognitoidentity.API, "UpdateIdentityPool": &cognitoidentity.API,
	} {
		op := service.Operation(operation)
		if err := w.authorize(service, operation, w.input(service, op), deny); fault.KindOf(err) != fault.AccessDenied {
			t.Errorf("%s with tags: %v", operation, err)
		}
		if err := w.authorize(service, operation, op.NewInput(), deny); err != nil {
			t.Errorf("%s without tags: %v", operation, err)
		}
	}
}

func TestARoleThatACallOfUserPoolsPassesNeedsPassRole(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	role := "arn:aws:iam::" + callertest.Account + ":role/" + w.role.Name
	deny := `{"Effect":"Deny","Action":"iam:PassRole","Resource":"` + role + `"}`
	for operation, in := range map[string]any{
		"CreateGroup":         &cognitoidp.CreateGroupRequest{RoleArn: &role},
		"CreateUserImportJob": &cognitoidp.CreateUserImportJobRequest{CloudWatchLogsRoleArn: &role},
	} {
		if err := w.authorize(&cognitoidp.API, operation, in, deny); fault.KindOf(err) != fault.AccessDenied {
			t.Errorf("%s: %v", operation, err)
		}
	}
}

// TestDelegatedAdministrationWorks follows "Delegating responsibility to others using permissions boundaries" in the IAM User
// Guide, for roles.
func TestDelegatedAdministrationWorks(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	boundary := w.policy.ARN
	policy := `{"Version":"2012-10-17","Statement":[
		{"Sid":"CreateOrChangeOnlyWithBoundary","Effect":"Allow","Action":["iam:AttachRolePolicy","iam:CreateRole","iam:DeleteRolePolicy",
			"iam:DetachRolePolicy","iam:PutRolePermissionsBoundary","iam:PutRolePolicy"],"Resource":"*",
			"Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + boundary + `"}}},
		{"Sid":"CloudWatchAndOtherIAMTasks","Effect":"Allow","Action":["iam:CreatePolicy","iam:DeleteRole","iam:GetRole","iam:List*","iam:TagRole"],"Resource":"*"},
		{"Sid":"NoBoundaryPolicyEdit","Effect":"Deny","Action":["iam:CreatePolicyVersion","iam:DeletePolicy","iam:DeletePolicyVersion",
			"iam:SetDefaultPolicyVersion"],"Resource":"` + boundary + `"},
		{"Sid":"NoBoundaryRoleDelete","Effect":"Deny","Action":"iam:DeleteRolePermissionsBoundary","Resource":"*"}]}`
	by := w.As(w.Role("maria", callertest.AccountTrust(), policy))
	trust := string(callertest.AccountTrust())
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	for _, tc := range []struct {
		name    string
		allowed bool
		call    []string
	}{
		{"a role without a boundary", false, []string{"CreateRole", "RoleName", "zhang", "AssumeRolePolicyDocument", trust}},
		{"a role with another boundary", false, []string{"CreateRole", "RoleName", "zhang", "AssumeRolePolicyDocument", trust, "PermissionsBoundary", admin}},
		{"a role with the boundary", true, []string{"CreateRole", "RoleName", "zhang", "AssumeRolePolicyDocument", trust, "PermissionsBoundary", boundary}},
		{"a policy for it", true, []string{"PutRolePolicy", "RoleName", "zhang", "PolicyName", "p", "PolicyDocument", callertest.AllowAll}},
		{"a managed policy for it", true, []string{"AttachRolePolicy", "RoleName", "zhang", "PolicyArn", admin}},
		{"which is taken away again", true, []string{"DetachRolePolicy", "RoleName", "zhang", "PolicyArn", admin}},
		{"the policy is deleted", true, []string{"DeleteRolePolicy", "RoleName", "zhang", "PolicyName", "p"}},
		{"another boundary for it", false, []string{"PutRolePermissionsBoundary", "RoleName", "zhang", "PermissionsBoundary", admin}},
		{"the same boundary", true, []string{"PutRolePermissionsBoundary", "RoleName", "zhang", "PermissionsBoundary", boundary}},
		{"no boundary", false, []string{"DeleteRolePermissionsBoundary", "RoleName", "zhang"}},
		{"a policy for a role without the boundary", false, []string{"PutRolePolicy", "RoleName", "admin", "PolicyName", "p", "PolicyDocument", callertest.AllowAll}},
		{"a managed policy for a role without the boundary", false, []string{"AttachRolePolicy", "RoleName", "maria", "PolicyArn", admin}},
		{"the boundary is deleted", false, []string{"DeletePolicy", "PolicyArn", boundary}},
		{"the role is deleted", true, []string{"DeleteRole", "RoleName", "zhang"}},
	} {
		if rec := w.Query("iam", tc.call[0], by, tc.call[1:]...); (rec.Code == http.StatusOK) != tc.allowed {
			t.Errorf("%s: %d %s", tc.name, rec.Code, rec.Body)
		}
	}
}

// TestTrustPoliciesSeeTheKeysOfTheCall covers the operations that Authorize leaves to the trust policy.
func TestTrustPoliciesSeeTheKeysOfTheCall(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	by := w.As(w.Role("caller", callertest.AccountTrust(), callertest.AllowAll))
	input := []string{"RoleSessionName", "session", "ExternalId", "id", "SourceIdentity", "jo", "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue",
		"TransitiveTagKeys.member.1", "team"}
	names := map[string]bool{"cognito-identity.amazonaws.com:amr": true, "cognito-identity.amazonaws.com:aud": true,
		"cognito-identity.amazonaws.com:sub": true, "aws:username": true, "aws:FederatedProvider": true, "aws:SourceIdentity": true,
		"aws:Referer": true, "aws:UserAgent": true, "aws:PrincipalTag/*": true} // this session has none
	for _, key := range append([]string{"none"}, reference.Keys("sts:AssumeRole")...) {
		if names[key] || ofAnotherSession[key] {
			continue
		}
		key = strings.Replace(key, "/*", "/team", 1)
		trust := strings.Replace(string(callertest.AccountTrust()), `"Action":[`, `"Condition":{"Null":{"`+key+`":"false"}},"Action":[`, 1)
		if key == "none" {
			trust = string(callertest.AccountTrust())
		}
		name := "r-" + strings.NewReplacer(":", "-", "/", "-").Replace(key)
		role, err := w.IAM.CreateRole(t.Context(), store.Role{Name: name, Trust: []byte(trust), Tags: map[string]string{"team": "blue"}})
		must(t, err)
		if rec := w.Query("sts", "AssumeRole", by, append(input, "RoleArn", w.IAM.RoleARNOf(role))...); rec.Code != http.StatusOK {
			t.Errorf("%s: %d %s", key, rec.Code, rec.Body)
		}
	}
	for _, key := range []string{"aws:ResourceTag/team", "iam:ResourceTag/team", "aws:RequestedRegion", "aws:ViaAWSService", "aws:PrincipalIsAWSService", "aws:ResourceAccount", "sts:RoleSessionName"} {
		trust := strings.Replace(string(iam.PoolTrust(w.pool, false)), `"Condition":{`, `"Condition":{"Null":{"`+key+`":"false"},`, 1)
		name := "web-" + strings.NewReplacer(":", "-", "/", "-").Replace(key)
		role, err := w.IAM.CreateRole(t.Context(), store.Role{Name: name, Trust: []byte(trust), Tags: map[string]string{"team": "blue"}})
		must(t, err)
		token, err := w.Pools.GetOpenIDToken(t.Context(), w.guest, nil)
		must(t, err)
		rec := w.Query("sts", "AssumeRoleWithWebIdentity", sigv4.Credentials{}, "RoleArn", w.IAM.RoleARNOf(role), "RoleSessionName", "session", "WebIdentityToken", token.Token)
		if rec.Code != http.StatusOK {
			t.Errorf("web identity, %s: %d %s", key, rec.Code, rec.Body)
		}
	}
}
