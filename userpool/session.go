package userpool

import (
	"encoding/json"
	"fmt"
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
	Issued   int64  `json:"t"`           // Unix milliseconds
	Expires  int64  `json:"e"`           // Unix milliseconds
	Exchange []byte `json:"x,omitempty"` // of SRP
	Password int64  `json:"w,omitempty"` // when the proved password was set, Unix milliseconds
}

// newSession fills in what every session has.
func (s *Service) newSession(a *attempt, step string) (*session, error) {
	id, err := s.newUUID()
	if err != nil {
		return nil, err
	}
	now, valid := s.o.Now(), time.Duration(a.client.Settings.AuthSessionValidity)*time.Minute
	return &session{ID: id, PoolID: a.pool.ID, ClientID: a.client.ID, Sub: a.user.Sub, Step: step, Flow: a.flow,
		Issued: now.UnixMilli(), Expires: now.Add(valid).UnixMilli()}, nil
}

// sealSession gives the Session string.
func (s *Service) sealSession(x *session) (string, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return "", fmt.Errorf("userpool: session: %w", err)
	}
	return s.o.Seal.SealToken(purposeSession, data, []byte(x.ClientID))
}

// openSession reads a Session string and checks all that it is bound to but the user.
func (s *Service) openSession(text string, a *attempt, step string) (*session, error) {
	data, err := s.o.Seal.OpenToken(purposeSession, text, []byte(a.client.ID), maxSessionLen)
	if err != nil {
		return nil, errSession
	}
	return s.checkSession(data, a, step)
}

func (s *Service) checkSession(data []byte, a *attempt, step string) (*session, error) {
	var x session
	if err := json.Unmarshal(data, &x); err != nil {
		return nil, fmt.Errorf("userpool: session: %w", err)
	}
	switch {
	case x.ClientID != a.client.ID || x.PoolID != a.pool.ID || x.Step != step:
		return nil, errSession
	case s.o.Now().UnixMilli() >= x.Expires:
		return nil, errSessionExpired
	}
	return &x, nil
}

// spend takes the session for this answer. The answer that fails in a way that may be repeated gives it back; any other
// has used it up.
func (s *Service) spend(x *session) (giveBack func(), err error) {
	used := s.sessions
	if x.Ghost != 0 {
		used = s.ghostSessions
	}
	key := tableKeyOf(x.ID)
	if err := used.use(key, time.UnixMilli(x.Issued)); err != nil {
		return nil, err
	}
	return func() { used.release(key) }, nil
}
