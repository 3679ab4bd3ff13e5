package directory

import (
	"cmp"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/throttle"
	"github.com/sluicegate/sluice/userpool"
)

// codeSlots is how many codes of sign-ins a user can have at once, for each purpose, and as many again for calls from familiar
// networks. Sign-ins that somebody else begins in the user's name do not void the user's code then.
const codeSlots = 5

// familiarFor is how long a network stays familiar to a user after a right code.
const familiarFor = 30 * 24 * time.Hour

// Ticket binds a code to the sign-in that asked for it. The sealed state of the sign-in holds it, so that the code is right only
// with the Session of that sign-in.
type Ticket struct {
	ID   string `json:"i"` // random
	Slot int    `json:"n"`
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

// familiar reports whether the user has signed in by a code from the network lately. Strangers' requests do not count against
// those from there.
func (s *Service) familiar(poolID string, subject *Subject, network string) bool {
	_, known := s.networks.Get(tableKeyOf(poolID, subject.User.Sub, network), s.now())
	return known && subject.Exists && network != ""
}

// takeSignInCode counts a code of a sign-in: for the user and the client's network and, unless the network is familiar, for the
// user and all of the others together.
func (s *Service) takeSignInCode(p *userpool.Pool, subject *Subject, purpose, network string) error {
	name := cmp.Or(subject.User.Sub, p.Key(subject.Name))
	if err := s.limits.takeFor(subject, "send "+purpose+" "+network, p.ID, name, limitSignInCode); err != nil || s.familiar(p.ID, subject, network) {
		return err
	}
	return s.limits.takeFor(subject, "send "+purpose+" to strangers", p.ID, name, limitStrangers)
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
