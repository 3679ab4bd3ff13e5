package profiles_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAFirstSignInMakesAUser(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	by := h.must("Google", proof("1082A", "mail", "ann@gmail.test", "display", "Ann <A&A>", "team", "x", "born", "1990", "other", "y"))
	u := h.user("Google_1082A")
	if u.Status != "EXTERNAL_PROVIDER" || !u.Enabled || u.Sub != by.User.Sub || len(u.Sub) != 36 {
		t.Errorf("%+v", u)
	}
	at := h.Clock.Now().UnixMilli()
	want := fmt.Sprintf(`[{sub %s} {custom:born 1990} {custom:team x} {email ann@gmail.test} {email_verified false} `+
		`{identities [{"userId":"1082A","providerName":"Google","providerType":"Google","issuer":null,"primary":true,"dateCreated":%d}]} {name Ann <A&A>}]`, u.Sub, at)
	if got := fmt.Sprint(u.Attributes); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	id := h.idToken(by)
	for name, want := range map[string]string{
		"identities":       fmt.Sprintf(`[{"userId":"1082A","providerName":"Google","providerType":"Google","issuer":null,"primary":"true","dateCreated":"%d"}]`, at),
		"cognito:username": `"Google_1082A"`, "cognito:groups": `["` + h.pool + `_Google"]`, "amr": `["fed"]`, "email_verified": "false",
	} {
		if got := claim(t, id, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	again := h.must("Google", proof("1082A", "mail", "ann@new.test", "display", ""))
	if again.User.Sub != u.Sub || again.User.Attributes["email"] != "ann@new.test" || again.User.Attributes["name"] != "" || again.User.Attributes["custom:team"] != "x" {
		t.Errorf("%+v", again.User)
	}
	if other := h.must("Corp", proof("1082A")); other.User.Sub == u.Sub {
		t.Error("two providers share a user")
	}
	methods := h.must("Corp", &providers.Proof{Subject: "m", Methods: []string{"pwd", "otp", "root"}})
	if got := claim(t, h.idToken(methods), "amr"); got != `["pwd","otp","mfa"]` {
		t.Error(got)
	}
}

func TestTheNameOfAUserIsInLowerCaseInAPoolThatFoldsIt(t *testing.T) {
	s := settings()
	s.UsernameConfiguration = &userpool.UsernameConfig{}
	h, _ := enter(t, s, nil)
	by := h.must("Saml", &providers.Proof{Subject: "Ann@Corp.TEST", Issuer: "urn:idp"})
	if by.User.Username != "saml_ann@corp.test" {
		t.Error(by.User.Username)
	}
	if list, err := providers.ReadIdentities(&by.User); err != nil || len(list) != 1 || list[0].UserID != "Ann@Corp.TEST" || *list[0].Issuer != "urn:idp" {
		t.Errorf("%+v %v", list, err)
	}
	if again := h.must("Saml", &providers.Proof{Subject: "Ann@Corp.TEST", Issuer: "urn:idp"}); again.User.Sub != by.User.Sub {
		t.Error("another user")
	}
	h.refused("Saml", proof("ann@corp.test"), "server_error", "Invalid SAML response received: Invalid ProviderName/Username combination. ")
	h.must("Corp", proof("ABC"))
	h.refused("Corp", proof("abc"), "invalid_request", "Invalid ProviderName/Username combination. ")
}

func TestWhatAProviderSaysIsChecked(t *testing.T) {
	s := settings()
	s.Schema = append(s.Schema, userpool.SchemaAttribute{Name: "email", AttributeDataType: "String", Required: new(true)},
		userpool.SchemaAttribute{Name: "name", AttributeDataType: "String", Required: new(true)})
	h, _ := enter(t, s, nil)
	all := []string{"mail", "a@b.test", "display", "A"}
	h.refused("Corp", proof("1", "mail", "a@b.test"), "invalid_request", "attributes required: [name]")
	h.refused("Corp", proof("1"), "invalid_request", "attributes required: [name, email]")
	h.refused("Saml", proof("1", "display", "A"), "server_error", "Error in SAML response processing: Invalid user attributes: emails: The attribute emails is required")
	h.refused("Corp", proof("1", "mail", "nonsense", "display", "A"), "invalid_request", "Invalid email address format.")
	h.refused("Corp", proof(""), "invalid_request", "The identity provider does not say who the user is.")
	long := strings.Repeat("x", 124)
	text := "1 validation error detected: Value 'Corp_" + long + "' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 128"
	h.refused("Corp", proof(long, all...), "invalid_request", text)
	h.refused("Saml", proof(long, all...), "server_error", "Error in SAML response processing: "+strings.ReplaceAll(text, "Corp_", "Saml_"))
	h.refused("Corp", proof("a b", all...), "invalid_request", `1 validation error detected: Value 'Corp_a b' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`)

	h.must("Corp", proof("1", append(all, "born", "1990")...))
	h.must("Corp", proof("1", "born", "1990")) // unchanged, and what is required is there
	h.refused("Corp", proof("1", "born", "1991"), "invalid_request", "user.custom:born: Attribute cannot be updated.")
	h.refused("Corp", proof("1", "mail", ""), "invalid_request", "attributes required: [email]")
	if list, _, err := h.Users.ListUsersInGroup(t.Context(), h.pool, h.pool+"_Corp", "", 10); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}

// Claim smuggling: a provider says what it has no right to.
func TestAProviderWritesWhatIsMappedOnly(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	victim := h.User(h.pool, "victim", userpool.Attribute{Name: "email", Value: "v@b.test"}, userpool.Attribute{Name: "email_verified", Value: "true"})
	by := h.must("Corp", proof("1", "sub", victim.Sub, "username", "victim", "identities", "[]", "cognito:groups", "admin", "cognito:username", "victim",
		"dev:custom:x", "1", "custom:secret", "stolen", "custom:team", "y", "email", "v@b.test", "phone_number", "+123456"))
	if by.User.Sub == victim.Sub || by.User.Username != "Corp_1" || len(by.User.Attributes) != 1 || by.User.Attributes["custom:secret"] != "" {
		t.Errorf("%+v", by.User)
	}
	// A mark counts only with its address, and only for a client that may write the address.
	by = h.must("Corp", proof("2", "mail_ok", "true"))
	if by.User.Attributes["email_verified"] != "" {
		t.Errorf("%+v", by.User.Attributes)
	}
	c := h.Client(h.pool, userpool.ClientSettings{SupportedIdentityProviders: []string{"Corp"}, WriteAttributes: []string{"name"}})
	h.client = c.ID
	by = h.must("Corp", proof("3", "mail", "v@b.test", "mail_ok", "true", "team", "x", "display", "N"))
	if got := fmt.Sprint(by.User.Attributes["email"], by.User.Attributes["email_verified"], by.User.Attributes["custom:team"], by.User.Attributes["name"]); got != "N" {
		t.Error(got)
	}
}

// Takeover by e-mail (the Google and Facebook takeovers of threats.md): no address links anybody, verified or not, and none takes the
// alias of a user.
func TestAnAddressLinksNobody(t *testing.T) {
	for name, s := range map[string]userpool.PoolSettings{"alias": settings(), "user name": {UsernameAttributes: []string{"email"}, Schema: settings().Schema}} {
		h, _ := enter(t, s, nil)
		victim := h.User(h.pool, map[string]string{"alias": "victim", "user name": "v@b.test"}[name], userpool.Attribute{Name: "email", Value: "v@b.test"}, userpool.Attribute{Name: "email_verified", Value: "true"})
		for i, verified := range []string{"true", "false", ""} {
			by := h.must("Corp", proof(fmt.Sprint(i), "mail", "v@b.test", "mail_ok", verified))
			if by.User.Sub == victim.Sub || len(by.User.Aliases) != 0 || by.User.Attributes["email"] != "v@b.test" {
				t.Errorf("%s %q: %+v", name, verified, by.User)
			}
		}
		if u := h.user("v@b.test"); u.Sub != victim.Sub {
			t.Errorf("%s: %+v", name, u)
		}
		h.MustSignIn(h.client, "v@b.test")
		err := h.Users.AdminSetUserPassword(t.Context(), h.pool, "Corp_0", userpooltest.Password, true)
		userpooltest.WantFault(t, err, fault.InvalidParameter, "An account with the given email already exists.")
		// A user signs up with the address of an external user.
		h.must("Corp", proof("w", "mail", "w@b.test", "mail_ok", "true"))
		if _, err := h.SignUp(h.client, map[string]string{"alias": "w", "user name": "w@b.test"}[name], userpool.Attribute{Name: "email", Value: "w@b.test"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Namespace clash: someone takes the name that a provider's user will have.
func TestNamesOfProvidersUsersAreReserved(t *testing.T) {
	s := settings()
	s.UsernameConfiguration = &userpool.UsernameConfig{}
	h, _ := enter(t, s, nil)
	const text = "A user name cannot begin with the name of an identity provider and an underscore."
	for _, name := range []string{"Google_123", "google_123", "Corp_x"} {
		_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: h.pool, Username: name})
		userpooltest.WantFault(t, err, fault.InvalidParameter, text)
		_, err = h.SignUp(h.client, name)
		userpooltest.WantFault(t, err, fault.InvalidParameter, text)
	}
	h.User(h.pool, "googl_123")
	verified := userpool.Attribute{Name: "email_verified", Value: "true"}
	h.User(h.pool, "fan", userpool.Attribute{Name: "email", Value: "google_fan@example.com"}, verified) // an address is no user name
	if _, err := h.Providers.Create(t.Context(), providers.Change{PoolID: h.pool, Name: "日_本", Type: providers.OIDC, Details: map[string]string{
		"client_id": "c", "authorize_scopes": "openid", "attributes_request_method": "GET", "oidc_issuer": "https://x.test"}}); err != nil {
		t.Fatal(err)
	}
	_, err := h.SignUp(h.client, "日_本_1")
	userpooltest.WantFault(t, err, fault.InvalidParameter, text)
	h.User(h.pool, "mallory")
	h.refused("Google", proof("fan@example.com"), "invalid_request", "Already found an entry for username google_fan@example.com") // nor the other's

	// An address that nobody has verified is no address yet: it would keep out the provider's user.
	byEmail := settings()
	byEmail.AliasAttributes, byEmail.UsernameAttributes, byEmail.UsernameConfiguration = nil, []string{"email"}, &userpool.UsernameConfig{}
	e, _ := enter(t, byEmail, nil)
	_, err = e.SignUp(e.client, "google_vic@example.com")
	userpooltest.WantFault(t, err, fault.InvalidParameter, text)
	e.must("Google", proof("vic@example.com"))

	err = h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: h.pool, Username: "mallory",
		Attributes: []userpool.Attribute{{Name: "preferred_username", Value: "google_123"}}})
	userpooltest.WantFault(t, err, fault.InvalidParameter, text)

	// One who was there before the provider.
	h.User(h.pool, "Later_7")
	if _, err := h.Providers.Create(t.Context(), providers.Change{PoolID: h.pool, Name: "Later", Type: providers.OIDC, Details: map[string]string{
		"client_id": "c", "authorize_scopes": "openid", "attributes_request_method": "GET", "oidc_issuer": "https://x.test"}}); err != nil {
		t.Fatal(err)
	}
	h.refused("Later", proof("7"), "invalid_request", "Already found an entry for username later_7")
	if err := h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: h.pool, Username: "Later_7", Attributes: []userpool.Attribute{{Name: "name", Value: "x"}}}); err != nil {
		t.Error(err)
	}
}

