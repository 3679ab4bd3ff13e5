package identitypool_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
)

func TestASessionOfTheEnhancedFlowHasItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	id := w.id(pool, w.of("alice"))
	out, err := w.credentials(id, w.of("alice"))
	must(t, err)
	if out.IdentityID != id || !strings.HasPrefix(out.Session.AccessKeyID, "ASIA") || len(out.Session.AccessKeyID) != 20 ||
		len(out.Session.SecretAccessKey.Reveal()) != 40 || !out.Session.Expiration.Equal(w.now.Add(time.Hour)) {
		t.Errorf("credentials %+v", out)
	}
	c := w.caller(out.Session)
	wantAMR := []string{"authenticated", awsKey, awsKey + ":CognitoSignIn:sub-alice"}
	if c.Session.IdentityID != id || c.Session.IdentityPoolID != pool || !slices.Equal(c.Session.AMR, wantAMR) || c.Session.Username != "alice" {
		t.Errorf("record %+v", c.Session)
	}
	want := session.Login{Issuer: issuerOf(userPool), Subject: "sub-alice", OriginJTI: "origin-alice", AuthTime: w.now.Add(-time.Minute), IssuedAt: w.now}
	if len(c.Session.Logins) != 1 || c.Session.Logins[0] != want {
		t.Errorf("logins %+v, want %+v, so that signing out ends the session", c.Session.Logins, want)
	}
	if got := w.iam.Identify(c); got.ARN != "arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials" || !strings.HasSuffix(got.UserID, ":CognitoIdentityCredentials") {
		t.Errorf("caller identity %+v", got)
	}
	for action, want := range map[string]bool{"s3:GetObject": true, "iam:CreateRole": true, "sts:AssumeRole": true} {
		if w.may(c, action, "*") != want {
			t.Errorf("an authenticated identity of a role that allows everything: %s is not %v", action, want)
		}
	}
}

