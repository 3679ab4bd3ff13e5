package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// pageSize is how many users are read at a time.
const pageSize = 200

// Export writes a pool to out, encrypted for the recipients. It reads one snapshot of the store, so that the archive is as of one
// moment; the pool stays as it is. progress is called from time to time with the number of users so far; it may be nil.
func (s *Service) Export(ctx context.Context, poolID string, out io.Writer, to Recipients, progress func(users int)) (*Summary, error) {
	if len(to) == 0 {
		return nil, errors.New("archive: an export needs a recipient")
	}
	encrypted, err := age.Encrypt(out, to...)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	w, err := newWriter(encrypted)
	if err != nil {
		return nil, err
	}
	e := &exporter{Service: s, ctx: ctx, w: w, progress: progress}
	if err := s.base.View(ctx, func(tx store.Tx) error { return e.export(tx, poolID) }); err != nil {
		return nil, err
	}
	if err := errors.Join(w.end(), encrypted.Close()); err != nil {
		return nil, err
	}
	return &Summary{Pool: e.pool, Issuer: s.pools.IssuerOf(poolID), Counts: w.counts}, nil
}

// exporter writes one pool.
type exporter struct {
	*Service
	ctx      context.Context
	tx       store.Tx
	w        *writer
	pool     store.Pool
	progress func(users int)
	settings int // records written that are no users
}

// reveal opens what the store keeps sealed.
func (e *exporter) reveal(purpose string, additional, sealed []byte) ([]byte, error) {
	return e.base.Seal.Open(purpose, sealed, additional)
}

// line writes a record, after its secrets, if it has some, were opened. It refuses what no import accepts.
func (e *exporter) line(kind string, record any) error {
	if kinds[kind] != nil && stageOf(kind) == settingsStage {
		if e.settings++; e.settings > maxSettings {
			return fmt.Errorf("archive: the pool has more than %d groups, clients and other records that are no users, which no import accepts; delete some", maxSettings)
		}
	}
	return e.w.line(kind, record)
}

func (e *exporter) export(tx store.Tx, poolID string) (err error) {
	e.tx = tx
	if e.pool, err = tx.Pools.Get(poolID); err != nil {
		return err
	}
	keys, err := tokens.RefreshKeys(e.base.Seal, poolID, e.pool.Keys)
	if err != nil {
		return err
	}
	if err := e.line("origin", origin{Issuer: e.pools.IssuerOf(poolID), RefreshKeys: keys, ExportedAt: e.base.Now()}); err != nil {
		return err
	}
	pool := e.pool
	pool.Keys = nil
	if err := e.line("pool", pool); err != nil {
		return err
	}
	for _, part := range []func() error{e.keys, e.clients, e.servers, e.providers, e.groups, e.looks, e.users, e.revocations} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) keys() error {
	list, err := e.tx.SigningKeys.List(e.pool.ID)
	if err != nil {
		return err
	}
	for _, k := range list {
		r := signingKey(k)
		if err := r.secrets(e.reveal); err != nil {
			return fmt.Errorf("archive: signing key %s: %w", k.ID, err)
		}
		r.Owner = ""
		if err := e.line("signing_key", r); err != nil {
			return err
		}
	}
	k, err := e.tx.SAMLKeys.Get(e.pool.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r := samlKey(k)
	if err := r.secrets(e.reveal); err != nil {
		return fmt.Errorf("archive: SAML key: %w", err)
	}
	r.PoolID = ""
	return e.line("saml_key", r)
}

func (e *exporter) clients() error {
	list, err := e.tx.Clients.List(e.pool.ID, store.Page{})
	if err != nil {
		return err
	}
	for _, c := range list {
		r := client(c)
		if err := r.secrets(e.reveal); err != nil {
			return fmt.Errorf("archive: secrets of app client %s: %w", c.ID, err)
		}
		r.PoolID = ""
		if err := e.line("client", r); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) servers() error {
	domains, err := e.tx.Domains.OfPool(e.pool.ID)
	if err != nil {
		return err
	}
	for _, d := range domains {
		d.PoolID = ""
		if err := e.line("domain", d); err != nil {
			return err
		}
	}
	servers, err := e.tx.ResourceServers.List(e.pool.ID)
	if err != nil {
		return err
	}
	for _, r := range servers {
		r.PoolID = ""
		if err := e.line("resource_server", r); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) providers() error {
	list, err := e.tx.IdentityProviders.List(e.pool.ID)
	if err != nil {
		return err
	}
	for _, p := range list {
		r := identityProvider(p)
		if err := r.secrets(e.reveal); err != nil {
			return fmt.Errorf("archive: identity provider %s: %w", p.Name, err)
		}
		r.PoolID = ""
		if err := e.line("identity_provider", r); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) groups() error {
	for after := ""; ; {
		list, err := e.tx.Groups.List(e.pool.ID, store.Page{After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		for _, g := range list {
			after, g.PoolID = g.Name, ""
			if err := e.line("group", g); err != nil {
				return err
			}
		}
		if len(list) < pageSize {
			return nil
		}
	}
}

// revocations writes what revokes tokens that are still valid.
func (e *exporter) revocations() error {
	live, err := e.tx.Revocations.Live(e.base.Now())
	if err != nil {
		return err
	}
	issuer := e.pools.IssuerOf(e.pool.ID)
	for _, r := range live {
		name, ours := strings.CutPrefix(r.Key, issuer+"\n")
		if !ours {
			continue
		}
		if e.w.counts["revocation"] >= maxRevocations {
			return fmt.Errorf("archive: more than %d revocations of tokens of the pool are live, which no import accepts; they end with the tokens, so export again in a day", maxRevocations)
		}
		if err := e.line("revocation", revocation{Kind: r.Kind, Name: name, NotBefore: r.NotBefore, Until: r.Until}); err != nil {
			return err
		}
	}
	return nil
}