func TestTwoFirstSignInsAtOnceMakeOneUser(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	var wg sync.WaitGroup
	subs := make([]string, 8)
	for i := range subs {
		wg.Go(func() {
			p, err := h.Providers.Get(t.Context(), h.pool, "Corp")
			if err != nil {
				t.Error(err)
				return
			}
			pool, c, err := h.Pools.ClientOf(t.Context(), h.pool, h.client)
			if err != nil {
				t.Error(err)
				return
			}
			by, err := h.Profiles.SignIn(t.Context(), p, pool, c, proof("1", "mail", "a@b.test"), userpool.ClientContext{})
			if err != nil {
				t.Error(err)
				return
			}
			subs[i] = by.User.Sub
		})
	}
	wg.Wait()
	if len(slices.Compact(subs)) != 1 {
		t.Error(subs)
	}
}

func TestExternalUsersHaveNoPassword(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	by := h.must("Corp", proof("1", "mail", "a@b.test", "mail_ok", "true"))
	ctx := t.Context()
	open := h.Client(h.pool, userpool.ClientSettings{PreventUserExistenceErrors: "LEGACY", ExplicitAuthFlows: userpooltest.AllFlows.ExplicitAuthFlows, SupportedIdentityProviders: []string{"Corp"}}).ID
	_, err := h.SignIn(open, "Corp_1", userpooltest.Password)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "User is not authorized to get auth details.")
	_, err = h.SignIn(h.client, "Corp_1", userpooltest.Password)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	_, err = h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: open, Username: "Corp_1"})
	userpooltest.WantFault(t, err, fault.NotAuthorized, "User password cannot be reset in the current state.")
	if d, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: h.client, Username: "Corp_1"}); err != nil || d == nil {
		t.Error(d, err) // as for an unknown name
	}
	err = h.Users.AdminResetUserPassword(ctx, directory.AdminReset{PoolID: h.pool, Username: "Corp_1"})
	userpooltest.WantFault(t, err, fault.NotAuthorized, "User password cannot be reset in the current state.")
	set, err := h.Tokens.Issue(ctx, by.Record().Request(by.Pool, by.Client, "aws.cognito.signin.user.admin", "openid"))
	if err != nil {
		t.Fatal(err)
	}
	err = h.Users.ChangePassword(ctx, set.AccessToken, "", userpooltest.Password, userpool.ClientContext{})
	userpooltest.WantFault(t, err, fault.NotAuthorized, "User password cannot be changed in the current state.")
	if u, err := h.Users.GetUser(ctx, set.AccessToken); err != nil || !slices.ContainsFunc(u.Attributes, func(a userpool.Attribute) bool { return a.Name == "identities" }) {
		t.Error(u, err)
	}
	for _, w := range []string{"identities", "cognito:groups"} {
		if _, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: set.AccessToken, Attributes: []userpool.Attribute{{Name: w, Value: "[]"}}}); err == nil {
			t.Error("a user writes " + w)
		}
		if err := h.Users.AdminUpdateUserAttributes(ctx, directory.AdminUpdate{PoolID: h.pool, Username: "Corp_1", Attributes: []userpool.Attribute{{Name: w, Value: "[]"}}}); err == nil {
			t.Error("an administrator writes " + w)
		}
	}

	// With a password the user signs in both ways.
	if err := h.Users.AdminSetUserPassword(ctx, h.pool, "Corp_1", userpooltest.Password, true); err != nil {
		t.Fatal(err)
	}
	if u := h.user("Corp_1"); u.Status != "CONFIRMED" {
		t.Error(u.Status)
	}
	h.MustSignIn(h.client, "Corp_1")
	if again := h.must("Corp", proof("1", "mail", "a@b.test", "mail_ok", "true")); again.User.Sub != by.User.Sub {
		t.Error("another user")
	}
	if err := h.Users.ChangePassword(ctx, h.MustSignIn(h.client, "Corp_1").AccessToken, userpooltest.Password, "Another-horse-8", userpool.ClientContext{}); err != nil {
		t.Error(err)
	}
}

