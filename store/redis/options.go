package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/seal"
)

// Options are a Feed's dependencies.
type Options struct {
	// Addresses are host:port. One is a server; several are the nodes of a cluster, or with Master the Sentinels.
	Addresses []string
	Master    string // the name that the Sentinels know
	Username  string // an ACL user's; empty = the default user
	Password  seal.Secret
	TLS       *tls.Config // nil = plain; it is for servers and Sentinels alike
	Database  int         // 0 in a cluster
	// Prefix begins the names of all keys; no braces. Default "sluice:". Processes with the same prefix and database belong
	// together.
	Prefix string

	// Apply gets what is published here and what arrives, our own included, often more than once. A record that it
	// refuses as fault.InvalidParameter is skipped; after any other error it gets everything again, and until it takes it
	// Age grows. Required.
	Apply func(...revoke.Record) error
	// Known returns every live revocation that this process holds durably: what was given to Publish, at least. It is
	// called after every connect and may take its time. Required.
	Known func(context.Context) ([]revoke.Record, error)

	MaxStale time.Duration    // State is "lost" when Age is above it. Default one minute.
	Now      func() time.Time // required; its monotonic reading measures Age
	Logger   *slog.Logger     // nil = silent
	Observer Observer         // nil = nobody
}

// Observer is told what happens, for metrics. It must return at once and may be called by several goroutines.
type Observer interface {
	// RevocationState is called when State has changed, within about a quarter of a second.
	RevocationState(state string)
	// RevocationsPublished counts entries that Redis took; again is true for those that it had lost or never got.
	RevocationsPublished(n int, again bool)
	// RevocationsReceived counts entries read, our own included. lag is how long the oldest of them was under way by
	// Redis's clock and ours; 0 for those that were there before we connected.
	RevocationsReceived(n int, lag time.Duration)
	// RevocationsQueued is how many entries wait for Redis.
	RevocationsQueued(n int)
}

// noObserver watches nothing.
type noObserver struct{}

func (noObserver) RevocationState(string)                 {}
func (noObserver) RevocationsPublished(int, bool)         {}
func (noObserver) RevocationsReceived(int, time.Duration) {}
func (noObserver) RevocationsQueued(int)                  {}

// resolve checks what is required and fills in the defaults.
func (o *Options) resolve() error {
	if o.Apply == nil || o.Known == nil || o.Now == nil {
		return errors.New("redis: a feed needs Apply, Known and Now")
	}
	if len(o.Addresses) == 0 {
		return errors.New("redis: no address")
	}
	for _, address := range o.Addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("redis: address %q is not host:port", address)
		}
	}
	if o.Database < 0 || o.Database > 0 && o.cluster() {
		return errors.New("redis: a database is a number from 0, and a cluster has only database 0")
	}
	if strings.ContainsAny(o.Prefix, "{}") {
		return errors.New("redis: a brace in the prefix") // clusters give it a meaning
	}
	if o.MaxStale < 0 {
		return errors.New("redis: MaxStale is negative")
	}
	if o.MaxStale == 0 {
		o.MaxStale = time.Minute
	}
	if o.Prefix == "" {
		o.Prefix = "sluice:"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	return nil
}

func (o *Options) cluster() bool { return len(o.Addresses) > 1 && o.Master == "" }
