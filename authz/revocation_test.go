package authz

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

func TestASignOutRevokesTokensAndTheirCredentials(t *testing.T) {
	until := testNow.Add(2 * time.Hour)
	for name, record := range map[string]revoke.Record{
		"the family":   revoke.Family(testIssuer, "origin-alice", until),
		"all sign-ins": revoke.Sessions(testIssuer, "sub-alice", testNow, nil, until),
	} {
		t.Run(name, func(t *testing.T) {
			g, e, token, signed := revocable(t)
			want(t, e, get("GET", "/", token), Allowed)
			want(t, g.Engine, signed(), Allowed)
			if err := g.index.Apply(record); err != nil {
				t.Fatal(err)
			}
			want(t, e, get("GET", "/", token), Unauthenticated)
			want(t, g.Engine, signed(), Unauthenticated)
		})
	}
	t.Run("the role", func(t *testing.T) {
		g, e, token, signed := revocable(t)
		want(t, g.Engine, signed(), Allowed)
		if err := g.index.Apply(revoke.Role(testRole, testNow, until)); err != nil {
			t.Fatal(err)
		}
		want(t, g.Engine, signed(), Unauthenticated)
		want(t, e, get("GET", "/", token), Allowed)
	})
	t.Run("another user", func(t *testing.T) {
		g, e, token, signed := revocable(t)
		if err := g.index.Apply(revoke.Sessions(testIssuer, "sub-bob", testNow, nil, until)); err != nil {
			t.Fatal(err)
		}
		want(t, e, get("GET", "/", token), Allowed)
		want(t, g.Engine, signed(), Allowed)
	})
}

type revocableGate struct {
	*signedGate
	index *revoke.Index
}

// revocable returns a route for tokens and one for signatures that share an index, a token, and a function that returns
// requests signed with credentials obtained with the token.
func revocable(t *testing.T) (*revocableGate, *Engine, string, func() *Request) {
	var index *revoke.Index
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) {
		index = must(revoke.NewIndex(revoke.Options{Now: o.Now}))
		o.Revocations = &IndexRevocations{Index: index}
	})
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	e := tokenGate(t, g.clock, func(o *Options) { o.Revocations = &IndexRevocations{Index: index} }, "allow any * /*")
	credentials := g.credentials(record("us-east-1:1", func(r *session.Record) {
		r.Logins = []session.Login{{Issuer: testIssuer, Subject: "sub-alice", OriginJTI: "origin-alice",
			AuthTime: testNow.Add(-time.Minute)}}
	}))
	return &revocableGate{g, index}, e, bearerToken("alice", nil), func() *Request {
		return g.sign(get("GET", "/bucket/key", ""), credentials, "s3", sigv4.UnsignedPayload)
	}
}
