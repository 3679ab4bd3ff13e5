package config

import (
	"strings"
	"time"
)

// leastStale is longer than a process takes to read the database again.
const leastStale = 15 * time.Second

// Store is the PostgreSQL database that keeps the records.
type Store struct {
	// URL names the database, as libpq takes it: postgres://user@host:5432/database?sslmode=verify-full. It may hold the
	// password; better is a placeholder such as {env.SLUICE_STORE_URL}, PasswordFile, or PGPASSFILE. Further parameters are
	// pool_max_conns, pool_max_conn_lifetime, pool_max_conn_idle_time, statement_timeout and default_query_exec_mode.
	URL string `json:"url"`

	// PasswordFile is the path of a file with the password. It is read for each new connection, so a password can be changed
	// without a restart.
	PasswordFile string `json:"password_file,omitempty"`

	// MaxStale is how long routes rely on the revocations they know while the database is unavailable and there is no Redis: another
	// process may reach the database and revoke tokens there. Default 5m, the shortest life of an access token in Cognito.
	MaxStale Duration `json:"max_stale,omitempty"`
	// Outage is what to do after MaxStale: "fail_closed" (default; requests get 503) or "fail_open".
	Outage string `json:"outage,omitempty"`
}

// defaultsOfStore sets the store that the environment names.
func (a *App) defaultsOfStore(env func(string) string) {
	if url := env("SLUICE_STORE"); a.Store == nil && url != "" {
		a.Store = &Store{URL: url}
	}
	if a.Store != nil {
		if a.Store.MaxStale == 0 {
			a.Store.MaxStale = Duration(5 * time.Minute)
		}
		setDefault(&a.Store.Outage, "fail_closed")
	}
}

func (s *Store) validate(v *validator) {
	v.oneOf("store: outage", s.Outage, "fail_closed", "fail_open")
	if s.MaxStale != 0 && time.Duration(s.MaxStale) < leastStale {
		v.add("store: max_stale", "the database is read every five seconds, so less than 15s is too short; write, for example: max_stale 5m")
	}
	scheme, _, ok := strings.Cut(s.URL, "://")
	if placeholder := strings.HasPrefix(s.URL, "{"); !placeholder && (!ok || scheme != "postgres" && scheme != "postgresql") {
		v.add("store", "the store is a PostgreSQL database; write, for example: store postgres://sluice@db.example/sluice, or remove the option to keep SQLite in data_dir")
	}
}

// Redis is a Redis server, a Sentinel set or a cluster.
type Redis struct {
	// Addresses are host:port: a server, the nodes of a cluster, or, with Master, Sentinels.
	Addresses []string `json:"addresses"`
	// Master is the name of the master at the Sentinels.
	Master string `json:"master,omitempty"`
	// Username and Password are those of an ACL user. Use placeholders such as {env.REDIS_PASSWORD}.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// SentinelUsername and SentinelPassword are those of an ACL user of the Sentinels, which have users of their own. Without a password
	// Sentinels are asked without one.
	SentinelUsername string `json:"sentinel_username,omitempty"`
	SentinelPassword string `json:"sentinel_password,omitempty"`
	// TLS enables TLS, to servers and Sentinels.
	TLS bool `json:"tls,omitempty"`
	// TLSOptions say which certificates are trusted and shown. Without them those of servers are checked against the system's authorities.
	TLSOptions *RedisTLS `json:"tls_options,omitempty"`
	// Database is the number of the database. Default 0.
	Database int `json:"database,omitempty"`
	// MaxStale is how long the edge relies on the revocations it knows while Redis is unavailable. Default 1m.
	MaxStale Duration `json:"max_stale,omitempty"`
	// Outage is what to do after MaxStale: "fail_closed" (default; requests get 503) or "fail_open".
	Outage string `json:"outage,omitempty"`
	// SignIns is what to do while Redis is unavailable with answers in a sign-in, whose sessions serve once in all processes:
	// "fail_open" (default; a session serves once in each process) or "fail_closed" (after MaxStale users get an error).
	SignIns string `json:"sign_ins,omitempty"`
	// Rates is what to do while Redis is unavailable with calls under a rate: RateLimit, registrations of clients, and limits of categories:
	// "fail_open" (default; each process counts for itself) or "fail_closed" (after MaxStale such calls are refused as too many).
	Rates string `json:"rates,omitempty"`
	// HourlyLimits is the same for what a user may do a number of times in an hour: codes, confirmations and changes of the password.
	HourlyLimits string `json:"hourly_limits,omitempty"`
}

// RedisTLS is how servers and Sentinels and this process prove who they are. The files are read for each new connection, so they can be
// replaced without a restart.
type RedisTLS struct {
	// CA is the path of the certificates, in PEM, of the authorities that signed the servers'. Default: the system's.
	CA string `json:"ca,omitempty"`
	// Certificate and Key are the paths of this process's certificate and its key, in PEM, for servers that ask for one. Default: none.
	Certificate string `json:"cert,omitempty"`
	Key         string `json:"key,omitempty"`
	// ServerName is the name that the certificates of all servers and Sentinels must have. Default: the host of each address.
	ServerName string `json:"server_name,omitempty"`
}
