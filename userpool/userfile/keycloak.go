package userfile

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// keycloakUser is a user of a realm export.
type keycloakUser struct {
	ID             string               `json:"id"`
	Username       string               `json:"username"`
	Email          string               `json:"email"`
	EmailVerified  bool                 `json:"emailVerified"`
	FirstName      string               `json:"firstName"`
	LastName       string               `json:"lastName"`
	Enabled        *bool                `json:"enabled"`
	Created        int64                `json:"createdTimestamp"` // milliseconds
	Attributes     map[string][]string  `json:"attributes"`
	Credentials    []keycloakCredential `json:"credentials"`
	Required       []string             `json:"requiredActions"`
	Groups         []string             `json:"groups"` // paths: "/readers"
	ServiceAccount string               `json:"serviceAccountClientId"`
}

// keycloakCredential is a credential. Its parts are JSON in texts.
type keycloakCredential struct {
	Type   string `json:"type"`
	Secret string `json:"secretData"`
	Data   string `json:"credentialData"`
}

type keycloakSecret struct {
	Value string `json:"value"`
	Salt  string `json:"salt"`
}

type keycloakData struct {
	Iterations int                 `json:"hashIterations"`
	Algorithm  string              `json:"algorithm"`
	Parameters map[string][]string `json:"additionalParameters"`
	SubType    string              `json:"subType"`
	Digits     int                 `json:"digits"`
	Period     int                 `json:"period"`
	Encoding   string              `json:"secretEncoding"`
}

var (
	errServiceAccount = fault.New(fault.InvalidParameter, "The user is the service account of a client.")
	errOtherTOTP      = fault.New(fault.InvalidParameter, "The authenticator app of the user is not TOTP with SHA-1, 6 digits and 30 seconds. Remove the credential from the file to import the user without it.")
)

type keycloakUsers struct {
	objects *objects
	pool    *userpool.Pool
}

// Next returns the next user.
func (k *keycloakUsers) Next() (Row, error) {
	raw, n, err := k.objects.next()
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: n}
	var u keycloakUser
	if row.Err = into(raw, &u); row.Err == nil {
		row.Entry, row.Err = k.entry(&u)
	}
	return row, nil
}

func (k *keycloakUsers) entry(u *keycloakUser) (importer.Entry, error) {
	if u.ServiceAccount != "" {
		return importer.Entry{}, errServiceAccount
	}
	e := importer.Entry{Username: name(k.pool, u.Username, u.Email), Sub: sub(u.ID), Disabled: u.Enabled != nil && !*u.Enabled,
		Created: milliseconds(u.Created), Attributes: map[string]string{}}
	for key, values := range u.Attributes {
		if len(values) > 0 {
			put(k.pool, &e, key, values[0])
		}
	}
	put(k.pool, &e, "email", u.Email)
	put(k.pool, &e, "given_name", u.FirstName)
	put(k.pool, &e, "family_name", u.LastName)
	delete(e.Attributes, "email_verified")
	verify(&e, "email", u.EmailVerified)
	for _, g := range u.Groups {
		e.Groups = append(e.Groups, strings.TrimPrefix(g, "/"))
	}
	for i := range u.Credentials {
		if err := u.Credentials[i].add(&e); err != nil {
			return e, err
		}
	}
	if slices.Contains(u.Required, "UPDATE_PASSWORD") {
		e.Status = userpool.StatusResetRequired
	}
	return e, nil
}

// add adds a credential to the entry. Of several of one kind the first counts, which is the preferred one.
func (c *keycloakCredential) add(e *importer.Entry) error {
	var secret keycloakSecret
	var data keycloakData
	if c.Type != "password" && c.Type != "otp" {
		return nil
	}
	if json.Unmarshal([]byte(c.Secret), &secret) != nil || json.Unmarshal([]byte(c.Data), &data) != nil {
		return errHash
	}
	switch {
	case c.Type == "password" && e.Hash == nil:
		h, err := data.hash(secret)
		if err != nil {
			return errHash
		}
		e.Hash = h
	case c.Type == "otp" && e.TOTP == nil:
		if data.SubType != "totp" || data.Digits != 6 || data.Period != 30 || data.Algorithm != "HmacSHA1" {
			return errOtherTOTP
		}
		key := []byte(secret.Value)
		if data.Encoding == "BASE32" {
			var err error
			if key, err = secret32(secret.Value); err != nil {
				return err
			}
		}
		useTOTP(e, key)
	}
	return nil
}

func (d *keycloakData) hash(s keycloakSecret) (*passwordhash.Hash, error) {
	salt, err1 := decode64(s.Salt)
	key, err2 := decode64(s.Value)
	if err1 != nil || err2 != nil {
		return nil, passwordhash.ErrForm
	}
	if digest, ok := strings.CutPrefix(d.Algorithm, "pbkdf2"); ok {
		if digest == "" {
			digest = "-sha1"
		}
		return passwordhash.PBKDF2(strings.TrimPrefix(digest, "-"), d.Iterations, salt, key)
	}
	if d.Algorithm != "argon2" {
		return nil, passwordhash.ErrForm
	}
	return passwordhash.Argon2(d.parameter("type"), d.number("memory"), d.Iterations, d.number("parallelism"), salt, key)
}

func (d *keycloakData) parameter(name string) string {
	if values := d.Parameters[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// number returns a parameter, or 0, which no hash accepts.
func (d *keycloakData) number(name string) int {
	n, err := strconv.Atoi(d.parameter(name))
	if err != nil {
		return 0
	}
	return n
}
