package directory

import (
	"errors"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/courier"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Options are what New needs. All but Threat, Triggers, Relay and ConfirmURL are required.
type Options struct {
	Base   *userpool.Base    // the store with the users, what seals and hashes, and the clock
	Pools  *userpool.Service // finds pools and app clients
	Tokens *tokens.Service   // checks access tokens, and revokes those of users
	Sender message.Sender    // sends e-mail and SMS messages
	Hasher *Hasher           // hashes passwords, a few at a time

	Threat   *threat.Service   // nil protects nothing
	Triggers *triggers.Service // nil finds no function
	Relay    *relay.Service    // asks old pools for passwords; nil asks none
	// ConfirmURL returns the URL, without query, of the page that confirms the sign-ups of a pool; see ConfirmLink. nil means
	// the pool's issuer and /confirmUser.
	ConfirmURL func(poolID string) string
	// Keys encrypt the codes for custom senders. nil encrypts none.
	Keys CodeKeys
	// Queue keeps messages that are sent after their call has been answered. nil means that they are lost if the process ends.
	Queue Queue
	// Shared counts what the hourly limits are about over all processes. nil: each process counts for itself.
	Shared Counter
}

// Queue keeps messages in the store and sends them.
type Queue interface {
	Put(tx store.Tx, m message.Message) error // in the caller's transaction
	Wake()                                    // after its commit
	// Pretend does the work of Put and keeps nothing, so that a call for a name that no user has takes as long.
	Pretend(tx store.Tx, m message.Message) error
}

// Service keeps users and groups. Its methods may be called from any goroutine.
type Service struct {
	o       Options
	base    *userpool.Base
	limits  *limiter
	slots   *checkSlots
	courier *courier.Courier
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	switch {
	case o.Base == nil || o.Pools == nil || o.Tokens == nil:
		return nil, errors.New("directory: Options.Base, Options.Pools and Options.Tokens are required")
	case o.Sender == nil || o.Hasher == nil:
		return nil, errors.New("directory: Options.Sender and Options.Hasher are required")
	}
	if o.Triggers == nil {
		o.Triggers = triggers.New(triggers.Options{Logger: o.Base.Logger})
	}
	if o.ConfirmURL == nil {
		o.ConfirmURL = func(id string) string { return o.Pools.IssuerOf(id) + "/confirmUser" }
	}
	return &Service{
		o:       o,
		base:    o.Base,
		limits:  newLimiter(o.Base.Now, maxLimited, o.Shared),
		slots:   newCheckSlots(),
		courier: courier.New(maxUnderway, shareUnderway),
	}, nil
}

// maxUnderway bounds the messages that are being sent in the background, and shareUnderway those of one pool.
const (
	maxUnderway   = 2000
	shareUnderway = 500
)

// maxLimited bounds each table of limits and of names that no user has. A full table evicts, see bounded.Map. An entry
// takes about 100 bytes. One address can add 180,000 entries an hour, at 50 calls a second.
const maxLimited = 200_000

// Drain waits for the messages that are being sent. Call it when no more requests come.
func (s *Service) Drain() { s.courier.Wait() }

// now returns the current time, with the store's precision.
func (s *Service) now() time.Time { return s.base.Now() }
