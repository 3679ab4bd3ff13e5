package userpool_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

const (
	declaredPool   = "us-east-1_notes0001"
	declaredClient = "1example23456789abcdefghij"
)

func TestDeclaredPoolsAreKeptInStep(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	zero := 0
	d := userpool.DeclaredPool{ID: declaredPool, Name: "notes", Settings: json.RawMessage(`{"PoolName": "ignored", "AutoVerifiedAttributes": ["email"],
			"Policies": {"PasswordPolicy": {"MinimumLength": 12}}, "Schema": [{"Name": "team", "AttributeDataType": "String"}]}`),
		Clients: []userpool.DeclaredClient{{ID: declaredClient, Settings: json.RawMessage(`{"ClientName": "web",
			"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`)}},
		Groups: []userpool.DeclaredGroup{{Name: "readers"}, {Name: "editors", Precedence: &zero, RoleARN: "arn:aws:iam::123456789012:role/notes-editor"}}}
	if err := h.Pools.Ensure(ctx, d); err != nil {
		t.Fatal(err)
	}
	keysBefore := published(h, declaredPool)
	h.User(declaredPool, "Alice", userpool.Attribute{Name: "custom:team", Value: "a"})
	h.MustSignIn(declaredClient, "alice") // case does not matter in a declared pool
	_, err := h.SignIn(declaredClient, "nobody", password)
	wantFault(t, err, "NotAuthorized", wrong) // nor does existence show

	d.Settings = json.RawMessage(`{"Policies": {"PasswordPolicy": {"MinimumLength": 8}}, "Schema": [{"Name": "team", "AttributeDataType": "String"}, {"Name": "level", "AttributeDataType": "Number"}]}`)
	d.Name = "notes2"
	d.Groups[0].Description = "may read"
	h.Restart()
	for range 2 {
		if err := h.Pools.Ensure(ctx, d); err != nil {
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
	if err := h.Pools.Ensure(ctx, d); err != nil {
		t.Fatal(err)
	}
	if same, err := h.Pools.DescribeUserPool(ctx, declaredPool); err != nil || !same.ModifiedAt.Equal(p.ModifiedAt) {
		t.Error("the same declaration looks like a change:", err)
	}
	for k := range published(h, declaredPool) {
		if !keysBefore[k] {
			t.Error("the keys changed")
		}
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
	d := userpool.DeclaredPool{ID: declaredPool, Name: "notes", Clients: []userpool.DeclaredClient{{ID: "web", Secret: seal.NewSecret(secret)}}}
	for range 2 {
		if err := h.Pools.Ensure(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	c, err := h.Pools.DescribeUserPoolClient(t.Context(), declaredPool, "web")
	if err != nil || !c.Secret.EqualString(secret) {
		t.Error(c, err)
	}
	d.Clients[0].Secret = seal.Secret{}
	if err := h.Pools.Ensure(t.Context(), d); err == nil || !strings.Contains(err.Error(), "made with a secret and cannot lose it") {
		t.Errorf("without a secret: %v", err)
	}
	d.Clients[0] = userpool.DeclaredClient{ID: "public"}
	if err := h.Pools.Ensure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d.Clients[0].Secret = seal.NewSecret(secret)
	if err := h.Pools.Ensure(t.Context(), d); err == nil || !strings.Contains(err.Error(), "made without a secret") || strings.Contains(err.Error(), secret) {
		t.Errorf("a public client with a secret: %v", err)
	}
}

func TestADeclaredSecretThatChangesReplacesTheOldOne(t *testing.T) {
	h := newHarness(t)
	const secret = "a_secret_of_twenty_four_and_more"
	d := userpool.DeclaredPool{ID: declaredPool, Name: "notes", Clients: []userpool.DeclaredClient{{ID: "web", Secret: seal.NewSecret(secret)}}}
	for _, next := range []string{secret, secret + "x"} {
		d.Clients[0].Secret = seal.NewSecret(next)
		if err := h.Pools.Ensure(t.Context(), d); err != nil {
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
	d := userpool.DeclaredPool{ID: declaredPool, Name: "notes", Settings: json.RawMessage(`{"AliasAttributes": ["email"]}`)}
	if err := h.Pools.Ensure(t.Context(), d); err != nil {
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
		err := h.Pools.Ensure(t.Context(), d)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

func TestWrongDeclarationsAreNamed(t *testing.T) {
	h := newHarness(t)
	good := userpool.DeclaredPool{ID: declaredPool, Name: "notes"}
	for name, tc := range map[string]struct {
		change func(*userpool.DeclaredPool)
		text   string
	}{
		"an id without a region":     {func(d *userpool.DeclaredPool) { d.ID = "notes" }, "an id is a region"},
		"no name":                    {func(d *userpool.DeclaredPool) { d.Name = "" }, "name"},
		"settings that do not parse": {func(d *userpool.DeclaredPool) { d.Settings = json.RawMessage(`{"Policies": 7}`) }, "do not parse"},
		"MFA without a factor": {func(d *userpool.DeclaredPool) {
			d.Settings = json.RawMessage(`{"MfaConfiguration": "OPTIONAL"}`)
		}, "declare SoftwareTokenMfaConfiguration"},
		"a value that the model does not list": {func(d *userpool.DeclaredPool) { d.Settings = json.RawMessage(`{"MfaConfiguration": "MAYBE"}`) },
			"enum value set: [OFF, ON, OPTIONAL]"},
		"a client id in capitals": {func(d *userpool.DeclaredPool) { d.Clients = []userpool.DeclaredClient{{ID: "WEB"}} }, "lower-case"},
		"a secret that is too short": {func(d *userpool.DeclaredPool) {
			d.Clients = []userpool.DeclaredClient{{ID: "web", Secret: seal.NewSecret("short")}}
		}, "24 to 64"},
		"a client with an unknown flow": {func(d *userpool.DeclaredPool) {
			d.Clients = []userpool.DeclaredClient{{ID: "web", Settings: json.RawMessage(`{"ExplicitAuthFlows": ["ALLOW_ALL"]}`)}}
		}, "client web"},
		"a password policy out of range": {func(d *userpool.DeclaredPool) {
			d.Settings = json.RawMessage(`{"Policies": {"PasswordPolicy": {"MinimumLength": 3}}}`)
		}, "minimumLength"},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			tc.change(&d)
			err := h.Pools.Ensure(t.Context(), d)
			if err == nil || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%v does not say %q", err, tc.text)
			}
		})
	}
}
