package login

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluicegate/sluice/fault"
)

const (
	attemptPurpose = "edge login attempt"
	// AttemptLife is how long a browser may take to sign in. ALB allows the same.
	AttemptLife = 15 * time.Minute
	// maxAttempt is the length of the longest cookie of an attempt.
	maxAttempt = 3900
)

// Attempt is a sign-in that has begun. The browser brings Cookie back; without it the answer of the provider is of no use.
type Attempt struct {
	URL    string // where the browser signs in
	ID     string // names the cookie; those of later attempts sort after those of earlier ones
	Cookie string // sealed; at most 3900 characters
}

// attempt is the content of the cookie.
type attempt struct {
	State       string    `json:"s"`
	Nonce       string    `json:"n"`
	Verifier    string    `json:"v"`
	Target      string    `json:"t"`
	RedirectURI string    `json:"r"`
	Started     time.Time `json:"a"`
}

// Start is what a browser asks for when it begins to sign in.
type Start struct {
	Host        string // the site's, without a port
	RedirectURI string // to which the provider sends the browser back
	Target      string // what Targets.Check returned
	Home        string // instead of a Target that does not fit into the cookie
}

// Begin starts an attempt. It writes nothing to the store.
func (s *Service) Begin(ctx context.Context, in Start) (*Attempt, error) {
	now := s.o.Now()
	var random [16 + 16 + 32]byte
	if _, err := io.ReadFull(s.o.Rand, random[:]); err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	a := attempt{State: fmt.Sprintf("%08x", uint32(now.Unix())) + hex.EncodeToString(random[:16]), Nonce: encode(random[16:32]), //nolint:gosec // G115: only to sort
		Verifier: encode(random[32:]), Target: in.Target, RedirectURI: in.RedirectURI, Started: now}
	to, err := s.o.Provider.Authorize(ctx, Authorization{RedirectURI: in.RedirectURI, State: a.State, Nonce: a.Nonce, Verifier: a.Verifier})
	if err != nil {
		return nil, err
	}
	cookie, err := s.sealAttempt(&a, in.Host)
	if err == nil && len(cookie) > maxAttempt { // the user still gets in
		a.Target = in.Home
		cookie, err = s.sealAttempt(&a, in.Host)
	}
	if err != nil {
		return nil, err
	}
	if len(cookie) > maxAttempt {
		return nil, errors.New("login: the attempt does not fit into a cookie")
	}
	return &Attempt{URL: to, ID: AttemptID(a.State), Cookie: cookie}, nil
}

// sealAttempt returns the cookie of an attempt on a host. It writes an ampersand, of which deep links have many, as one byte.
func (s *Service) sealAttempt(a *attempt, host string) (string, error) {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	if err := out.Encode(a); err != nil {
		return "", err
	}
	return s.o.Box.SealToken(attemptPurpose, text.Bytes(), s.bound(host))
}

// AttemptID returns the ID of the attempt with a state, which may be anything that a client sent: 16 characters, "" if state is
// not one of an attempt.
func AttemptID(state string) string {
	if len(state) != 40 {
		return ""
	}
	for i := range len(state) {
		if c := state[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return state[:16]
}

// bound is what cookies are sealed for: this login on one host.
func (s *Service) bound(host string) []byte { return []byte(s.id + "\n" + host) }

// Answer is what the provider sends the browser back with.
type Answer struct {
	Host               string // the site's, without a port
	Cookie             string // of the attempt
	State, Code, Error string // parameters of the query; "" for those that it lacks
	Issuer             string // iss, RFC 9207
	Old                string // the cookie of an earlier session, which ends
}

// Made is a session that was just made.
type Made struct {
	Cookie string // value of the session cookie
	Target string // URL or path where the browser wanted to go
}

// ErrNoAttempt is the error of an answer that does not belong to a sign-in of this browser, or comes too late.
var ErrNoAttempt = errors.New("login: the response does not belong to a sign-in of this browser")

// ErrBadAnswer is the error of a provider whose answer cannot be trusted.
var ErrBadAnswer = errors.New("login: the provider's response is not valid")

// attempt opens the cookie of an attempt on a host; false if it is none.
func (s *Service) attempt(cookie, host string) (a attempt, ok bool) {
	text, err := s.o.Box.OpenToken(attemptPurpose, cookie, s.bound(host), maxAttempt)
	return a, err == nil && json.Unmarshal(text, &a) == nil
}

// Wanted returns where the browser wanted to go that has the cookie of an attempt, which may be over; "" if it is none of this login on the
// host, whose name has no port.
func (s *Service) Wanted(cookie, host string) string {
	a, _ := s.attempt(cookie, host)
	return a.Target
}

// Finish ends an attempt: it redeems the code, verifies the ID token and makes a session, always a new one. The error is
// ErrNoAttempt, *Refused, ErrBadAnswer or a temporary error.
func (s *Service) Finish(ctx context.Context, in Answer) (*Made, error) {
	a, ok := s.attempt(in.Cookie, in.Host)
	if !ok {
		return nil, ErrNoAttempt
	}
	now := s.o.Now()
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(in.State)) != 1 || now.Sub(a.Started) > AttemptLife {
		return nil, ErrNoAttempt
	}
	if err := s.checkIssuer(ctx, in.Issuer); err != nil {
		return nil, err
	}
	if in.Error != "" {
		return nil, &Refused{Code: in.Error}
	}
	if in.Code == "" {
		return nil, ErrBadAnswer
	}
	tokens, err := s.o.Provider.Redeem(ctx, Redemption{Code: in.Code, RedirectURI: a.RedirectURI, Verifier: a.Verifier})
	if err != nil {
		return nil, err
	}
	id, err := s.verify(ctx, tokens.ID)
	if err != nil {
		return nil, err
	}
	nonce, _ := id.Claims.Values("nonce")
	if len(nonce) != 1 || subtle.ConstantTimeCompare([]byte(nonce[0]), []byte(a.Nonce)) != 1 {
		return nil, fmt.Errorf("%w: the nonce differs", ErrBadAnswer)
	}
	cookie, err := s.create(ctx, in.Host, id, tokens)
	if err != nil {
		return nil, err
	}
	if in.Old != "" {
		if _, err := s.End(ctx, in.Old, in.Host); err != nil && !fault.Is(err, fault.NotAuthorized) {
			s.o.Log.Warn("ending the session before the new one", "error", err)
		}
	}
	return &Made{Cookie: cookie, Target: a.Target}, nil
}

// checkIssuer refuses the answer of another provider (RFC 9207 section 2.4, RFC 9700 section 4.4: mix-up).
func (s *Service) checkIssuer(ctx context.Context, issuer string) error {
	if issuer == s.o.Issuer {
		return nil
	}
	if issuer != "" {
		return fmt.Errorf("%w: iss names another issuer", ErrBadAnswer)
	}
	named, err := s.o.Provider.NamesIssuer(ctx)
	if err == nil && named {
		err = fmt.Errorf("%w: iss is missing", ErrBadAnswer)
	}
	return err
}
