package queue

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// Observer counts messages. Its methods must return at once.
type Observer interface {
	// MessageDone is called when something happens to a message. result is "sent", "queued" (a first try failed), "retried"
	// (a later one failed), "rejected", "expired" or "evicted".
	MessageDone(medium, result string)
	// MessagesQueued is called with the number of messages that wait.
	MessagesQueued(n int)
}

// Options are what New needs. The first group is required.
type Options struct {
	Store  store.Store      // keeps the messages until they are sent
	Seal   *seal.Box        // encrypts messages, and hashes whose they are
	Sender message.Sender   // sends one message once
	Now    func() time.Time // the clock for tries, leases and expiry
	Rand   io.Reader        // crypto/rand.Reader outside of tests

	// GivenUp is called with each message that will not be sent, and why. It must return at once. It may be nil.
	GivenUp func(m message.Message, reason error)

	Observer Observer      // may be nil
	Logger   *slog.Logger  // nil discards
	Workers  int           // messages of one lane being sent at once; 0 is 4
	Capacity int           // messages that wait; 0 is 10,000
	FirstTry time.Duration // how long Send tries; 0 is 5 s
}

const (
	// sendTime bounds one try of a worker. The lease is longer by the difference that clocks of processes may have.
	sendTime  = 15 * time.Second
	leaseTime = sendTime + 30*time.Second

	idle     = 10 * time.Second // how often the store is read for messages of other processes
	lifetime = 24 * time.Hour   // of a message without an expiry

	firstPause, longestPause = 5 * time.Second, 10 * time.Minute
)

// The purposes of the keys of the seal.
const (
	purposeMessage = "queued message"
	purposeTopic   = "topic of a queued message"
	purposeOrigin  = "origin of a queued message"
)

// Queue is a message.Sender that keeps what it cannot send. Its methods may be called from any goroutine.
type Queue struct {
	o    Options
	wake chan struct{}
	busy *bounded.Shares // the workers, by lane

	delivery health.Tracker // of messages that were sent, or could not be

	stop    context.CancelFunc
	done    chan struct{}      // closed when the loop has ended
	sending context.Context    // of the workers; outlives the loop
	cancel  context.CancelFunc // of sending
	workers sync.WaitGroup
}

// New returns a Queue, or an error that names the required option that is missing. It sends nothing that is stored before Start.
func New(o Options) (*Queue, error) {
	if o.Store == nil || o.Seal == nil || o.Sender == nil || o.Now == nil || o.Rand == nil {
		return nil, errors.New("queue: Options.Store, Seal, Sender, Now and Rand are required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Capacity == 0 {
		o.Capacity = 10_000
	}
	if o.FirstTry == 0 {
		o.FirstTry = 5 * time.Second
	}
	now := o.Now
	o.Now = func() time.Time { return now().UTC().Truncate(time.Millisecond) } // as the store returns times
	q := &Queue{o: o, wake: make(chan struct{}, 1), busy: bounded.NewShares(0, o.Workers), done: make(chan struct{})}
	q.sending, q.cancel = context.WithCancel(context.Background())
	return q, nil
}

type noObserver struct{}

func (noObserver) MessageDone(_, _ string) {}
func (noObserver) MessagesQueued(int)      {}

// Send tries to send the message for a few seconds. If that fails for good, it returns the error. If it fails for a time, Send
// stores the message and returns nil, as AWS does when it has handed a message over. It also returns an error if the message
// cannot be stored.
func (q *Queue) Send(ctx context.Context, m message.Message) error {
	try, cancel := context.WithTimeout(ctx, q.o.FirstTry)
	defer cancel()
	err := q.o.Sender.Send(try, m)
	switch {
	case err == nil:
		q.note(m, nil)
		q.o.Observer.MessageDone(string(m.Medium), "sent")
		return nil
	case refused(err) || errors.Is(err, message.ErrMisconfigured):
		q.o.Observer.MessageDone(string(m.Medium), "rejected")
		q.giveUp(m, err)
		return err
	}
	q.note(m, err)
	kept := q.o.Store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		_, err := q.put(tx, m, 1, q.o.Now().Add(q.pause(1, err)))
		return err
	})
	if kept != nil {
		return errors.Join(err, fmt.Errorf("queue: keeping the message: %w", kept))
	}
	q.o.Observer.MessageDone(string(m.Medium), "queued")
	q.o.Logger.WarnContext(ctx, "a message could not be sent and waits in the queue", "pool", m.PoolID, "purpose", m.Purpose,
		"medium", string(m.Medium), "error", err)
	q.Wake()
	return nil
}

