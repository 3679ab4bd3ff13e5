package userfile_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/userfile"
	"github.com/sluicegate/sluice/userpool/userpooltest"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

const password = "correct horse"

func pool(t testing.TB, settings userpool.PoolSettings) *userpool.Pool {
	t.Helper()
	h := userpooltest.New(t)
	p, err := h.Pools.Pool(t.Context(), h.Pool(settings).ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func all(t testing.TB, r userfile.Reader, err error) (rows []userfile.Row) {
	t.Helper()
	for err == nil {
		var row userfile.Row
		if row, err = r.Next(); err == nil {
			rows = append(rows, row)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return rows
}

func read(t testing.TB, format, text string, o userfile.Options) []userfile.Row {
	t.Helper()
	found, whole := userfile.Sniff(strings.NewReader(text))
	if found != format {
		t.Errorf("the format is taken for %q", found)
	}
	r, err := userfile.New(format, whole, o)
	return all(t, r, err)
}

func one(t testing.TB, rows []userfile.Row) importer.Entry {
	t.Helper()
	if len(rows) != 1 || rows[0].Err != nil || rows[0].Line != 1 {
		t.Fatalf("%v", rows)
	}
	return rows[0].Entry
}

func TestTheHeaderHasAWSsOrder(t *testing.T) {
	p := pool(t, userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "shoe", AttributeDataType: "String"}}})
	const want = "name,given_name,family_name,middle_name,nickname,preferred_username,profile,picture,website,email,email_verified,gender,birthdate," +
		"zoneinfo,locale,phone_number,phone_number_verified,address,updated_at,custom:shoe,cognito:mfa_enabled,cognito:username"
	if got := strings.Join(userfile.Header(p), ","); got != want {
		t.Error(got)
	}
}

func TestRowsOfCSV(t *testing.T) {
	p := pool(t, userpool.PoolSettings{})
	for name, tc := range map[string]struct {
		row   string
		want  string // of the attribute name
		fails string
	}{
		"plain":                    {row: "ann,Ann,", want: "Ann"},
		"blanks around the value":  {row: " ann , Ann Lee\t, ", want: "Ann Lee"},
		"an escaped comma":         {row: `ann,Lee\, Ann,`, want: "Lee, Ann"},
		"quotes are no quotes":     {row: `ann,"Ann",`, want: `"Ann"`},
		"a backslash":              {row: `ann,a\b,`, want: `a\b`},
		"a carriage return":        {row: "ann,Ann,\r", want: "Ann"},
		"too few columns":          {row: "ann,Ann", fails: "columns"},
		"too many columns":         {row: "ann,Ann,,", fails: "columns"},
		"no name":                  {row: ",Ann,", fails: "cognito:username"},
		"a name with a blank":      {row: "a b,Ann,", fails: "spaces"},
		"MFA in a pool without":    {row: "ann,Ann,TRUE", fails: "mfa_enabled"},
		"MFA that is no boolean":   {row: "ann,Ann,yes", fails: "mfa_enabled"},
		"a row that is too long":   {row: "ann," + strings.Repeat("x", 16_000) + ",", fails: "16,000"},
		"a row that is not UTF-8":  {row: "ann,\xff,", fails: "UTF-8"},
		"a row of many characters": {row: "ann," + strings.Repeat("ü", 10_000) + ",", want: strings.Repeat("ü", 10_000)},
	} {
		t.Run(name, func(t *testing.T) {
			rows := read(t, userfile.CSV, "cognito:username, name ,cognito:mfa_enabled\n"+tc.row+"\n\nbob,,\n", userfile.Options{Pool: p})
			if len(rows) != 2 || rows[1].Line != 3 || rows[1].Entry.Username != "bob" {
				t.Fatalf("%v", rows)
			}
			if e := rows[0]; tc.fails != "" {
				if e.Err == nil || !strings.Contains(e.Err.Error(), tc.fails) {
					t.Error(e.Err)
				}
			} else if e.Err != nil || e.Entry.Username != "ann" || e.Entry.Attributes["name"] != tc.want {
				t.Errorf("%v", e)
			}
		})
	}
}

func TestJSONLines(t *testing.T) {
	p := pool(t, userpool.PoolSettings{})
	b, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`{"username": "ann", "sub": "11111111-2222-4333-8444-555555555555", "attributes": {"email": "ann@example.com"}, "enabled": false,
		"created": "2020-01-02T03:04:05Z", "groups": ["readers"], "password_hash": %q, "totp_secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"mfa": ["SOFTWARE_TOKEN_MFA"], "preferred_mfa": "SOFTWARE_TOKEN_MFA"}
{"username": "bob"}
{"username": 7}
{"username": "cat", "password_hash": "secret"}
{"username": "dee", "mfa": ["SMS"]}
`, b)
	rows := read(t, userfile.JSONLines, text, userfile.Options{Pool: p})
	if len(rows) != 5 {
		t.Fatal(rows)
	}
	e := rows[0].Entry
	if !e.Hash.Matches(password) || !e.Disabled || e.Created.Year() != 2020 || !slices.Equal(e.Groups, []string{"readers"}) || !e.MFA.Token || len(e.TOTP) != 20 {
		t.Errorf("%+v", e)
	}
	if e := rows[1]; e.Err != nil || e.Entry.Disabled || e.Line != 2 {
		t.Errorf("%+v", e)
	}
	for _, row := range rows[2:] {
		if row.Err == nil || strings.Contains(row.Err.Error(), "secret\"") {
			t.Error(row.Line, row.Err)
		}
	}
}

