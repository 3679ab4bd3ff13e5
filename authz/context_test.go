package authz

import (
	"crypto/tls"
	"net/netip"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
)

// callOf returns a call in the state in which policies look up its keys.
func callOf(s *Subject, m Mapping, r *Request) *call {
	return &call{e: &Engine{o: Options{Mapping: m}}, now: testNow, r: r, subject: s, principal: s.whole(), host: "api.example", path: "/x",
		target: &target{action: ActionInvoke}}
}

func TestContextKeysOfEachKindOfPrincipal(t *testing.T) {
	token, _ := subjectOfToken(must(testVerifier(newClock().now).Verify(t.Context(), bearerToken("alice", map[string]any{
		"cognito:groups": []string{"a", "b"}, "cognito:roles": []string{"r1", "r2"}, "cognito:preferred_role": "r2",
		"custom:Level": 3, "flag": true, "list": []any{"x", 1}, "nested": map[string]any{"a": 1}, "none": nil}))))
	machine, _ := subjectOfToken(must(testVerifier(newClock().now).Verify(t.Context(), bearerToken("x", map[string]any{
		"sub": testClient, "username": nil, "scope": "api/read"}))))
	role := subjectOfSession("ASIAEXAMPLE", record("us-east-1:id", func(r *session.Record) {
		r.Username, r.SourceIdentity = "alice", "idp"
		r.PrincipalTags = []principal.Tag{{Key: "Team", Value: "red"}, {Key: "cost"}}
		r.AMR = []string{"authenticated", "issuer.example/p"}
	}), seal.Secret{})
	of := func(kind session.Kind) *Subject {
		return subjectOfSession("ASIAEXAMPLE", &session.Record{Kind: kind, RoleARN: "arn:aws:iam::123456789012:root", SessionName: "ann",
			Account: testAccount, IssuedAt: testNow.Add(-time.Minute), ExpiresAt: testNow.Add(time.Hour)}, seal.Secret{})
	}
	for key, want := range map[string][2]string{
		"aws:principaltype":          {"FederatedUser", "Account"},
		"aws:principalarn":           {"arn:aws:sts::123456789012:federated-user/ann", "arn:aws:iam::123456789012:root"},
		"aws:principalaccount":       {testAccount, testAccount},
		"aws:userid":                 {testAccount + ":ann", testAccount},
		"aws:tokenissuetime":         {"2026-11-21T11:59:00Z", "2026-11-21T11:59:00Z"},
		"aws:multifactorauthpresent": {"false", "false"},
	} {
		for i, kind := range []session.Kind{session.FederatedUser, session.UserSession} {
			if got := show(callOf(of(kind), httpMapping(), get("GET", "/x", "")).Lookup(key)); got != want[i] {
				t.Errorf("%s of a session of kind %v is %q, want %q", key, kind, got, want[i])
			}
		}
	}
	if kind := of(session.FederatedUser).Principal.Kind.String(); kind != "federated-user" {
		t.Errorf("a federated user is a %s", kind)
	}
	root := newRoot(&RootKey{AccessKeyID: "AKIA", Account: testAccount})
	nobody := &Subject{Principal: &principal.Principal{}}
	for _, tc := range []struct {
		key                                string
		token, machine, role, root, nobody string
	}{
		{"aws:principaltype", "User", "User", "AssumedRole", "Account", "Anonymous"},
		{"aws:principalarn", "-", "-", testRole, "arn:aws:iam::123456789012:root", "-"},
		{"aws:principalaccount", "-", "-", testAccount, testAccount, "-"},
		{"aws:userid", "sub-alice", testClient, "AROAEXAMPLEEXAMPLE123:CognitoIdentityCredentials", testAccount, "-"},
		{"aws:username", "alice", "-", "alice", "-", "-"},
		{"aws:tokenissuetime", "-", "-", "2026-11-21T11:59:00Z", "-", "-"},
		{"aws:federatedprovider", "-", "-", "cognito-identity.amazonaws.com", "-", "-"},
		{"aws:sourceidentity", "-", "-", "idp", "-", "-"},
		{"sts:sourceidentity", "-", "-", "idp", "-", "-"},
		{"aws:principaltag/team", "-", "-", "red", "-", "-"},
		{"aws:principaltag/cost", "-", "-", "", "-", "-"},
		{"aws:principaltag/other", "-", "-", "-", "-", "-"},
		{"cognito-identity.amazonaws.com:sub", "-", "-", "us-east-1:id", "-", "-"},
		{"cognito-identity.amazonaws.com:aud", "-", "-", testPool, "-", "-"},
		{"cognito-identity.amazonaws.com:amr", "-", "-", "authenticated,issuer.example/p", "-", "-"},
		{"cognito-identity.amazonaws.com:x", "-", "-", "-", "-", "-"},
		{"cognito:groups", "a,b", "-", "-", "-", "-"},
		{"cognito:roles", "r1,r2", "-", "-", "-", "-"},
		{"cognito:preferred_role", "r2", "-", "-", "-", "-"},
		{"cognito:username", "alice", "-", "alice", "-", "-"},
		{"cognito:sub", "sub-alice", testClient, "us-east-1:id", "-", "-"},
		{"cognito:client_id", testClient, testClient, "-", "-", "-"},
		{"cognito:token_use", "access", "access", "-", "-", "-"},
		{"cognito:user_pool", "us-east-1_notes0001", "us-east-1_notes0001", "-", "-", "-"},
		{"cognito:x", "-", "-", "-", "-", "-"},
		{"jwt:sub", "sub-alice", testClient, "-", "-", "-"},
		{"jwt:iss", testIssuer, testIssuer, "-", "-", "-"},
		{"jwt:scope", "aws.cognito.signin.user.admin", "api/read", "-", "-", "-"},
		{"jwt:custom:level", "3", "-", "-", "-", "-"},
		{"jwt:flag", "true", "-", "-", "-", "-"},
		{"jwt:list", "x,1", "-", "-", "-", "-"},
		{"jwt:nested", `{"a":1}`, "-", "-", "-", "-"},
		{"jwt:none", "-", "-", "-", "-", "-"},
		{"aws:requestedregion", testRegion, testRegion, testRegion, testRegion, testRegion},
		{"aws:resourceaccount", testAccount, testAccount, testAccount, testAccount, testAccount},
		{"aws:viaawsservice", "false", "false", "false", "false", "false"},
		{"aws:principalisawsservice", "false", "false", "false", "false", "false"},
		{"aws:multifactorauthpresent", "-", "-", "false", "-", "-"},
		{"aws:sourceip", "192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.7"},
		{"s3:prefix", "-", "-", "-", "-", "-"},
		{"http:method", "GET", "GET", "GET", "GET", "GET"},
		{"http:other", "-", "-", "-", "-", "-"},
		{"aws:other", "-", "-", "-", "-", "-"},
		{"sts:other", "-", "-", "-", "-", "-"},
		{"other", "-", "-", "-", "-", "-"},
	} {
		for name, who := range map[string]struct {
			s        *Subject
			expected string
		}{"token": {token, tc.token}, "machine": {machine, tc.machine}, "role": {role, tc.role}, "root": {root, tc.root}, "nobody": {nobody, tc.nobody}} {
			c := callOf(who.s, httpMapping(), get("GET", "/x", ""))
			if got := show(c.Lookup(tc.key)); got != who.expected || c.unsure != nil {
				t.Errorf("%s of %s = %q, want %q", tc.key, name, got, who.expected)
			}
		}
	}
	if machine.whole().Kind != principal.Machine || token.whole().Kind != principal.User {
		t.Errorf("%s, %s", machine.whole().Kind, token.whole().Kind)
	}
}

