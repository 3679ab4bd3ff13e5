package threat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/risk"
)

// The values of feedback.
const (
	Valid   = "Valid"
	Invalid = "Invalid"
)

// purposeFeedback seals feedback tokens. A token names pool, user and event, so it serves for that event only.
const purposeFeedback = "auth event feedback"

const maxFeedbackToken = 1024 // characters

var (
	errNoEvent  = fault.New(fault.ResourceNotFound, "Event does not exist.")
	errFeedback = fault.New(fault.NotAuthorized, "Invalid feedback token.")
)

// FeedbackToken returns the token with which the user can give feedback on an event without signing in.
func (s *Service) FeedbackToken(poolID, sub, eventID string) (string, error) {
	return s.base.Seal.SealToken(purposeFeedback, []byte(strings.Join([]string{poolID, sub, eventID}, "\n")), nil)
}

// AdminFeedback records an administrator's feedback on an event.
func (s *Service) AdminFeedback(ctx context.Context, poolID, name, eventID, value string) error {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	if err := p.NeedProtection(); err != nil {
		return err
	}
	return s.feedback(ctx, p, eventID, Feedback{Value: value, Provider: "Admin"}, func(tx store.Tx) (string, error) {
		u, err := p.FindUser(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			err = userpool.ErrNoUser
		}
		return u.Sub, err
	})
}

// UserFeedback records a user's feedback on an event. Every token that is not this event's gets the same error, whether the
// user exists or not.
func (s *Service) UserFeedback(ctx context.Context, poolID, name, eventID, token, value string) error {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	if err := p.NeedProtection(); err != nil {
		return err
	}
	data, err := s.base.Seal.OpenToken(purposeFeedback, token, nil, maxFeedbackToken)
	if err != nil {
		return errFeedback
	}
	parts := strings.Split(string(data), "\n")
	if len(parts) != 3 || parts[0] != p.ID || parts[2] != eventID {
		return errFeedback
	}
	return s.feedback(ctx, p, eventID, Feedback{Value: value, Provider: "User"}, func(tx store.Tx) (string, error) {
		u, err := p.FindUser(tx, name)
		if errors.Is(err, store.ErrNotFound) || (err == nil && u.Sub != parts[1]) {
			return "", errFeedback
		}
		return u.Sub, err
	})
}

func (s *Service) feedback(ctx context.Context, p *userpool.Pool, eventID string, f Feedback, find func(store.Tx) (string, error)) error {
	f.At = s.base.Now()
	return s.base.Update(ctx, func(tx store.Tx) error {
		sub, err := find(tx)
		if err != nil {
			return err
		}
		rec, err := tx.AuthEvents.Get(p.ID, sub, eventID)
		if errors.Is(err, store.ErrNotFound) {
			return errNoEvent
		}
		if err != nil {
			return err
		}
		e, err := decode(rec)
		if err != nil {
			return err
		}
		e.Feedback = &f
		if rec.Data, err = json.Marshal(e); err != nil {
			return fmt.Errorf("threat: encoding an event: %w", err)
		}
		return tx.AuthEvents.Put(rec)
	})
}

// FeedbackPath is the last part of the path of one-click links, after the pool's id.
const FeedbackPath = "/authEventFeedback"

// FeedbackLink returns the link with which a user gives feedback on an event by one click. base is the URL of the pool's pages.
func FeedbackLink(base string, u *store.User, eventID, token, value string) string {
	q := url.Values{"user_name": {u.Username}, "event_id": {eventID}, "feedback_token": {token}, "feedback": {value}}
	return base + FeedbackPath + "?" + q.Encode()
}

// NotifyOf returns the messages of the risk configuration, nil for none.
func NotifyOf(p *userpool.Pool, c *userpool.Client) *risk.Notify {
	if r := riskOf(p, c); r != nil && r.AccountTakeover != nil {
		return r.AccountTakeover.NotifyConfiguration
	}
	return nil
}
