package signin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// raising raises an error for the source.
func raising(source string) func(userpooltest.Event) error {
	return func(e userpooltest.Event) error {
		if e.Source() == source {
			return &trigger.FunctionError{Message: "no"}
		}
		return nil
	}
}

// metadataOf returns validationData and clientMetadata of an event.
func metadataOf(e userpooltest.Event) string {
	return fmt.Sprint(e.Request()["validationData"], " ", e.Request()["clientMetadata"])
}

// As in AWS, the call that begins a sign-in passes ClientMetadata on as validationData only, and a call that answers as
// clientMetadata only.
func TestClientMetadataGoesWhereAWSPassesItAndNowhereElse(t *testing.T) {
	seen := map[string]string{}
	h := newCustomHouse(t, func(e userpooltest.Event) error {
		seen[e.Source()] = metadataOf(e)
		return captcha(e)
	})
	out, err := h.begin("alice", map[string]string{"step": "begin"})
	if err != nil {
		t.Fatal(err)
	}
	begun, answered := "map[step:begin] <nil>", "<nil> map[step:answer]"
	check := func(want map[string]string) {
		t.Helper()
		for source, metadata := range want {
			if seen[source] != metadata {
				t.Errorf("%s got %s, want %s", source, seen[source], metadata)
			}
		}
	}
	check(map[string]string{"PreAuthentication_Authentication": begun, "DefineAuthChallenge_Authentication": "<nil> <nil>", "CreateAuthChallenge_Authentication": "<nil> <nil>"})
	if _, err := h.answer(out.Session, "alice", "5"); err != nil {
		t.Fatal(err)
	}
	check(map[string]string{"VerifyAuthChallengeResponse_Authentication": answered, "DefineAuthChallenge_Authentication": answered,
		"PostAuthentication_Authentication": answered, "TokenGeneration_Authentication": answered})
	_, err = h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: h.client, Flow: "USER_PASSWORD_AUTH", Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": password},
		Context: userpool.ClientContext{Metadata: map[string]string{"step": "begin"}}})
	if err != nil {
		t.Fatal(err)
	}
	check(map[string]string{"PreAuthentication_Authentication": begun, "PostAuthentication_Authentication": "<nil> <nil>", "TokenGeneration_Authentication": "<nil> <nil>"})
}