func TestAGuestIsLimitedWhateverItsRoleSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	out, err := w.credentials(w.id(pool, nil), nil)
	must(t, err)
	c := w.caller(out.Session)
	for action, want := range map[string]bool{
		"s3:GetObject": true, "dynamodb:PutItem": true, "execute-api:Invoke": true, "cognito-idp:ListUserPools": true,
		"rum:PutRumEvents": true, "geo:GetMapTile": true, "kms:Decrypt": true, "textract:AnalyzeDocument": true, "geo:BatchPutGeofence": true,
		"iam:CreateRole": false, "sts:AssumeRole": false, "ec2:RunInstances": false, "secretsmanager:GetSecretValue": false,
		"ssm:GetParameter": false, "kms:CreateKey": false, "textract:StartDocumentAnalysis": false, "sagemaker:CreateModel": false,
		"s3express:CreateSession": false, "geo:DeleteMap": false,
	} {
		if w.may(c, action, "*") != want {
			t.Errorf("%s is not %v for a guest", action, want)
		}
	}
	_, err = w.iam.AssumeRole(t.Context(), c, iam.AssumeRoleInput{RoleARN: w.role("open", json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"AWS":"`+w.iam.RoleARN("guest")+`"},"Action":"sts:AssumeRole"}]}`)), SessionName: "x1"})
	wantFault(t, err, fault.AccessDenied, "")
	if id := w.iam.Identify(c); id.Account != account {
		t.Errorf("GetCallerIdentity works for a guest: %+v", id)
	}
	if !slices.Equal(c.Session.AMR, []string{"unauthenticated"}) {
		t.Errorf("amr %q", c.Session.AMR)
	}
}

func TestRolesThatRefuseTheIdentityAreAMisconfiguredPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	alice, guest := w.id(pool, w.of("alice")), w.id(pool, nil)
	const text = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
	for name, roles := range map[string]identitypool.Roles{
		"no roles":                 {},
		"roles that do not exist":  {Authenticated: w.iam.RoleARN("none"), Guest: w.iam.RoleARN("none")},
		"each other's roles":       {Authenticated: w.iam.RoleARN("guest"), Guest: w.iam.RoleARN("user")},
		"roles that trust another": {Authenticated: w.role("foreign", poolTrust("us-east-1:none", true)), Guest: w.role("foreign2", poolTrust("us-east-1:none", false))},
		"roles for another action": {Authenticated: w.role("sts", json.RawMessage(strings.Replace(string(poolTrust(pool, true)), "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole", 1))), Guest: w.iam.RoleARN("sts")},
	} {
		must(t, w.SetRoles(t.Context(), pool, roles))
		_, err := w.credentials(alice, w.of("alice"))
		if m, _ := fault.Message(err); !fault.Is(err, fault.InvalidIdentityPoolSetup) || m != text {
			t.Errorf("%s, authenticated: %v", name, err)
		}
		_, err = w.credentials(guest, nil)
		if m, _ := fault.Message(err); !fault.Is(err, fault.InvalidIdentityPoolSetup) || m != text {
			t.Errorf("%s, guest: %v", name, err)
		}
	}
	must(t, w.SetRoles(t.Context(), pool, identitypool.Roles{Guest: w.iam.RoleARN("guest")}))
	_, err := w.GetCredentials(t.Context(), guest, nil, w.iam.RoleARN("user"), identitypool.Env{})
	wantFault(t, err, fault.NotAuthorized, "")
}

func TestPrincipalTagsComeFromMappedClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	_, err := w.SetTagMap(t.Context(), pool, awsKey, identitypool.TagMap{Tags: map[string]string{"team": "custom:team", "absent": "none", "many": "cognito:groups"}})
	must(t, err)
	logins := map[string]string{loginKey: w.idToken("alice", map[string]any{"custom:team": "*", "cognito:groups": []string{"a", "b"}})}
	id := w.id(pool, logins)
	out, err := w.credentials(id, logins)
	must(t, err)
	if tags := w.caller(out.Session).Principal.Tags; !slices.Equal(tags, []iam.Tag{{Key: "team", Value: "*"}}) {
		t.Errorf("tags %v, want team only", tags)
	}
	must(t, w.iam.PutRolePolicy(t.Context(), "user", "all", json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
		"Resource":["arn:aws:s3:::b/${aws:PrincipalTag/team}/x","arn:aws:s3:::b/${aws:PrincipalTag/absent}/y"]}}`)))
	for resource, want := range map[string]bool{
		"arn:aws:s3:::b/*/x": true, "arn:aws:s3:::b/red/x": false, "arn:aws:s3:::b//y": false, "arn:aws:s3:::b/red/y": false,
	} {
		if w.may(w.caller(out.Session), "s3:GetObject", resource) != want {
			t.Errorf("%s is not %v: a tag's text is literal, and a tag that is absent matches nothing", resource, want)
		}
	}
	m, err := w.SetTagMap(t.Context(), pool, awsKey, identitypool.TagMap{UseDefaults: true})
	must(t, err)
	if m.Tags["username"] != "sub" || m.Tags["client"] != "aud" {
		t.Errorf("defaults %v", m.Tags)
	}
	out, err = w.credentials(id, logins)
	must(t, err)
	if tags := w.caller(out.Session).Principal.Tags; !slices.Equal(tags, []iam.Tag{{Key: "client", Value: client}, {Key: "username", Value: "sub-alice"}}) {
		t.Errorf("default tags %v", tags)
	}
	_, err = w.SetTagMap(t.Context(), pool, awsKey, identitypool.TagMap{Tags: map[string]string{"a": "x", "A": "y"}})
	wantFault(t, err, fault.InvalidParameter, "")
}

// STS refuses the session, and the enhanced flow says of every refusal of STS that the pool is set up wrongly.
func TestTagsThatAreTooLargeTogetherAreAMisconfiguredPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	tags, claims := map[string]string{}, map[string]any{}
	for i := range 17 {
		name := fmt.Sprint("c", i)
		tags[name], claims[name] = name, strings.Repeat("v", 256)
	}
	_, err := w.SetTagMap(t.Context(), pool, awsKey, identitypool.TagMap{Tags: tags})
	must(t, err)
	logins := map[string]string{loginKey: w.idToken("alice", claims)}
	_, err = w.credentials(w.id(pool, logins), logins)
	wantFault(t, err, fault.InvalidIdentityPoolSetup, "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
}

