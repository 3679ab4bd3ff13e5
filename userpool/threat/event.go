package threat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Event is an event in a user's history.
type Event struct {
	ID          string      `json:"-"`                     // the event_id claim of the tokens
	CreatedAt   time.Time   `json:"-"`                     // when it was written
	Username    string      `json:"-"`                     // for Options.Deliver
	ClientID    string      `json:"-"`                     // likewise
	Type        string      `json:"type"`                  // SignIn, SignUp, ForgotPassword, PasswordChange or ResendCode
	Response    string      `json:"response"`              // Pass, Fail or InProgress
	Assessment  Assessment  `json:"risk,omitzero"`         // the risk, and what followed from it
	Compromised bool        `json:"compromised,omitempty"` // the password is publicly known
	Challenges  []Challenge `json:"challenges,omitempty"`  // in the order in which they were answered
	Address     string      `json:"address,omitempty"`     // "" = not known
	Device      string      `json:"device,omitempty"`      // "Chrome 125, Windows 10"
	Feedback    *Feedback   `json:"feedback,omitempty"`    // of the user or an administrator; nil = none yet
}

// Challenge is the answer to a challenge.
type Challenge struct {
	Name     string `json:"name"`     // Password or Mfa
	Response string `json:"response"` // Success or Failure
}

// Feedback says whether an event was the user's.
type Feedback struct {
	Value    string    `json:"value"`    // Valid or Invalid
	Provider string    `json:"provider"` // Admin or User
	At       time.Time `json:"at"`       // when it was given
}

// The types of events.
const (
	SignIn         = "SignIn"
	SignUp         = "SignUp"
	ForgotPassword = "ForgotPassword"
	PasswordChange = "PasswordChange"
	ResendCode     = "ResendCode"
)

// The responses of events.
const (
	Pass       = "Pass"
	Fail       = "Fail"
	InProgress = "InProgress"
)

// A user has at most this many events: those that passed, and the others. A flood of failures evicts no event that passed, from
// which the user's devices and addresses are known.
const (
	maxPassed = 300
	maxOthers = 200
	maxTrim   = 20
)

// Put writes the event of a user, in a transaction that writes anyway.
func (s *Service) Put(tx store.Tx, poolID, sub string, e Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("threat: encoding an event: %w", err)
	}
	passed := e.Response == Pass
	if err := tx.AuthEvents.Put(store.AuthEvent{PoolID: poolID, Sub: sub, ID: e.ID, Passed: passed, Data: data, CreatedAt: s.base.Now()}); err != nil {
		return err
	}
	keep := maxOthers
	if passed {
		keep = maxPassed
	}
	return tx.AuthEvents.Trim(poolID, sub, passed, keep, maxTrim)
}

// Record writes the event of a user, or, if there is no user, makes one durable write that takes as long. An event without an ID
// gets one. A user who was deleted meanwhile is not an error.
func (s *Service) Record(ctx context.Context, p *userpool.Pool, exists bool, sub string, e Event) error {
	if s == nil || p.Settings.Protection() == off {
		return nil
	}
	if e.ID == "" {
		var err error
		if e.ID, err = s.base.UUID(); err != nil {
			return err
		}
	}
	err := s.base.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		if !exists {
			return tx.Settings.Put(userpool.PadRow(p.ID, e.Username), []byte(e.ID))
		}
		return s.Put(tx, p.ID, sub, e)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && s.o.Deliver != nil {
		e.CreatedAt = s.base.Now()
		s.o.Deliver(p, exists, sub, e)
	}
	return err
}

func decode(rec store.AuthEvent) (Event, error) {
	e := Event{ID: rec.ID, CreatedAt: rec.CreatedAt}
	if err := json.Unmarshal(rec.Data, &e); err != nil {
		return e, fmt.Errorf("threat: decoding an event: %w", err)
	}
	return e, nil
}

// List returns at most limit events of a user after the event with the key, the newest first, and the key to continue after.
func (s *Service) List(ctx context.Context, poolID, name, after string, limit int) ([]Event, string, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, "", err
	}
	if err := p.NeedProtection(); err != nil {
		return nil, "", err
	}
	from, err := parseKey(after)
	if err != nil {
		return nil, "", err
	}
	var recs []store.AuthEvent
	err = s.base.View(ctx, func(tx store.Tx) error {
		u, err := p.FindUser(tx, name)
		if err != nil {
			return err
		}
		recs, err = tx.AuthEvents.Of(p.ID, u.Sub, from, limit+1)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = userpool.ErrNoUser
	}
	if err != nil {
		return nil, "", err
	}
	recs, next := userpool.CutPage(recs, limit, func(r store.AuthEvent) string { return keyOf(&r) })
	list := make([]Event, 0, len(recs))
	for _, rec := range recs {
		e, err := decode(rec)
		if err != nil {
			return nil, "", err
		}
		list = append(list, e)
	}
	return list, next, nil
}

// keyForm is AWS's form of the token of the next page: "<event id>#<time>".
const keyForm = time.RFC3339Nano

func keyOf(r *store.AuthEvent) string { return r.ID + "#" + r.CreatedAt.Format(keyForm) }

// parseKey parses the key of the last event of a page; nil for "".
func parseKey(text string) (*store.AuthEvent, error) {
	if text == "" {
		return nil, nil
	}
	const uuidLength = 36
	if len(text) > uuidLength && text[uuidLength] == '#' {
		if at, err := time.Parse(keyForm, text[uuidLength+1:]); err == nil {
			return &store.AuthEvent{ID: text[:uuidLength], CreatedAt: at.UTC()}, nil
		}
	}
	return nil, fault.New(fault.InvalidParameter, "Invalid pagination token.")
}

func (s *Service) deleteOld(ctx context.Context, batch int) (n int, err error) {
	err = s.base.Update(ctx, func(tx store.Tx) (err error) {
		n, err = tx.AuthEvents.DeleteOlder(s.base.Now().Add(-keepFor), batch)
		return err
	})
	return n, err
}
