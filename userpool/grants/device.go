package grants

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
)

// A device that has no browser shows its user a code. The user types the code on the page /device of the pool, signs in there and
// allows the device to have tokens. Meanwhile the device asks the token endpoint for them again and again.
//
// Source: RFC 8628.
const (
	deviceLife     = 10 * time.Minute
	deviceInterval = 5 * time.Second // between the questions of a device; each that comes earlier adds as much
	deviceCodeLen  = 43
	userCodeLen    = 8
	maxUserCode    = 64 // characters that a user may type
	purposeUser    = "device user code"

	// userCodeAlphabet is that of RFC 8628 section 6.1: no vowels, so that no code is a word. A code has 34 bits.
	userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
)

// DeviceCodes are the codes of a device grant.
type DeviceCodes struct {
	DeviceCode string // secret of the device; 43 characters
	UserCode   string // "WDJB-MJHT"
	ExpiresIn  int    // seconds
	Interval   int    // seconds between the questions of the device
}

// deviceState is the data of a store.DeviceGrant.
type deviceState struct {
	Scopes     []string       `json:"scopes"`
	Denied     bool           `json:"denied,omitempty"`
	By         *signin.Record `json:"by,omitempty"` // who allowed it
	SSOSession string         `json:"sso,omitempty"`

	AskedAt time.Time     `json:"asked,omitzero"` // when the device asked last
	Wait    time.Duration `json:"wait,omitempty"` // how long it has to wait since then, in nanoseconds
}

// AuthorizeDevice begins a device grant for a client that may use it.
func (s *Service) AuthorizeDevice(ctx context.Context, poolID string, p Parameters, c Credentials) (*DeviceCodes, error) {
	by, err := s.Authenticate(ctx, poolID, c)
	if err != nil {
		return nil, err
	}
	if !by.Client.SignsInDevices() {
		return nil, refuse(UnauthorizedClient, "")
	}
	scopes := by.Client.UserScopes(by.Pool)
	if asked := p.scopes(); len(asked) > 0 {
		if slices.ContainsFunc(asked, func(scope string) bool { return !slices.Contains(scopes, scope) }) {
			return nil, refuse(InvalidScope, "")
		}
		scopes = asked
	}
	if len(scopes) == 0 {
		return nil, refuse(InvalidScope, "The client has no scope.")
	}
	data, err := json.Marshal(deviceState{Scopes: scopes})
	if err != nil {
		return nil, fmt.Errorf("grants: device grant: %w", err)
	}
	for {
		codes, err := s.insertDevice(ctx, by, data)
		if !errors.Is(err, store.ErrExists) { // else another device has the user code
			return codes, err
		}
	}
}

func (s *Service) insertDevice(ctx context.Context, by *Caller, data []byte) (*DeviceCodes, error) {
	code, err := s.base.RandomText(userpool.LowerAlphanumeric, deviceCodeLen)
	if err != nil {
		return nil, err
	}
	user, err := s.base.RandomText(userCodeAlphabet, userCodeLen)
	if err != nil {
		return nil, err
	}
	g := store.DeviceGrant{ID: spentID("device code", code), PoolID: by.Pool.ID, ClientID: by.Client.ID,
		UserCode: s.userCodes(by.Pool.ID, user)[0], Data: data, ExpiresAt: s.base.Now().Add(deviceLife)}
	err = s.base.Update(ctx, func(tx store.Tx) error { return tx.DeviceGrants.Insert(g) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, refuse(InvalidClient, "")
	}
	if err != nil {
		return nil, err
	}
	return &DeviceCodes{DeviceCode: code, UserCode: user[:userCodeLen/2] + "-" + user[userCodeLen/2:],
		ExpiresIn: int(deviceLife / time.Second), Interval: int(deviceInterval / time.Second)}, nil
}

// userCodes returns the hashes of a user code, one for each master key, that of the current key first. They have a key, because a
// user code is short.
func (s *Service) userCodes(poolID, code string) []string {
	var list []string
	for _, mac := range s.base.Seal.MACs(purposeUser, []byte(poolID), []byte(code)) {
		list = append(list, hex.EncodeToString(mac[:]))
	}
	return list
}

// Pending is a device that waits for its user.
type Pending struct {
	ID     string           // hash of the device code
	Pool   *userpool.Pool   // of Client
	Client *userpool.Client // that runs on the device
	Scopes []string         // that it asks for
}

// errUserCode answers for every user code that cannot be used: unknown, expired, or answered before.
var errUserCode = fault.New(fault.ExpiredCode, "The code is wrong or has expired. Compare it with the device, or start again there.")

// DeviceByUserCode returns the device that shows the code. Case, blanks and dashes in the code do not count. Callers limit how
// often one address may ask.
func (s *Service) DeviceByUserCode(ctx context.Context, poolID, userCode string) (*Pending, error) {
	if len(userCode) > maxUserCode {
		return nil, errUserCode
	}
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "", "\t", "").Replace(userCode))
	if len(code) != userCodeLen {
		return nil, errUserCode
	}
	var g store.DeviceGrant
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		for _, hash := range s.userCodes(poolID, code) {
			if g, err = tx.DeviceGrants.OfCode(poolID, hash); !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUserCode
	}
	if err != nil {
		return nil, err
	}
	state, err := s.waiting(&g)
	if err != nil {
		return nil, err
	}
	p, c, err := s.o.Pools.ClientOf(ctx, poolID, g.ClientID)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil, errUserCode
	}
	if err != nil {
		return nil, err
	}
	if !c.SignsInDevices() {
		return nil, errUserCode
	}
	return &Pending{ID: g.ID, Pool: p, Client: c, Scopes: state.Scopes}, nil
}

