package directory

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/passwordhash"
	"golang.org/x/crypto/argon2"
)

// The cost of a password hash: OWASP's first recommendation for Argon2id.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKeyLen  = 32
	argonSaltLen = 16
)

// HasherOptions are what NewHasher needs. The zero value is usable.
type HasherOptions struct {
	Workers int    // hashes at once; 0 is GOMAXPROCS
	Queue   int    // callers that may wait for a worker; 0 is 2,048
	Memory  uint32 // of a hash in KiB, at most 19,456; 0 is 19,456. Tests use less.

	Observer HashObserver // may be nil
}

// HashObserver counts callers of a Hasher. Its methods are called from many goroutines and must return at once.
type HashObserver interface {
	// HashQueued is called with 1 when a caller begins to wait, and with -1 when it no longer does. kind is OwnHash or ImportedHash.
	HashQueued(kind string, n int)
	// HashBegan is called when a caller's turn has come after a time, or with fault.TooManyRequests when it was refused, or with the
	// error of its context when it gave up.
	HashBegan(kind string, waited time.Duration, err error)
}

// The kinds of hashes, for a HashObserver.
const (
	OwnHash      = "own"      // Argon2id of a Hasher
	ImportedHash = "imported" // any that another system made
)

// unobserved counts nothing.
type unobserved struct{}

func (unobserved) HashQueued(string, int)                 {}
func (unobserved) HashBegan(string, time.Duration, error) {}

// Hasher computes password hashes in bounded memory. At most Workers hashes run at once, each in 19 MiB. Garbage that is
// not yet collected takes as much again (GOGC 100), and as much again during a collection. Hashing as a whole, with 1,000
// callers waiting, stays below 4 × Workers × 19 MiB + 32 MiB, which is 184 MiB for two workers. A waiting caller costs its
// goroutine only. If Queue callers wait already, the next gets fault.TooManyRequests.
//
// Imported hashes take up to half a second, so that one client could keep all workers busy. Half of the workers compute them, and an
// eighth of Queue callers may wait. Of those that need more than 19 MiB, up to 64 MiB each, one is computed at a time.
type Hasher struct {
	tickets chan struct{} // held by callers that wait or hash
	workers chan struct{} // held by callers that hash

	// These are held by callers with imported hashes: foreign instead of tickets, the others also while they wait for a worker.
	foreign, half, large chan struct{}

	memory uint32 // of a hash, in KiB

	observer HashObserver
}

// NewHasher returns a Hasher.
func NewHasher(o HasherOptions) *Hasher {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Queue <= 0 {
		o.Queue = 2048
	}
	if o.Memory == 0 || o.Memory > argonMemory {
		o.Memory = argonMemory
	}
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	slots := func(n int) chan struct{} { return make(chan struct{}, n) }
	return &Hasher{tickets: slots(o.Workers + o.Queue), workers: slots(o.Workers), foreign: slots(1 + o.Queue/8), half: slots(max(1, o.Workers/2)),
		large: slots(1), memory: o.Memory, observer: o.Observer}
}

// do runs fn as soon as a worker is free. It returns ctx's error if ctx ends first.
func (h *Hasher) do(ctx context.Context, fn func()) error {
	return h.inTurn(ctx, OwnHash, h.tickets, fn, h.workers)
}

// doImported is do for an imported hash, which needs so many bytes of memory.
func (h *Hasher) doImported(ctx context.Context, memory int, fn func()) error {
	if memory > argonMemory<<10 {
		return h.inTurn(ctx, ImportedHash, h.foreign, fn, h.large, h.half, h.workers)
	}
	return h.inTurn(ctx, ImportedHash, h.foreign, fn, h.half, h.workers)
}

// inTurn takes a ticket, waits for all turns, one after the other, and runs fn.
func (h *Hasher) inTurn(ctx context.Context, kind string, tickets chan struct{}, fn func(), turns ...chan struct{}) error {
	select {
	case tickets <- struct{}{}:
		defer func() { <-tickets }()
	default:
		err := fault.New(fault.TooManyRequests, "Too many requests")
		h.observer.HashBegan(kind, 0, err)
		return err
	}
	h.observer.HashQueued(kind, 1)
	began := time.Now() // for the observer only
	held := 0
	defer func() {
		for _, turn := range turns[:held] {
			<-turn
		}
	}()
	for _, turn := range turns {
		select {
		case turn <- struct{}{}:
			held++
		case <-ctx.Done():
			h.observer.HashQueued(kind, -1)
			h.observer.HashBegan(kind, time.Since(began), ctx.Err())
			return ctx.Err()
		}
	}
	h.observer.HashQueued(kind, -1)
	h.observer.HashBegan(kind, time.Since(began), nil)
	fn()
	return nil
}

// Hash returns a PHC string for the password with a fresh salt from rand.
func (h *Hasher) Hash(ctx context.Context, rand io.Reader, password string) (string, error) {
	salt := make([]byte, argonSaltLen)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return "", fmt.Errorf("directory: no randomness: %w", err)
	}
	var key []byte
	if err := h.do(ctx, func() {
		key = argon2.IDKey([]byte(password), salt, argonTime, h.memory, argonThreads, argonKeyLen)
	}); err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// Verify reports whether the hash is the password's. An empty hash, of a user who has no password or does not exist, takes
// as long as any other and matches no password. An imported hash takes as long as its own function does.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if passwordhash.IsStored(hash) {
		imported, err := passwordhash.Stored(hash)
		if err != nil {
			return false, errPHC
		}
		matches := false
		err = h.doImported(ctx, imported.Memory(), func() { matches = imported.Matches(password) })
		return matches && err == nil, err
	}
	p := phc{memory: h.memory, time: argonTime, threads: argonThreads, salt: make([]byte, argonSaltLen), key: make([]byte, argonKeyLen)}
	exists := hash != ""
	if exists {
		var err error
		if p, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	match := 0
	err := h.do(ctx, func() {
		got := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
		match = subtle.ConstantTimeCompare(got, p.key)
	})
	return err == nil && exists && match == 1, err
}

type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

var errPHC = errors.New("directory: a stored password hash does not parse") // must not contain the hash

// parsePHC parses a hash. It refuses costs above ours, so that a stored value cannot make a sign-in expensive.
func parsePHC(s string) (phc, error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errPHC
	}
	var p phc
	if n, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); n != 3 || err != nil {
		return phc{}, errPHC
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.DecodeString(f[4])
	p.key, err2 = base64.RawStdEncoding.DecodeString(f[5])
	if err1 != nil || err2 != nil || len(p.salt) < 8 || len(p.key) < 16 || len(p.key) > 64 ||
		p.memory < 8 || p.memory > argonMemory || p.time < 1 || p.time > argonTime || p.threads != argonThreads {
		return phc{}, errPHC
	}
	return p, nil
}