// PreAuthentication runs once in a sign-in, before the password is checked, and refuses it.
func TestPreAuthenticationRefusesASignIn(t *testing.T) {
	h := newCustomHouse(t, raising("PreAuthentication_Authentication"))
	for range 10 {
		_, err := h.SignIn(h.client, "alice", "Wrong-horse-7")
		wantFault(t, err, fault.UserLambdaValidation, "PreAuthentication failed with error no.")
	}
	h.lambda.Run = nil
	if out, err := h.SRPSignIn(h.pool, h.client, "alice", password); err != nil || out.Tokens == nil {
		t.Fatal("a refusal counts as a wrong password:", err)
	}
	n := 0
	for _, source := range h.lambda.Sources()[10:] {
		if source == "PreAuthentication_Authentication" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("PreAuthentication ran %d times in a sign-in of two calls", n)
	}
	_, err := h.SignIn(h.client, "nancy", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
	if e := h.lambda.Last(); e.Source() != "PreAuthentication_Authentication" || e.Request()["userNotFound"] != true || fmt.Sprint(e.Request()["userAttributes"]) != "map[]" {
		t.Errorf("%v", e)
	}
}

func TestPostAuthenticationRefusesTokens(t *testing.T) {
	h := newCustomHouse(t, raising("PostAuthentication_Authentication"))
	_, err := h.SignIn(h.client, "alice", password)
	wantFault(t, err, fault.UserLambdaValidation, "PostAuthentication failed with error no.")
	if got := h.lambda.Sources(); slices.Contains(got, "TokenGeneration_Authentication") {
		t.Error(got)
	}
	_, err = h.SignIn(h.client, "alice", "Wrong-horse-7")
	wantFault(t, err, fault.NotAuthorized, wrong)
	if got := h.lambda.Sources(); slices.Contains(got, "PostAuthentication_Authentication") {
		t.Error("it runs after a wrong password:", got)
	}
}

func TestTokenGenerationKnowsHowTheSignInEnded(t *testing.T) {
	h := newCustomHouse(t, nil)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: h.pool, Username: "bob", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	out, err := h.SignIn(h.client, "bob", password)
	if err != nil {
		t.Fatal(err)
	}
	done, err := h.Respond(h.client, out.Challenge, out.Session, map[string]string{"USERNAME": "bob", "NEW_PASSWORD": "Own-password-1"})
	if err != nil || done.Tokens == nil {
		t.Fatal(done, err)
	}
	if got := h.lambda.Last().Source(); got != "TokenGeneration_NewPasswordChallenge" {
		t.Error(got)
	}
	if _, err := h.Refresh(h.client, done.Tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if got := h.lambda.Last().Source(); got != "TokenGeneration_RefreshTokens" {
		t.Error(got)
	}
}

// migrationHouse is a pool without users, and a function that knows alice with the password "old".
func migrationHouse(t *testing.T, settings userpool.ClientSettings, response map[string]any) (*harness, string, string) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{UserMigration: userpooltest.ARN}})
	c := h.Client(p.ID, settings)
	h.Lambda(func(e userpooltest.Event) error {
		switch {
		case e["userName"] != "alice":
			return nil
		case e.Source() == "UserMigration_Authentication" && e.Request()["password"] != "old":
			return &trigger.FunctionError{Message: "Bad password"}
		}
		for k, v := range response {
			e.Response()[k] = v
		}
		return nil
	})
	return h, p.ID, c.ID
}

func legacy() userpool.ClientSettings {
	s := allFlows
	s.PreventUserExistenceErrors = "LEGACY"
	return s
}

