package identitypool_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/store"
)

const (
	appID     = "1234567890"
	samlRoles = "https://aws.amazon.com/SAML/Attributes/Role"
)

// accessTokens knows one user of each provider, whose token is "good"; of Twitter, "good;secret". err is its answer if it is set.
type accessTokens struct{ err error }

func (*accessTokens) Knows(provider string) bool {
	return provider == accesstoken.Facebook || provider == accesstoken.Amazon || provider == accesstoken.Twitter
}

func (a *accessTokens) Verify(_ context.Context, provider, token string, apps ...string) (*accesstoken.User, error) {
	user := &accesstoken.User{Provider: provider, ID: "user-1", App: appID}
	switch {
	case a.err != nil:
		return nil, a.err
	case provider == accesstoken.Twitter && token == "good;secret":
		user.App = apps[0]
	case token != "good":
		return nil, accesstoken.ErrRefused
	case provider == accesstoken.Amazon:
		user.Client = "client-1"
	}
	if !slices.ContainsFunc(apps, user.Is) {
		return nil, accesstoken.ErrApplication
	}
	return user, nil
}

// social are settings with every provider of access tokens.
func social() identitypool.Settings {
	settings := notes()
	settings.PublicLogins = map[string]string{accesstoken.Facebook: "other," + appID, accesstoken.Amazon: "client-1", accesstoken.Twitter: "key;verysecret", "www.digits.com": "key;secret"}
	return settings
}

func TestAccessTokensAreLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(social())
	for _, c := range []struct{ provider, token, amr string }{
		{accesstoken.Facebook, "good", "graph.facebook.com:" + appID + ":user-1"},
		{accesstoken.Amazon, "good", "www.amazon.com:" + appID + ":user-1"},
		{accesstoken.Twitter, "good;secret", "api.twitter.com:key:user-1"},
	} {
		logins := map[string]string{c.provider: c.token}
		id := w.id(pool, logins)
		if again := w.id(pool, logins); again != id {
			t.Errorf("%s: the user has the identities %s and %s", c.provider, id, again)
		}
		got, err := w.credentials(id, logins)
		must(t, err)
		if amr := w.caller(got.Session).Session.AMR; !slices.Equal(amr, []string{"authenticated", c.provider, c.amr}) {
			t.Errorf("%s: amr %q", c.provider, amr)
		}
		if _, err := w.GetOpenIDToken(t.Context(), id, logins); err != nil {
			t.Errorf("%s: %v", c.provider, err)
		}
	}
}

func TestAccessTokensThatProveNothingAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := social()
	pool := w.pool(settings)
	settings.PublicLogins = map[string]string{accesstoken.Facebook: "another"}
	other := w.pool(settings)
	settings.PublicLogins = map[string]string{accesstoken.Facebook: ",;"}
	empty := w.pool(settings)
	for name, c := range map[string]struct {
		pool, provider, token string
		err                   error
		kind                  fault.Kind
		message               string
	}{
		"a token that the provider refuses": {pool, accesstoken.Facebook, "bad", nil, fault.NotAuthorized, "Invalid login token. Not a valid access token of graph.facebook.com."},
		"a token of another application":    {other, accesstoken.Facebook, "good", nil, fault.NotAuthorized, unsupported},
		"a pool without an application":     {empty, accesstoken.Facebook, "good", nil, fault.NotAuthorized, unsupported},
		"an ID token":                       {pool, accesstoken.Facebook, "good", accesstoken.ErrIDToken, fault.NotAuthorized, "Invalid login token. This is an ID token; send the access token of graph.facebook.com instead."},
		"a provider that is down":           {pool, accesstoken.Facebook, "good", accesstoken.ErrUnavailable, fault.ExternalService, "The identity provider does not answer."},
		"a failure":                         {pool, accesstoken.Facebook, "good", errors.New("?"), fault.Internal, ""},
		"a provider that has ended":         {pool, "www.digits.com", "good;secret", nil, fault.NotAuthorized, "Logins of www.digits.com cannot be verified by this server."},
		"a provider that the pool lacks":    {other, accesstoken.Amazon, "good", nil, fault.NotAuthorized, noMatch + " This pool accepts logins of: " + awsKey + ", graph.facebook.com, " + oidcKey + "."},
	} {
		w.access.err = c.err
		if _, err := w.GetID(t.Context(), c.pool, "", map[string]string{c.provider: c.token}); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		} else if text, _ := fault.Message(err); c.message != "" && text != c.message {
			t.Errorf("%s: %q, want %q", name, text, c.message)
		}
	}
}

func TestAccessTokensLinkMergeAndGiveTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(social())
	id := w.id(pool, w.of("alice"))
	both := w.of("alice")
	both[accesstoken.Facebook] = "good"
	if got := w.id(pool, both); got != id {
		t.Errorf("linked to %s, want %s", got, id)
	}
	if got := w.id(pool, map[string]string{accesstoken.Facebook: "good"}); got != id {
		t.Errorf("the linked login has %s, want %s", got, id)
	}
	// Another user of the pool cannot take the login over without merging both, which the first user's login forbids.
	bob := w.of("bob")
	w.id(pool, bob)
	bob[accesstoken.Facebook] = "good"
	_, err := w.GetID(t.Context(), pool, "", bob)
	wantFault(t, err, fault.ResourceConflict, "")
	if m, err := w.SetTagMap(t.Context(), pool, accesstoken.Facebook, identitypool.TagMap{UseDefaults: true}); err != nil || m.Tags["username"] != "user_id" || m.Tags["client"] != "app_id" {
		t.Errorf("default tags %v, %v", m.Tags, err)
	}
	must(t, w.iam.Ensure(t.Context(), iam.DeclaredRole{Name: "user", Trust: iam.PoolTrust(pool, true), Policies: map[string]json.RawMessage{"all": json.RawMessage(allowAll)}}))
	got, err := w.credentials(id, map[string]string{accesstoken.Facebook: "good"})
	must(t, err)
	if tags := w.caller(got.Session).Session.PrincipalTags; len(tags) != 2 || tags[0].Value != appID || tags[1].Value != "user-1" {
		t.Errorf("tags %v", tags)
	}
}

// corp is a SAML provider of IAM and a pool that takes its assertions.
type corp struct {
	*world
	*assertiontest.Provider

	arn, pool string
}

func newCorp(t *testing.T) *corp {
	w := newWorld(t)
	p := assertiontest.New(t, "https://idp.example.com/metadata", w.now)
	provider, err := w.iam.CreateSAMLProvider(t.Context(), iam.SAMLProvider{Name: "corp", Metadata: p.Metadata()}, "")
	must(t, err)
	settings := notes()
	settings.SAML = []string{provider.ARN}
	return &corp{w, p, provider.ARN, w.pool(settings)}
}

// logins returns the login of a user whose assertion has attributes and was changed.
func (c *corp) logins(user string, change func(*assertiontest.Answer), attributes ...[]string) map[string]string {
	c.t.Helper()
	a := assertiontest.Answer{Recipient: "https://app.example.com/acs", Audience: "urn:amazon:webservices", NameID: user, SignAssertion: true,
		IssuedAt: c.now, NotBefore: c.now, Until: c.now.Add(5 * time.Minute), Attributes: attributes}
	if change != nil {
		change(&a)
	}
	return map[string]string{c.arn: c.Response(c.t, a)}
}

func TestAssertionsAreLogins(t *testing.T) {
	t.Parallel()
	c := newCorp(t)
	id := c.id(c.pool, c.logins("alice", nil))
	if again := c.id(c.pool, c.logins("alice", nil)); again != id {
		t.Errorf("alice has the identities %s and %s", id, again)
	}
	if other := c.id(c.pool, c.logins("Alice", nil)); other == id {
		t.Error("Alice has alice's identity")
	}
	got, err := c.credentials(id, c.logins("alice", nil))
	must(t, err)
	session := c.caller(got.Session).Session
	if session.RoleARN != c.iam.RoleARN("user") || !slices.Equal(session.AMR, []string{"authenticated", c.arn, c.arn + ":SAML:alice"}) {
		t.Errorf("session of %s, amr %q", session.RoleARN, session.AMR)
	}
	_, err = c.GetOpenIDToken(t.Context(), id, c.logins("alice", nil))
	wantFault(t, err, fault.InvalidParameter, "Basic (classic) flow is not supported for SAML providers, please use enhanced flow.")
	_, err = c.GetID(t.Context(), c.pool, "", c.logins(strings.Repeat("a", 1025), nil))
	wantFault(t, err, fault.NotAuthorized, "Invalid login token. The NameID has more than 1024 bytes.")
	must(t, c.iam.DeleteSAMLProvider(t.Context(), c.arn))
	_, err = c.credentials(id, c.logins("alice", nil))
	wantFault(t, err, fault.NotAuthorized, "Invalid login token. Specified provider doesn't exist")
}