func TestAuth0(t *testing.T) {
	p := pool(t, userpool.PoolSettings{UsernameAttributes: []string{"email"}, Schema: []userpool.SchemaAttribute{{Name: "plan", AttributeDataType: "String"}}})
	b, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	hashes := fmt.Sprintf(`{"_id":{"$oid":"60425dc43519d90068f82973"},"email_verified":false,"email":"ann@example.com","passwordHash":%q,"password_set_date":{"$date":"2021-03-05T16:35:16.775Z"},"tenant":"dev","connection":"Username-Password-Authentication","_tmp_is_unique":true}
`, b)
	users := `{"user_id":"auth0|60425dc43519d90068f82973","email":"ann@example.com","email_verified":true,"given_name":"Ann","created_at":"2021-03-05T16:35:16.775Z","blocked":true,"user_metadata":{"plan":"gold","other":1}}
{"Id":"auth0|60425dc43519d90068f82974","Email":"bob@example.com","Email Verified":false,"Name":"Bob"}
{"user_id":"google-oauth2|1","email":"cat@example.com"}
`
	rows := read(t, userfile.Auth0, users, userfile.Options{Pool: p, Passwords: strings.NewReader(hashes)})
	if len(rows) != 3 || rows[2].Err == nil || rows[1].Err != nil {
		t.Fatalf("%v", rows)
	}
	e := rows[0].Entry
	if !e.Hash.Matches(password) || e.Username != "ann@example.com" || !e.Disabled || e.Attributes["email_verified"] != "true" ||
		e.Attributes["custom:plan"] != "gold" || e.Created.IsZero() {
		t.Errorf("%+v", e)
	}
	if e := rows[1].Entry; e.Username != "bob@example.com" || e.Attributes["name"] != "Bob" || e.Hash != nil {
		t.Errorf("%+v", e)
	}
	if e := one(t, read(t, userfile.Auth0, hashes, userfile.Options{Pool: p})); !e.Hash.Matches(password) || e.Username != "ann@example.com" {
		t.Errorf("%+v", e)
	}
}

