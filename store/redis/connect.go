package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// answerWithin is the timeout of every step on the network: a dial, a handshake, an answer that Redis does not delay.
const answerWithin = 2 * time.Second

// session is a client that is used until something fails. A new one asks Sentinels and cluster nodes again and has no
// dead connections.
type session struct {
	goredis.UniversalClient
	unhook func() bool
}

// open returns a session, which connects at its first use. It is closed when ctx is done, even while a read waits.
func (o *Options) open(ctx context.Context, connections int) *session {
	to := &goredis.UniversalOptions{
		Addrs: o.Addresses, MasterName: o.Master, DB: o.Database, Username: o.Username, Password: o.Password.Reveal(),
		SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword.Reveal(),
		DialTimeout: answerWithin, ReadTimeout: answerWithin, WriteTimeout: answerWithin, ContextTimeoutEnabled: true,
		// Retries inside the library would hide that a connection broke.
		MaxRetries: -1, DialerRetries: 1, PoolSize: connections, PipelinePoolSize: -1,
		// Send no commands other than those of this package, so that an ACL can forbid the rest.
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if o.TLS != nil {
		to.Dialer = o.dialTLS
	}
	s := &session{UniversalClient: goredis.NewUniversalClient(to)}
	s.unhook = context.AfterFunc(ctx, s.shut)
	return s
}

func (s *session) close() {
	if s.unhook() {
		s.shut()
	}
}

func (s *session) shut() {
	// The session is no longer used, so an error of Close does not matter.
	_ = s.Close()
}

// conn returns a connection to the server that has the stream.
func (s *session) conn(ctx context.Context, stream string) (*goredis.Conn, error) {
	switch c := s.UniversalClient.(type) {
	case *goredis.Client:
		return c.Conn(), nil
	case *goredis.ClusterClient:
		node, err := c.MasterForKey(ctx, stream)
		if err != nil {
			return nil, err
		}
		return node.Conn(), nil
	default:
		return nil, fmt.Errorf("redis: cannot take one connection of a %T", c)
	}
}

// explain adds to an error what an operator can do about it.
func (f *Feed) explain(err error) error {
	switch text := err.Error(); {
	case strings.HasPrefix(text, "WRONGTYPE "):
		return fmt.Errorf("the key %q is in use for something else: %w", f.stream, err)
	case strings.Contains(text, "NOPERM ") && !mustSelect(err):
		return fmt.Errorf("the ACL user needs +xadd +xread +xrange on the keys %q and %q, and in a cluster +cluster +asking: %w", f.stream, f.probe, err)
	}
	return f.o.explain(err)
}

// explain adds what does not depend on the keys.
func (o *Options) explain(err error) error {
	switch text := err.Error(); {
	case mustSelect(err):
		return fmt.Errorf("the ACL user needs +select to use a database other than 0: %w", err)
	case strings.HasPrefix(text, "MOVED ") && !o.cluster():
		return fmt.Errorf("the server is a node of a cluster; give several of its nodes as addresses: %w", err)
	case o.Master != "" && strings.Contains(text, "all sentinels") && (strings.Contains(text, "NOAUTH ") || strings.Contains(text, "WRONGPASS ")):
		return fmt.Errorf("the Sentinels ask for a password; set sentinel_password and, for an ACL user, sentinel_username: %w", err)
	case strings.HasPrefix(text, "READONLY "):
		return fmt.Errorf("the server is a replica, which may lack what its master has: %w", err)
	}
	return err
}

// mustSelect reports whether a user is not allowed to choose the database, as go-redis does on each connection.
func mustSelect(err error) bool {
	return strings.Contains(err.Error(), "NOPERM ") && strings.Contains(err.Error(), "'select'")
}

// quietLibrary turns off the library's log, which is a package variable. The same errors are returned to this package,
// which logs them once.
var quietLibrary = sync.OnceFunc(func() { goredis.SetLogger(silence{}) })

type silence struct{}

// Printf does nothing.
func (silence) Printf(context.Context, string, ...any) {}

// sleep waits for d and returns true, or returns false when ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
