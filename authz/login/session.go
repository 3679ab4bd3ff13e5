package login

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

const (
	cookiePurpose = "edge session cookie"
	tokensPurpose = "edge session tokens"
	secretPurpose = "edge session secret"

	idBytes, secretBytes = 16, 16
	// maxSessions is the number of sessions of one user in one login. The oldest ends when there is one more.
	maxSessions = 100
	// maxTokens limits what is kept of a session, in bytes.
	maxTokens = 64 << 10
)

// cookieLen is the length of every session cookie.
var cookieLen = seal.TokenLen(idBytes + secretBytes)

var (
	errNone = fault.New(fault.NotAuthorized, "There is no such session.")
	errOver = fault.New(fault.ExpiredToken, "The session has ended.")
)

// kept are the tokens of a session as they are sealed into its record.
type kept struct {
	ID      string   `json:"id"`
	Access  string   `json:"access,omitempty"`
	Refresh string   `json:"refresh,omitempty"`
	Scopes  []string `json:"scopes,omitempty"`
	Host    string   `json:"host"`
	// Since is when the provider gave the tokens, in milliseconds since 1970.
	Since int64 `json:"since"`
}

// maxSubject bounds the bytes of a sub, which is a part of keys in the store. OpenID Connect Core 1.0 section 2 has at most 255.
const maxSubject = 1024

// verify checks an ID token for this client (OpenID Connect Core 1.0 section 3.1.3.7).
func (s *Service) verify(ctx context.Context, raw string) (*token.Token, error) {
	if raw == "" {
		return nil, fmt.Errorf("%w: it has no ID token; does the client ask for openid?", ErrBadAnswer)
	}
	t, err := s.o.Verifier.Verify(ctx, raw)
	switch {
	case fault.Is(err, fault.Unavailable):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: the ID token: %w", ErrBadAnswer, err)
	case t.Subject == "":
		return nil, fmt.Errorf("%w: the ID token has no sub", ErrBadAnswer)
	case len(t.Subject) > maxSubject:
		return nil, fmt.Errorf("%w: the sub of the ID token has more than %d bytes", ErrBadAnswer, maxSubject)
	}
	if _, ok := t.Claims.Raw("iat"); !ok {
		return nil, fmt.Errorf("%w: the ID token has no iat", ErrBadAnswer)
	}
	if azp, ok := t.Claims.Values("azp"); ok && (len(azp) != 1 || azp[0] != s.o.ClientID) || !ok && len(t.Audience) > 1 {
		return nil, fmt.Errorf("%w: the ID token is for another client", ErrBadAnswer)
	}
	return t, nil
}

// create makes a session and returns its cookie.
func (s *Service) create(ctx context.Context, host string, id *token.Token, got *Tokens) (string, error) {
	var random [idBytes + secretBytes]byte
	if _, err := io.ReadFull(s.o.Rand, random[:]); err != nil {
		return "", err
	}
	now := s.o.Now()
	secret := s.o.Box.MAC(secretPurpose, random[idBytes:])
	record := store.EdgeSession{ID: base64.RawURLEncoding.EncodeToString(random[:idBytes]), Login: s.id, Issuer: s.o.Issuer, Subject: id.Subject,
		Secret: secret[:], CreatedAt: now, ExpiresAt: now.Add(s.o.Lifetime).Truncate(time.Millisecond)}
	if err := s.keep(&record, kept{Host: host}, id, got); err != nil {
		return "", err
	}
	if got.Refresh == "" { // nothing can be renewed
		record.ExpiresAt = record.ValidUntil
	}
	cookie, err := s.o.Box.SealToken(cookiePurpose, random[:], s.bound(host))
	if err != nil {
		return "", err
	}
	return cookie, s.insert(ctx, record)
}

