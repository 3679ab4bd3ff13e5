package userfile

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// auth0User is a user of Auth0's bulk user export or of its export of password hashes.
type auth0User struct {
	ID  string `json:"user_id"`
	OID struct {
		Value string `json:"$oid"`
	} `json:"_id"`
	Username      string                     `json:"username"`
	Email         string                     `json:"email"`
	EmailVerified bool                       `json:"email_verified"`
	Phone         string                     `json:"phone_number"`
	PhoneVerified bool                       `json:"phone_verified"`
	Name          string                     `json:"name"`
	GivenName     string                     `json:"given_name"`
	FamilyName    string                     `json:"family_name"`
	Nickname      string                     `json:"nickname"`
	Picture       string                     `json:"picture"`
	CreatedAt     string                     `json:"created_at"`
	UpdatedAt     string                     `json:"updated_at"`
	Blocked       bool                       `json:"blocked"`
	Metadata      map[string]json.RawMessage `json:"user_metadata"`
	PasswordHash  string                     `json:"passwordHash"`
	Factors       []struct {
		TOTP struct {
			Secret string `json:"secret"`
		} `json:"totp"`
	} `json:"mfa_factors"`
}

var errAuth0Foreign = fault.New(fault.InvalidParameter, "The user does not belong to a database connection, and signs in with an identity provider.")

// auth0Users reads users and joins their password hashes.
type auth0Users struct {
	objects *objects
	pool    *userpool.Pool
	hashes  map[string]string // by the id of the database
}

func newAuth0(r io.Reader, o Options) (*auth0Users, error) {
	a := &auth0Users{objects: newObjects(r, ""), pool: o.Pool, hashes: map[string]string{}}
	if o.Passwords == nil {
		return a, nil
	}
	list := newObjects(o.Passwords, "")
	for {
		raw, _, err := list.next()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return nil, err
		}
		var u auth0User
		if err := into(raw, &u); err != nil {
			return nil, errJSON
		}
		a.hashes[u.OID.Value] = u.PasswordHash
	}
}

// Next returns the next user.
func (a *auth0Users) Next() (Row, error) {
	raw, n, err := a.objects.next()
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: n}
	var u auth0User
	if row.Err = into(columnNames(raw), &u); row.Err == nil {
		row.Entry, row.Err = a.entry(&u)
	}
	return row, nil
}

// columnNames renames the members of exports without a list of fields, whose names are those of columns: "Email Verified".
func columnNames(raw json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return raw
	}
	renamed := make(map[string]json.RawMessage, len(members))
	for name, value := range members {
		switch key := strings.ReplaceAll(strings.ToLower(name), " ", "_"); {
		case name == "passwordHash":
			renamed[name] = value
		case key == "id":
			renamed["user_id"] = value
		default:
			renamed[key] = value
		}
	}
	out, err := json.Marshal(renamed)
	if err != nil {
		return raw
	}
	return out
}

func (a *auth0Users) entry(u *auth0User) (importer.Entry, error) {
	provider, id, joined := strings.Cut(u.ID, "|")
	if joined && provider != "auth0" {
		return importer.Entry{}, errAuth0Foreign
	}
	if id == "" {
		id = u.OID.Value
	}
	e := importer.Entry{Username: name(a.pool, u.Username, u.Email, id), Disabled: u.Blocked, Attributes: map[string]string{},
		Created: instant(u.CreatedAt), Modified: instant(u.UpdatedAt)}
	for key, raw := range u.Metadata {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			put(a.pool, &e, key, text)
		}
	}
	for attribute, value := range map[string]string{"email": u.Email, "phone_number": u.Phone, "name": u.Name, "given_name": u.GivenName,
		"family_name": u.FamilyName, "nickname": u.Nickname, "picture": u.Picture} {
		put(a.pool, &e, attribute, value)
	}
	verify(&e, "email", u.EmailVerified)
	verify(&e, "phone_number", u.PhoneVerified)
	text := u.PasswordHash
	if text == "" {
		text = a.hashes[id]
	}
	var err error
	if text != "" {
		if e.Hash, err = passwordhash.Guess(text); err != nil {
			return e, errHash
		}
	}
	for _, f := range u.Factors {
		if f.TOTP.Secret == "" {
			continue
		}
		secret, err := secret32(f.TOTP.Secret)
		if err != nil {
			return e, err
		}
		useTOTP(&e, secret)
	}
	return e, nil
}
