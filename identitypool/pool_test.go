package identitypool_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/store"
)

func TestAPoolsLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	settings := notes()
	settings.DeveloperName = "login.example"
	p, err := w.Create(ctx, "notes", settings)
	must(t, err)
	if !strings.HasPrefix(p.ID, "us-east-1:") || len(p.ID) != len("us-east-1:")+36 {
		t.Errorf("id %s", p.ID)
	}
	w.open()
	got, err := w.Describe(p.ID)
	must(t, err)
	if got.Name != "notes" || len(got.UserPools) != 1 || got.UserPools[0].ClientID != client || !got.Guests {
		t.Errorf("after a restart: %+v", got)
	}
	_, err = w.Update(ctx, p.ID, "renamed", identitypool.Settings{DeveloperName: "other"})
	wantFault(t, err, fault.InvalidParameter, "")
	updated, err := w.Update(ctx, p.ID, "renamed", identitypool.Settings{DeveloperName: "login.example"})
	must(t, err)
	if updated.Guests || len(updated.UserPools) != 0 || updated.Name != "renamed" {
		t.Errorf("an update replaces what it leaves out: %+v", updated)
	}
	for name, settings := range map[string]identitypool.Settings{
		"a public login that is called as the developer": {PublicLogins: map[string]string{"login.example": "x"}},
		"an issuer that is called as the developer":      {OIDC: []string{"arn:aws:iam::1:oidc-provider/login.example"}},
	} {
		if _, err := w.Update(ctx, p.ID, "renamed", settings); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, w.Tag(ctx, p.ID, map[string]string{"a": "1", "b": "2"}))
	must(t, w.Untag(ctx, p.ID, []string{"a"}))
	if got, _ := w.Describe(p.ID); len(got.Tags) != 1 || got.Tags["b"] != "2" {
		t.Errorf("tags %v", got.Tags)
	}
	if id, err := w.PoolOf(t.Context(), "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/"+p.ID); err != nil || id != p.ID {
		t.Errorf("pool of its ARN: %s, %v", id, err)
	}
	_, err = w.PoolOf(t.Context(), "arn:aws:cognito-identity:us-east-1:210987654321:identitypool/"+p.ID)
	wantFault(t, err, fault.InvalidParameter, "")
	must(t, w.Delete(ctx, p.ID))
	for name, err := range map[string]error{
		"describe": second(w.Describe(p.ID)), "delete": w.Delete(ctx, p.ID), "update": second(w.Update(ctx, p.ID, "x", identitypool.Settings{})),
		"roles": w.SetRoles(ctx, p.ID, identitypool.Roles{}), "get roles": second(w.GetRoles(p.ID)),
	} {
		if m, _ := fault.Message(err); !fault.Is(err, fault.ResourceNotFound) || m != "IdentityPool '"+p.ID+"' not found." {
			t.Errorf("%s of a deleted pool: %v", name, err)
		}
	}
	for name, settings := range map[string]identitypool.Settings{
		"one client twice":                           {UserPools: []identitypool.UserPool{{Provider: awsKey, ClientID: client}, {Provider: awsKey, ClientID: client, ServerSideCheck: true}}},
		"a client without a pool":                    {UserPools: []identitypool.UserPool{{ClientID: client}}},
		"a developer called as an issuer":            {DeveloperName: "idp.example.com", OIDC: []string{"arn:aws:iam::1:oidc-provider/idp.example.com"}},
		"a developer called as a public login":       {DeveloperName: "accounts.google.com", PublicLogins: map[string]string{"accounts.google.com": "x"}},
		"a developer called as the pools themselves": {DeveloperName: "cognito-identity.amazonaws.com"},
		"an ARN that is not of an OIDC provider":     {OIDC: []string{"arn:aws:iam::1:role/x"}},
	} {
		if _, err := w.Create(ctx, "x", settings); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPoolsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		_, err := w.Create(t.Context(), "p", identitypool.Settings{})
		must(t, err)
	}
	seen := map[string]bool{}
	for after := ""; ; {
		page, next := w.List(t.Context(), after, 2)
		for _, p := range page {
			seen[p.ID] = true
		}
		if after = next; after == "" {
			break
		}
	}
	if len(seen) != 5 {
		t.Errorf("pages give %d pools", len(seen))
	}
}