func TestTheBasicFlowGivesATokenThatSTSTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	id := w.id(pool, w.of("alice"))
	_, err := w.SetTagMap(t.Context(), pool, awsKey, identitypool.TagMap{UseDefaults: true})
	must(t, err)
	out, err := w.GetOpenIDToken(t.Context(), id, w.of("alice"))
	must(t, err)
	header, claims := decode(t, out.Token)
	if header["alg"] != "RS512" || header["typ"] != "JWS" || header["kid"] != "us-east-1-1" {
		t.Errorf("header %v", header)
	}
	if claims["sub"] != id || claims["aud"] != pool || claims["iss"] != "https://cognito-identity.amazonaws.com" ||
		claims["exp"].(float64)-claims["iat"].(float64) != 600 ||
		claims["https://cognito-identity.amazonaws.com/identity-pool-arn"] != "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/"+pool {
		t.Errorf("claims %v", claims)
	}
	assumed, err := w.iam.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.iam.RoleARN("user"), SessionName: "mine", Token: out.Token})
	must(t, err)
	c := w.caller(assumed.Credentials)
	if assumed.Provider != "cognito-identity.amazonaws.com" || assumed.Audience != pool || assumed.Subject != id || c.Session.Username != "alice" ||
		len(c.Session.Logins) != 1 || c.Session.Logins[0].OriginJTI != "origin-alice" || !c.Session.Logins[0].IssuedAt.Equal(w.now) || !slices.Contains(c.Principal.Tags, iam.Tag{Key: "username", Value: "sub-alice"}) {
		t.Errorf("session %+v of %+v", c.Session, assumed)
	}
	_, err = w.iam.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.iam.RoleARN("guest"), SessionName: "mine", Token: out.Token})
	wantFault(t, err, fault.AccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")

	// The limits on guests are the enhanced flow's; in the basic flow only the trust policy limits them, as on AWS.
	guest, err := w.GetOpenIDToken(t.Context(), w.id(pool, nil), nil)
	must(t, err)
	assumed, err = w.iam.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.iam.RoleARN("guest"), SessionName: "mine", Token: guest.Token})
	must(t, err)
	if !w.may(w.caller(assumed.Credentials), "ec2:RunInstances", "*") {
		t.Error("the basic flow limits a guest")
	}
	w.now = w.now.Add(11 * time.Minute)
	_, err = w.iam.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.iam.RoleARN("user"), SessionName: "mine", Token: out.Token})
	wantFault(t, err, fault.ExpiredToken, "")
	settings := notes()
	settings.Classic = false
	_, err = w.Update(t.Context(), pool, "notes", settings)
	must(t, err)
	_, err = w.GetOpenIDToken(t.Context(), id, w.of("alice"))
	wantFault(t, err, fault.InvalidParameter, "Basic (classic) flow is not enabled, please use enhanced flow.")
}

