package caddymodule

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/seal"
	idpserver "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool/directory"
	provider "github.com/sluicegate/sluice/userpool/idp"
)

// storage is one data directory. It outlives every configuration that uses it.
type storage struct {
	store  store.Store
	box    *seal.Box
	hasher *directory.Hasher
	dir    string
}

// Destruct closes the store when no configuration uses it any more.
func (s *storage) Destruct() error { return s.store.Close() }

// runtime is the services of the process for one set of settings that they depend on. A reload that leaves those settings
// alone keeps it.
type runtime struct {
	*storage
	id          string
	region      string
	users       *provider.Provider
	roles       *iam.Service
	identities  *identitypool.Service
	minter      *session.Minter
	revocations *revocations
	signingKeys *sigv4.KeyCache
	sessions    *token.Cache[*authz.Subject]
	apis        *apis
	calls       calls
	stop        context.CancelFunc
	stopped     chan struct{}
}

// identity tells runtimes apart; of none it is "".
func (r *runtime) identity() string {
	if r == nil {
		return ""
	}
	return r.id
}

// Destruct ends the background work, after the calls that are under way. The storage has its own pool.
func (r *runtime) Destruct() error {
	var slow error
	if !r.calls.close(patience) {
		slow = fmt.Errorf("calls of the APIs took longer than %s and may fail", patience)
	}
	r.stop()
	<-r.stopped
	r.users.Drain()
	return errors.Join(slow, r.revocations.Close())
}

var (
	storages = caddy.NewUsagePool() // *storage by absolute data directory
	runtimes = caddy.NewUsagePool() // *runtime by the settings it depends on
)

// acquire returns the runtime for the app's settings, and notes how to give it back.
func (a *App) acquire(ctx context.Context) (*runtime, error) {
	dir, err := filepath.Abs(a.DataDir)
	if err != nil {
		return nil, err
	}
	stored, _, err := storages.LoadOrNew(dir, func() (caddy.Destructor, error) { return openStorage(dir, a.log, a.metrics) })
	if err != nil {
		return nil, err
	}
	a.release = append(a.release, func() { a.giveBack(storages, dir) })

	settings, err := json.Marshal(struct {
		Dir, URL, Region, Account, Issuer string
		Strict                            bool
		RateLimit                         *config.RateLimit
		SMTP                              *config.SMTP
		Redis                             *config.Redis
	}{dir, a.PublicURL, a.Region, a.Account, a.Issuer, a.StrictAWS, a.RateLimit, a.SMTP, a.Redis})
	if err != nil {
		return nil, err
	}
	key := string(settings)
	running, _, err := runtimes.LoadOrNew(key, func() (caddy.Destructor, error) {
		return newRuntime(ctx, a, stored.(*storage), key)
	})
	if err != nil {
		return nil, err
	}
	a.release = append(a.release, func() { a.giveBack(runtimes, key) })
	return running.(*runtime), nil
}

// giveBack ends one use of a pooled value; the last one closes it.
func (a *App) giveBack(pool *caddy.UsagePool, key any) {
	if _, err := pool.Delete(key); err != nil {
		a.log.Error("closing what no configuration uses any more", "error", err)
	}
}

func openStorage(dir string, log *slog.Logger, m *metrics) (*storage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	box, err := openBox(dir, os.Getenv("SLUICE_MASTER_KEY"))
	if err != nil {
		return nil, err
	}
	opened, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "sluice.db"), Logger: log, Observer: m})
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return &storage{store: opened, box: box, hasher: directory.NewHasher(directory.HasherOptions{}), dir: dir}, nil
}

