package oauth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
)

// A browser holds a secret, in its session cookie. The SSO sessions of the browser are records of the store under the secret's
// hash, one for each user who signed in. A sign-in replaces the secret, so that a secret which someone planted in the browser
// opens nothing.

// The bounds of sessions.
const (
	ssoPrefix   = "sso"     // of the id of an SSO session
	ssoLength   = 25        // of the rest of it
	defaultSSO  = time.Hour // how long a sign-in is reused, unless the client says otherwise
	maxAccounts = 5         // of a browser; a sign-in of another user removes the one that was active least recently
	maxSSO      = 100       // of a user
	secretBytes = 32
)

// signIn is what an SSO session keeps of its sign-in.
type signIn struct {
	Record   signin.Record `json:"record"`
	Provider string        `json:"provider"`

	Foreign *signin.Foreign `json:"foreign,omitempty"` // nil = Provider is Local

	// Left says that another sign-in of the browser took the place of this one. The session lets no one pass, but the codes that were given
	// in it can still be exchanged.
	Left bool `json:"left,omitempty"`
}

// session is an SSO session.
type session struct {
	store.Session
	signIn
}

func openSession(rec store.Session) (*session, error) {
	x := &session{Session: rec}
	if err := json.Unmarshal(rec.SignIn, &x.signIn); err != nil {
		return nil, fmt.Errorf("oauth: sign-in of session %s: %w", rec.ID, err)
	}
	return x, nil
}

// hashBrowser returns the hash of a browser's secret, or nil for text that is not such a secret.
func hashBrowser(secret string) []byte {
	if len(secret) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return nil
	}
	sum := sha256.Sum256([]byte("sluice browser\x00" + secret))
	return sum[:]
}

// newBrowser draws a browser's secret.
func (s *Service) newBrowser() (string, error) {
	raw, err := s.base.Random(secretBytes)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// reuse returns how long a sign-in lets its user pass to the client.
func reuse(p *userpool.Pool, c *userpool.Client) time.Duration {
	if sso := c.Settings.SSOSession; sso != nil && p.Settings.SessionConfiguration.Tracks() {
		return time.Duration(sso.MaxValidityMinutes) * time.Minute
	}
	return defaultSSO
}

// ofBrowser returns the live sessions of a browser that let their users pass, the one that was active last first.
func (s *Service) ofBrowser(tx store.Tx, poolID string, browser []byte) ([]*session, error) {
	list, err := s.allOfBrowser(tx, poolID, browser)
	return slices.DeleteFunc(list, func(x *session) bool { return x.Left }), err
}

// allOfBrowser is ofBrowser with the sessions that were left.
func (s *Service) allOfBrowser(tx store.Tx, poolID string, browser []byte) ([]*session, error) {
	if browser == nil {
		return nil, nil
	}
	records, err := tx.Sessions.OfBrowser(poolID, browser)
	if err != nil {
		return nil, err
	}
	now := s.base.Now()
	var live []*session
	for _, rec := range records {
		if !now.Before(rec.ExpiresAt) {
			continue
		}
		x, err := openSession(rec)
		if err != nil {
			return nil, err
		}
		live = append(live, x)
	}
	return live, nil
}

// chosen returns the session that the request is about: of the account that the user chose, of the user whom the client named, or
// the one that was active last. It returns nil if there is none.
func (a *Authorization) chosen(list []*session) *session {
	for _, x := range list {
		if (a.Account == "" || x.ID == a.Account) && (a.Subject == "" || x.Sub == a.Subject) && a.takes(x) {
			return x
		}
	}
	return nil
}

// takes reports whether the session is of the provider that the request names, or of one that the client has.
func (a *Authorization) takes(x *session) bool {
	return offers(a.Client, x.Provider) && (a.Provider == "" || a.Provider == x.Provider)
}

// fresh reports whether a sign-in counts for the request: it is by a provider of the client, by the one that the request names, and not
// too old.
func (a *Authorization) fresh(provider string, r *signin.Record, now time.Time) bool {
	switch {
	case !offers(a.Client, provider), a.Provider != "" && a.Provider != provider:
		return false
	case a.MaxAge != nil && now.Sub(r.AuthTime()) > time.Duration(*a.MaxAge)*time.Second:
		return false
	}
	return now.Sub(r.Time) < reuse(a.Pool, a.Client)
}

// offers reports whether the users of a provider may sign in to the client.
func offers(c *userpool.Client, provider string) bool {
	return slices.Contains(c.Settings.SupportedIdentityProviders, provider)
}

// level is the level of the session's sign-in.
func (x *session) level() int { return x.Record.Reached() }

// use records that the session let its user pass to the request's client, at which it then may live longer.
func (s *Service) use(tx store.Tx, a *Authorization, x *session) error {
	x.ActiveAt = s.base.Now()
	x.Address, x.Device = cmp.Or(a.Visit.Address, x.Address), cmp.Or(a.Visit.Device, x.Device)
	if until := x.Record.Time.Add(reuse(a.Pool, a.Client)); until.After(x.ExpiresAt) {
		x.ExpiresAt = until
	}
	return tx.Sessions.Update(x.Session)
}

// newSession returns the session of a sign-in that has just ended.
func (s *Service) newSession(a *Authorization, by *signin.Authentication) (*session, error) {
	random, err := s.base.RandomText(userpool.LowerAlphanumeric, ssoLength)
	if err != nil {
		return nil, err
	}
	x := &session{signIn: signIn{Record: by.Record(), Provider: Local, Foreign: by.Foreign}}
	if by.Foreign != nil {
		x.Provider = by.Foreign.Provider
	}
	data, err := json.Marshal(x.signIn)
	if err != nil {
		return nil, fmt.Errorf("oauth: encoding sign-in: %w", err)
	}
	now := s.base.Now()
	x.Session = store.Session{ID: ssoPrefix + random, PoolID: a.Pool.ID, Sub: by.User.Sub, ClientID: a.Client.ID, SignIn: data,
		Device: by.Visit.Device, Address: by.Visit.Address, CreatedAt: now, ActiveAt: now,
		ExpiresAt: by.Time.Add(max(defaultSSO, reuse(a.Pool, a.Client)))}
	return x, nil
}

// OpenSession makes a session that no browser holds, for a sign-in whose tokens go elsewhere, as to a device. It returns the id of the
// session, which ends as others do. a needs a pool and a client.
func (s *Service) OpenSession(ctx context.Context, a *Authorization, by *signin.Authentication) (string, error) {
	x, err := s.newSession(a, by)
	if err != nil {
		return "", err
	}
	secret, err := s.newBrowser()
	if err != nil {
		return "", err
	}
	x.Browser = hashBrowser(secret)
	err = s.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(x.PoolID, x.Sub)
		if err != nil {
			return err
		}
		if err := x.Record.Check(&u); err != nil {
			return err
		}
		return s.enter(tx, x, nil)
	})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, errEnded) {
		err = userpool.ErrWrongPassword // the user, or the session at the provider, is gone
	}
	return x.ID, err
}