func TestForgedAndForeignAssertionsAreRefused(t *testing.T) {
	t.Parallel()
	c := newCorp(t)
	stranger := assertiontest.New(t, "https://idp.example.com/metadata", c.now)
	for name, logins := range map[string]map[string]string{
		"not signed":            c.logins("alice", func(a *assertiontest.Answer) { a.SignAssertion = false }),
		"another audience":      c.logins("alice", func(a *assertiontest.Answer) { a.Audience = "urn:amazon:cognito:sp:us-east-1_notes0001" }),
		"no audience":           c.logins("alice", func(a *assertiontest.Answer) { a.Audience = "" }),
		"expired":               c.logins("alice", func(a *assertiontest.Answer) { a.Until = c.now.Add(-2 * time.Minute) }),
		"issued long ago":       c.logins("alice", func(a *assertiontest.Answer) { a.IssuedAt = c.now.Add(-7 * time.Minute) }),
		"another issuer":        c.logins("alice", func(a *assertiontest.Answer) { a.Issuer = "https://evil.example.com" }),
		"the provider refused":  c.logins("alice", func(a *assertiontest.Answer) { a.Status = "urn:oasis:names:tc:SAML:2.0:status:Responder" }),
		"another signer":        (&corp{c.world, stranger, c.arn, c.pool}).logins("alice", nil),
		"not a response":        {c.arn: "aGVsbG8="},
		"a token":               {c.arn: c.idToken("alice", nil)},
		"another provider's":    {c.arn + "x": c.logins("alice", nil)[c.arn]},
		"an assertion as token": {loginKey: c.logins("alice", nil)[c.arn]},
	} {
		if _, err := c.GetID(t.Context(), c.pool, "", logins); !fault.Is(err, fault.NotAuthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAssertionNamesTheRole(t *testing.T) {
	t.Parallel()
	c := newCorp(t)
	trust := iam.PoolTrust(c.pool, true)
	editor, reader := c.role("editor", trust), c.role("reader", trust)
	pair := func(role string) string { return role + "," + c.arn }
	one, two := []string{samlRoles, pair(editor)}, []string{samlRoles, pair(editor), c.arn + "," + reader}
	foreign := []string{samlRoles, editor + ",arn:aws:iam::" + account + ":saml-provider/other"}
	id := c.id(c.pool, c.logins("alice", nil))
	for name, tc := range map[string]struct {
		attributes []string
		custom     string
		want       string // "" = refused
	}{
		"no role":                        {nil, "", c.iam.RoleARN("user")},
		"one":                            {one, "", editor},
		"one, asked for":                 {one, editor, editor},
		"one, another asked for":         {one, reader, ""},
		"the pool's role asked for":      {one, c.iam.RoleARN("user"), ""},
		"several":                        {two, "", ""},
		"several, one asked for":         {two, reader, reader},
		"of another provider":            {foreign, "", c.iam.RoleARN("user")},
		"of another provider, asked for": {foreign, editor, ""},
	} {
		var attributes [][]string
		if tc.attributes != nil {
			attributes = [][]string{tc.attributes}
		}
		got, err := c.GetCredentials(t.Context(), id, c.logins("alice", nil, attributes...), tc.custom, identitypool.Env{})
		if tc.want == "" {
			if !fault.Is(err, fault.NotAuthorized) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if role := c.caller(got.Session).Session.RoleARN; role != tc.want {
			t.Errorf("%s: %s, want %s", name, role, tc.want)
		}
	}
}

func TestRulesAndTagsReadAttributes(t *testing.T) {
	t.Parallel()
	c := newCorp(t)
	const department = "https://idp.example.com/department"
	editor := c.role("editor", iam.PoolTrust(c.pool, true))
	must(t, c.SetRoles(t.Context(), c.pool, identitypool.Roles{Authenticated: c.iam.RoleARN("user"), Mappings: map[string]identitypool.RoleMapping{
		c.arn: {Type: "Rules", Ambiguous: "Deny", Rules: []identitypool.Rule{{Claim: department, Match: "Contains", Value: "news", Role: editor}}}}}))
	_, err := c.SetTagMap(t.Context(), c.pool, c.arn, identitypool.TagMap{UseDefaults: true})
	must(t, err)
	id := c.id(c.pool, c.logins("alice", nil))
	got, err := c.credentials(id, c.logins("alice", nil, []string{department, "sports", "news"}))
	must(t, err)
	session := c.caller(got.Session).Session
	if session.RoleARN != editor || len(session.PrincipalTags) != 1 || session.PrincipalTags[0].Value != "alice" {
		t.Errorf("%s with tags %v", session.RoleARN, session.PrincipalTags)
	}
	_, err = c.credentials(id, c.logins("alice", nil, []string{department, "sports"}, []string{"cognito:roles", editor}))
	wantFault(t, err, fault.NotAuthorized, "The ambiguous role mapping rules for: "+c.arn+" denied this request.")
}

func TestAnAssertionLinksToAnotherLogin(t *testing.T) {
	t.Parallel()
	c := newCorp(t)
	guest := c.id(c.pool, nil)
	both := c.logins("alice", nil)
	both[loginKey] = c.idToken("alice", nil)
	got, err := c.credentials(guest, both)
	must(t, err)
	if got.IdentityID != guest || c.id(c.pool, c.logins("alice", nil)) != guest || c.id(c.pool, c.of("alice")) != guest {
		t.Error("the two logins have not one identity")
	}
}

func TestTheSecretOfAnApplicationIsSealedInTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(social())
	must(t, w.Tag(t.Context(), pool, map[string]string{"stage": "test"}))
	must(t, w.store.View(t.Context(), func(tx store.Tx) error {
		record, err := tx.IdentityPools.Get(pool)
		if err == nil && strings.Contains(string(record.Settings), "verysecret") {
			t.Errorf("the store has %s", record.Settings)
		}
		return err
	}))
	w.open()
	p, err := w.Describe(pool)
	must(t, err)
	if app := p.PublicLogins[accesstoken.Twitter]; app != "key;verysecret" {
		t.Errorf("the application is %q", app)
	}
	w.id(pool, map[string]string{accesstoken.Twitter: "good;secret"})
}
