package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/backup/schedule"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node/administrator"
	"github.com/sluicegate/sluice/node/overlap"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/store/lease"
)

// DevelopmentFile is in data directories of development servers, whose administrator's key and passwords are publicly known.
const DevelopmentFile = "development"

// Options are what Read and Open need. Every field has a default, except that RootKey or ShowRootKey must be set.
type Options struct {
	// Config is the sluice block of a Caddyfile. Read works on a copy and sets the defaults.
	Config config.App
	// APIs opens the store for the APIs even if Config declares nothing and no gate needs it.
	APIs bool

	// MasterKey seals secrets at rest: 32 bytes in base64. Several are separated by commas: the first seals, all open. Without
	// one the key is kept in the file that SLUICE_MASTER_KEY_FILE names, else in master.key in the data directory. Config.MasterKeys
	// take its place.
	MasterKey string
	// RootKey is the administrator's access key. Without one it is kept in the store; the first start makes it and passes it
	// to ShowRootKey, once.
	RootKey     sigv4.Credentials
	ShowRootKey func(accessKeyID, secret string)

	Shared   Shared                                          // nil = nothing is shared with other nodes
	Denials  *authz.Denials                                  // keeps accounts of refusals; nil = none are kept
	Bodies   *bounded.Budget                                 // of bodies of unverified senders; nil = authz.DefaultBodies
	Observer Observer                                        // nil = NoObserver
	Log      *slog.Logger                                    // nil = silent
	Now      func() time.Time                                // nil = time.Now
	Rand     io.Reader                                       // nil = crypto/rand
	ClientIP func(r *http.Request) netip.Addr                // nil = the peer's address
	Site     func(host string) bool                          // the host has a site of this name; nil = sites have no names
	Trusted  func(r *http.Request) bool                      // the peer is a proxy whose X-Forwarded-* are true; nil = none is
	Env      func(name string) string                        // looks up SLUICE_DATA_DIR and SLUICE_MASTER_KEY_FILE; nil = os.Getenv
	NewKey   func(rand io.Reader) (*token.SigningKey, error) // makes the keys of user pools; nil = RSA, 2048 bits

	// Audit writes a record of each call of an API that changes something; see package server/audit. It must not block. nil = none are
	// written.
	Audit func(audit.Record)
	// Decision writes a record of a decision, if Config.DecisionLog is set. nil = none are written.
	Decision func(*decisionlog.Record)
	// NewIdentityKey makes the keys of identity pools; nil = 2048 bits. They are RSA keys, whose algorithm and ID do not matter.
	NewIdentityKey func(rand io.Reader) (*token.SigningKey, error)

	// Development opens a data directory that has DevelopmentFile. Others refuse it.
	Development bool

	// PasswordMemory is what hashing a password costs, in KiB; 0 is OWASP's 19,456. Development and tests take less.
	PasswordMemory uint32

	Offline bool // no metadata of identity providers is fetched and no trigger program starts, for a trial of the settings

	// BackupCommand is the program, with its arguments, that does what "sluice backup" does, for continuous backups; nil = there is none.
	BackupCommand []string

	// Checks are those of the host, such as its certificates, in addition to the node's.
	Checks []health.Check
	// Draining reports whether the process is shutting down. nil = it never is.
	Draining func() bool

	// ErrorRoute returns the host's route for errors of the request, or nil if there is none. nil means that gates answer
	// requests that do not pass themselves, as they always do where clients read S3's or API Gateway's errors.
	ErrorRoute func(r *http.Request) ErrorRoute

	// StrictErrors answers with an internal error when an operation fails with an error that its model does not declare.
	// Tests set it.
	StrictErrors bool
}

// complete fills in defaults and checks the options outside Config.
func (o *Options) complete() error {
	raw, err := json.Marshal(&o.Config)
	if err != nil {
		return err
	}
	o.Config = config.App{} // a copy that shares nothing with the caller's
	if err := json.Unmarshal(raw, &o.Config); err != nil {
		return err
	}
	setDefault(&o.Shared, NewShared)
	setDefault(&o.Observer, func() Observer { return NoObserver{} })
	setDefault(&o.Rand, func() io.Reader { return rand.Reader })
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Bodies == nil {
		o.Bodies = authz.DefaultBodies()
	}
	if o.ClientIP == nil {
		o.ClientIP = peer
	}
	if o.Trusted == nil {
		o.Trusted = func(*http.Request) bool { return false }
	}
	if o.Env == nil {
		o.Env = os.Getenv
	}
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.Config.BaseDir, err = filepath.Abs(o.Config.BaseDir); err != nil { // of "", the working directory
		return err
	}
	o.Config.Defaults(o.Env)
	if !filepath.IsAbs(o.Config.DataDir) {
		o.Config.DataDir = filepath.Join(o.Config.BaseDir, o.Config.DataDir)
	}
	if o.MasterKey != "" {
		if _, err := (masterkey.Env{Name: "SLUICE_MASTER_KEY", Value: o.MasterKey}).Keys(context.Background()); err != nil {
			return err
		}
	}
	if o.RootKey.AccessKeyID == "" && o.RootKey.SecretAccessKey == "" && o.ShowRootKey == nil {
		return errors.New("node: set Options.RootKey, or Options.ShowRootKey to receive the administrator's key that the first start creates")
	}
	return administrator.Check(o.RootKey)
}