func TestTriggersOfAFederatedSignIn(t *testing.T) {
	fail := ""
	h, lambda := enter(t, settings(), func(e userpooltest.Event) error {
		if e.Source() == fail {
			return &trigger.FunctionError{Message: "no"}
		}
		if e.Source() == "InboundFederation_ExternalProvider" && e.Request()["providerName"] == "Other" {
			e.Response()["userAttributesToMap"] = map[string]any{"display": "From the function", "custom:team": "own", "custom:none": "x", "sub": "x"}
		}
		return nil
	})
	by := h.must("Corp", proof("1", "mail", "a@b.test", "display", "A"))
	h.idToken(by)
	h.idToken(h.must("Corp", proof("1")))
	want := []string{"InboundFederation_ExternalProvider", "PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp", "TokenGeneration_HostedAuth",
		"InboundFederation_ExternalProvider", "PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_HostedAuth"}
	if got := lambda.Sources(); !slices.Equal(got, want) {
		t.Error(got)
	}
	u := h.must("Other", proof("1", "mail", "a@b.test", "display", "A")).User
	if u.Attributes["name"] != "From the function" || u.Attributes["custom:team"] != "own" || u.Attributes["email"] != "" || u.Username != "Other_1" {
		t.Errorf("%+v", u.Attributes)
	}
	for _, source := range []string{"InboundFederation_ExternalProvider", "PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp"} {
		fail = source
		name, _, _ := strings.Cut(source, "_")
		h.refused("Corp", proof("new "[:3]+name), "invalid_request", name+" failed with error no. ")
		h.refused("Saml", proof("new"), "server_error", "Invalid SAML response received: "+name+" failed with error no. ")
	}
	for _, source := range []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication"} {
		fail = source
		name, _, _ := strings.Cut(source, "_")
		h.refused("Corp", proof("1"), "invalid_request", name+" failed with error no. ")
	}
}