func TestFirebase(t *testing.T) {
	p := pool(t, userpool.PoolSettings{UsernameAttributes: []string{"email"}})
	parameters, err := userfile.FirebaseParameters(strings.NewReader(`hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`))
	if err != nil {
		t.Fatal(err)
	}
	const users = `{"users": [{"localId": "a", "email": "ann@example.com", "emailVerified": true, "displayName": "Ann", "createdAt": "1600000000000", "disabled": false,
		"passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "salt": "42xEC+ixf3L2lw==", "providerUserInfo": []}]}`
	e := one(t, read(t, userfile.Firebase, users, userfile.Options{Pool: p, Firebase: parameters}))
	if !e.Hash.Matches("user1password") || e.Attributes["name"] != "Ann" || e.Created.Year() != 2020 || e.Username != "ann@example.com" {
		t.Errorf("%+v", e)
	}
	if rows := read(t, userfile.Firebase, users, userfile.Options{Pool: p}); rows[0].Err == nil {
		t.Error("a user lost the password without the parameters")
	}
	for _, text := range []string{"", "algorithm: BCRYPT,", "algorithm: SCRYPT,\nrounds: x,"} {
		if _, err := userfile.FirebaseParameters(strings.NewReader(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestKeycloak(t *testing.T) {
	p := pool(t, userpool.PoolSettings{})
	salt, enc := []byte("0123456789abcdef"), base64.StdEncoding
	key := argon2.IDKey([]byte(password), salt, 5, 7168, 1, 32)
	quoted := func(v any) string {
		inner, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		outer, err := json.Marshal(string(inner))
		if err != nil {
			t.Fatal(err)
		}
		return string(outer)
	}
	type object map[string]any
	realm := `{"id": "x", "realm": "shop", "roles": {"realm": [{"name": "users"}]}, "users": [{"id": "11111111-2222-4333-8444-555555555555", "createdTimestamp": 1600000000000,
		"username": "ann", "enabled": true, "emailVerified": true, "firstName": "Ann", "email": "ann@example.com", "groups": ["/readers"], "attributes": {"locale": ["de"]},
		"credentials": [{"type": "password", "secretData": ` + quoted(object{"value": enc.EncodeToString(key), "salt": enc.EncodeToString(salt), "additionalParameters": object{}}) + `,
		"credentialData": ` + quoted(object{"hashIterations": 5, "algorithm": "argon2", "additionalParameters": object{"hashLength": []string{"32"}, "memory": []string{"7168"}, "type": []string{"id"}, "version": []string{"1.3"}, "parallelism": []string{"1"}}}) + `},
		{"type": "otp", "secretData": ` + quoted(object{"value": "12345678901234567890"}) + `, "credentialData": ` + quoted(object{"subType": "totp", "digits": 6, "period": 30, "counter": 0, "algorithm": "HmacSHA1"}) + `}]},
		{"username": "service-account-x", "serviceAccountClientId": "x"},
		{"username": "bob", "credentials": [{"type": "otp", "secretData": ` + quoted(object{"value": "12345678901234567890"}) + `, "credentialData": ` + quoted(object{"subType": "totp", "digits": 8, "period": 30, "algorithm": "HmacSHA1"}) + `}]}],
		"clients": []}`
	rows := read(t, userfile.Keycloak, realm, userfile.Options{Pool: p})
	if len(rows) != 3 || rows[1].Err == nil || rows[2].Err == nil {
		t.Fatalf("%v", rows)
	}
	e := rows[0].Entry
	if rows[0].Err != nil || !e.Hash.Matches(password) || e.Sub != "11111111-2222-4333-8444-555555555555" || e.Attributes["locale"] != "de" ||
		!slices.Equal(e.Groups, []string{"readers"}) || string(e.TOTP) != "12345678901234567890" || !e.Created.Equal(time.UnixMilli(1600000000000)) {
		t.Errorf("%+v %v", e, rows[0].Err)
	}
}

func TestBrokenFilesEndWithAnErrorWithoutTheirContents(t *testing.T) {
	p := pool(t, userpool.PoolSettings{})
	for format, text := range map[string]string{userfile.JSONLines: `{"username": "secret"`, userfile.Keycloak: `{"users": "secret"}`, userfile.Firebase: `{"users": [{"localId": secret`} {
		r, err := userfile.New(format, strings.NewReader(text), userfile.Options{Pool: p})
		if err == nil {
			_, err = r.Next()
		}
		if err == nil || errors.Is(err, io.EOF) || strings.Contains(err.Error(), "secret") {
			t.Error(format, err)
		}
	}
}

// FuzzRead checks that no file of any format panics, and that errors of rows stay without names.
func FuzzRead(f *testing.F) {
	p := pool(f, userpool.PoolSettings{})
	f.Add("cognito:username,name\nann,Ann\\, Lee\n")
	f.Add(`{"username": "ann"}`)
	f.Add(`{"users": [{"localId": "a"}]}`)
	f.Add(`[{"user_id": "auth0|a", "email": "a@b.c"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range userfile.Formats {
			r, err := userfile.New(format, strings.NewReader(text), userfile.Options{Pool: p})
			for n := 0; err == nil; n++ {
				if _, err = r.Next(); n > len(text)+1 {
					t.Fatal(format, "does not end")
				}
			}
		}
	})
}
