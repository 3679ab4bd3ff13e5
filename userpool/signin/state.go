package signin

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/replay"
)

// The state of a sign-in between two calls travels through the client, sealed: as the Session, or as the SECRET_BLOCK of
// SRP.
const (
	purposeSession     = "user pool session"
	purposeSecretBlock = "user pool secret block"
	maxSession         = 2048 // characters; the API's own limit
	maxSecretBlock     = 4096 // characters
)

var (
	errNoSession      = fault.New(fault.InvalidParameter, "Missing required parameter Session")
	errSession        = fault.New(fault.NotAuthorized, "Invalid session for the user.")
	errSessionUsed    = fault.New(fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	errStateTooLong   = fault.New(fault.InvalidLambdaResponse, "The private parameters and the metadata of the custom challenge are too long.")
	errSessionExpired = fault.New(fault.NotAuthorized, "Invalid session for the user, session is expired.")
)

// state is a sign-in that waits for an answer. A sealed text is as long as its content, so the state of a stand-in has the
// same members as a user's.
type state struct {
	ID       string `json:"i"`
	PoolID   string `json:"p"`
	ClientID string `json:"c"`
	Sub      string `json:"u"`           // absentSub for a stand-in; "" until a discovered passkey says who signs in
	Absent   int    `json:"g"`           // 1 for a stand-in
	Name     string `json:"n,omitempty"` // the name that found the subject, until something is proved
	Flow     string `json:"f"`           // how the sign-in began
	Step     string `json:"s"`           // the challenge to be answered
	Issued   int64  `json:"t"`           // Unix milliseconds
	Expires  int64  `json:"e"`           // Unix milliseconds
	Hosted   bool   `json:"z,omitempty"` // the login pages ask

	Proved   []Factor   `json:"v,omitempty"`
	Password int64      `json:"w,omitempty"`  // when the proved password was set, Unix milliseconds
	Chosen   string     `json:"h,omitempty"`  // the challenge that the user chose, until something is proved
	Address  string     `json:"a,omitempty"`  // that MFA_SETUP is to give the user, until something is proved
	Verified bool       `json:"y,omitempty"`  // a passkey verified the user
	Roaming  bool       `json:"r,omitempty"`  // the passkey is of a roaming authenticator
	Device   string     `json:"d,omitempty"`  // DEVICE_KEY, as the client sent it
	Finished []Finished `json:"l,omitempty"`  // of CUSTOM_AUTH; the oldest first
	Watch    *watch     `json:"x,omitempty"`  // of threat protection
	Kept     bool       `json:"kp,omitempty"` // it is in the store too
	Target   int        `json:"tl,omitempty"` // the level to reach; 0 for any
	Credit   []string   `json:"tc,omitempty"` // the methods of an earlier sign-in
	Family   string     `json:"tf,omitempty"` // the refresh family of the earlier sign-in, which must stay valid
	SSO      string     `json:"ts,omitempty"` // the SSO session of the earlier sign-in, which must be there

	Own json.RawMessage `json:"o,omitempty"` // the step's own state
}

// Finished is a finished challenge of a sign-in with CUSTOM_AUTH, as its triggers get it in session.
type Finished struct {
	Challenge string `json:"n"`           // challengeName
	Right     bool   `json:"r"`           // challengeResult
	Metadata  string `json:"m,omitempty"` // challengeMetadata
}

// absentSub is the sub in the state of a user who does not exist.
var absentSub = uuid.Nil.String()

// sealState returns the text that carries the attempt's state to the answer of the step.
func (m *Machine) sealState(a *attempt, s *step, own any) (string, error) {
	id, err := m.base.UUID()
	if err != nil {
		return "", err
	}
	x := &a.state
	a.fillState(id, s.name, m.base.Now())
	x.Kept = a.keeps(s)
	if own != nil {
		if x.Own, err = json.Marshal(own); err != nil {
			return "", fmt.Errorf("signin: encoding the state of %s: %w", s.name, err)
		}
	}
	data, err := json.Marshal(x)
	if err != nil {
		return "", fmt.Errorf("signin: encoding a session: %w", err)
	}
	if s.inBlock {
		block, err := m.base.Seal.Seal(purposeSecretBlock, data, []byte(a.client.ID))
		return base64.StdEncoding.EncodeToString(block), err
	}
	return m.sealSession(data)
}

// fillState sets the common part of the state, and clears the step's own part.
func (a *attempt) fillState(id, step string, now time.Time) {
	x := &a.state
	x.ID, x.PoolID, x.ClientID, x.Step = id, a.pool.ID, a.client.ID, step
	x.Issued, x.Expires, x.Hosted = now.UnixMilli(), cmp.Or(a.until, now.Add(a.life(step)).UnixMilli()), a.hosted
	x.Sub, x.Absent, x.Name, x.Own = "", 0, "", nil
	if a.subject == nil {
		return
	}
	x.Sub = a.subject.User.Sub
	if !a.subject.Exists {
		x.Sub, x.Absent = absentSub, 1
	}
	if len(x.Proved) == 0 {
		x.Name = a.subject.Name
	}
}

// sealSession seals a state without additional data: the API has operations with a Session and without a client. The state
// names its client.
func (m *Machine) sealSession(data []byte) (string, error) {
	if seal.TokenLen(len(data)) > maxSession {
		return "", errStateTooLong
	}
	return m.base.Seal.SealToken(purposeSession, data, nil)
}

// sealCompanion returns the Session that comes with a SECRET_BLOCK: "" in USER_SRP_AUTH, as in AWS. Clients of other flows
// send it back. It is not read, as the block has the state; no step accepts it.
func (m *Machine) sealCompanion(a *attempt) (string, error) {
	if a.state.Flow == srpAuth {
		return "", nil
	}
	data, err := json.Marshal(state{ID: a.state.ID, ClientID: a.client.ID, Expires: a.state.Expires})
	if err != nil {
		return "", fmt.Errorf("signin: encoding a session: %w", err)
	}
	return m.sealSession(data)
}

// openState reads the state in an answer to the step into the attempt. As in AWS, an invalid SECRET_BLOCK is a wrong
// password.
func (m *Machine) openState(ctx context.Context, a *attempt, s *step) error {
	if s.kept && a.session == "" {
		return m.openKept(ctx, a, s)
	}
	err := m.readState(a, s)
	if err == nil && a.state.Kept {
		a.kept = keptID(a, a.state.Sub)
	}
	if s.inBlock && fault.Is(err, fault.NotAuthorized) {
		return userpool.ErrWrongPassword
	}
	return err
}

func (m *Machine) readState(a *attempt, s *step) error {
	var data []byte
	var err error
	if s.inBlock {
		text := a.params["PASSWORD_CLAIM_SECRET_BLOCK"]
		if len(text) > maxSecretBlock {
			return errSession
		}
		if a.block, err = base64.StdEncoding.DecodeString(text); err != nil {
			return errSession
		}
		data, err = m.base.Seal.Open(purposeSecretBlock, a.block, []byte(a.client.ID))
	} else {
		data, err = m.base.Seal.OpenToken(purposeSession, a.session, nil, maxSession)
	}
	if err != nil {
		return errSession
	}
	return m.takeState(a, s, data)
}

// takeState makes the decoded state the attempt's, if an answer to the step in this call may have it.
func (m *Machine) takeState(a *attempt, s *step, data []byte) error {
	var x state
	if err := json.Unmarshal(data, &x); err != nil {
		return fmt.Errorf("signin: decoding a session: %w", err)
	}
	return m.acceptState(a, s, &x)
}

// acceptState is takeState for a state that is decoded.
func (m *Machine) acceptState(a *attempt, s *step, x *state) error {
	switch {
	case x.Hosted != a.hosted || x.ClientID != a.client.ID || x.PoolID != a.pool.ID || (x.Step != s.name && !slices.Contains(s.accepts, x.Step)),
		x.Step != s.name && (x.Flow != userAuth || provedOne(x.Proved, firstFactors)):
		return errSession
	case m.base.Now().UnixMilli() >= x.Expires:
		return errSessionExpired
	}
	a.state = *x
	return nil
}

// openStateOnly is openState for the operations that have a Session and no client: the state names the client. A Session of
// another step is refused.
func (m *Machine) openStateOnly(ctx context.Context, a *attempt, s *step) error {
	data, err := m.base.Seal.OpenToken(purposeSession, a.session, nil, maxSession)
	if err != nil {
		return errSession
	}
	var x state
	if err := json.Unmarshal(data, &x); err != nil {
		return fmt.Errorf("signin: decoding a session: %w", err)
	}
	if x.ClientID == "" || x.Step != s.name {
		return errSession
	}
	if a.pool, a.client, err = m.o.Pools.PoolAndClient(ctx, x.ClientID); fault.Is(err, fault.ResourceNotFound) {
		return errSession
	}
	if err != nil {
		return err
	}
	a.hosted = x.Hosted
	return m.readState(a, s)
}

// spend marks the state as used. giveBack removes the mark, for an answer that may be repeated.
func (m *Machine) spend(a *attempt, s *step) (giveBack func(), err error) {
	giveBack, err = m.used.Use(a.state.ID, a.state.Absent != 0, time.UnixMilli(a.state.Issued))
	switch {
	case err == nil:
		a.spent = a.state.ID
		return giveBack, nil
	case errors.Is(err, replay.ErrUnknown):
		return nil, fault.Wrap(fault.Unavailable, err, "The service is not available. Try again.")
	}
	return nil, s.used()
}

// used is the error for an answer to the step with a state that was used before.
func (s *step) used() error {
	if s.inBlock {
		return userpool.ErrWrongPassword
	}
	return errSessionUsed
}
