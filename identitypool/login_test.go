package identitypool_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
)

const (
	noMatch     = "Logins don't match. Please include at least one valid login for this identity or identity pool."
	unsupported = "Token is not from a supported provider of this identity pool."
	guestsOff   = "Unauthenticated access is not supported for this identity pool."
)

func TestALoginThatIsNotExactlyRightIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := notes()
	settings.PublicLogins = map[string]string{"graph.facebook.com": "app", "accounts.google.com": "app"}
	settings.DeveloperName = "login.example"
	pool := w.pool(settings)
	good := w.of("alice")
	id := w.id(pool, good)
	const known = " This pool accepts logins of: accounts.google.com, " + awsKey + ", graph.facebook.com, " + oidcKey + "."
	expired := w.now.Unix() - 60
	forged := w.idToken("alice", map[string]any{"jti": "x"})
	forged = forged[:strings.LastIndexByte(forged, '.')+1] + good[loginKey][strings.LastIndexByte(good[loginKey], '.')+1:]
	for name, tc := range map[string]struct {
		logins  map[string]string
		kind    fault.Kind
		message string
	}{
		"another user pool's token":              {map[string]string{loginKey: w.idToken("alice", map[string]any{"iss": issuerOf(otherPool)})}, fault.NotAuthorized, "Invalid login token. Issuer doesn't match providerName"},
		"another user pool":                      {map[string]string{"localhost:8080/" + otherPool: w.idToken("alice", map[string]any{"iss": issuerOf(otherPool)})}, fault.NotAuthorized, unsupported + known},
		"another client's token":                 {map[string]string{loginKey: w.idToken("alice", map[string]any{"aud": "another"})}, fault.NotAuthorized, unsupported},
		"a token for two clients":                {map[string]string{loginKey: w.idToken("alice", map[string]any{"aud": []string{client, "another"}})}, fault.NotAuthorized, unsupported},
		"a client id as a prefix":                {map[string]string{loginKey: w.idToken("alice", map[string]any{"aud": client + "x"})}, fault.NotAuthorized, unsupported},
		"an access token":                        {map[string]string{loginKey: w.idToken("alice", map[string]any{"aud": nil, "client_id": client, "token_use": "access"})}, fault.NotAuthorized, "Invalid login token. Missing a required claim: aud. This is an access token; send the ID token instead."},
		"an access token that has an audience":   {map[string]string{loginKey: w.idToken("alice", map[string]any{"token_use": "access"})}, fault.NotAuthorized, "Invalid login token. Not a valid OpenId Connect identity token. This is an access token; send the ID token instead."},
		"an expired token":                       {map[string]string{loginKey: w.idToken("alice", map[string]any{"exp": expired})}, fault.NotAuthorized, "Invalid login token. Token expired: " + strconv.FormatInt(w.now.Unix(), 10) + " >= " + strconv.FormatInt(expired, 10)},
		"a token with a long subject":            {map[string]string{loginKey: w.idToken("alice", map[string]any{"sub": strings.Repeat("a", 1025)})}, fault.NotAuthorized, "Invalid login token. The sub has more than 1024 bytes."},
		"a token without a subject":              {map[string]string{loginKey: w.idToken("alice", map[string]any{"sub": nil})}, fault.NotAuthorized, "Invalid login token. Missing a required claim: sub"},
		"a forged token":                         {map[string]string{loginKey: forged}, fault.NotAuthorized, "Invalid login token. Couldn't verify signed token."},
		"no token":                               {map[string]string{loginKey: "alice"}, fault.NotAuthorized, "Invalid login token. Not a valid OpenId Connect identity token. If it is an access token, send the ID token instead."},
		"a token of a megabyte":                  {map[string]string{loginKey: strings.Repeat(".", 1<<20)}, fault.NotAuthorized, "Invalid login token. Not a valid OpenId Connect identity token."},
		"an unknown issuer":                      {map[string]string{loginKey: w.idToken("alice", map[string]any{"iss": "https://evil.example.com"})}, fault.NotAuthorized, "Invalid login token. Issuer doesn't match providerName"},
		"a provider that the pool does not have": {map[string]string{"evil.example.com": w.idToken("alice", nil)}, fault.NotAuthorized, noMatch + known},
		"the token under a remote issuer's key":  {map[string]string{oidcKey: w.idToken("alice", nil)}, fault.NotAuthorized, "Invalid login token. Issuer doesn't match providerName"},
		"a remote access token":                  {map[string]string{oidcKey: w.sign(map[string]any{"iss": oidcURL, "sub": "u", "aud": "partner", "token_use": "access"})}, fault.NotAuthorized, "Invalid login token. Not a valid OpenId Connect identity token. This is an access token; send the ID token instead."},
		"a remote token of another client":       {map[string]string{oidcKey: w.sign(map[string]any{"iss": oidcURL, "sub": "u", "aud": "other"})}, fault.NotAuthorized, unsupported},
		"a remote token with another azp":        {map[string]string{oidcKey: w.sign(map[string]any{"iss": oidcURL, "sub": "u", "aud": "partner", "azp": "other"})}, fault.NotAuthorized, unsupported},
		"one good login and one bad":             {map[string]string{loginKey: good[loginKey], oidcKey: "x"}, fault.NotAuthorized, ""},
		"one provider by both of its names":      {map[string]string{loginKey: good[loginKey], awsKey: good[loginKey]}, fault.InvalidParameter, ""},
		"a provider of access tokens":            {map[string]string{"graph.facebook.com": "EAAB"}, fault.NotAuthorized, ""},
		"a developer's user":                     {map[string]string{"login.example": "alice"}, fault.InvalidParameter, "Please provide a valid public provider."},
		"an identity pool's token":               {map[string]string{"cognito-identity.amazonaws.com": "x"}, fault.NotAuthorized, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.GetID(t.Context(), pool, "", tc.logins)
			wantFault(t, err, tc.kind, tc.message)
			_, err = w.credentials(id, tc.logins)
			if err == nil {
				t.Error("the refused logins get credentials")
			}
			_, err = w.GetOpenIDToken(t.Context(), id, tc.logins)
			if err == nil {
				t.Error("the refused logins get an OpenID token")
			}
		})
	}
}