func TestSessionsKeepTheUserOfAPublicProvider(t *testing.T) {
	for provider, key := range map[string]string{"accounts.google.com": "sub", "graph.facebook.com": "id", "www.amazon.com": "user_id"} {
		s := &Subject{Principal: &principal.Principal{Kind: principal.RoleSession, Provider: provider, Logins: []principal.Login{{Subject: "ada"}}}}
		c := callOf(s, httpMapping(), get("GET", "/x", ""))
		if got := show(c.Lookup(provider + ":" + key)); got != "ada" {
			t.Errorf("%s:%s is %s", provider, key, got)
		}
		s.Principal.Provider = "cognito-identity.amazonaws.com"
		if c.Lookup(provider+":"+key).Len() != 0 || c.Lookup(provider+":aud").Len() != 0 {
			t.Errorf("a session of an identity pool has a key of %s", provider)
		}
	}
}

func TestTagsThatDifferInCaseAreAmbiguous(t *testing.T) {
	s := &Subject{Principal: &principal.Principal{Kind: principal.RoleSession, Tags: []principal.Tag{{Key: "Team", Value: "b"}, {Key: "team", Value: "a"}}}}
	c := callOf(s, httpMapping(), get("GET", "/x", ""))
	if c.Lookup("aws:principaltag/team").Len() != 0 || c.unsure == nil {
		t.Error("one of two ambiguous tags was used")
	}
}

