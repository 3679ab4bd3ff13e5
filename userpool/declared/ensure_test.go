package declared_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/declared"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

const (
	declaredPool   = "us-east-1_notes0001"
	declaredClient = "1example23456789abcdefghij"
)

func TestDeclaredPoolsAreKeptInStep(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	zero := 0
	d := declared.Pool{ID: declaredPool, Name: "notes", Settings: json.RawMessage(`{"PoolName": "ignored", "AutoVerifiedAttributes": ["email"],
			"Policies": {"PasswordPolicy": {"MinimumLength": 12}}, "Schema": [{"Name": "team", "AttributeDataType": "String"}]}`),
		Clients: []declared.Client{{ID: declaredClient, Settings: json.RawMessage(`{"ClientName": "web",
			"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`)}},
		Groups: []declared.Group{{Name: "readers"}, {Name: "editors", Precedence: &zero, RoleARN: "arn:aws:iam::123456789012:role/notes-editor"}}}
	if err := h.Declared.Ensure(ctx, d); err != nil {
		t.Fatal(err)
	}
	keysBefore, err := h.Pools.JWKS(ctx, declaredPool)
	if err != nil {
		t.Fatal(err)
	}
	h.User(declaredPool, "Alice", userpool.Attribute{Name: "custom:team", Value: "a"})
	h.MustSignIn(declaredClient, "alice") // case does not matter in a declared pool
	_, err = h.SignIn(declaredClient, "nobody", password)
	wantFault(t, err, "NotAuthorized", wrong) // nor does existence show

	d.Settings = json.RawMessage(`{"Policies": {"PasswordPolicy": {"MinimumLength": 8}}, "Schema": [{"Name": "team", "AttributeDataType": "String"}, {"Name": "level", "AttributeDataType": "Number"}]}`)
	d.Name = "notes2"
	d.Groups[0].Description = "may read"
	h.Restart()
	for range 2 {
		if err := h.Declared.Ensure(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	p, err := h.Pools.DescribeUserPool(ctx, declaredPool)
	if err != nil || p.Name != "notes2" || p.Users != 1 || p.Settings.Policies.PasswordPolicy.MinimumLength != 8 || len(p.Settings.AutoVerifiedAttributes) != 0 {
		t.Error(p, err)
	}
	var custom []string
	for _, a := range p.Settings.Schema {
		if strings.HasPrefix(a.Name, "custom:") {
			custom = append(custom, a.Name)
		}
	}
	if strings.Join(custom, " ") != "custom:team custom:level" {
		t.Error(custom)
	}
	h.Clock.Forward(1e9)
	if err := h.Declared.Ensure(ctx, d); err != nil {
		t.Fatal(err)
	}
	if same, err := h.Pools.DescribeUserPool(ctx, declaredPool); err != nil || !same.ModifiedAt.Equal(p.ModifiedAt) {
		t.Error("the same declaration looks like a change:", err)
	}
	if keys, err := h.Pools.JWKS(ctx, declaredPool); err != nil || !bytes.Equal(keys, keysBefore) {
		t.Error("the keys changed:", err)
	}
	h.MustSignIn(declaredClient, "alice")
	g, err := h.Users.GetGroup(ctx, declaredPool, "readers")
	if err != nil || g.Description != "may read" {
		t.Error(g, err)
	}
	if err := h.Store.View(ctx, func(tx store.Tx) error {
		rec, err := tx.Pools.Get(declaredPool)
		if !rec.Declared {
			t.Error("not marked as declared")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestADeclaredSecretIsTheClients(t *testing.T) {
	h := newHarness(t)
	const secret = "a_secret_of_twenty_four_and_more"
	d := declared.Pool{ID: declaredPool, Name: "notes", Clients: []declared.Client{{ID: "web", Secret: seal.NewSecret(secret)}}}
	for range 2 {
		if err := h.Declared.Ensure(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	c, err := h.Pools.DescribeUserPoolClient(t.Context(), declaredPool, "web")
	if err != nil || !c.Secret.EqualString(secret) {
		t.Error(c, err)
	}
	d.Clients[0].Secret = seal.Secret{}
	if err := h.Declared.Ensure(t.Context(), d); err == nil || !strings.Contains(err.Error(), "created with a secret and cannot lose it") {
		t.Errorf("without a secret: %v", err)
	}
	d.Clients[0] = declared.Client{ID: "public"}
	if err := h.Declared.Ensure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d.Clients[0].Secret = seal.NewSecret(secret)
	if err := h.Declared.Ensure(t.Context(), d); err == nil || !strings.Contains(err.Error(), "created without a secret") || strings.Contains(err.Error(), secret) {
		t.Errorf("a public client with a secret: %v", err)
	}
}

func TestADeclaredClientWithKeysDoesNotBecomePublic(t *testing.T) {
	h := newHarness(t)
	keys := oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT, KeysURL: "https://app.example.com/keys"}
	const secret = "a_secret_of_twenty_four_and_more"
	d := declared.Pool{ID: declaredPool, Name: "notes", Clients: []declared.Client{{ID: "web", OAuth: keys}, {ID: "both", OAuth: keys, Secret: seal.NewSecret(secret)}}}
	for range 2 {
		if err := h.Declared.Ensure(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	c, err := h.Pools.DescribeUserPoolClient(t.Context(), declaredPool, "both")
	if err != nil || len(c.Secrets) != 1 || !c.Secret.EqualString(secret) {
		t.Error("the secret of a client with keys was replaced", err)
	}
	d.Clients[1].OAuth = oauthclient.Metadata{}
	if err := h.Declared.Ensure(t.Context(), d); err != nil {
		t.Error("a client that still has a secret:", err)
	}
	d.Clients[0].OAuth = oauthclient.Metadata{}
	for name, ensure := range map[string]func() error{
		"Agree":  func() error { return h.Declared.Agree(t.Context(), d) },
		"Ensure": func() error { return h.Declared.Ensure(t.Context(), d) },
	} {
		if err := ensure(); err == nil || !strings.Contains(err.Error(), "would become a client without any proof") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADeclaredSecretThatChangesReplacesTheOldOne(t *testing.T) {
	h := newHarness(t)
	const secret = "a_secret_of_twenty_four_and_more"
	d := declared.Pool{ID: declaredPool, Name: "notes", Clients: []declared.Client{{ID: "web", Secret: seal.NewSecret(secret)}}}
	for _, next := range []string{secret, secret + "x"} {
		d.Clients[0].Secret = seal.NewSecret(next)
		if err := h.Declared.Ensure(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		c, err := h.Pools.DescribeUserPoolClient(t.Context(), declaredPool, "web")
		if err != nil || !c.Secret.EqualString(next) {
			t.Error(c, err)
		}
	}
}

// Ensure must report a declared setting that differs from one fixed at creation, such as the case sensitivity of user names.
func TestADeclarationCannotChangeWhatIsFixed(t *testing.T) {
	h := newHarness(t)
	d := declared.Pool{ID: declaredPool, Name: "notes", Settings: json.RawMessage(`{"AliasAttributes": ["email"]}`)}
	if err := h.Declared.Ensure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for settings, want := range map[string]string{
		`{}`:                             "",
		`{"AliasAttributes": ["email"]}`: "",
		`{"UsernameConfiguration": {"CaseSensitive": false}}`: "",
		`{"UsernameConfiguration": {"CaseSensitive": true}}`:  "UsernameConfiguration.CaseSensitive differs",
		`{"AliasAttributes": ["email", "phone_number"]}`:      "AliasAttributes differs",
		`{"UsernameAttributes": ["email"]}`:                   "UsernameAttributes differs",
	} {
		d.Settings = json.RawMessage(settings)
		err := h.Declared.Ensure(t.Context(), d)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

func TestWrongDeclarationsAreNamed(t *testing.T) {
	h := newHarness(t)
	good := declared.Pool{ID: declaredPool, Name: "notes"}
	for name, tc := range map[string]struct {
		change func(*declared.Pool)
		text   string
	}{
		"an id without a region":     {func(d *declared.Pool) { d.ID = "notes" }, "an id is a region"},
		"no name":                    {func(d *declared.Pool) { d.Name = "" }, "name"},
		"settings that do not parse": {func(d *declared.Pool) { d.Settings = json.RawMessage(`{"Policies": 7}`) }, "do not parse"},
		"MFA without a factor": {func(d *declared.Pool) {
			d.Settings = json.RawMessage(`{"MfaConfiguration": "OPTIONAL"}`)
		}, "declare SoftwareTokenMfaConfiguration"},
		"a value that the model does not list": {func(d *declared.Pool) { d.Settings = json.RawMessage(`{"MfaConfiguration": "MAYBE"}`) },
			"enum value set: [OFF, ON, OPTIONAL]"},
		"a client id in capitals": {func(d *declared.Pool) { d.Clients = []declared.Client{{ID: "WEB"}} }, "lower-case"},
		"a secret that is too short": {func(d *declared.Pool) {
			d.Clients = []declared.Client{{ID: "web", Secret: seal.NewSecret("short")}}
		}, "24 to 64"},
		"a client with an unknown flow": {func(d *declared.Pool) {
			d.Clients = []declared.Client{{ID: "web", Settings: json.RawMessage(`{"ExplicitAuthFlows": ["ALLOW_ALL"]}`)}}
		}, "client web"},
		"a password policy out of range": {func(d *declared.Pool) {
			d.Settings = json.RawMessage(`{"Policies": {"PasswordPolicy": {"MinimumLength": 3}}}`)
		}, "minimumLength"},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			tc.change(&d)
			err := h.Declared.Ensure(t.Context(), d)
			if err == nil || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%v does not say %q", err, tc.text)
			}
		})
	}
}

func TestADeclarationResetsWhatItLeavesOut(t *testing.T) {
	h := newHarness(t)
	d := declared.Pool{ID: "us-east-1_declared1", Name: "declared", Settings: json.RawMessage(`{"UserPoolTier": "LITE", "UserPoolTags": {"a": "b"},
		"Policies": {"PasswordPolicy": {"MinimumLength": 14}}}`),
		Clients: []declared.Client{{ID: "1example23456789abcdefghij", Settings: json.RawMessage(`{"AuthSessionValidity": 7}`)}}}
	if err := h.Declared.Ensure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d.Settings, d.Clients[0].Settings = nil, nil
	if err := h.Declared.Ensure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	p, c, err := h.Pools.ClientOf(t.Context(), d.ID, d.Clients[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if p.Settings.UserPoolTier != "ESSENTIALS" || len(p.Settings.UserPoolTags) != 0 || p.Settings.Policies.PasswordPolicy.MinimumLength != 8 ||
		c.Settings.AuthSessionValidity != 3 {
		t.Errorf("%+v\n%+v", p.Settings, c.Settings)
	}
}

func TestADeclarationsPasskeySettingsAreChecked(t *testing.T) {
	for given, valid := range map[string]bool{
		`{"RelyingPartyId": "example.com", "UserVerification": "required", "FactorConfiguration": "SINGLE_FACTOR"}`: true,
		`{"UserVerification": "Required"}`: false,
		`{"FactorConfiguration": "MULTI"}`: false,
		`{"RelyingPartyId": "com"}`:        false,
	} {
		problems := declared.Check(declared.Pool{ID: "us-east-1_declared1", Name: "declared",
			Settings: json.RawMessage(`{"WebAuthnConfiguration": ` + given + `}`)}, cognitoidp.CheckRequest)
		if (len(problems) == 0) != valid {
			t.Errorf("%s: %v", given, problems)
		}
	}
}

func TestADeclaredPoolWhoseImportDidNotEndSaysSo(t *testing.T) {
	h := newHarness(t)
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		return tx.Pools.Insert(store.Pool{ID: declaredPool, Name: "half", Settings: []byte("{}"), Unfinished: "killed"})
	}); err != nil {
		t.Fatal(err)
	}
	err := h.Declared.Ensure(t.Context(), declared.Pool{ID: declaredPool, Name: "notes"})
	if err == nil || !strings.Contains(err.Error(), "import the archive again") {
		t.Errorf("error %v", err)
	}
}