// insert writes a session and ends those of the same user that are too many.
func (s *Service) insert(ctx context.Context, record store.EdgeSession) error {
	var ended []revoke.Record
	var oldest []store.EdgeSession
	err := s.o.Store.Update(ctx, func(tx store.Tx) error {
		ended = ended[:0]
		if err := tx.EdgeSessions.Insert(record); err != nil {
			return err
		}
		list, err := tx.EdgeSessions.OfSubject(s.id, record.Issuer, record.Subject)
		if err != nil {
			return err
		}
		oldest = list[min(maxSessions, len(list)):]
		for i := range oldest {
			r, err := s.remove(tx, &oldest[i])
			if err != nil {
				return err
			}
			ended = append(ended, r)
		}
		return nil
	})
	if err != nil || len(ended) == 0 {
		return err
	}
	for i := range oldest {
		if k, err := s.open(&oldest[i]); err == nil {
			s.revoke(k.Refresh)
		}
	}
	return s.o.Revoker.Revoked(context.WithoutCancel(ctx), ended...) // they have ended, also if the caller has gone
}

// keep seals the tokens into the record. Of those that got lacks, the old ones stay.
func (s *Service) keep(record *store.EdgeSession, k kept, id *token.Token, got *Tokens) error {
	if got.ID != "" {
		k.ID = got.ID
	}
	if got.Refresh != "" {
		k.Refresh = got.Refresh
	}
	if got.Scopes != nil || k.Scopes == nil {
		k.Scopes = got.Scopes
	}
	now := s.o.Now()
	k.Access, k.Since = got.Access, now.UnixMilli()
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if len(text) > maxTokens {
		return fmt.Errorf("%w: its tokens have more than %d bytes", ErrBadAnswer, maxTokens)
	}
	if record.Sealed, err = s.o.Box.Seal(tokensPurpose, text, []byte(record.ID)); err != nil {
		return err
	}
	switch {
	case got.ExpiresIn > 0:
		record.ValidUntil = now.Add(got.ExpiresIn)
	case id != nil:
		record.ValidUntil = time.Unix(id.ExpiresAt, 0)
	default:
		return fmt.Errorf("%w: it does not say when the tokens expire", ErrBadAnswer)
	}
	if record.ValidUntil.After(record.ExpiresAt) {
		record.ValidUntil = record.ExpiresAt
	}
	record.ValidUntil, record.LeasedUntil = record.ValidUntil.UTC().Truncate(time.Millisecond), time.Time{}
	return nil
}

// identify opens a cookie. The error is errNone for anything that this login has not made for the host.
func (s *Service) identify(cookie, host string) (id string, secret []byte, err error) {
	if len(cookie) != cookieLen {
		return "", nil, errNone
	}
	opened, err := s.o.Box.OpenToken(cookiePurpose, cookie, s.bound(host), cookieLen)
	if err != nil || len(opened) != idBytes+secretBytes {
		return "", nil, errNone
	}
	return base64.RawURLEncoding.EncodeToString(opened[:idBytes]), opened[idBytes:], nil
}

// read reads the record of a session. Of a session that was made while they lasted longer, it shortens the life. The cookie was
// sealed here, so a session that is not in the store has ended.
func (s *Service) read(tx store.Tx, id string) (store.EdgeSession, error) {
	record, err := tx.EdgeSessions.Get(id)
	if errors.Is(err, store.ErrNotFound) {
		return record, errOver
	}
	if end := record.CreatedAt.Add(s.o.Lifetime).Truncate(time.Millisecond); end.Before(record.ExpiresAt) {
		record.ExpiresAt = end
	}
	if record.ExpiresAt.Before(record.ValidUntil) {
		record.ValidUntil = record.ExpiresAt
	}
	return record, err
}

// find reads the record of a session and checks the secret.
func (s *Service) find(ctx context.Context, id string, secret []byte) (store.EdgeSession, error) {
	var record store.EdgeSession
	err := s.o.Store.View(ctx, func(tx store.Tx) (err error) {
		record, err = s.read(tx, id)
		return err
	})
	switch {
	case err != nil:
		return record, err
	case record.Login != s.id, !s.o.Box.MatchMAC(record.Secret, secretPurpose, secret):
		return record, errNone
	case !s.o.Now().Before(record.ExpiresAt):
		return record, errOver
	}
	return record, nil
}