// Two tag keys are different if policies fold them differently.
func TestTagKeysFoldAsPoliciesFoldThem(t *testing.T) {
	s := &Subject{Principal: &principal.Principal{Kind: principal.RoleSession, Tags: []principal.Tag{{Key: "claſs", Value: "a"}}}}
	c := callOf(s, httpMapping(), get("GET", "/x", ""))
	if v := c.Lookup(policy.FoldKey("aws:PrincipalTag/class")); v.Len() != 0 {
		t.Errorf("another tag was found, with %q", v.At(0))
	}
	if v := c.Lookup(policy.FoldKey("aws:PrincipalTag/claſs")); v.Len() != 1 || v.At(0) != "a" {
		t.Error("a tag was not found by its own key")
	}
}

func TestContextKeysOfTheConnection(t *testing.T) {
	m := &S3Mapping{Region: testRegion, Account: testAccount}
	r := get("GET", "/x", "")
	r.ClientIP = netip.MustParseAddr("::ffff:198.51.100.9")
	for version, expected := range map[uint16][2]string{0: {"false", "-"}, tls.VersionTLS10: {"true", "1.0"}, tls.VersionTLS11: {"true", "1.1"},
		tls.VersionTLS12: {"true", "1.2"}, tls.VersionTLS13: {"true", "1.3"}} {
		r.TLSVersion = version
		c := callOf(&Subject{Principal: &principal.Principal{}}, m, r)
		if show(c.Lookup("aws:securetransport")) != expected[0] || show(c.Lookup("s3:tlsversion")) != expected[1] {
			t.Errorf("version %x: %s, %s", version, show(c.Lookup("aws:securetransport")), show(c.Lookup("s3:tlsversion")))
		}
		if got := show(c.Lookup("aws:sourceip")); got != "198.51.100.9" {
			t.Errorf("source %s", got)
		}
	}
	for _, tc := range []struct {
		tls         uint16
		https, http bool
		secure      string
	}{{0, true, false, "true"}, {tls.VersionTLS13, true, false, "true"}, {tls.VersionTLS13, false, true, "false"}, {0, false, true, "false"}} {
		r.TLSVersion, r.PublicHTTPS, r.PublicHTTP = tc.tls, tc.https, tc.http
		if got := show(callOf(&Subject{Principal: &principal.Principal{}}, m, r).Lookup("aws:securetransport")); got != tc.secure {
			t.Errorf("a proxy, %+v: %s", tc, got)
		}
	}
	r.ClientIP = netip.Addr{}
	if got := show(callOf(&Subject{Principal: &principal.Principal{}}, m, r).Lookup("aws:sourceip")); got != "-" {
		t.Errorf("an unknown source is %s", got)
	}
}

func TestInvalidMappingsAreRefused(t *testing.T) {
	for name, m := range map[string]Mapping{
		"a region": &S3Mapping{Region: "US East", Account: testAccount}, "an account": &S3Mapping{Region: testRegion, Account: "12"},
		"a prefix": &S3Mapping{Region: testRegion, Account: testAccount, Prefix: "s3"}, "a prefix with a slash": &S3Mapping{Region: testRegion, Account: testAccount, Prefix: "/s3/"},
		"an endpoint": &S3Mapping{Region: testRegion, Account: testAccount, Store: s3key.Store{Endpoints: s3key.Endpoints{Names: []string{"S3.example:80"}}}},
		"a stage":     &HTTPMapping{Region: testRegion, Account: testAccount, API: "a", Stage: "x/y"},
	} {
		if m.check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewHTTPMapping(testRegion, testAccount, "", ""); err == nil {
		t.Error("a mapping without names was accepted")
	}
}
