package directory

import (
	"errors"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// codeSlots is how many codes of sign-ins a user can have at once, for each purpose. A sign-in that somebody else begins in
// the user's name does not void the user's code then.
const codeSlots = 5

// Ticket binds a code to the sign-in that asked for it. The sealed state of the sign-in holds it, so that the code is right only
// with the Session of that sign-in.
type Ticket struct {
	ID   string `json:"i"` // random
	Slot int    `json:"n"`
}

// purpose returns the purpose under which the store keeps the code.
func (t Ticket) purpose(of string) string { return slotPurpose(of, t.Slot) }

// bind returns what the keyed hash of the code is made of.
func (t Ticket) bind(digits string) string { return t.ID + " " + digits }

func slotPurpose(of string, slot int) string { return of + " " + strconv.Itoa(slot) }

// slotFor returns the slot for a new code: a free one, or the one whose code is the oldest. It reads all of them, so that its time
// does not depend on what it finds.
func (s *Service) slotFor(tx store.Tx, poolID, sub, purpose string) (slot int, err error) {
	var oldest time.Time
	for i := range codeSlots {
		code, err := tx.Codes.Get(poolID, sub, slotPurpose(purpose, i))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
		if !s.now().Before(code.ExpiresAt) { // also one that was not found
			code.CreatedAt = time.Time{}
		}
		if i == 0 || code.CreatedAt.Before(oldest) {
			slot, oldest = i, code.CreatedAt
		}
	}
	return slot, nil
}

// padSlots makes the reads of a user's new code for a stand-in.
func (s *Service) padSlots(tx store.Tx, p *userpool.Pool, subject *Subject, purpose string) error {
	_, err := s.slotFor(tx, p.ID, p.Key(subject.Name), purpose)
	return err
}