func TestAUserPoolHasTwoNamesAndOneIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, configured := range []string{awsKey, loginKey} {
		settings := notes()
		settings.UserPools[0].Provider = configured
		pool := w.pool(settings)
		raw := w.idToken("alice", nil)
		if a, b := w.id(pool, map[string]string{awsKey: raw}), w.id(pool, map[string]string{loginKey: raw}); a != b {
			t.Errorf("configured as %s: two identities, %s and %s", configured, a, b)
		}
	}
}

func TestServerSideTokenCheckAsksTheUserPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings := notes()
	settings.UserPools[0].ServerSideCheck = true
	checked, unchecked := w.pool(settings), w.pool(notes())
	id, other := w.id(checked, w.of("alice")), w.id(unchecked, w.of("alice"))
	w.out["sub-alice"] = true
	_, err := w.credentials(id, w.of("alice"))
	wantFault(t, err, fault.NotAuthorized, "Invalid login token. Token is revoked.")
	must(t, w.SetRoles(t.Context(), unchecked, identitypool.Roles{Authenticated: w.role("unchecked", poolTrust(unchecked, true))}))
	if _, err = w.credentials(other, w.of("alice")); err != nil {
		t.Errorf("without the check, a token must be accepted until it expires: %v", err)
	}
	w.options.SignOuts = nil
	w.open()
	_, err = w.credentials(id, w.of("bob"))
	wantFault(t, err, fault.NotAuthorized, "")
}

func TestACachedTokenIsRemovedWhenItExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	logins := map[string]string{loginKey: w.idToken("alice", map[string]any{"exp": w.now.Unix() + 30})}
	id := w.id(pool, logins)
	_, err := w.credentials(id, logins)
	must(t, err)
	w.now = w.now.Add(31 * time.Second)
	_, err = w.credentials(id, logins)
	wantFault(t, err, fault.NotAuthorized, "")
}

func TestAnUnreachableStoreIsARetryableError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	id := w.id(pool, w.of("alice"))
	must(t, w.store.Close())
	_, err := w.credentials(id, w.of("alice"))
	wantFault(t, err, fault.Unavailable, "")
	_, err = w.GetID(t.Context(), pool, "", nil)
	wantFault(t, err, fault.Unavailable, "")
	_, err = w.Create(t.Context(), "x", identitypool.Settings{})
	wantFault(t, err, fault.Unavailable, "")
}

// A login is accepted only if it is, byte for byte, one that the issuer made for this pool and client, under a name of the
// issuer.
func FuzzLogin(f *testing.F) {
	w := newWorld(f)
	pool := w.pool(notes())
	raw, oidc := w.idToken("alice", nil), w.oidcToken("alice")
	good := map[[2]string]bool{{loginKey, raw}: true, {awsKey, raw}: true, {oidcKey, oidc}: true}
	for login := range good {
		f.Add(login[0], login[1])
	}
	f.Add(loginKey, oidc)
	f.Add("localhost:8080//"+userPool, raw)
	f.Add("cognito-identity.amazonaws.com", raw)
	f.Add("a/b_c", "..")
	f.Fuzz(func(t *testing.T, key, token string) {
		_, err := w.GetID(t.Context(), pool, "", map[string]string{key: token})
		if (err == nil) != good[[2]string{key, token}] {
			t.Errorf("%q with %q: %v", key, token, err)
		}
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("%q with %q: internal: %v", key, token, err)
		}
	})
}