// open unseals the tokens of a record.
func (s *Service) open(record *store.EdgeSession) (k kept, err error) {
	text, err := s.o.Box.Open(tokensPurpose, record.Sealed, []byte(record.ID))
	if err != nil {
		return k, fmt.Errorf("login: unsealing the tokens of a session: %w", err)
	}
	return k, json.NewDecoder(bytes.NewReader(text)).Decode(&k)
}

// subject makes the subject of a session.
func (s *Service) subject(record *store.EdgeSession, k *kept) (*authz.Subject, int, error) {
	t, err := s.o.Verifier.Restore(k.ID)
	if err != nil {
		return nil, 0, errOver // the client or the issuer is no longer accepted
	}
	session := &authz.Session{ID: record.ID, Host: k.Host, Until: record.ValidUntil, Made: s.o.Now()}
	if s.o.AccessTokens {
		session.AccessToken = seal.NewSecret(k.Access)
	}
	session.Due.Store(s.due(record, k).UnixNano())
	subject, size := authz.SubjectOfSession(t, k.Scopes, session)
	return subject, size, nil
}

// Ended is a session that End ended.
type Ended struct {
	idToken string
}

// End ends a session: in this process at once, in others when they learn of it. Unless the session had ended before, it
// revokes the refresh token.
func (s *Service) End(ctx context.Context, cookie, host string) (*Ended, error) {
	ctx = context.WithoutCancel(ctx)
	id, secret, err := s.identify(cookie, host)
	if err != nil {
		return nil, err
	}
	record, err := s.find(ctx, id, secret)
	if err != nil {
		return nil, err
	}
	if err := s.end(ctx, &record); err != nil {
		return nil, err
	}
	s.cache.Remove(s.cache.Key(cookie))
	k, err := s.open(&record)
	if err != nil {
		return nil, err
	}
	s.revoke(k.Refresh)
	return &Ended{idToken: k.ID}, nil
}

// revoke ends the refresh token of a session that ended, "" for none. Where too much runs in the background already, the caller
// waits, so that no token is forgotten.
func (s *Service) revoke(refreshToken string) {
	if refreshToken == "" {
		return
	}
	f := func(ctx context.Context) {
		if err := s.o.Provider.Revoke(ctx, refreshToken); err != nil {
			s.o.Log.Warn("revoking the refresh token of a session that ended", "error", err)
		}
	}
	if !s.inBackground(f) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		f(ctx)
	}
}

// Logout returns the URL at which the browser ends its session at the provider and comes back; "" if there is none.
func (s *Service) Logout(ctx context.Context, e *Ended, back string) (string, error) {
	return s.o.Provider.Logout(ctx, e.idToken, back)
}

// end deletes a session and makes its revocation known.
func (s *Service) end(ctx context.Context, record *store.EdgeSession) error {
	var made revoke.Record
	err := s.o.Store.Update(ctx, func(tx store.Tx) (err error) {
		made, err = s.remove(tx, record)
		return err
	})
	if err != nil {
		return err
	}
	return s.o.Revoker.Revoked(ctx, made)
}

// remove deletes a session and writes its revocation, for processes that still have it in memory.
func (s *Service) remove(tx store.Tx, record *store.EdgeSession) (revoke.Record, error) {
	now := s.o.Now()
	made := revoke.FamilyOf(record.Issuer, record.Subject, authz.SessionFamily(record.ID), now.Add(revoke.MaxLead), now.Add(maxKnown))
	if err := tx.EdgeSessions.Delete(record.ID); err != nil {
		return made, err
	}
	return made, tx.Revocations.Put(store.Revocation{Kind: string(made.Kind), Key: made.Issuer + "\n" + made.Name + "\n" + made.Of,
		NotBefore: time.UnixMilli(made.At).UTC(), Until: time.UnixMilli(made.Until).UTC()})
}

// TokensSeal returns the purpose and the additional data with which the tokens of a session are sealed.
func TokensSeal(id string) (purpose string, additional []byte) { return tokensPurpose, []byte(id) }