func setDefault[T any](field *T, value func() T) {
	if any(*field) == nil {
		*field = value()
	}
}

// peer is the address of the peer, without port and zone.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// Node is Sluice for one configuration. It serves the APIs as an http.Handler and builds gates. Close it when no request needs
// it any more.
type Node struct {
	// Services are nil when nothing needs them: a node whose gates take only tokens of remote issuers opens no store.
	Services *Services

	plan   *Plan
	uses   uses
	health *health.Checker
	watch  context.CancelFunc // stops what runs the checks

	backups []*schedule.Backup
	joined  memberships // by what the node declared
}

// Open reads the settings, opens the store and services that they need, and creates the declared resources.
func Open(ctx context.Context, o Options) (*Node, error) {
	plan, err := Read(o)
	if err != nil {
		return nil, err
	}
	return plan.Open(ctx)
}

// Open opens the store and the services if they are needed, and creates the declared resources.
func (p *Plan) Open(ctx context.Context) (*Node, error) {
	n := &Node{plan: p, uses: uses{shared: p.o.Shared}}
	if !p.needs {
		return n, nil
	}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) error {
	o := n.plan.o // a copy: the services may outlive this node
	if _, err := os.Stat(filepath.Join(o.Config.DataDir, DevelopmentFile)); err == nil && !o.Development {
		return fmt.Errorf("%s contains data of `sluice dev`, whose secrets and passwords are public; use another data_dir", o.Config.DataDir)
	}
	fresh := false
	storage, err := use(&n.uses, storageOf(&o.Config), func() (*Storage, error) {
		fresh = true
		return OpenStorage(o.storage())
	})
	if err != nil {
		return err
	}
	sources := keySources(&o, lease.Checked(storage.Store))
	if !fresh { // the new settings may name other sources, or a command that prints others
		if err := storage.Keys.Try(ctx, sources); err != nil {
			return err
		}
	}
	id, err := servicesID(&o.Config)
	if err != nil {
		return err
	}
	n.Services, err = use(&n.uses, servicesKey(id), func() (*Services, error) { return newServices(ctx, o, storage, id) })
	if err != nil {
		return err
	}
	records, err := n.openChain(ctx, storage, &o)
	if err != nil {
		return err
	}
	if err := n.useRoot(ctx); err != nil {
		return err
	}
	if err := warnSame(ctx, storage.Store, &o.Config, o.Log); err != nil {
		return err
	}
	if err := storage.declared.Begin(ctx, n, overlap.Effect{Put: n.declare, PutBack: n.redeclare, Undo: n.undeclare}); err != nil {
		return fmt.Errorf("creating what the configuration declares: %w", err)
	}
	if err := n.startBackups(storage); err != nil {
		return err
	}
	storage.Keys.Begin(ctx, n, sources) // last, so that a node that is not complete changes nothing
	if o.Config.AuditLog {              // otherwise the chain stays that of the configuration before, whose log still has the records
		n.Services.chain.Begin(n, records)
	}
	n.health = n.newHealth()
	watching, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	n.watch = func() { stop(); <-ended }
	go func() { defer close(ended); n.health.Watch(watching, watchEvery) }()
	return nil
}

// Close releases the values that the node and its gates use. It closes those that no other node uses.
func (n *Node) Close() error {
	if n.watch != nil {
		n.watch() // the checks look at what is closed now
	}
	var err error
	if n.Services != nil {
		n.Services.chain.End(n)
		err = errors.Join(n.Services.declared.End(context.Background(), n), n.Services.administrator.End(n.Services.Roles, n), n.Services.Keys.End(context.Background(), n))
	}
	return errors.Join(err, n.uses.end())
}
