package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

// sums are the checksums of the released migrations. A release adds lines and never changes one.
var sums = map[string]string{
	"0001_records.sql":               "d5cc332d7d638eca5e93e01e555d0e9858ef0f0cdd43c8cb9ae766a9c6a83218",
	"0002_refresh_tokens_by_age.sql": "31e641c12ef619b345f73b27b94d23ecb9dba120b500445067ab09a7e1ac34f7",
	"0003_search_without_case.sql":   "1f7e92ec8bbfdfe1db0d82342d7d021889346ffafe8864545aaa0ccadeccaa16",
	"0004_policy_versions.sql":       "961b2ffc4f3fb8c5bb041e4a3fc1ee3a914ede17f001801c51e6730c3af81563",
	"0005_passkeys.sql":              "708d06af0f40022804b988146f75d03040e0426be28b8e00e526ac12b3260a50",
	"0006_devices.sql":               "19f95ff176aeae07cd92951f84f120a068888333a7c326c9c5e7af5d114ea4f7",
	"0007_messages.sql":              "ba7b853d4bd4ff7301234b09973d0698db8ca429673a3adab67ddb854485433a",
	"0008_threat.sql":                "60b8dddffb3987da9812c02badcae8d3ee6eb21d3aec417e27b11f45b331e63c",
	"0009_challenges.sql":            "cfd8604130a0bbcff16d4e7a4ea7cb287d68411246012fd551b0b18c0313ebb0",
	"0010_edge_sessions.sql":         "5b23ea347888ec196e453d16df4e14a603c1f61bcd06c8cb36628e1a2da9bec6",
	"0011_branding.sql":              "0c44861f1babb3509f974d845f1acad2f2fea65130c719d3ddcb4c9bbcd7437b",
	"0012_sso.sql":                   "4cb3fc4da66485f9031c6d208f735148a338ee7adc416ecc9ca6507d131c6b22",
	"0013_domains.sql":               "0b3aa7d04786f63e73a0b2be65103447f5674378c06447d283769a46897764b4",
	"0014_grants.sql":                "978cd3161ff018040afe4b402e9f3bff627aed5de2408be3ead947521c8c99a2",
	"0015_provider_requests.sql":     "478c6571ca66557bc6ff6b3e052b1d937e89f75c0d2d91510b0508d3e8e9edb9",
	"0016_entities.sql":              "35ce1b3c8ecec90001c35ff470256917d61748273db5067ef0e63545a6b4c662",
	"0017_saml.sql":                  "f959f92cf0ef46910e2a41b870962e5d019094a5e6ca8b0f2e006e042a1e8928",
	"0018_federation.sql":            "da3bf341480e09e96a3dea4d599209277bd882c39382eab7d3e9530e6fc9c398",
	"0019_revocations_by_start.sql":  "ebc3951156a6b40b67c768fc19cbfc8e906c75d1b767ffc0165e5692ea161193",
	"0020_pulls.sql":                 "a0f667bf3eb209f6d635b34502d7a59d869289ca7abfd876fce2b08cafb5ce0d",
	"0021_unfinished_pools.sql":      "b725e565ff6dfa486782784f613e237eaf570dfe04ca0fa397d4f740be72a33e",
	"0022_import_jobs.sql":           "35008944c813d199bc3b18aa7c405bb0cda91862883bd1653cc920c1dd84e221",
	"0023_changes.sql":               "759c78cd34e104b8c8023d2063f107f2d50f6d0e1287c5a7d06bd1ddc83ff416",
	"0024_live_sessions.sql":         "30610d9e3ff87b0229c76674b0d8e59d110578008774f20195d6b35c7bd73421",
	"0025_trusted_roles.sql":         "840f0b0bb0784a8e5f130ba8685b606423dda89ed9f17d8f5fb864b8dfdf86d5",
	"0026_message_lanes.sql":         "81a578a0b457c91b50316943c09da1a97c448aff7962112b8ef95ed5cfa3e3cf",
	"0027_bounded_keys.sql":          "7bf8b3898388ad8c6688b11734645b4c21592e6eec58b872fbd648c071f9154d",
}

func TestAReleasedMigrationNeverChanges(t *testing.T) {
	t.Parallel()
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		sum := sha256.Sum256([]byte(step.text))
		if got := hex.EncodeToString(sum[:]); got != sums[step.name] {
			t.Errorf("%s has the checksum %s but was released with %q; write a new migration", step.name, got, sums[step.name])
		}
	}
}

