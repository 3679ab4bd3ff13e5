package archive

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	_ "modernc.org/sqlite" // reads the schema

	"database/sql"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

var update = flag.Bool("update", false, "rewrite the golden archive; only for a new version of the format")

const goldenPool = "us-east-1_golden001"

// fill sets every field of a record to a value that is not zero.
func fill[T any](record T) T {
	v := reflect.ValueOf(&record).Elem()
	for i := range v.NumField() {
		fillValue(v.Field(i), v.Type().Field(i).Name)
	}
	return record
}

func fillValue(v reflect.Value, name string) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2027, 1, 2, 3, 4, 5, 6_000_000, time.UTC)))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(`{"a":"` + name + `"}`)))
		return
	case []byte:
		v.SetBytes([]byte("bytes of " + name))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text of " + name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(7)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": name}))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillValue(v.Index(0), name)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), name)
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), v.Type().Field(i).Name)
		}
	default:
		panic("a field of the kind " + v.Kind().String() + ": " + name)
	}
}

// full writes a pool with every kind of record, with a value in every field.
func full(t testing.TB, h *userpooltest.Harness) {
	t.Helper()
	ctx := t.Context()
	clientID, sub := "1golden0000000000000000001", "11111111-2222-4333-8444-555555555555"
	_, err := h.Pools.InsertPool(ctx, goldenPool, "golden", userpool.PoolSettings{}, true)
	must(t, err)
	conceal := func(purpose string, additional, text []byte) ([]byte, error) {
		return h.Options.Seal.Seal(purpose, text, additional)
	}
	must(t, h.Store.Update(ctx, func(tx store.Tx) error {
		var failed error
		try := func(err error) {
			if err != nil && failed == nil {
				failed = err
			}
		}
		k := fill(samlKey{})
		k.PoolID = goldenPool
		try(k.secrets(conceal))
		try(tx.SAMLKeys.Insert(store.SAMLKey(k)))
		c := fill(client{})
		c.PoolID, c.ID, c.Settings = goldenPool, clientID, json.RawMessage(`{}`)
		try(c.secrets(conceal))
		try(tx.Clients.Insert(store.Client(c)))
		d := fill(store.Domain{})
		d.PoolID, d.Name = goldenPool, "golden"
		try(tx.Domains.Insert(d))
		rs := fill(store.ResourceServer{})
		rs.PoolID = goldenPool
		try(tx.ResourceServers.Insert(rs))
		ip := fill(identityProvider{})
		ip.PoolID, ip.Type = goldenPool, "OIDC"
		try(ip.secrets(conceal))
		try(tx.IdentityProviders.Insert(store.IdentityProvider(ip)))
		g := fill(store.Group{})
		g.PoolID, g.Name = goldenPool, "editors"
		try(tx.Groups.Insert(g))
		b := fill(store.Branding{})
		b.PoolID, b.ClientID, b.Draft, b.ExpiresAt = goldenPool, clientID, false, time.Time{}
		try(tx.Brandings.Insert(b))
		a := fill(store.BrandingAsset{})
		a.PoolID, a.BrandingID = goldenPool, b.ID
		try(tx.Brandings.PutAsset(a))
		for _, of := range []string{store.AllClients, clientID} {
			ui := fill(store.UICustomization{})
			ui.PoolID, ui.ClientID = goldenPool, of
			try(tx.UICustomizations.Put(ui))
		}
		terms := fill(store.Terms{})
		terms.PoolID, terms.ClientID = goldenPool, clientID
		try(tx.Terms.Insert(terms))
		try(fullUser(tx, clientID, sub, conceal))
		return failed
	}))
}

