package grants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// deviceType is the grant_type of a device that asks for its tokens.
const deviceType = "urn:ietf:params:oauth:grant-type:device_code"

// maxPolls is how many waiting devices are remembered. A forgotten one may ask at once.
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
	if !by.Client.SignsInDevices() {
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
	if !s.base.Now().Before(g.ExpiresAt) {
		return nil, refuse(ExpiredToken, "")
	}
	state, early, err := s.asked(ctx, &g)
	switch {
	case err != nil:
		return nil, err
	case early:
		return nil, refuse(SlowDown, "")
	case state.Denied:
		return nil, refuse(AccessDenied, "")
	case state.By == nil:
		return nil, refuse(AuthorizationPending, "")
	}
	return s.deviceTokens(ctx, by, r, id, state)
}

// asked notes that a device asked, and reports whether that is sooner than it should. It returns the state of the grant. The store
// remembers, so that all processes know. A device that does not wait at all costs no write: this process knows when it asked.
func (s *Service) asked(ctx context.Context, g *store.DeviceGrant) (state *deviceState, early bool, err error) {
	if state, err = readDevice(g); err != nil || s.tooEarly(g.ID) {
		return state, true, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		g, err := tx.DeviceGrants.Get(g.ID)
		if errors.Is(err, store.ErrNotFound) {
			return refuse(InvalidGrant, "") // the device has its tokens by now
		}
		if err != nil {
			return err
		}
		if state, err = readDevice(&g); err != nil {
			return err
		}
		now, wait := s.base.Now(), max(state.Wait, deviceInterval)
		if early = !state.AskedAt.IsZero() && now.Sub(state.AskedAt) < wait; early {
			wait = min(wait+deviceInterval, deviceLife)
		}
		state.AskedAt, state.Wait = now, wait
		if g.Data, err = json.Marshal(state); err != nil {
			return fmt.Errorf("grants: device grant: %w", err)
		}
		return tx.DeviceGrants.Update(g)
	})
	return state, early, err
}

// tooEarly reports whether a device asks this process sooner than it should, and notes that it asked.
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
	allowed := by.Client.UserScopes(by.Pool) // the client may have lost scopes since
	scopes := slices.DeleteFunc(state.Scopes, func(scope string) bool { return !slices.Contains(allowed, scope) })
	if len(scopes) == 0 {
		return nil, refuse(InvalidGrant, "")
	}
	request := state.By.Request(by.Pool, by.Client, scopes...)
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