func TestADeclaredPoolIsMadeOnceAndKeptInStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	d := identitypool.DeclaredPool{
		ID: "us-east-1:11111111-2222-4333-8444-555555555555", Name: "notes", Settings: notes(),
		Roles: identitypool.Roles{Authenticated: w.iam.RoleARN("user"), Guest: w.iam.RoleARN("guest")},
	}
	must(t, w.Ensure(ctx, d))
	modified := func() time.Time {
		var r store.IdentityPool
		must(t, w.store.View(ctx, func(tx store.Tx) (err error) { r, err = tx.IdentityPools.Get(d.ID); return err }))
		return r.ModifiedAt
	}
	id := w.id(d.ID, w.of("alice"))
	must(t, w.Tag(ctx, d.ID, map[string]string{"kept": "yes"}))
	before := modified()
	w.now = w.now.Add(time.Minute)
	must(t, w.Ensure(ctx, d))
	if !modified().Equal(before) {
		t.Error("an unchanged declaration wrote to the store")
	}
	d.Settings.Guests, d.Name = false, "renamed"
	must(t, w.Ensure(ctx, d))
	w.open()
	p, err := w.Describe(d.ID)
	must(t, err)
	if p.Guests || p.Name != "renamed" || p.Tags["kept"] != "yes" || !p.Declared {
		t.Errorf("pool %+v", p)
	}
	if w.id(d.ID, w.of("alice")) != id {
		t.Error("the identities were changed")
	}
	d.Roles.Mappings = map[string]identitypool.RoleMapping{"none": {Type: "Token", Ambiguous: "Deny"}}
	if err := w.Ensure(ctx, d); err == nil || !strings.Contains(err.Error(), d.ID) {
		t.Errorf("the error of an invalid declaration does not name its pool: %v", err)
	}
}

func TestKeysRotateWithoutUnverifiableTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.pool(notes())
	kid := func() string {
		out, err := w.GetOpenIDToken(t.Context(), w.id(pool, nil), nil)
		must(t, err)
		if _, err := w.iam.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: w.iam.RoleARN("guest"), SessionName: "mine", Token: out.Token}); err != nil {
			t.Errorf("a fresh token: %v", err)
		}
		header, _ := decode(t, out.Token)
		return header["kid"].(string)
	}
	step := func(d time.Duration, wantKey string, wantPublished int) {
		t.Helper()
		w.now = w.now.Add(d)
		must(t, w.RotateKeys(t.Context()))
		if got := kid(); got != wantKey || len(w.PublicKeys()) != wantPublished {
			t.Errorf("key %s with %d published, want %s with %d", got, len(w.PublicKeys()), wantKey, wantPublished)
		}
	}
	step(0, "us-east-1-1", 1)
	step(88*24*time.Hour, "us-east-1-1", 1)
	step(25*time.Hour, "us-east-1-1", 2) // the next is published, and does not sign yet
	step(25*time.Hour, "us-east-1-2", 2) // it signs, the last is still published
	step(24*time.Hour-time.Second, "us-east-1-2", 2)
	step(3*time.Hour, "us-east-1-2", 1) // every token of the last has expired
	step(400*24*time.Hour, "us-east-1-2", 2)
	step(25*time.Hour, "us-east-1-3", 2)
	var records []store.SigningKey
	must(t, w.store.View(t.Context(), func(tx store.Tx) (err error) { records, err = tx.SigningKeys.List("identity"); return err }))
	for _, r := range records {
		if _, err := token.ParsePrivate(r.ID, r.Algorithm, r.Private); err == nil {
			t.Error("the store contains an unsealed key")
		}
	}
}

// Stores contain sealed private keys, so the form must not change.
func TestStoredKeysStayReadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, err := token.GenerateKey(rand.Reader, "RS512")
	must(t, err)
	key.ID = "us-east-1-7"
	private, err := key.MarshalPrivate()
	must(t, err)
	sealed, err := w.options.Box.Seal("identity pool signing key", private, []byte(key.ID))
	must(t, err)
	must(t, w.store.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.SigningKeys.Delete("identity", "us-east-1-1"); err != nil {
			return err
		}
		return tx.SigningKeys.Insert(store.SigningKey{Owner: "identity", ID: key.ID, Use: "identity", Algorithm: "RS512", Private: sealed,
			CreatedAt: w.now, SignsFrom: w.now})
	}))
	w.open()
	if keys := w.PublicKeys(); len(keys) != 1 || keys[0].ID != key.ID {
		t.Errorf("published %v, want the stored key", keys)
	}
}

func second[T any](_ T, err error) error { return err }
