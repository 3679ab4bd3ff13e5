package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// The Sessions of a sign-up. SignUp returns the first, which ConfirmSignUp accepts but does not need. ConfirmSignUp returns the
// second, with which USER_AUTH signs the user in: the code of the sign-up counts as the one-time password.
const (
	purposeSignUpSession    = "user pool sign-up session"
	purposeConfirmedSession = "user pool confirmed session"
	sessionSize             = 32 // bytes of the secret in a session
)

// signUpState is the content of a Session of a sign-up. It is sealed for the client.
type signUpState struct {
	PoolID    string `json:"p"`
	Sub       string `json:"u"`
	Attribute string `json:"a,omitempty"` // that the code went to
	Secret    string `json:"s,omitempty"`
	Expires   int64  `json:"e"` // Unix milliseconds
}

// signsIn reports whether a code that went to the attribute can sign a user of the client in.
func signsIn(p *userpool.Pool, c *userpool.Client, attribute string) bool {
	return attribute != "" && c.Allowed["ALLOW_USER_AUTH"] && p.AllowsFirst(userpool.OTPFactor(attribute))
}

func (s *Service) sealSignUp(purpose string, c *userpool.Client, x signUpState) (string, error) {
	data, err := json.Marshal(x) //nolint:gosec // G117: it is sealed next
	if err != nil {
		return "", fmt.Errorf("directory: encoding a session: %w", err)
	}
	return s.base.Seal.SealToken(purpose, data, []byte(c.ID))
}

func (s *Service) openSignUp(purpose string, p *userpool.Pool, c *userpool.Client, session string) (x signUpState, err error) {
	data, err := s.base.Seal.OpenToken(purpose, session, []byte(c.ID), userpool.MaxSession)
	if err != nil {
		return x, userpool.ErrSession
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return x, fmt.Errorf("directory: decoding a session: %w", err)
	}
	switch {
	case x.PoolID != p.ID:
		return x, userpool.ErrSession
	case s.now().UnixMilli() >= x.Expires:
		return x, userpool.ErrSessionExpired
	}
	return x, nil
}

// signUpSession returns the Session of SignUp, "" if the code cannot sign the user in. It is valid as long as the code.
func (s *Service) signUpSession(p *userpool.Pool, c *userpool.Client, sub, attribute string) (string, error) {
	if !signsIn(p, c, attribute) {
		return "", nil
	}
	return s.sealSignUp(purposeSignUpSession, c, signUpState{PoolID: p.ID, Sub: sub, Expires: s.now().Add(codeLife(codeSignUp)).UnixMilli()})
}

// checkSignUpSession returns userpool.ErrSession unless the session is "" or of the subject's sign-up with the client.
func (s *Service) checkSignUpSession(p *userpool.Pool, c *userpool.Client, subject *Subject, session string) error {
	if session == "" {
		return nil
	}
	x, err := s.openSignUp(purposeSignUpSession, p, c, session)
	if err == nil && (!subject.Exists || x.Sub != subject.User.Sub) {
		err = userpool.ErrSession
	}
	return err
}

// confirmedSession returns the Session of ConfirmSignUp, which signs the user in once within the client's session duration,
// "" if the code cannot sign the user in.
func (s *Service) confirmedSession(tx store.Tx, p *userpool.Pool, c *userpool.Client, u *store.User, code store.Code) (string, error) {
	if !signsIn(p, c, code.Attribute) || u.Attributes[code.Attribute] != code.Value {
		return "", nil
	}
	secret, err := s.base.RandomText(userpool.LowerAlphanumeric, sessionSize)
	if err != nil {
		return "", err
	}
	now := s.now()
	expires := now.Add(c.SessionLife)
	if err := tx.Codes.Put(store.Code{PoolID: p.ID, Sub: u.Sub, Purpose: userpool.CodeConfirmed, Hash: s.codeHash(p.ID, u.Sub, userpool.CodeConfirmed, secret),
		Attribute: code.Attribute, Value: code.Value, CreatedAt: now, ExpiresAt: expires}); err != nil {
		return "", err
	}
	return s.sealSignUp(purposeConfirmedSession, c, signUpState{PoolID: p.ID, Sub: u.Sub, Attribute: code.Attribute, Secret: secret, Expires: expires.UnixMilli()})
}

// RedeemConfirmed uses up the Session that ConfirmSignUp returned. It returns the user and the attribute that the code of
// the sign-up went to, or userpool.ErrSession, userpool.ErrSessionUsed or userpool.ErrSessionExpired. name must be "" or mean the
// user. Of concurrent calls with one session, one succeeds.
func (s *Service) RedeemConfirmed(ctx context.Context, p *userpool.Pool, c *userpool.Client, session, name string) (*Subject, string, error) {
	x, err := s.openSignUp(purposeConfirmedSession, p, c, session)
	if err != nil {
		return nil, "", err
	}
	var u store.User
	err = s.base.Update(ctx, func(tx store.Tx) (err error) {
		if u, err = tx.Users.Get(p.ID, x.Sub); err != nil {
			return err
		}
		code, err := tx.Codes.Get(p.ID, x.Sub, userpool.CodeConfirmed)
		if err != nil {
			return err
		}
		switch {
		case !s.base.Seal.MatchMAC(code.Hash, purposeCode, codeParts(p.ID, x.Sub, userpool.CodeConfirmed, x.Secret)...):
			return userpool.ErrSessionUsed // of an earlier confirmation
		case name != "" && !p.Means(name, &u), u.Attributes[x.Attribute] != code.Value, !signsIn(p, c, x.Attribute):
			return userpool.ErrSession
		}
		return userpool.EndSignUp(tx, &u)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = userpool.ErrSessionUsed
	}
	return &Subject{Exists: true, Name: u.Username, User: u}, x.Attribute, err
}
