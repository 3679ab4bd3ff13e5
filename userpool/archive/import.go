package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// The limits of an archive. They bound the memory that a hostile one takes; an export fails rather than exceed one.
const (
	maxSettings    = 100_000 // records other than users
	maxRevocations = 500_000
	maxFamilies    = 100_000 // refresh tokens of a user
	maxName        = 1024    // bytes of a name that is kept until the end

	maxRevoked = 48 * time.Hour // from the import on; no token that a revocation is of lives longer

	batchRecords = 500
	batchBytes   = 1 << 20
)

// ImportOptions change what an import does.
type ImportOptions struct {
	SkipTakenDomains bool            // leaves out domains that another pool has
	Progress         func(users int) // called from time to time; may be nil
}

// Import writes the pool of an archive. Nothing sees the pool until all of it is written; a pool whose import fails or is
// interrupted is deleted, by this call or by the next import of the pool. Its errors say what to do.
func (s *Service) Import(ctx context.Context, archive io.Reader, with Identities, o ImportOptions) (*Summary, error) {
	text, err := with.open(archive)
	if err != nil {
		return nil, err
	}
	r, err := newReader(text)
	if err != nil {
		return nil, err
	}
	in := &intake{Service: s, reader: r, options: o, clients: map[string]bool{}, brandings: map[string]bool{}}
	if err := in.head(); err != nil {
		return nil, err
	}
	if in.pool.Unfinished, err = s.base.UUID(); err != nil {
		return nil, err
	}
	err = in.begin(ctx)
	if err == nil {
		if err = in.all(ctx); err != nil {
			err = errors.Join(err, s.discard(context.WithoutCancel(ctx), in.pool.ID, in.pool.Unfinished))
		}
	}
	if err != nil {
		return nil, err
	}
	in.pool.Unfinished = ""
	return &Summary{Pool: in.pool, Issuer: in.origin.Issuer, Counts: r.counts, SkippedDomains: in.skipped}, nil
}

// intake is one import.
type intake struct {
	*Service
	*reader
	options ImportOptions

	origin origin
	pool   store.Pool
	issuer string // of the pool's tokens here

	clients, brandings map[string]bool // of the pool
	sub                string          // of the user that was read last
	families           map[string]bool // of that user
	checked            *userpool.Pool  // set when the records before users are written
	skipped            []string        // domains

	batch       []entry
	size        int // of the batch, in bytes of the archive
	revocations []entry
}

// conceal seals a secret with the master key of this Sluice.
func (in *intake) conceal(purpose string, additional, text []byte) ([]byte, error) {
	return in.base.Seal.Seal(purpose, text, additional)
}

// own refuses an id that is not in the set.
func (in *intake) own(set map[string]bool, id string) error {
	if !set[id] {
		return damaged("line %d names %.64q, which is not in the archive", in.number, id)
	}
	return nil
}

// ofUser makes a record one of the last user.
func (in *intake) ofUser(poolID, sub *string) error {
	if in.sub == "" {
		return damaged("line %d is of a user, but no user is before it", in.number)
	}
	if *sub = in.sub; poolID != nil {
		*poolID = in.pool.ID
	}
	return nil
}