func TestUserMigration(t *testing.T) {
	attributes := map[string]any{"email": "alice@example.com", "email_verified": "true"}
	t.Run("a user signs in with the old password, whatever the policy", func(t *testing.T) {
		h, pool, client := migrationHouse(t, legacy(), map[string]any{"userAttributes": attributes, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"})
		for range 2 {
			if out, err := h.SignIn(client, "alice", "old"); err != nil || out.Tokens == nil {
				t.Fatal(out, err)
			}
		}
		if got := h.Attribute(pool, "alice", "email_verified"); got != "true" {
			t.Error(got)
		}
		_, err := h.SignIn(client, "alice", "other")
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("a user without CONFIRMED must reset the password", func(t *testing.T) {
		h, pool, client := migrationHouse(t, legacy(), map[string]any{"userAttributes": attributes, "messageAction": "SUPPRESS"})
		_, err := h.SignIn(client, "alice", "old")
		wantFault(t, err, fault.PasswordResetRequired, "Password reset required for the user")
		if u, err := h.Users.AdminGetUser(t.Context(), pool, "alice"); err != nil || u.Status != userpool.StatusResetRequired {
			t.Error(u, err)
		}
	})
	t.Run("a function that fails", func(t *testing.T) {
		h, _, client := migrationHouse(t, legacy(), nil)
		_, err := h.SignIn(client, "alice", "wrong")
		wantFault(t, err, fault.UserNotFound, "UserMigration failed with error Bad password.")
		_, err = h.SignIn(client, "nancy", "wrong")
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
	})
	t.Run("a client that hides user existence", func(t *testing.T) {
		h, _, client := migrationHouse(t, allFlows, nil)
		for _, name := range []string{"alice", "nancy"} {
			_, err := h.SignIn(client, name, "wrong")
			wantFault(t, err, fault.NotAuthorized, wrong)
		}
	})
	t.Run("a password in USER_AUTH", func(t *testing.T) {
		choice := choiceClient
		choice.PreventUserExistenceErrors = "LEGACY"
		h, _, client := migrationHouse(t, choice, map[string]any{"userAttributes": attributes, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"})
		out, err := choose(h, client, map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "old"})
		if err != nil || out.Tokens == nil {
			t.Error(out, err)
		}
		// In a client that hides user existence, the password can come with an answer.
		for _, challenge := range []string{"SELECT_CHALLENGE", "PASSWORD"} {
			h, _, client := migrationHouse(t, choiceClient, map[string]any{"userAttributes": attributes, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"})
			out, err := choose(h, client, map[string]string{"USERNAME": "alice"})
			if err != nil || out.Challenge != "SELECT_CHALLENGE" {
				t.Fatal(out, err)
			}
			answer := map[string]string{"USERNAME": "alice", "PASSWORD": "old"}
			if challenge == "SELECT_CHALLENGE" {
				answer["ANSWER"] = "PASSWORD"
			}
			if out, err = h.Respond(client, challenge, out.Session, answer); err != nil || out.Tokens == nil {
				t.Error(challenge, out, err)
			}
		}
		h, _, client = migrationHouse(t, choice, nil)
		_, err = choose(h, client, map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD_SRP", "PASSWORD": "old"})
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
	})
	t.Run("SRP does not migrate", func(t *testing.T) {
		h, pool, client := migrationHouse(t, legacy(), map[string]any{"userAttributes": attributes, "finalUserStatus": "CONFIRMED"})
		_, err := h.SRPSignIn(pool, client, "alice", "old")
		wantFault(t, err, fault.UserNotFound, "User does not exist.")
	})
	t.Run("a forgotten password", func(t *testing.T) {
		h, pool, client := migrationHouse(t, legacy(), map[string]any{"userAttributes": attributes, "messageAction": "SUPPRESS"})
		d, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: client, Username: "alice"})
		if err != nil || d.Destination != "a***@e***" {
			t.Fatal(d, err)
		}
		if u, err := h.Users.AdminGetUser(t.Context(), pool, "alice"); err != nil || u.Status != userpool.StatusResetRequired {
			t.Error(u, err)
		}
	})
}

func TestUserMigrationOfNamesAndAttributes(t *testing.T) {
	t.Run("names that no user may have", func(t *testing.T) {
		for _, name := range []string{"", " ", "a b", "a\x00", "a\nb", strings.Repeat("a", 129), strings.Repeat("a", 5000), "a@example.com"} {
			h := newHarness(t)
			p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{UserMigration: userpooltest.ARN}})
			c := h.Client(p.ID, legacy())
			h.Lambda(func(e userpooltest.Event) error {
				r := e.Response()
				r["userAttributes"], r["finalUserStatus"], r["messageAction"] = map[string]any{"username": name}, "CONFIRMED", "SUPPRESS"
				return nil
			})
			_, err := h.SignIn(c.ID, "alice", "old")
			wantFault(t, err, fault.UserNotFound, "Exception migrating user in app client "+c.ID)
			if d, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || d.Users != 0 {
				t.Errorf("%.20q: %d users, %v", name, d.Users, err)
			}
		}
	})
	// localstack_ext validated on AWS that such a sign-in fails without aliases, and makes no user (test_user_migration_lambda).
	t.Run("another name than was typed", func(t *testing.T) {
		for name, settings := range map[string]userpool.PoolSettings{"no aliases": {}, "aliases": {AliasAttributes: []string{"email"}}} {
			h := newHarness(t)
			settings.LambdaConfig = &userpool.LambdaConfig{UserMigration: userpooltest.ARN}
			p := h.Pool(settings)
			c := h.Client(p.ID, legacy())
			given := "bob"
			h.Lambda(func(e userpooltest.Event) error {
				r := e.Response()
				r["userAttributes"], r["finalUserStatus"], r["messageAction"] = map[string]any{"username": given}, "CONFIRMED", "SUPPRESS"
				return nil
			})
			out, err := h.SignIn(c.ID, "alice", "old")
			if len(settings.AliasAttributes) > 0 {
				if err != nil || out.Tokens == nil {
					t.Errorf("%s: %v, %v", name, out, err)
				}
				continue
			}
			wantFault(t, err, fault.UserNotFound, "Exception migrating user in app client "+c.ID)
			if d, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || d.Users != 0 {
				t.Errorf("%s: %d users, %v", name, d.Users, err)
			}
			given = "alice"
			if out, err := h.SignIn(c.ID, "alice", "old"); err != nil || out.Tokens == nil {
				t.Errorf("the typed name: %v, %v", out, err)
			}
		}
	})
	t.Run("attributes that the pool does not have", func(t *testing.T) {
		h, _, client := migrationHouse(t, legacy(), map[string]any{"userAttributes": map[string]any{"custom:nothing": "x"}, "finalUserStatus": "CONFIRMED"})
		_, err := h.SignIn(client, "alice", "old")
		wantFault(t, err, fault.UserNotFound, "Exception migrating user in app client "+client)
	})
}

// Of concurrent sign-ins of a user who is not there yet, all succeed, and one user is made.
func TestConcurrentMigrationsMakeOneUser(t *testing.T) {
	h, pool, client := migrationHouse(t, legacy(), map[string]any{"userAttributes": map[string]any{"email": "alice@example.com"},
		"finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"})
	results := make(chan error, 6)
	for range 6 {
		go func() {
			_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: client, Flow: "USER_PASSWORD_AUTH", Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": "old"}})
			results <- err
		}()
	}
	for range 6 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	p, err := h.Pools.DescribeUserPool(t.Context(), pool)
	if err != nil || p.Users != 1 {
		t.Errorf("%d users, %v", p.Users, err)
	}
}

func TestAMigratedAddressMovesOnlyIfTheFunctionSaysSo(t *testing.T) {
	for _, force := range []bool{false, true} {
		h := newHarness(t)
		p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{UserMigration: userpooltest.ARN}})
		c := h.Client(p.ID, legacy())
		verified := []userpool.Attribute{{Name: "email", Value: "a@example.com"}, {Name: "email_verified", Value: "true"}}
		h.User(p.ID, "owner", verified...)
		h.Lambda(func(e userpooltest.Event) error {
			r := e.Response()
			r["userAttributes"], r["finalUserStatus"] = map[string]any{"email": "a@example.com", "email_verified": "true"}, "CONFIRMED"
			r["messageAction"], r["forceAliasCreation"] = "SUPPRESS", force
			return nil
		})
		out, err := h.SignIn(c.ID, "alice", "old")
		if force != (err == nil && out.Tokens != nil) {
			t.Errorf("force %v: %v, %v", force, out, err)
		}
		if got := h.Attribute(p.ID, "owner", "email_verified"); (got == "true") == force {
			t.Errorf("force %v: the old owner's address is verified: %s", force, got)
		}
	}
}

func TestPostAuthenticationKnowsNewDevices(t *testing.T) {
	for configuration, want := range map[string]bool{"": false, `{"DeviceOnlyRememberedOnUserPrompt": false}`: true} {
		h := newHarness(t)
		p := h.Pool(userpool.PoolSettings{LambdaConfig: everyTrigger(), DeviceConfiguration: []byte(configuration)})
		c := h.Client(p.ID, allFlows)
		lambda := h.Lambda(nil)
		h.User(p.ID, "alice")
		lambda.Run = func(e userpooltest.Event) error {
			if e.Source() == "PostAuthentication_Authentication" && e.Request()["newDeviceUsed"] != want {
				t.Errorf("%q: %v", configuration, e)
			}
			return nil
		}
		h.MustSignIn(c.ID, "alice")
	}
}
