package grants

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// deviceType is the grant_type of a device that asks for its tokens.
const deviceType = "urn:ietf:params:oauth:grant-type:device_code"

// maxPolls is how many devices are known to wait. One that is forgotten may ask at once.
const maxPolls = 10_000

// poll is when a device asked last, and how long it has to wait since then.
type poll struct {
	at   time.Time
	wait time.Duration
}

// deviceCode answers a device that asks for its tokens.
//
// Source: RFC 8628 sections 3.4 and 3.5.
func (s *Service) deviceCode(ctx context.Context, by *Caller, r *Request) (*Answer, error) {
	code := r.Parameters["device_code"]
	if code == "" {
		return nil, refuse(InvalidRequest, "device_code is missing.")
	}
	if !by.Client.Settings.OAuth.HasDeviceGrant() {
		return nil, refuse(UnauthorizedClient, "")
	}
	id := spentID("device code", code)
	var g store.DeviceGrant
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		g, err = tx.DeviceGrants.Get(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || (err == nil && (g.PoolID != by.Pool.ID || g.ClientID != by.Client.ID)) {
		return nil, refuse(InvalidGrant, "")
	}
	if err != nil {
		return nil, err
	}
	state, err := readDevice(&g)
	switch {
	case err != nil:
		return nil, err
	case !s.base.Now().Before(g.ExpiresAt):
		return nil, refuse(ExpiredToken, "")
	case s.tooEarly(id):
		return nil, refuse(SlowDown, "")
	case state.Denied:
		return nil, refuse(AccessDenied, "")
	case state.By == nil:
		return nil, refuse(AuthorizationPending, "")
	}
	return s.deviceTokens(ctx, by, r, id, state)
}

// tooEarly reports whether a device asks sooner than it should, and notes that it asked.
func (s *Service) tooEarly(id string) (early bool) {
	now := s.base.Now()
	s.polls.Update(id, now, func(last poll, known bool) (poll, time.Time) {
		next := poll{at: now, wait: deviceInterval}
		if known {
			next.wait = last.wait
			if early = now.Sub(last.at) < last.wait; early {
				next.wait = min(last.wait+deviceInterval, deviceLife)
			}
		}
		return next, now.Add(deviceLife)
	})
	return early
}

// deviceTokens issues the tokens of a device whose user has allowed it. The transaction that writes the refresh family removes the
// device grant, so that of two questions at the same time one gets tokens.
func (s *Service) deviceTokens(ctx context.Context, by *Caller, r *Request, id string, state *deviceState) (*Answer, error) {
	request := state.By.Request(by.Pool, by.Client, state.Scopes...)
	request.Visit, request.SSOSession, request.Hosted = by.Client.Visit(r.Context), state.SSOSession, &tokens.Hosted{}
	request.Confirm = func(tx store.Tx, u *store.User) error {
		if _, err := tx.DeviceGrants.Get(id); errors.Is(err, store.ErrNotFound) {
			return refuse(InvalidGrant, "")
		} else if err != nil {
			return err
		}
		if err := state.check(tx, u); err != nil {
			return err
		}
		return tx.DeviceGrants.Delete(id)
	}
	set, err := s.o.Tokens.Issue(ctx, request)
	if err != nil {
		return nil, err
	}
	return &Answer{Set: *set}, nil
}