// fullUser writes a user with every kind of record.
func fullUser(tx store.Tx, clientID, sub string, conceal secret) error {
	var failed error
	try := func(err error) {
		if err != nil && failed == nil {
			failed = err
		}
	}
	u := fill(user{})
	u.PoolID, u.Sub, u.Username, u.Key, u.Aliases = goldenPool, sub, "Ann", "ann", []store.Alias{{Kind: "email", Value: "ann@example.com"}}
	try((&userpool.MFA{SMS: true, Email: true, Token: true, Preferred: "SMS_MFA", WebAuthn: true, Legacy: true, Secret: []byte("seed"), Device: "d", LastStep: 5, Pending: []byte("next")}).Write((*store.User)(&u)))
	try(u.secrets(conceal))
	try(tx.Users.Insert(store.User(u)))
	try(tx.Groups.Add(goldenPool, "editors", sub))
	try(tx.Passwords.Put(goldenPool, sub, []string{"hash 1", "hash 2"}))
	pk := fill(store.Passkey{})
	pk.PoolID, pk.Sub = goldenPool, sub
	try(tx.Passkeys.Insert(pk))
	dev := fill(device{})
	dev.PoolID, dev.Sub = goldenPool, sub
	try(dev.secrets(conceal))
	try(tx.Devices.Insert(store.Device(dev)))
	ui := fill(store.UserIdentity{})
	ui.PoolID, ui.Sub = goldenPool, sub
	try(tx.UserIdentities.Insert(ui))
	f := fill(store.RefreshToken{})
	f.PoolID, f.Sub, f.ClientID, f.RevokedAt = goldenPool, sub, clientID, time.Time{}
	try(tx.RefreshTokens.Insert(f))
	revoked := f
	revoked.ID, revoked.Hash, revoked.PreviousHash, revoked.RevokedAt = "revoked", []byte("hash"), []byte("previous"), f.CreatedAt
	try(tx.RefreshTokens.Insert(revoked))
	x := fill(store.Session{})
	x.PoolID, x.Sub, x.ClientID, x.Family, x.Browser, x.SignIn, x.Origin = goldenPool, sub, clientID, f.ID, nil, nil, ""
	try(tx.Sessions.Insert(x))
	e := fill(store.AuthEvent{})
	e.PoolID, e.Sub = goldenPool, sub
	try(tx.AuthEvents.Put(e))
	until := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	issuer := "http://localhost:8080/" + goldenPool + "\n"
	for _, kind := range []revoke.Kind{revoke.KindFamily, revoke.KindIssued} {
		try(tx.Revocations.Put(store.Revocation{Kind: string(kind), Key: issuer + "revoked", NotBefore: f.CreatedAt, Until: until}))
	}
	return failed
}

// text returns the text of the archive of the golden pool, without what differs from one Sluice to the other.
func text(t testing.TB, h *userpooltest.Harness) string {
	t.Helper()
	to, with := testKey(t)
	var archive bytes.Buffer
	_, err := service(h).Export(t.Context(), goldenPool, &archive, to, nil)
	must(t, err)
	in, err := with.open(&archive)
	must(t, err)
	all, err := io.ReadAll(in)
	must(t, err)
	lines := strings.SplitAfter(string(all), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "origin ") }), "")
}

// ends matches when a revocation ends, which an import brings forward.
var ends = regexp.MustCompile(`(?m)^(revocation .*"Until":)"[^"]*"`)

func withoutEnds(text string) string { return ends.ReplaceAllString(text, "$1") }

