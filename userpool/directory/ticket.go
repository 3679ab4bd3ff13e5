package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/throttle"
	"github.com/sluicegate/sluice/userpool"
)

// codeSlots is how many codes of sign-ins a user can have at once, for each purpose, and as many again for calls from familiar
// networks. Sign-ins that another person begins in the user's name then do not invalidate the user's code.
const codeSlots = 5

// familiarFor is how long a network stays familiar to a user after a right code.
const familiarFor = 30 * 24 * time.Hour

// Ticket binds a code to the sign-in that asked for it. The sealed state of the sign-in holds it, so that the code is right only
// with the Session of that sign-in.
type Ticket struct {
	ID   string `json:"i"`           // random
	Slot int    `json:"n"`           // which of the user's codes for the purpose
	From string `json:"f,omitempty"` // the network of the client that asked
}

// networkOf returns the network of a client's address, under which its requests for codes are counted; "" if it is not known.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	return throttle.Network(a).String()
}

// takeSignInCode counts a code of a sign-in: for the user and the client's network and, unless the network is familiar, for the
// user and all of the others together. Requests from unknown networks do not count against those from a familiar network.
func (s *Service) takeSignInCode(ctx context.Context, p *userpool.Pool, subject *Subject, purpose, network string) (familiar bool, err error) {
	name := cmp.Or(subject.User.Sub, p.Key(subject.Name))
	if err := s.limits.takeOf(p, subject, "send "+purpose+" "+network, limitSignInCode); err != nil {
		return false, err
	}
	err = s.base.View(ctx, func(tx store.Tx) error { // for an unknown name, too
		known, err := s.networksOf(tx, p.ID, name)
		familiar = subject.Exists && network != "" && s.now().Before(known[network])
		return err
	})
	if err != nil || familiar {
		return familiar, err
	}
	return false, s.limits.takeOf(p, subject, "send "+purpose+" to strangers", limitStrangers)
}

// The networks that are familiar to a user are kept with the user's codes, as times until when they are. Only a right code adds
// one, so others cannot evict any.
const (
	codeNetworks = "networks"
	maxNetworks  = 20
)

// networksOf returns the networks that are familiar to a user, and until when.
func (s *Service) networksOf(tx store.Tx, poolID, sub string) (map[string]time.Time, error) {
	known := map[string]time.Time{}
	code, err := tx.Codes.Get(poolID, sub, codeNetworks)
	if errors.Is(err, store.ErrNotFound) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(code.Value), &known); err != nil {
		return nil, fmt.Errorf("directory: networks of a user: %w", err)
	}
	return known, nil
}

// remember makes a network familiar to a user who has just given a right code. It writes once a day at most.
func (s *Service) remember(tx store.Tx, poolID, sub, network string) error {
	now := s.now()
	known, err := s.networksOf(tx, poolID, sub)
	if err != nil || network == "" || now.Add(familiarFor-24*time.Hour).Before(known[network]) {
		return err
	}
	known[network] = now.Add(familiarFor)
	maps.DeleteFunc(known, func(_ string, until time.Time) bool { return !now.Before(until) })
	for len(known) > maxNetworks {
		oldest := network
		for other, until := range known {
			if until.Before(known[oldest]) {
				oldest = other
			}
		}
		delete(known, oldest)
	}
	value, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("directory: networks of a user: %w", err)
	}
	return tx.Codes.Put(store.Code{PoolID: poolID, Sub: sub, Purpose: codeNetworks, Hash: []byte{0}, Value: string(value),
		CreatedAt: now, ExpiresAt: now.Add(familiarFor)})
}

// purpose returns the purpose under which the store keeps the code.
func (t Ticket) purpose(of string) string { return slotPurpose(of, t.Slot) }

// bind returns what the keyed hash of the code is made of.
func (t Ticket) bind(digits string) string { return t.ID + " " + digits }

func slotPurpose(of string, slot int) string { return of + " " + strconv.Itoa(slot) }

// slotFor returns the slot for a new code: a free one, or the one whose code is the oldest, among those for familiar networks or
// the others. It reads all of them, so that its time does not depend on what it finds.
func (s *Service) slotFor(tx store.Tx, poolID, sub, purpose string, familiar bool) (slot int, err error) {
	var oldest time.Time
	first := 0
	if familiar {
		first = codeSlots
	}
	for i := first; i < first+codeSlots; i++ {
		code, err := tx.Codes.Get(poolID, sub, slotPurpose(purpose, i))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
		if !s.now().Before(code.ExpiresAt) { // also one that was not found
			code.CreatedAt = time.Time{}
		}
		if i == first || code.CreatedAt.Before(oldest) {
			slot, oldest = i, code.CreatedAt
		}
	}
	return slot, nil
}

// padSlots makes the reads of a user's new code for a stand-in.
func (s *Service) padSlots(tx store.Tx, p *userpool.Pool, subject *Subject, purpose string) error {
	_, err := s.slotFor(tx, p.ID, p.Key(subject.Name), purpose, false)
	return err
}
