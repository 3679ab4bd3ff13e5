package userfile

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// firebaseUser is a user of firebase auth:export.
type firebaseUser struct {
	ID            string `json:"localId"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"emailVerified"`
	PasswordHash  string `json:"passwordHash"`
	Salt          string `json:"salt"`
	DisplayName   string `json:"displayName"`
	Photo         string `json:"photoUrl"`
	Phone         string `json:"phoneNumber"`
	CreatedAt     string `json:"createdAt"` // milliseconds
	Disabled      bool   `json:"disabled"`
	Claims        string `json:"customAttributes"` // JSON
}

var (
	errFirebaseHash = errors.New("userfile: the Firebase hash parameters must be those of the console: algorithm: SCRYPT, base64_signer_key, base64_salt_separator, rounds, mem_cost")
	errNoParameters = fault.New(fault.InvalidParameter, "The user has a password hash, and the project's hash parameters were not given.")
)

type firebaseUsers struct {
	objects *objects
	o       Options
}

// Next returns the next user.
func (f *firebaseUsers) Next() (Row, error) {
	raw, n, err := f.objects.next()
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: n}
	var u firebaseUser
	if row.Err = into(raw, &u); row.Err == nil {
		row.Entry, row.Err = f.entry(&u)
	}
	return row, nil
}

func (f *firebaseUsers) entry(u *firebaseUser) (importer.Entry, error) {
	p := f.o.Pool
	created, err := strconv.ParseInt(u.CreatedAt, 10, 64)
	if err != nil {
		created = 0
	}
	e := importer.Entry{Username: name(p, u.Email, u.Phone, u.ID), Disabled: u.Disabled, Created: milliseconds(created), Attributes: map[string]string{}}
	var claims map[string]json.RawMessage
	if u.Claims != "" && json.Unmarshal([]byte(u.Claims), &claims) == nil {
		for key, raw := range claims {
			var text string
			if json.Unmarshal(raw, &text) == nil {
				put(p, &e, "custom:"+key, text)
			}
		}
	}
	for attribute, value := range map[string]string{"email": u.Email, "phone_number": u.Phone, "name": u.DisplayName, "picture": u.Photo} {
		put(p, &e, attribute, value)
	}
	verify(&e, "email", u.EmailVerified)
	verify(&e, "phone_number", true) // Firebase takes no number that it has not verified
	if u.PasswordHash == "" {
		return e, nil
	}
	if len(f.o.Firebase.SignerKey) == 0 {
		return e, errNoParameters
	}
	salt, err1 := decode64(u.Salt)
	key, err2 := decode64(u.PasswordHash)
	if err1 != nil || err2 != nil {
		return e, errHash
	}
	if e.Hash, err = f.o.Firebase.Hash(salt, key); err != nil {
		return e, errHash
	}
	return e, nil
}

// decode64 decodes base64 in either alphabet, with or without padding.
func decode64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "="))
}

// FirebaseParameters reads the hash parameters of a project as Firebase's console shows them: hash_config { … }.
func FirebaseParameters(r io.Reader) (passwordhash.Firebase, error) {
	f := passwordhash.Firebase{}
	lines := bufio.NewScanner(r)
	var err error
	for lines.Scan() && err == nil {
		name, value, ok := strings.Cut(lines.Text(), ":")
		value = strings.Trim(strings.TrimSuffix(strings.TrimSpace(value), ","), `"`)
		if !ok {
			continue
		}
		switch strings.Trim(strings.TrimSpace(name), `"`) {
		case "algorithm":
			if value != "SCRYPT" {
				return f, errFirebaseHash
			}
		case "base64_signer_key":
			f.SignerKey, err = decode64(value)
		case "base64_salt_separator":
			f.SaltSeparator, err = decode64(value)
		case "rounds":
			f.Rounds, err = strconv.Atoi(value)
		case "mem_cost":
			f.MemoryCost, err = strconv.Atoi(value)
		}
	}
	if err != nil || lines.Err() != nil || len(f.SignerKey) == 0 || f.Rounds < 1 || f.MemoryCost < 1 {
		return f, errFirebaseHash
	}
	return f, nil
}