func TestDeveloperIdentities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := notes()
	settings.DeveloperName = "login.example"
	pool := w.pool(settings)
	ask := func(in identitypool.DeveloperInput) (identitypool.OpenIDToken, error) {
		in.PoolID = pool
		return w.DeveloperToken(t.Context(), in)
	}
	user := func(name string) map[string]string { return map[string]string{"login.example": name} }
	out, err := ask(identitypool.DeveloperInput{Logins: user("u1"), Tags: map[string]string{"team": "blue"}})
	must(t, err)
	_, claims := decode(t, out.Token)
	if claims["exp"].(float64)-claims["iat"].(float64) != 900 {
		t.Errorf("claims %v", claims)
	}
	own := map[string]string{"cognito-identity.amazonaws.com": out.Token}
	got, err := w.credentials(out.IdentityID, own)
	must(t, err)
	c := w.caller(got.Session)
	if want := []string{"authenticated", "login.example", "login.example:" + pool + ":u1"}; !slices.Equal(c.Session.AMR, want) || !slices.Equal(c.Principal.Tags, []iam.Tag{{Key: "team", Value: "blue"}}) {
		t.Errorf("amr %q, tags %v", c.Session.AMR, c.Principal.Tags)
	}
	again, err := ask(identitypool.DeveloperInput{Logins: user("u1")})
	must(t, err)
	if again.IdentityID != out.IdentityID {
		t.Error("the same user has another identity")
	}
	linked, err := ask(identitypool.DeveloperInput{IdentityID: out.IdentityID, Logins: user("u2")})
	must(t, err)
	if linked.IdentityID != out.IdentityID {
		t.Error("a second user is not linked to the identity given")
	}
	other, err := ask(identitypool.DeveloperInput{Logins: user("u3")})
	must(t, err)
	for name, tc := range map[string]struct {
		in   identitypool.DeveloperInput
		kind fault.Kind
	}{
		"a user of another identity":     {identitypool.DeveloperInput{IdentityID: out.IdentityID, Logins: user("u3")}, fault.DeveloperUserRegistered},
		"an authenticated identity's id": {identitypool.DeveloperInput{IdentityID: w.id(pool, w.of("alice")), Logins: user("u9")}, fault.NotAuthorized},
		"another provider":               {identitypool.DeveloperInput{Logins: map[string]string{"other": "u1"}}, fault.InvalidParameter},
		"a token of more than a day":     {identitypool.DeveloperInput{Logins: user("u1"), Life: 25 * time.Hour}, fault.InvalidParameter},
		"an invalid public login":        {identitypool.DeveloperInput{Logins: map[string]string{"login.example": "u1", loginKey: "x"}}, fault.NotAuthorized},
	} {
		if _, err := ask(tc.in); !fault.Is(err, tc.kind) {
			t.Errorf("%s: error %v, want %s", name, err, tc.kind)
		}
	}
	id, users, next, err := w.Lookup(t.Context(), pool, out.IdentityID, "", "", 1)
	must(t, err)
	if id != out.IdentityID || !slices.Equal(users, []string{"u1"}) || next != "u1" {
		t.Errorf("lookup %s %q %q", id, users, next)
	}
	_, _, _, err = w.Lookup(t.Context(), pool, out.IdentityID, "u3", "", 1)
	wantFault(t, err, fault.ResourceConflict, "")
	merged, err := w.Merge(t.Context(), pool, "login.example", "u3", "u1")
	must(t, err)
	if id, _, _, err := w.Lookup(t.Context(), pool, "", "u3", "", 0); err != nil || id != merged || merged != out.IdentityID {
		t.Errorf("after merging u3 has %s, want %s: %v", id, merged, err)
	}
	_, err = w.credentials(other.IdentityID, map[string]string{"cognito-identity.amazonaws.com": other.Token})
	wantFault(t, err, fault.NotAuthorized, "")
	must(t, w.UnlinkDeveloper(t.Context(), pool, out.IdentityID, "login.example", "u3"))
	wantFault(t, w.UnlinkDeveloper(t.Context(), pool, out.IdentityID, "login.example", "u3"), fault.ResourceConflict, "")

	// A public login sent with the developer's user is linked, and the session ends with it.
	both, err := ask(identitypool.DeveloperInput{Logins: map[string]string{"login.example": "u7", loginKey: w.idToken("gwen", nil)}})
	must(t, err)
	if w.id(pool, w.of("gwen")) != both.IdentityID {
		t.Error("the public login is not linked")
	}
	got, err = w.credentials(both.IdentityID, map[string]string{"cognito-identity.amazonaws.com": both.Token})
	must(t, err)
	if logins := w.caller(got.Session).Session.Logins; len(logins) != 1 || logins[0].OriginJTI != "origin-gwen" || !logins[0].IssuedAt.Equal(w.now) {
		t.Errorf("logins %+v", logins)
	}

	// The pool's token is accepted for its identity in its pool only, and only in the enhanced flow.
	_, err = w.credentials(w.id(pool, nil), own)
	wantFault(t, err, fault.NotAuthorized, noMatch)
	_, err = w.GetOpenIDToken(t.Context(), out.IdentityID, own)
	wantFault(t, err, fault.NotAuthorized, "Invalid login token. Can't pass in a Cognito token.")
	_, err = w.credentials(out.IdentityID, map[string]string{"cognito-identity.amazonaws.com": w.idToken("alice", nil)})
	wantFault(t, err, fault.NotAuthorized, "")
	guest, err := w.GetOpenIDToken(t.Context(), w.id(pool, nil), nil)
	must(t, err)
	_, err = w.credentials(guest.IdentityID, map[string]string{"cognito-identity.amazonaws.com": guest.Token})
	wantFault(t, err, fault.NotAuthorized, "")
}