// Delivery tells since when no mail or SMS message can be sent. A message that is refused for good says nothing about that, nor does one
// that a function sends.
func (q *Queue) Delivery() *health.Tracker { return &q.delivery }

func (q *Queue) note(m message.Message, err error) {
	if m.Medium != message.Function {
		q.delivery.Done(q.o.Now(), err)
	}
}

// Put stores a message that is due at once, in the caller's transaction. Call Wake after the commit.
func (q *Queue) Put(tx store.Tx, m message.Message) error {
	_, err := q.put(tx, m, 0, q.o.Now())
	return err
}

// Pretend does the work of Put in the caller's transaction, and keeps nothing.
func (q *Queue) Pretend(tx store.Tx, m message.Message) error {
	m.Sub = "" // replaces no message
	id, err := q.put(tx, m, 0, q.o.Now())
	if err != nil {
		return err
	}
	return tx.Messages.Delete(id)
}

// Wake has the workers look at the store now.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // they will
	}
}

// put stores a message and returns its id.
func (q *Queue) put(tx store.Tx, m message.Message, attempts int, due time.Time) (string, error) {
	now := q.o.Now()
	id := make([]byte, 16)
	if _, err := io.ReadFull(q.o.Rand, id); err != nil {
		return "", fmt.Errorf("queue: reading random bytes: %w", err)
	}
	rec := store.Message{ID: hex.EncodeToString(id), PoolID: m.PoolID, Attempts: attempts, CreatedAt: now, DueAt: due, ExpiresAt: m.ExpiresAt}
	if rec.ExpiresAt.IsZero() {
		rec.ExpiresAt = now.Add(lifetime)
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("queue: %w", err)
	}
	if rec.Sealed, err = q.o.Seal.Seal(purposeMessage, plain, []byte(rec.ID)); err != nil {
		return "", err
	}
	about := m.Sub
	if about == "" {
		about = rec.ID // nothing replaces it
	}
	topic := q.o.Seal.MAC(purposeTopic, []byte(m.PoolID), []byte(about), []byte(m.Purpose), []byte(m.Medium))
	origin := q.o.Seal.MAC(purposeOrigin, []byte(m.Origin))
	rec.Topic, rec.Origin, rec.Lane = topic[:16], origin[:16], laneOf(m)
	return rec.ID, tx.Messages.Put(rec)
}

// laneOf returns the lane of a message: its medium, and the function if one sends it.
func laneOf(m message.Message) string {
	if m.Medium == message.Function {
		return string(m.Medium) + " " + m.To
	}
	return string(m.Medium)
}

// mediumOf returns the medium of a lane's messages; "" if a release without lanes stored them.
func mediumOf(lane string) message.Medium {
	medium, _, _ := strings.Cut(lane, " ")
	return message.Medium(medium)
}

// refused reports whether a message will never be accepted.
func refused(err error) bool {
	return errors.Is(err, message.ErrRefused) || errors.Is(err, message.ErrRejected)
}

// errExpired is the reason to give a message up whose code has expired.
var errExpired = errors.New("the message was not sent before its code expired")

func (q *Queue) giveUp(m message.Message, reason error) {
	if q.o.GivenUp != nil {
		q.o.GivenUp(m, reason)
	}
}

// pause returns how long to wait after an attempt that failed: twice as long as before the last one, up to ten minutes, and up to a quarter
// more, so that messages that failed together are not retried together. After one that may have sent the message, there is no
// limit: a carrier that always answers too late sends a message some ten times then, not every ten minutes.
func (q *Queue) pause(attempts int, failure error) time.Duration {
	d := firstPause << min(max(attempts-1, 0), 15)
	if !errors.Is(failure, message.ErrUnanswered) {
		d = min(d, longestPause)
	}
	var random [1]byte
	if _, err := io.ReadFull(q.o.Rand, random[:]); err != nil {
		return d
	}
	return d + d/4*time.Duration(random[0])/256
}

// MessageSeal returns the purpose and the additional data with which a waiting message is sealed.
func MessageSeal(id string) (purpose string, additional []byte) { return purposeMessage, []byte(id) }
