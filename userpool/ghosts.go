package userpool

import (
	"context"
	"crypto/sha256"
	"math/big"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/srp"
)

// A ghost is a user who is not there and must not look so, for clients with PreventUserExistenceErrors ENABLED. What it
// shows is derived from its name by a keyed hash: stable, and not to be told from the real thing.

// noSub takes the place of a sub where there is no user.
var noSub = uuid.Nil.String()

// purposeGhost keys what ghosts show.
const purposeGhost = "user that does not exist"

// ghostSum is 32 stable bytes for a name and a use.
func (s *Service) ghostSum(p *pool, name, use string) [32]byte {
	return s.o.Seal.MAC(purposeGhost, []byte(p.ID), []byte(p.key(name)), []byte(use))
}

// ghostUser gives the name, salt and verifier with which a sign-in by SRP goes on until it fails.
func (s *Service) ghostUser(p *pool, name string) (username string, salt, verifier []byte) {
	username = p.key(name)
	if len(p.Settings.UsernameAttributes) > 0 || p.looksLikeAddress(name) != "" {
		sum := s.ghostSum(p, name, "sub")
		id, _ := uuid.FromBytes(sum[:16]) // fails only for another length
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		username = id.String()
	}
	sum := s.ghostSum(p, name, "salt")
	salt = sum[:srp.SaltSize]
	if salt[0] == 0 {
		salt[0] = 1 // as NewSalt: one length
	}
	// Any number of the group's size serves: without the password no client can tell it from a verifier.
	var wide []byte
	seed := s.ghostSum(p, name, "verifier")
	for i := byte(0); len(wide) < srp.GroupSize; i++ {
		block := sha256.Sum256(append(seed[:], i))
		wide = append(wide, block[:]...)
	}
	wide[0] &= 0x7f // below N, whose top bits are set
	return username, salt, new(big.Int).SetBytes(wide).Bytes()
}

// ghostDelivery is the answer that a code would have been sent.
func (s *Service) ghostDelivery(ctx context.Context, p *pool, name, purpose, attribute string) (*Delivery, error) {
	s.ghosts.sendCode(p.ID, p.key(name), purpose)
	if err := s.padWrite(ctx); err != nil {
		return nil, err
	}
	return s.ghostAddress(p, name, attribute), nil
}

func (s *Service) ghostAddress(p *pool, name, attribute string) *Delivery {
	if kind := p.looksLikeAddress(name); kind != "" {
		return &Delivery{Destination: mask(kind, name), Medium: string(mediumOf(kind)), Attribute: kind}
	}
	sum := s.ghostSum(p, name, "address")
	address := string(lowerAlnum[int(sum[0])%26]) + "@" + string(lowerAlnum[int(sum[1])%26])
	if attribute == "phone_number" {
		digits := make([]byte, 4)
		for i := range digits {
			digits[i] = '0' + sum[i]%10
		}
		address = "+1555" + string(digits)
	}
	return &Delivery{Destination: mask(attribute, address), Medium: string(mediumOf(attribute)), Attribute: attribute}
}

// ghostCode answers a code that was never sent as a real user's would be answered: expired when none was asked for, when
// it is too old or was tried too often, wrong otherwise.
func (s *Service) ghostCode(ctx context.Context, p *pool, name, purpose string, limit int) error {
	key := p.key(name)
	if err := s.limits.takeGhost("confirm "+purpose, p.ID, key, limit); err != nil {
		return err
	}
	outcome := s.ghosts.tryCode(p.ID, key, purpose)
	return firstError(s.padWrite(ctx), outcome)
}

// padWrite costs what counting a user's failure, or keeping their code, costs: one durable write, so that an answer takes
// as long for a name that no user has.
func (s *Service) padWrite(ctx context.Context) error {
	return s.update(ctx, func(tx store.Tx) error {
		return tx.Settings.Put("userpool/last refused name", []byte(s.o.Now().Format(time.RFC3339Nano)))
	})
}

// ghosts remembers what a user's record would: the failures of a name, and the codes that would have been sent to it. A
// full table evicts the entry that ends first and refuses no name. An attacker who evicts a ghost within the life of its
// entry can tell it from a user, which takes more than maxLimited calls in that time.
type ghosts struct {
	now   func() time.Time
	names *bounded.Map[tableKey, ghost] // by pool, name and purpose; the purpose of failures is ""
}

type ghost struct {
	failures store.Failures
	attempts int       // on the code
	until    time.Time // of the code
}

func newGhosts(now func() time.Time, limit int) *ghosts {
	return &ghosts{now: now, names: bounded.New[tableKey, ghost](limit)}
}

func (g *ghosts) get(pool, name string) store.Failures {
	found, _ := g.names.Get(tableKeyOf(pool, name, ""), g.now())
	return found.failures
}

// fail counts a wrong password for the name.
func (g *ghosts) fail(pool, name string) {
	now := g.now()
	g.names.Update(tableKeyOf(pool, name, ""), now, func(known ghost, _ bool) (ghost, time.Time) {
		return ghost{failures: failed(known.failures, now)}, now.Add(maxLock + quietTime)
	})
}

// sendCode remembers that a code would have gone out.
func (g *ghosts) sendCode(pool, name, purpose string) {
	now := g.now()
	until := now.Add(codeLife(purpose))
	g.names.Put(tableKeyOf(pool, name, purpose), ghost{until: until}, until, now)
}

func (g *ghosts) tryCode(pool, name, purpose string) (outcome error) {
	g.names.Update(tableKeyOf(pool, name, purpose), g.now(), func(code ghost, ok bool) (ghost, time.Time) {
		outcome = errCodeExpired
		if ok && code.attempts < maxCodeAttempts {
			code.attempts++
			outcome = errCodeMismatch
		}
		return code, code.until
	})
	return outcome
}