// A token of a developer user ends with the login that it was issued for, although the identity has others.
func TestATokenOfAnUnlinkedLoginGivesNoCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := notes()
	settings.DeveloperName = "login.example"
	pool := w.pool(settings)
	issue := func(id, user string, more map[string]string) identitypool.OpenIDToken {
		t.Helper()
		logins := map[string]string{"login.example": user}
		maps.Copy(logins, more)
		out, err := w.DeveloperToken(t.Context(), identitypool.DeveloperInput{PoolID: pool, IdentityID: id, Logins: logins, Life: 24 * time.Hour})
		must(t, err)
		return out
	}
	first := issue("", "u1", nil)
	second, longer := issue(first.IdentityID, "u2", nil), issue(first.IdentityID, "x:u2", nil)
	public := issue(first.IdentityID, "u1", w.of("alice"))
	use := func(token identitypool.OpenIDToken) error {
		_, err := w.credentials(token.IdentityID, map[string]string{"cognito-identity.amazonaws.com": token.Token})
		return err
	}
	for _, token := range []identitypool.OpenIDToken{first, second, longer, public} {
		must(t, use(token))
	}
	must(t, w.UnlinkDeveloper(t.Context(), pool, first.IdentityID, "login.example", "x:u2"))
	wantFault(t, use(longer), fault.NotAuthorized, noMatch)
	must(t, use(second))
	must(t, w.UnlinkDeveloper(t.Context(), pool, first.IdentityID, "login.example", "u2"))
	wantFault(t, use(second), fault.NotAuthorized, noMatch)
	must(t, w.Unlink(t.Context(), first.IdentityID, w.of("alice"), []string{loginKey}))
	wantFault(t, use(public), fault.NotAuthorized, noMatch)
	must(t, use(first))
}

// Threat: a token of an identity that lost a login, was merged or was deleted is taken to STS instead.
func TestThreatATokenOfAnIdentityThatIsGoneAssumesNoRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := notes()
	settings.DeveloperName = "login.example"
	pool := w.pool(settings)
	issue := func(id, user string) identitypool.OpenIDToken {
		t.Helper()
		out, err := w.DeveloperToken(t.Context(), identitypool.DeveloperInput{PoolID: pool, IdentityID: id, Logins: map[string]string{"login.example": user}, Life: 24 * time.Hour})
		must(t, err)
		return out
	}
	assume := func(role, raw string) error {
		_, err := w.iam.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.iam.RoleARN(role), SessionName: "mine", Token: raw})
		return err
	}
	first := issue("", "u1")
	second, merged := issue(first.IdentityID, "u2"), issue("", "u3")
	alice, err := w.GetOpenIDToken(t.Context(), w.id(pool, w.of("alice")), w.of("alice"))
	must(t, err)
	bob, err := w.GetOpenIDToken(t.Context(), w.id(pool, w.of("bob")), w.of("bob"))
	must(t, err)
	guest, err := w.GetOpenIDToken(t.Context(), w.id(pool, nil), nil)
	must(t, err)
	for _, out := range []identitypool.OpenIDToken{first, second, merged, alice, bob} {
		must(t, assume("user", out.Token))
	}
	must(t, assume("guest", guest.Token))
	must(t, w.UnlinkDeveloper(t.Context(), pool, first.IdentityID, "login.example", "u2"))
	_, err = w.Merge(t.Context(), pool, "login.example", "u3", "u1")
	must(t, err)
	must(t, w.Unlink(t.Context(), alice.IdentityID, w.of("alice"), []string{loginKey}))
	if failed := w.DeleteIdentities(t.Context(), []string{bob.IdentityID, guest.IdentityID}); len(failed) > 0 {
		t.Fatal(failed)
	}
	for name, err := range map[string]error{
		"an unlinked developer user": assume("user", second.Token), "a merged identity": assume("user", merged.Token),
		"an unlinked login": assume("user", alice.Token), "a deleted identity": assume("user", bob.Token), "a deleted guest": assume("guest", guest.Token),
	} {
		if !fault.Is(err, fault.InvalidIdentityToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, assume("user", first.Token))
}

func decode(t testing.TB, raw string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(raw, ".")
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		must(t, err)
		must(t, json.Unmarshal(text, into))
	}
	return header, claims
}