// waiting returns the state of a device grant that no user has answered yet.
func (s *Service) waiting(g *store.DeviceGrant) (*deviceState, error) {
	state, err := readDevice(g)
	if err == nil && (state.Denied || state.By != nil || !s.base.Now().Before(g.ExpiresAt)) {
		return nil, errUserCode
	}
	return state, err
}

func readDevice(g *store.DeviceGrant) (*deviceState, error) {
	state := new(deviceState)
	if err := json.Unmarshal(g.Data, state); err != nil {
		return nil, fmt.Errorf("grants: device grant: %w", err)
	}
	return state, nil
}

// Approver is the user who allows a device to have tokens.
type Approver struct {
	Record     signin.Record // of the user's sign-in, for the client of the device
	SSOSession string        // the session of the sign-in
}

// ApproveDevice gives the tokens of the user to the device with the id of a Pending, once.
func (s *Service) ApproveDevice(ctx context.Context, poolID, id string, by Approver) error {
	return s.answerDevice(ctx, poolID, id, func(tx store.Tx, state *deviceState) error {
		u, err := tx.Users.Get(poolID, by.Record.Sub)
		if errors.Is(err, store.ErrNotFound) {
			return userpool.ErrWrongPassword
		}
		if err != nil {
			return err
		}
		state.By, state.SSOSession = &by.Record, by.SSOSession
		return state.check(tx, &u)
	})
}

// check returns userpool.ErrWrongPassword unless the sign-in of the user who allows the device still holds: the user has not changed, and
// its session has not ended.
func (d *deviceState) check(tx store.Tx, u *store.User) error {
	if _, err := tx.Sessions.Get(d.SSOSession); errors.Is(err, store.ErrNotFound) {
		return userpool.ErrWrongPassword
	} else if err != nil {
		return err
	}
	return d.By.Check(u)
}

// DenyDevice refuses the device with the id of a Pending.
func (s *Service) DenyDevice(ctx context.Context, poolID, id string) error {
	return s.answerDevice(ctx, poolID, id, func(_ store.Tx, state *deviceState) error {
		state.Denied = true
		return nil
	})
}

func (s *Service) answerDevice(ctx context.Context, poolID, id string, answer func(store.Tx, *deviceState) error) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		g, err := tx.DeviceGrants.Get(id)
		if errors.Is(err, store.ErrNotFound) || (err == nil && g.PoolID != poolID) {
			return errUserCode
		}
		if err != nil {
			return err
		}
		state, err := s.waiting(&g)
		if err != nil {
			return err
		}
		if err := answer(tx, state); err != nil {
			return err
		}
		if g.Data, err = json.Marshal(state); err != nil {
			return fmt.Errorf("grants: device grant: %w", err)
		}
		return tx.DeviceGrants.Update(g)
	})
}
