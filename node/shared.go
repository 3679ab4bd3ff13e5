package node

import (
	"errors"
	"io"
	"maps"
	"strings"
	"sync"

	"github.com/sluicegate/sluice/config"
)

// Shared keeps what several nodes use at the same time, such as the store across a reload.
type Shared interface {
	// Use returns the value of the key. If no caller uses one, it calls open to make it. done ends this use; the last done
	// closes the value.
	Use(key any, open func() (io.Closer, error)) (value io.Closer, done func() error, err error)
}

// NewShared returns a Shared for programs without Caddy.
func NewShared() Shared { return &shared{used: map[any]*inUse{}} }

type shared struct {
	mu   sync.Mutex
	used map[any]*inUse
}

type inUse struct {
	opened sync.Once
	value  io.Closer
	err    error
	uses   int
}

// Use implements Shared.
func (s *shared) Use(key any, open func() (io.Closer, error)) (io.Closer, func() error, error) {
	s.mu.Lock()
	u := s.used[key]
	if u == nil {
		u = new(inUse)
		s.used[key] = u
	}
	u.uses++
	s.mu.Unlock()
	u.opened.Do(func() {
		if u.value, u.err = open(); u.err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.drop(u) // who comes later tries again
		}
	})
	if u.err != nil {
		return nil, nil, u.err
	}
	return u.value, sync.OnceValue(func() error {
		if !s.leave(u) {
			return nil
		}
		return u.value.Close()
	}), nil
}

// leave ends one use and reports whether it was the last.
func (s *shared) leave(u *inUse) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.uses--; u.uses > 0 {
		return false
	}
	s.drop(u)
	return true
}

// drop removes a value that nobody uses, or could open. s.mu is held.
func (s *shared) drop(u *inUse) {
	maps.DeleteFunc(s.used, func(_ any, other *inUse) bool { return other == u })
}

// The keys of shared values. Each kind of value has its own key type, so that keys of two kinds are never equal.
type (
	storageKey  string   // the data directory, and the database
	servicesKey string   // the settings that the services depend on
	functionKey string   // the settings of a trigger
	remoteKey   string   // an issuer and where its keys are
	loginKey    string   // the settings of a login
	backupKey   string   // the store, and the settings of a backup
	tokensKey   [32]byte // everything that decides which tokens a verifier accepts
)

// StorageKey returns the key under which the store in a data directory is shared.
func StorageKey(dir string) any { return storageKey(dir) }

// storageOf returns the key of the store of the settings.
func storageOf(c *config.App) storageKey {
	if c.Store == nil {
		return storageKey(c.DataDir)
	}
	return storageKey(strings.Join([]string{c.DataDir, c.Store.URL, c.Store.PasswordFile}, "\x00"))
}

// uses are the shared values that one node holds.
type uses struct {
	shared Shared
	mu     sync.Mutex
	ends   []func() error
}

// use returns the shared value of the key and holds it until end.
func use[T io.Closer](u *uses, key any, open func() (T, error)) (T, error) {
	var none T
	value, done, err := u.shared.Use(key, func() (io.Closer, error) {
		opened, err := open()
		if err != nil {
			return nil, err // not opened, which is an interface that is not nil
		}
		return opened, nil
	})
	if err != nil {
		return none, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ends = append(u.ends, done)
	return value.(T), nil
}

// end releases all values in reverse order.
func (u *uses) end() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var problems []error
	for i := len(u.ends) - 1; i >= 0; i-- {
		problems = append(problems, u.ends[i]())
	}
	u.ends = nil
	return errors.Join(problems...)
}
