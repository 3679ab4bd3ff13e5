package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Options say which database a Store uses, and how.
type Options struct {
	// URL names the database: postgres://user:password@host:port/database?sslmode=verify-full, or the parameters as
	// libpq takes them (host=… dbname=…). Required. In addition to libpq's parameters, it supports pool_max_conns (connections),
	// pool_max_conn_lifetime and pool_max_conn_idle_time (such as 1h), statement_timeout (such as 10s, or milliseconds),
	// and default_query_exec_mode: cache_statement (the default, with prepared statements) or exec (without; for a
	// pooler in transaction mode that does not know prepared statements). The environment variables of libpq, PGPASSFILE
	// too, count for what the URL leaves out.
	URL string

	PasswordFile string           // a file with the password, read for each new connection; empty = of the URL
	Existing     bool             // make no schema in an empty database; ErrEmpty instead
	Now          func() time.Time // nil = time.Now
	Logger       *slog.Logger     // nil = no log
	Observer     Observer         // nil = none
}

// Observer receives the duration of every operation, for metrics.
type Observer interface {
	// StoreDone is called after each operation, from any goroutine. operation is "view" or "update" (both from call to
	// return, including waits and repetitions), "commit" (one SQL transaction's end) or "ping". err is nil if the store
	// worked, even if the caller's function returned an error.
	StoreDone(operation string, took time.Duration, err error)
}

// The values of parameters that the URL leaves out.
const (
	defaultConnect   = 5 * time.Second
	defaultStatement = 10 * time.Second
	defaultLifetime  = time.Hour
	defaultIdle      = 30 * time.Minute
)

// settings are what the URL says.
type settings struct {
	connect   *pgconn.Config
	password  string // the path of a file
	max       int
	lifetime  time.Duration
	idle      time.Duration
	statement time.Duration
	prepare   bool
}

// CheckURL returns an error if Open could not use a URL, without connecting to anything. The error never shows the
// password.
func CheckURL(url string) error {
	_, err := parse(Options{URL: url})
	return err
}

// parse reads the URL and the environment variables of libpq.
func parse(o Options) (*settings, error) {
	if o.URL == "" {
		return nil, errors.New("store/postgres: Options.URL is empty; name a database, as postgres://user@host/database")
	}
	c, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("store/postgres: the URL of the store: %s", reason(err))
	}
	s := &settings{connect: c, password: o.PasswordFile, prepare: true}
	take := func(name string) string {
		value := c.RuntimeParams[name]
		delete(c.RuntimeParams, name)
		return value
	}
	var errs [5]error
	s.max, errs[0] = count("pool_max_conns", take("pool_max_conns"), max(8, 4*runtime.GOMAXPROCS(0)))
	s.lifetime, errs[1] = duration("pool_max_conn_lifetime", take("pool_max_conn_lifetime"), defaultLifetime)
	s.idle, errs[2] = duration("pool_max_conn_idle_time", take("pool_max_conn_idle_time"), defaultIdle)
	s.statement, errs[3] = duration("statement_timeout", take("statement_timeout"), defaultStatement)
	switch mode := take("default_query_exec_mode"); mode {
	case "", "cache_statement":
	case "exec":
		s.prepare = false
	default:
		errs[4] = fmt.Errorf("default_query_exec_mode is cache_statement or exec, not %q", mode)
	}
	for name := range c.RuntimeParams {
		if strings.HasPrefix(name, "pool_") {
			errs[4] = fmt.Errorf("unknown parameter %s; the parameters are pool_max_conns, pool_max_conn_lifetime and pool_max_conn_idle_time", name)
		}
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("store/postgres: the URL of the store: %w", err)
	}
	s.setUp(c)
	return s, nil
}

// setUp adds what every connection has.
func (s *settings) setUp(c *pgconn.Config) {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = defaultConnect
	}
	if c.ValidateConnect == nil {
		// A standby takes no writes. Of several hosts this finds the one that does.
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	c.RuntimeParams["client_encoding"] = "UTF8"
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "sluice"
	}
	if s.prepare {
		// Poolers refuse these parameters unless told otherwise; docs/postgresql.md gives them to the role there.
		limit := strconv.FormatInt(s.statement.Milliseconds(), 10)
		c.RuntimeParams["statement_timeout"] = limit
		c.RuntimeParams["idle_in_transaction_session_timeout"] = limit
	}
	// A host that vanishes without a word is noticed in half a minute even where nothing is sent.
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c.DialFunc = dialer.DialContext
}

// reason returns what is wrong with a URL, without the URL, which may hold a password.
func reason(err error) string {
	const howTo = "write postgres://user@host:5432/database?sslmode=verify-full, special characters as %XX"
	parseErr, ok := errors.AsType[*pgconn.ParseConfigError](err)
	if !ok {
		return "it cannot be used; " + howTo
	}
	bare := *parseErr
	bare.ConnString = ""
	text := strings.TrimPrefix(bare.Error(), "cannot parse ``: ")
	if strings.HasPrefix(text, "failed to parse as") {
		return "it cannot be read; " + howTo
	}
	return text
}

func count(name, text string, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10_000 {
		return 0, fmt.Errorf("%s is %q, but must be 1 to 10000", name, text)
	}
	return n, nil
}

func duration(name, text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	if ms, err := strconv.Atoi(text); err == nil {
		text = strconv.Itoa(ms) + "ms"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 100*time.Millisecond || d > 24*time.Hour {
		return 0, fmt.Errorf("%s is %q, but must be a time from 100ms to 24h, such as 10s", name, text)
	}
	return d, nil
}

// dial opens a connection to the first host that takes writes.
func (s *settings) dial(ctx context.Context) (*pgconn.PgConn, error) {
	c := s.connect
	if s.password != "" {
		raw, err := os.ReadFile(s.password)
		if err != nil {
			return nil, fmt.Errorf("password file: %w", err)
		}
		c = c.Copy()
		c.Password = strings.TrimRight(string(raw), "\r\n")
	}
	return pgconn.ConnectConfig(ctx, c)
}