// raw opens a connection to the file without a Store.
func raw(t *testing.T, path string) *conn {
	t.Helper()
	c, err := connect(path, writerSetup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestAFileOfEveryReleaseOpensWithItsRecords(t *testing.T) {
	t.Parallel()
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "old.db")
			rows, err := os.ReadFile(fmt.Sprintf("testdata/released/%04d.sql", step.version))
			if err != nil {
				t.Fatal(err)
			}
			c := raw(t, path)
			if err := migrate(c, steps[:step.version], time.Now, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if err := c.script(string(rows)); err != nil {
				t.Fatal(err)
			}
			if step.version < 27 { // before it, keys had texts of any length
				for _, text := range []string{
					`update users set aliases = '[{"Kind":"preferred_username","Value":"` + long + `"},{"Kind":"email","Value":"ann@example.com"}]'`,
					`insert into user_aliases values ('us-east-1_aaaaaaaaa', 'preferred_username', '` + long + `', 'sub-ann')`,
					`insert into user_search values ('us-east-1_aaaaaaaaa', 'name', '` + long + `', 'sub-ann')`,
				} {
					if err := c.script(text); err != nil {
						t.Fatal(err)
					}
				}
			}
			st, err := Open(Options{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			if step.version < 27 {
				if err := st.View(t.Context(), findLong); err != nil {
					t.Error(err)
				}
				if n, err := number(c, `select (select max(length(value)) from user_aliases) + (select max(length(value)) from user_search)`); err != nil || n != 2*320 {
					t.Errorf("the longest keys have %d characters together: %v", n, err)
				}
			}
			if err := st.Update(t.Context(), readReleased); err != nil {
				t.Error(err)
			}
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// long is a text of 2,000 characters.
var long = strings.Repeat("長い", 1000)

// findLong finds the user by it.
func findLong(tx store.Tx) error {
	const pool = "us-east-1_aaaaaaaaa"
	u, err1 := tx.Users.ByAlias(pool, store.Alias{Kind: "preferred_username", Value: long})
	l, err2 := tx.Users.List(pool, &store.Filter{Name: "name", Value: long}, store.Page{})
	p, err3 := tx.Users.List(pool, &store.Filter{Name: "name", Value: "長い長", Prefix: true}, store.Page{})
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	if u.Sub != "sub-ann" || len(l) != 1 || len(p) != 1 {
		return fmt.Errorf("the long texts find %q, %+v, %+v", u.Sub, l, p)
	}
	return nil
}

// An alias may have the form of another one's key, and sort before or after it.
func TestLongAliasesGetBoundedKeysWhateverTheyAre(t *testing.T) {
	t.Parallel()
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []string{strings.Repeat("!", 300), strings.Repeat("z", 300), strings.Repeat("ff", 128) + "0", strings.Repeat("長", 300)} {
		path := filepath.Join(t.TempDir(), "old.db")
		c := raw(t, path)
		if err := migrate(c, steps[:26], time.Now, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		values := []string{long, sql.Key(long), sql.Key(sql.Key(long)), "short"}
		text := `insert into pools (id, name, declared) values ('p', 'p', 0);`
		for i, value := range values {
			text += fmt.Sprintf(`
				insert into users (pool_id, sub, username, name_key, aliases, status, enabled, attributes, password_hash, password_temporary, failures)
					values ('p', '%[1]d', '%[1]d', '%[1]d', '[{"Kind":"preferred_username","Value":"%[2]s"}]', '', 1, '{}', '', 0, 0);
				insert into user_aliases values ('p', 'preferred_username', '%[2]s', '%[1]d');
				insert into user_search values ('p', 'preferred_username', '%[2]s', '%[1]d');`, i, value)
		}
		if err := c.script(text); err != nil {
			t.Fatal(err)
		}
		st, err := Open(Options{Path: path})
		if err != nil {
			t.Errorf("%.8s: %v", long, err)
			continue
		}
		if err := st.View(t.Context(), func(tx store.Tx) error {
			for i, value := range values {
				u, err1 := tx.Users.ByAlias("p", store.Alias{Kind: "preferred_username", Value: value})
				l, err2 := tx.Users.List("p", &store.Filter{Name: "preferred_username", Value: value}, store.Page{})
				if err := errors.Join(err1, err2); err != nil || u.Sub != fmt.Sprint(i) || len(l) != 1 || l[0].Sub != u.Sub {
					t.Errorf("%.8s: alias %d finds %q and lists %d: %v", long, i, u.Sub, len(l), err)
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if n, err := number(c, `select count(*) from sqlite_schema where name like 'user_aliases_%' and type = 'table'`); err != nil || n != 0 {
			t.Errorf("%d tables are left: %v", n, err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
}

// readReleased reads every record of testdata/released and writes it back.
func readReleased(tx store.Tx) error {
	const pool = "us-east-1_aaaaaaaaa"
	p, err1 := tx.Pools.Get(pool)
	c, err2 := tx.Clients.Get("1aaaaaaaaaaaaaaaaaaaaaaaaa")
	u, err3 := tx.Users.ByAlias(pool, store.Alias{Kind: "email", Value: "ann@example.com"})
	g, err4 := tx.Groups.Of(pool, "sub-ann", store.Page{})
	o, err5 := tx.Codes.Get(pool, "sub-ann", "forgot")
	f, err6 := tx.RefreshTokens.ByHash([]byte{6})
	k, err7 := tx.SigningKeys.List(pool)
	v, err8 := tx.Revocations.Live(time.UnixMilli(1793588645678))
	ip, err9 := tx.IdentityPools.Get("us-east-1:p")
	i, err10 := tx.Identities.ByLogin("us-east-1:p", store.Login{Provider: "p", Subject: "sub-ann"})
	r, err11 := tx.Roles.Get("notes-user")
	d, err12 := tx.Policies.Get("arn:a")
	s, err13 := tx.Settings.Get("root")
	l, err14 := tx.Users.List(pool, &store.Filter{Name: "email", Value: "ann", Prefix: true}, store.Page{})
	lf, err15 := tx.Users.List(pool, &store.Filter{Name: "username", Value: "ann", Folded: true}, store.Page{})
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12, err13,
		err14, err15); err != nil {
		return err
	}
	if len(c.Secrets) != 1 || c.Secrets[0].ID != c.ID+"--1793588645" || string(c.Secrets[0].Sealed) != "\x01" || !c.Secrets[0].CreatedAt.Equal(c.CreatedAt) {
		return fmt.Errorf("the client's secrets are %+v", c.Secrets)
	}
	if len(g) != 1 || len(k) != 1 || len(v) != 1 || len(l) != 1 || len(lf) != 1 || string(s) != "\x08" || o.Attempts != 1 ||
		u.Failures.Count != 2 || string(r.Inline["p"]) != "{ }" || !v[0].NotBefore.IsZero() {
		return fmt.Errorf("records differ: %+v %+v %+v %+v %+v %+v %+v %+v", g, k, v, l, s, o, u, r)
	}
	return errors.Join(tx.Pools.Update(p), tx.Clients.Update(c), tx.Users.Update(u), tx.Groups.Update(g[0]),
		tx.Codes.Put(o), tx.RefreshTokens.Update(f), tx.SigningKeys.Update(k[0]), tx.Revocations.Put(v[0]),
		tx.IdentityPools.Update(ip), tx.Identities.Update(i), tx.Roles.Update(r), tx.Policies.Update(d))
}

func TestAFileThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	st, err := Open(Options{Path: newer})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := raw(t, newer).script(`insert into schema_migrations values (9999, 'x', 0)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Path: newer}); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("a newer schema: %v", err)
	}
	other := filepath.Join(dir, "other.db")
	if err := raw(t, other).script(`create table theirs (a)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Path: other}); err == nil {
		t.Error("Open accepted the database of another program")
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte("This is a text of some length, not a database.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Path: text}); err == nil {
		t.Error("Open accepted a text file")
	}
	if _, err := Open(Options{Path: filepath.Join(text, "below")}); err == nil {
		t.Error("Open accepted a path below a file")
	}
}

func TestAMigrationThatFailsLeavesTheSchemaAsItWas(t *testing.T) {
	t.Parallel()
	c := raw(t, filepath.Join(t.TempDir(), "a.db"))
	quiet := slog.New(slog.DiscardHandler)
	first := migration{1, "0001_a.sql", `create table a (x integer) strict`}
	second := migration{2, "0002_b.sql", `create table b (x integer) strict; insert into nowhere values (1)`}
	if err := migrate(c, []migration{first}, time.Now, quiet); err != nil {
		t.Fatal(err)
	}
	if err := migrate(c, []migration{first, second}, time.Now, quiet); err == nil {
		t.Fatal("a migration with an error succeeded")
	}
	if err := c.script(`select * from b`); err == nil {
		t.Error("a part of the failed migration was kept")
	}
	second.text = `create table b (x integer) strict`
	if err := migrate(c, []migration{first, second}, time.Now, quiet); err != nil {
		t.Errorf("the corrected migration: %v", err)
	}
}
