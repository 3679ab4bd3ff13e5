package signin

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// The state of a sign-in between two calls travels sealed through the client: the Session string, or in USER_SRP_AUTH
// the SECRET_BLOCK.
const (
	purposeSession     = "user pool session"
	purposeSecretBlock = "user pool secret block"
	maxSessionLen      = 2048 // characters; the API's own limit
)

var (
	errSession        = fault.New(fault.NotAuthorized, "Invalid session for the user.")
	errSessionUsed    = fault.New(fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	errSessionExpired = fault.New(fault.NotAuthorized, "Invalid session for the user, session is expired.")
)

// noSub takes the place of a sub where there is no user.
const noSub = "00000000-0000-0000-0000-000000000000"

// session is a sign-in that waits for an answer. It is bound to pool, client, user and step.
type session struct {
	ID       string `json:"i"`
	PoolID   string `json:"p"`
	ClientID string `json:"c"`
	Sub      string `json:"u,omitempty"` // of a ghost: noSub
	Ghost    int    `json:"g"`           // 1 for a user who does not exist
	Name     string `json:"n,omitempty"` // SRP: the name that the user, or ghost, was called by
	Step     string `json:"s"`           // the challenge that is to be answered
	Flow     string `json:"f"`           // how the sign-in began
	Expires  int64  `json:"e"`           // Unix milliseconds
	Exchange []byte `json:"x,omitempty"` // of SRP
	Password int64  `json:"w,omitempty"` // when the proved password was set, Unix milliseconds
}

// newSession fills in what every session has.
func (s *Machine) newSession(a *attempt, step string) (*session, error) {
	id, err := s.base.UUID()
	if err != nil {
		return nil, err
	}
	valid := time.Duration(a.client.Settings.AuthSessionValidity) * time.Minute
	return &session{ID: id, PoolID: a.pool.ID, ClientID: a.client.ID, Sub: a.subject.User.Sub, Step: step, Flow: a.flow,
		Expires: s.base.Now().Add(valid).UnixMilli()}, nil
}

// sealSession gives the Session string.
func (s *Machine) sealSession(x *session) (string, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return "", fmt.Errorf("signin: session: %w", err)
	}
	return s.base.Seal.SealToken(purposeSession, data, []byte(x.ClientID))
}

// openSession reads a Session string and checks all that it is bound to but the user.
func (s *Machine) openSession(text string, a *attempt, step string) (*session, error) {
	data, err := s.base.Seal.OpenToken(purposeSession, text, []byte(a.client.ID), maxSessionLen)
	if err != nil {
		return nil, errSession
	}
	return s.checkSession(data, a, step)
}

func (s *Machine) checkSession(data []byte, a *attempt, step string) (*session, error) {
	var x session
	if err := json.Unmarshal(data, &x); err != nil {
		return nil, fmt.Errorf("signin: session: %w", err)
	}
	switch {
	case x.ClientID != a.client.ID || x.PoolID != a.pool.ID || x.Step != step:
		return nil, errSession
	case s.base.Now().UnixMilli() >= x.Expires:
		return nil, errSessionExpired
	}
	return &x, nil
}

// spend takes the session for this answer. The answer that fails in a way that may be repeated gives it back; any other
// has used it up.
func (s *Machine) spend(x *session) (giveBack func(), err error) {
	key := sha256.Sum256([]byte(x.ID))
	if err := s.sessions.use(key, time.UnixMilli(x.Expires)); err != nil {
		return nil, err
	}
	return func() { s.sessions.release(key) }, nil
}

// onceSet remembers what was used until it would have expired anyway.
type onceSet struct {
	now func() time.Time
	max int

	mu   sync.Mutex
	used map[[32]byte]time.Time
	tidy time.Time // when expired entries were last removed
}

func newOnceSet(now func() time.Time, limit int) *onceSet {
	return &onceSet{now: now, max: limit, used: map[[32]byte]time.Time{}}
}

// use marks the key; errSessionUsed when it is marked. A full set refuses, since forgetting would allow a second use.
func (o *onceSet) use(key [32]byte, until time.Time) error {
	now := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.used[key]; ok {
		return errSessionUsed
	}
	if now.Sub(o.tidy) > time.Minute || len(o.used) >= o.max {
		for k, t := range o.used {
			if !now.Before(t) {
				delete(o.used, k)
			}
		}
		o.tidy = now
	}
	if len(o.used) >= o.max {
		return fault.New(fault.TooManyRequests, "Too many requests")
	}
	o.used[key] = until
	return nil
}

func (o *onceSet) release(key [32]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.used, key)
}