func newRuntime(ctx context.Context, a *App, s *storage, id string) (*runtime, error) {
	rt := &runtime{storage: s, id: id, region: a.Region, signingKeys: newSigningKeys(), stopped: make(chan struct{})}
	var err error
	if rt.sessions, err = token.NewCache[*authz.Subject](token.CacheOptions{MaxBytes: 16 << 20}); err != nil {
		return nil, err
	}
	if rt.minter, err = session.NewMinter(session.Options{Box: s.box}); err != nil {
		return nil, err
	}
	if rt.revocations, err = newRevocations(s.store, a.log); err != nil {
		return nil, err
	}
	fail := func(err error) (*runtime, error) { return nil, errors.Join(err, rt.revocations.Close()) }
	settings := a.App // a copy: the app may be gone while the runtime lives
	sender, err := newSender(&settings, s.dir, a.log)
	if err != nil {
		return fail(err)
	}
	rt.users, err = provider.New(provider.Options{Store: s.store, Seal: s.box, Now: time.Now, Rand: rand.Reader, Region: a.Region,
		Account: a.Account, IssuerFor: settings.IssuerURL, Sender: sender, Hasher: s.hasher, CheckRequest: idpserver.CheckRequest, Revoker: rt.revocations,
		Observer: a.metrics, Logger: a.log})
	if err != nil {
		return fail(err)
	}
	if err := rt.users.Start(ctx); err != nil {
		return fail(err)
	}
	if err := rt.revocations.load(ctx, a, rt.users.Tokens.Revocations); err != nil {
		return fail(err)
	}
	rt.roles, err = iam.New(ctx, iam.Options{Store: s.store, Box: s.box, Minter: rt.minter, Account: a.Account, Region: a.Region, Now: time.Now,
		Rand: rand.Reader, Strict: a.StrictAWS, Log: a.log})
	if err != nil {
		return fail(err)
	}
	made, err := rt.roles.UseRoot(ctx, os.Getenv("SLUICE_ROOT_ACCESS_KEY_ID"), os.Getenv("SLUICE_ROOT_SECRET_ACCESS_KEY"))
	if err != nil {
		return fail(err)
	}
	if made != nil {
		showRootKey(made)
	}
	logins, err := newLoginVerifier(rt.users, &settings)
	if err != nil {
		return fail(err)
	}
	rt.identities, err = identitypool.New(ctx, identitypool.Options{Store: s.store, Box: s.box, Roles: rt.roles, Region: a.Region,
		Account: a.Account, Now: time.Now, Rand: rand.Reader, IssuerFor: settings.IssuerURL, Verifier: logins, SignOuts: rt.revocations,
		GuestPolicies: iam.GuestPolicies(), LoginsClaim: iam.LoginsClaim, Lint: rt.roles.RoleWarnings, Log: a.log})
	if err != nil {
		return fail(err)
	}
	webIdentity, err := newWebIdentityVerifier(rt.identities)
	if err != nil {
		return fail(err)
	}
	rt.roles.UseVerifier(webIdentity)
	if rt.apis, err = newAPIs(rt, &settings, a.log, a.metrics); err != nil {
		return fail(err)
	}
	background, stop := context.WithCancel(context.Background())
	rt.stop = stop
	go func() {
		defer close(rt.stopped)
		rt.maintain(background, a.log)
	}()
	return rt, nil
}

// showRootKey tells the administrator's key to the one who started the process: on its standard error, once, and not in
// the log, which others may read and keep.
func showRootKey(made *iam.RootKey) {
	fmt.Fprintf(os.Stderr, `
The administrator's key, shown only this once:

    export SLUICE_ROOT_ACCESS_KEY_ID=%s
    export SLUICE_ROOT_SECRET_ACCESS_KEY=%s

`, made.AccessKeyID, made.Secret.Reveal())
}

// root is the administrator's key as the gate takes it.
func (r *runtime) root() *authz.RootKey {
	id, secret, ok := r.roles.RootKey()
	if !ok {
		return nil
	}
	return &authz.RootKey{AccessKeyID: id, Secret: secret, Account: r.roles.Account()}
}

// reloadEvery is how often a process that is not alone looks for roles and identity pools that others have written.
const reloadEvery = 30 * time.Second

// maintain rotates keys, drops what is over and reads what others wrote, until the runtime is not used any more.
func (r *runtime) maintain(ctx context.Context, log *slog.Logger) {
	users := make(chan struct{})
	go func() {
		defer close(users)
		r.users.Run(ctx)
	}()
	defer func() { <-users }()
	rotate, reload := time.NewTicker(time.Hour), time.NewTicker(reloadEvery)
	defer rotate.Stop()
	defer reload.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-rotate.C:
			err = r.identities.RotateKeys(ctx)
		case <-reload.C:
			if r.revocations.feed != nil {
				err = errors.Join(r.roles.Reload(ctx), r.identities.Reload(ctx))
			}
		}
		if err != nil && ctx.Err() == nil {
			log.Error("reading keys, roles and identity pools", "error", err)
		}
	}
}

// ensure makes what the configuration declares.
func (r *runtime) ensure(ctx context.Context, d *declarations) error {
	for _, role := range d.app.Roles {
		if err := r.roles.Ensure(ctx, d.role(role)); err != nil {
			return err
		}
	}
	for _, pool := range d.app.UserPools {
		declared, err := d.userPool(pool)
		if err != nil {
			return err
		}
		if err := r.users.Pools.Ensure(ctx, declared); err != nil {
			return err
		}
	}
	for _, pool := range d.app.IdentityPools {
		if err := r.identities.Ensure(ctx, d.identityPool(pool)); err != nil {
			return err
		}
	}
	return nil
}