// head reads the first two records.
func (in *intake) head() error {
	if err := in.expect("origin", &in.origin); err != nil {
		return err
	}
	if err := in.expect("pool", &in.pool); err != nil {
		return err
	}
	if !poolid.IsUserPool(in.pool.ID) {
		return damaged("%.64q is no id of a user pool", in.pool.ID)
	}
	in.issuer = in.pools.IssuerOf(in.pool.ID)
	var err error
	in.pool.Keys, err = tokens.SealRefreshKeys(in.base.Seal, in.pool.ID, in.origin.RefreshKeys)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

func (in *intake) expect(kind string, to any) error {
	found, data, done, err := in.next()
	switch {
	case err != nil:
		return err
	case done || found != kind:
		return damaged("line %d is of the kind %.64q, not %q", in.number, found, kind)
	}
	if err := decode(data, to); err != nil {
		return damaged("line %d: %v", in.number, err)
	}
	return nil
}

// begin inserts the unfinished pool, after what an interrupted import of it left.
func (in *intake) begin(ctx context.Context) error {
	var left store.Pool
	err := in.base.View(ctx, func(tx store.Tx) (err error) {
		if _, err := tx.Pools.Get(in.pool.ID); !errors.Is(err, store.ErrNotFound) {
			return errors.Join(err, in.exists())
		}
		left, err = tx.Pools.Import(in.pool.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err == nil && left.ID != "" {
		err = in.discard(ctx, left.ID, left.Unfinished)
	}
	if err != nil {
		return err
	}
	err = in.base.Update(ctx, func(tx store.Tx) error { return tx.Pools.Insert(in.pool) })
	if errors.Is(err, store.ErrExists) {
		return in.exists()
	}
	return err
}

func (in *intake) exists() error {
	return fmt.Errorf("the user pool %s (%s) already exists in this Sluice; an import creates a whole pool and never changes one, so delete that pool first, or import into another Sluice", in.pool.ID, in.pool.Name)
}

// all reads and writes the records after the head, and finishes the pool.
func (in *intake) all(ctx context.Context) error {
	for settings, stage := 0, settingsStage; ; {
		kind, data, done, err := in.next()
		if err != nil {
			return err
		}
		if done {
			return in.finish(ctx)
		}
		make := kinds[kind]
		if make == nil {
			return damaged("line %d is of the kind %.64q, which this Sluice does not know", in.number, kind)
		}
		if stageOf(kind) < stage {
			return damaged("line %d is of the kind %s, which must come before", in.number, kind)
		}
		stage = stageOf(kind)
		r := make()
		if err := decode(data, r); err != nil {
			return damaged("line %d: %v", in.number, err)
		}
		if kind == "user" && in.checked == nil {
			if err := in.check(ctx); err != nil {
				return err
			}
		}
		if err := r.take(in); err != nil {
			return err
		}
		switch stage {
		case revocationsStage:
			if in.revocations = append(in.revocations, r); len(in.revocations) > maxRevocations {
				return damaged("it has more than %d revocations", maxRevocations)
			}
			continue
		case settingsStage:
			if settings++; settings > maxSettings {
				return damaged("it has more than %d records other than users", maxSettings)
			}
		}
		if err := in.add(ctx, r, len(data)); err != nil {
			return err
		}
	}
}

// add adds a record to the batch, and writes the batch if it is full.
func (in *intake) add(ctx context.Context, r entry, size int) error {
	in.batch, in.size = append(in.batch, r), in.size+size
	if len(in.batch) < batchRecords && in.size < batchBytes {
		return nil
	}
	if err := in.flush(ctx, in.batch); err != nil {
		return err
	}
	in.batch, in.size = in.batch[:0], 0
	if in.options.Progress != nil {
		in.options.Progress(in.counts["user"])
	}
	return nil
}

// flush writes records, if the pool is still the one of this import.
func (in *intake) flush(ctx context.Context, records []entry) error {
	return in.base.Update(ctx, func(tx store.Tx) error {
		if err := in.mine(tx); err != nil {
			return err
		}
		together, err := in.users(tx, records)
		if err != nil {
			return err
		}
		for _, r := range records {
			if _, is := r.(*user); is && together {
				continue
			}
			err := r.put(tx, in)
			if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound) {
				return damaged("a record does not fit the others: %v", err)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// users writes the users of a batch at once, which is faster, unless their names are each other's. Nothing but the pool comes before them.
func (in *intake) users(tx store.Tx, records []entry) (bool, error) {
	var list []store.User
	for _, r := range records {
		if u, is := r.(*user); is {
			list = append(list, store.User(*u))
		}
	}
	if !userpool.Distinct(list) {
		return false, nil
	}
	for i := range list {
		if err := in.checked.CheckNames(tx, nil, &list[i]); err != nil {
			return false, notIfTaken(err)
		}
	}
	err := tx.Users.InsertAll(list)
	return err == nil, notIfTaken(err)
}

// notIfTaken takes conflicts away: the users are then written one after the other, which names the user.
func notIfTaken(err error) error {
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// mine refuses to go on if another import has taken the pool over.
func (in *intake) mine(tx store.Tx) error {
	p, err := tx.Pools.Import(in.pool.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Unfinished != in.pool.Unfinished {
		return fmt.Errorf("another import of the user pool %s has started since; this one has stopped", in.pool.ID)
	}
	return err
}

// check writes the batch and checks that the settings, clients and keys can be used.
func (in *intake) check(ctx context.Context) error {
	if err := in.flush(ctx, in.batch); err != nil {
		return err
	}
	in.batch, in.size = in.batch[:0], 0
	var keys []store.SigningKey
	var clients []store.Client
	err := in.base.View(ctx, func(tx store.Tx) (err error) {
		if keys, err = tx.SigningKeys.List(in.pool.ID); err != nil {
			return err
		}
		clients, err = tx.Clients.List(in.pool.ID, store.Page{})
		return err
	})
	if err != nil {
		return err
	}
	if in.checked, err = in.pools.CheckRecords(in.pool, keys, clients); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// finish writes the rest and completes the pool.
func (in *intake) finish(ctx context.Context) error {
	if in.checked == nil {
		if err := in.check(ctx); err != nil {
			return err
		}
	}
	if err := in.flush(ctx, in.batch); err != nil {
		return err
	}
	for rest := in.revocations; len(rest) > 0; {
		n := min(batchRecords, len(rest))
		if err := in.flush(ctx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return in.base.Update(ctx, func(tx store.Tx) error {
		err := tx.Pools.Finish(in.pool.ID, in.pool.Unfinished)
		if errors.Is(err, store.ErrNotFound) {
			return errors.Join(in.mine(tx), err)
		}
		return err
	})
}

// discard deletes an unfinished pool in small transactions. It does nothing if the pool is no longer that of the import.
func (s *Service) discard(ctx context.Context, poolID, unfinished string) error {
	for {
		left := 0
		err := s.base.Update(ctx, func(tx store.Tx) error {
			p, err := tx.Pools.Import(poolID)
			if errors.Is(err, store.ErrNotFound) || err == nil && p.Unfinished != unfinished {
				left = 0
				return nil
			}
			if err != nil {
				return err
			}
			if left, err = tx.Users.DeleteSome(poolID, batchRecords); err != nil || left > 0 {
				return err
			}
			return tx.Pools.Delete(poolID)
		})
		if err != nil || left == 0 {
			return err
		}
	}
}
