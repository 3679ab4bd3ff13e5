package chain

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/store"
)

// Purpose is that of the chains' MACs. Their key is pinned, because records outlive master keys: seal.Box.PinnedMAC.
const Purpose = "audit log chain"

// CheckpointEvery is how late the store may have the last record of a chain.
const CheckpointEvery = time.Second

// Begin is the operation of a chain's first record.
const Begin = "sluice:BeginAuditChain"

// Options are what Open needs.
type Options struct {
	Store store.Store // required
	Box   *seal.Box   // required
	// Write writes a record to the log, in the order of the calls. It returns when the record is out of this process. Required.
	Write func(audit.Record)
	Now   func() time.Time // nil = time.Now
	Rand  io.Reader        // nil = crypto/rand
	Log   *slog.Logger     // nil = silent
}

// Chain is the chain of this process. Its methods may be called from any goroutine.
type Chain struct {
	o  Options
	id string

	mu   sync.Mutex // from the number of a record until it is written, so that records are in order in the log
	last Head

	saved   Head // of the goroutine that runs, then of Close
	stop    context.CancelFunc
	stopped chan struct{}
}

// Head is the end of a chain as the store has it.
type Head struct {
	Chain    string    `json:"chain"`    // 16 hexadecimal digits, random for each start of a process
	Host     string    `json:"host"`     // where the process runs
	Began    time.Time `json:"began"`    // UTC
	Sequence uint64    `json:"sequence"` // of the last record
	MAC      string    `json:"mac"`      // of the last record
	At       time.Time `json:"at"`       // when the last record was made
	Ended    bool      `json:"ended"`    // the process stopped in order
}

// Open begins a chain: it tells the store its id, and writes its first record.
func Open(ctx context.Context, o Options) (*Chain, error) {
	if o.Store == nil || o.Box == nil || o.Write == nil {
		return nil, errors.New("chain: Options need Store, Box and Write")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var id [8]byte
	if _, err := io.ReadFull(o.Rand, id[:]); err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	c := &Chain{o: o, id: hex.EncodeToString(id[:]), stopped: make(chan struct{})}
	c.last = Head{Chain: c.id, Host: host, Began: o.Now().UTC()}
	if err := c.enter(ctx); err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	c.Append(audit.Record{Operation: Begin, Actor: "sluice", Result: "ok", Target: map[string]string{"Host": host, "Process": strconv.Itoa(os.Getpid())}})
	background, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.run(background)
	return c, nil
}

// ID returns the chain's id, 16 hexadecimal digits.
func (c *Chain) ID() string { return c.id }

// Append gives a record its place in the chain and writes it. It returns the record as it was written.
func (c *Chain) Append(r audit.Record) audit.Record {
	valid(&r)
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Link = audit.Link{Chain: c.id, Sequence: c.last.Sequence + 1, Time: c.o.Now().UTC(), Previous: c.last.MAC}
	r.MAC = macOf(c.o.Box, &r)
	c.o.Write(r)
	c.last.Sequence, c.last.MAC, c.last.At = r.Sequence, r.MAC, r.Time
	return r
}

// valid replaces what JSON cannot have, as encoders differ in how they do it.
func valid(r *audit.Record) {
	for _, text := range []*string{&r.Operation, &r.RequestID, &r.Region, &r.Actor, &r.AccessKeyID, &r.Agent, &r.Result, &r.DecisionID} {
		*text = strings.ToValidUTF8(*text, "\uFFFD")
	}
	r.Target = maps.Clone(r.Target)
	for name, value := range r.Target {
		r.Target[name] = strings.ToValidUTF8(value, "\uFFFD")
	}
}

// macOf returns the MAC of a record: of the record's members in the order of content, its place, and the MAC before.
func macOf(box *seal.Box, r *audit.Record) string {
	from := ""
	if r.From.IsValid() {
		from = r.From.String()
	}
	target, err := json.Marshal(r.Target) // sorted by name
	if err != nil {
		panic(err) // a map of texts has no value that cannot be written
	}
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], r.Sequence)
	sum := box.PinnedMAC(Purpose, []byte("record"), []byte(r.Chain), number[:], []byte(r.Time.UTC().Format(time.RFC3339Nano)), []byte(r.Previous),
		[]byte(r.Operation), []byte(r.Result), []byte(r.Actor), []byte(r.AccessKeyID), []byte(from), []byte(r.Agent), target, []byte(r.Region),
		[]byte(r.RequestID), []byte(r.DecisionID))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// run keeps the head in the store up to date until ctx ends.
func (c *Chain) run(ctx context.Context) {
	defer close(c.stopped)
	every := time.NewTicker(CheckpointEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if err := c.save(ctx, false); err != nil && ctx.Err() == nil {
				c.o.Log.Error("the audit log's last record is not in the store, so cutting it off would go unnoticed", "chain", c.id, "error", err)
			}
		}
	}
}

// save writes the head to the store if it has changed.
func (c *Chain) save(ctx context.Context, ended bool) error {
	c.mu.Lock()
	head := c.last
	c.mu.Unlock()
	head.Ended = ended
	if head == c.saved {
		return nil
	}
	if err := c.put(ctx, head); err != nil {
		return err
	}
	c.saved = head
	return nil
}

// Close says in the store where the chain ends. Records that are appended later are not missed if they are cut off.
func (c *Chain) Close() error {
	c.stop()
	<-c.stopped
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return c.save(ctx, true)
}