// errEnded refuses a session that the user's identity provider has ended meanwhile.
var errEnded = errors.New("oauth: the identity provider has ended the session")

// EndForeign ends the sessions of a user with an account at an identity provider, or those in the sessions there if there are any. With a
// session goes every code that was given in it. A session that does not know the provider's own ends too.
func (s *Service) EndForeign(tx store.Tx, sub string, a providers.Account, sessions []string) error {
	list, err := tx.Sessions.Live(a.PoolID, sub, s.base.Now())
	if err != nil {
		return err
	}
	for _, rec := range list {
		if rec.Family != "" {
			continue
		}
		x, err := openSession(rec)
		if err != nil { // its owner is unknown: it ends too
			s.base.Logger.Error("a session of a browser cannot be read; it ends", "pool", a.PoolID, "user", sub, "error", err)
			if err := tx.Sessions.Delete(rec.ID); err != nil {
				return err
			}
			continue
		}
		f := x.Foreign
		if f == nil || f.Provider != a.Provider || f.Subject != a.Subject || len(sessions) > 0 && f.SessionIndex != "" && !slices.Contains(sessions, f.SessionIndex) {
			continue
		}
		if err := tx.Sessions.Delete(x.ID); err != nil {
			return err
		}
	}
	return nil
}

// leave makes the session let no one pass. It ends when the codes that were given in it have.
func (x *session) leave(now time.Time) (err error) {
	x.Left = true
	if until := now.Add(codeLife); until.Before(x.ExpiresAt) {
		x.ExpiresAt = until
	}
	x.SignIn, err = json.Marshal(x.signIn)
	return err
}

// enter adds the session to a browser, whose secret changes. A session of the same user is left, or ends if no code of it can be on its way.
func (s *Service) enter(tx store.Tx, x *session, before []byte) error {
	if f := x.Foreign; f != nil && !f.Asserted.IsZero() {
		ended, err := providers.SignedOut(tx, providers.Account{PoolID: x.PoolID, Provider: f.Provider, Subject: f.Subject, Session: f.SessionIndex}, f.Asserted)
		if err != nil {
			return err
		}
		if ended {
			return errEnded
		}
	}
	others, err := s.allOfBrowser(tx, x.PoolID, before)
	if err != nil {
		return err
	}
	kept, now := 1, s.base.Now()
	for _, other := range others {
		switch {
		case other.Left:
		case other.Sub != x.Sub && kept < maxAccounts:
			kept++
		case now.Sub(other.ActiveAt) >= codeLife:
			if err := tx.Sessions.Delete(other.ID); err != nil {
				return err
			}
			continue
		default:
			if err := other.leave(now); err != nil {
				return err
			}
		}
		other.Browser = x.Browser
		if err := tx.Sessions.Update(other.Session); err != nil {
			return err
		}
	}
	if err := tx.Sessions.TrimSSO(x.PoolID, x.Sub, maxSSO-1); err != nil {
		return err
	}
	return tx.Sessions.Insert(x.Session)
}
