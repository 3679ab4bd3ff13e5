package redis

import (
	"context"
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
	// Addresses have the form host:port. One address is that of a server. Several are nodes of a cluster, or Sentinels if
	// Master is set.
	Addresses []string
	Master    string // the name of the master that the Sentinels watch
	Username  string // of an ACL user; empty = the default user
	Password  seal.Secret
	TLS       *TLSFiles // for servers and Sentinels; its files are read for each new connection; nil = no TLS
	Database  int       // 0 in a cluster

	// SentinelUsername and SentinelPassword are of an ACL user of the Sentinels; empty = Sentinels are asked without a password.
	SentinelUsername string
	SentinelPassword seal.Secret

	// Prefix is the prefix of all keys, without braces. Default "sluice:". Processes with the same prefix and database
	// share their revocations.
	Prefix string

	// Apply receives the records that this process publishes and those that arrive, including its own, possibly more than
	// once. A record that it refuses with fault.InvalidParameter is skipped. After another error it receives all records
	// again, and Age grows until it returns nil. Required.
	Apply func(...revoke.Record) error
	// Known returns every live revocation that this process holds durably, at least those that were given to Publish. It
	// is called after every connect and may be slow. Required.
	Known func(context.Context) ([]revoke.Record, error)

	MaxStale time.Duration    // State is StateLost if Age is longer. Default one minute.
	Now      func() time.Time // required; its monotonic reading measures Age
	Logger   *slog.Logger     // nil = no log
	Observer Observer         // nil = none
}

// Observer receives events for metrics. Its methods must return at once and may be called by several goroutines.
type Observer interface {
	// RevocationState is called within about a quarter of a second after State has changed.
	RevocationState(state string)
	// RevocationsPublished counts entries that Redis acknowledged. again is true for entries that Redis lacked.
	RevocationsPublished(n int, again bool)
	// RevocationsReceived counts entries that were read, including those of this process. lag is the age of the oldest of
	// them by Redis's and this machine's clock, and 0 for entries that were in the stream before this process connected.
	RevocationsReceived(n int, lag time.Duration)
	// RevocationsQueued reports how many entries wait for Redis.
	RevocationsQueued(n int)
}

// noObserver ignores all events.
type noObserver struct{}

func (noObserver) RevocationState(string)                 {}
func (noObserver) RevocationsPublished(int, bool)         {}
func (noObserver) RevocationsReceived(int, time.Duration) {}
func (noObserver) RevocationsQueued(int)                  {}

// resolve checks the options and sets defaults.
func (o *Options) resolve() error {
	if o.Apply == nil || o.Known == nil || o.Now == nil {
		return errors.New("redis: options lack Apply, Known or Now")
	}
	if len(o.Addresses) == 0 {
		return errors.New("redis: no address; add host:port")
	}
	for _, address := range o.Addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("redis: address %q is not host:port", address)
		}
	}
	if o.Database < 0 || o.Database > 0 && o.cluster() {
		return errors.New("redis: the database must be 0 or more, and 0 in a cluster")
	}
	if strings.ContainsAny(o.Prefix, "{}") {
		return errors.New("redis: the prefix contains a brace; remove it") // clusters hash only what braces enclose
	}
	if o.TLS != nil {
		if _, err := o.TLS.Config(); err != nil {
			return fmt.Errorf("redis: tls: %w", err)
		}
	}
	if o.MaxStale < 0 {
		return errors.New("redis: MaxStale is negative; set 0 for the default")
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