func TestEveryFieldOfEveryRecordComesBackTheSame(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	full(t, from)
	before := text(t, from)
	for kind := range kinds {
		if !strings.Contains(before, "\n"+kind+" ") {
			t.Errorf("the archive has no %s", kind)
		}
	}
	to := move(t, from, goldenPool)
	if after := text(t, to); withoutEnds(after) != withoutEnds(before) {
		t.Errorf("the pool differs.\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// An archive of each version of the format can be read for ever.
func TestTheGoldenArchiveOfEachVersionImports(t *testing.T) {
	t.Parallel()
	const file, wanted, keyFile = "testdata/v1.age", "testdata/v1.txt", "testdata/key.txt"
	if *update {
		from := userpooltest.New(t)
		full(t, from)
		key, err := age.GenerateX25519Identity()
		must(t, err)
		var archive bytes.Buffer
		_, err = service(from).Export(t.Context(), goldenPool, &archive, Recipients{key.Recipient()}, nil)
		must(t, err)
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, archive.Bytes(), 0o644))
		must(t, os.WriteFile(keyFile, []byte(key.String()+"\n"), 0o644))
		must(t, os.WriteFile(wanted, []byte(text(t, from)), 0o644))
	}
	key, err := os.Open(keyFile)
	must(t, err)
	defer key.Close()
	with, err := WithKeys(key)
	must(t, err)
	archive, err := os.Open(file)
	must(t, err)
	defer archive.Close()
	to := userpooltest.New(t)
	_, err = service(to).Import(t.Context(), archive, with, ImportOptions{})
	must(t, err)
	want, err := os.ReadFile(wanted)
	must(t, err)
	if got := text(t, to); withoutEnds(got) != withoutEnds(string(want)) {
		t.Errorf("the golden archive gives another pool:\n%s\nwant:\n%s", got, want)
	}
}

// carried are the tables that lines of an archive come from.
var carried = map[string]string{
	"pools": "pool", "clients": "client", "domains": "domain", "resource_servers": "resource_server", "identity_providers": "identity_provider",
	"user_groups": "group", "brandings": "branding", "branding_assets": "branding_asset", "ui_customizations": "ui_customization", "terms": "terms",
	"users": "user", "user_aliases": "user", "user_search": "user", "memberships": "memberships", "password_history": "password_history",
	"passkeys": "passkey", "devices": "device", "user_identities": "user_identity", "refresh_tokens": "refresh_token", "sessions": "session",
	"auth_events": "auth_event", "signing_keys": "signing_key", "saml_keys": "saml_key", "revocations": "revocation",
}

// others are the tables that are not of user pools.
var others = []string{"identity_pools", "identities", "identity_logins", "roles", "policies", "settings", "heartbeat", "edge_sessions", "entities", "schema_migrations"}

// A new table is in the archive, or its omission has a reason, or it is not of user pools.
func TestEveryTableIsInTheArchiveOrLeftOutForAReason(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "schema.db")
	st, err := sqlite.Open(sqlite.Options{Path: path})
	must(t, err)
	must(t, st.Close())
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	rows, err := db.Query("select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
	must(t, err)
	defer rows.Close()
	known := 0
	for rows.Next() {
		var name, create string
		must(t, rows.Scan(&name, &create))
		if kind, ok := carried[name]; ok {
			if kinds[kind] == nil && kind != "pool" {
				t.Errorf("table %s: there is no kind %s", name, kind)
			}
		} else if left[name] == "" && !slices.Contains(others, name) {
			t.Errorf("table %s is neither in the archive nor left out: add a kind of record, or a reason to the variable left", name)
		}
		if slices.Contains(others, name) && strings.Contains(create, "references pools") {
			t.Errorf("table %s belongs to user pools", name)
		}
		known++
	}
	must(t, rows.Err())
	if known < 30 {
		t.Errorf("only %d tables were read", known)
	}
}

// A new kind of record has a field in store.Tx.
func TestEveryRecordOfATransactionIsKnown(t *testing.T) {
	t.Parallel()
	known := strings.Fields(`Pools Clients Domains ResourceServers Users Groups SAMLKeys Passkeys RefreshTokens Sessions Passwords AuthEvents
		Devices SigningKeys Revocations Brandings UICustomizations Terms IdentityProviders UserIdentities

		Pulls ImportJobs Codes Challenges DeviceGrants SpentIDs SpentAssertions Messages AuthorizationCodes ProviderRequests

		EdgeSessions IdentityPools Identities Roles Policies Entities Settings

		Sealed`) // the columns of other records that are sealed
	for _, f := range reflect.VisibleFields(reflect.TypeFor[store.Tx]()) {
		if !slices.Contains(known, f.Name) {
			t.Errorf("store.Tx has %s: put it into archives, or leave it out for a reason", f.Name)
		}
	}
}

func TestTheDocumentedRecordIsRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/archive.md")
	must(t, err)
	_, after, _ := strings.Cut(string(text), "```json\n")
	record, _, ok := strings.Cut(after, "```")
	if !ok {
		t.Fatal("the example is not found")
	}
	var u user
	must(t, decode([]byte(record), &u))
	for kind := range kinds {
		if !strings.Contains(string(text), "`"+kind+"`") {
			t.Errorf("docs/archive.md does not name %s", kind)
		}
	}
}