func TestUsersWhoMayNotSignIn(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	by := h.must("Corp", proof("1"))
	check := func() error {
		return h.Store.View(t.Context(), func(tx store.Tx) error {
			u, err := tx.Users.Get(h.pool, by.User.Sub)
			if err != nil {
				return err
			}
			return by.Record().Check(&u)
		})
	}
	if err := check(); err != nil {
		t.Error(err)
	}
	if err := h.Users.AdminDisableUser(t.Context(), h.pool, "Corp_1"); err != nil {
		t.Fatal(err)
	}
	h.refused("Corp", proof("1"), "invalid_request", "User is disabled.")
	if err := check(); !errors.Is(err, userpool.ErrWrongPassword) {
		t.Error(err)
	}
	// The provider is deleted while its user is away.
	p, err := h.Providers.Get(t.Context(), h.pool, "Other")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Providers.Delete(t.Context(), h.pool, "Other"); err != nil {
		t.Fatal(err)
	}
	pool, c, err := h.Pools.ClientOf(t.Context(), h.pool, h.client)
	if err != nil {
		t.Fatal(err)
	}
	var r *providers.Refusal
	if _, err := h.Profiles.SignIn(t.Context(), p, pool, c, proof("9"), userpool.ClientContext{}); !errors.As(err, &r) {
		t.Error(err)
	}
	if err := (signin.Record{Provider: "Corp", Subject: "1"}).Check(&store.User{Enabled: true, Status: "CONFIRMED", Attributes: map[string]string{"identities": "{"}}); err == nil {
		t.Error("a tampered record is accepted")
	}
}
