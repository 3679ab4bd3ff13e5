package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/backup"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/store/lease"
)

// Options are what Start needs. Log may be nil, Command is for continuous backups, ID may be "", the others are required.
type Options struct {
	Dir      string           // the data directory
	Store    string           // the file of the store in it
	ID       string           // of the store: backup.Identify
	Settings config.Backup    // with defaults
	Leases   *lease.Keeper    // let one process of the store make the backups
	Command  []string         // the program and its arguments that do what "sluice backup" does
	Now      func() time.Time // decides when one is due
	Log      *slog.Logger     // gets failures; nil discards
	Observer Observer         // nil counts nothing
}

// Backup is a standing backup. Close ends it.
type Backup struct {
	o       Options
	tracker health.Tracker
	stop    context.CancelFunc
	done    sync.WaitGroup
	found   atomic.Int64 // when find last looked at the destination, in nanoseconds since 1970; 0 = look again
}

// Start begins a standing backup. It does not wait for the first copy.
func Start(o Options) (*Backup, error) {
	if o.Dir == "" || o.Store == "" || o.Leases == nil || o.Now == nil {
		return nil, errors.New("backup: Dir, Store, Leases and Now are required")
	}
	if o.Settings.Continuous && len(o.Command) == 0 {
		return nil, fmt.Errorf("backup to %s: continuous requires the sluice binary, and this is another program; run sluice backup follow next to it", o.Settings.To)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = Unwatched{}
	}
	o.Log = o.Log.With("backup", o.Settings.To)
	ctx, stop := context.WithCancel(context.Background())
	b := &Backup{o: o, stop: stop}
	o.Observer.BackupBegan(o.Settings.To)
	b.done.Go(func() {
		if o.Settings.Continuous {
			b.follow(ctx)
		} else {
			b.copy(ctx)
		}
	})
	return b, nil
}

// Close ends the backup. A copy that is being made is dropped, and what a continuous backup has not shipped yet is shipped first.
func (b *Backup) Close() error {
	b.stop()
	b.done.Wait()
	b.o.Observer.BackupEnded(b.o.Settings.To)
	return nil
}

// Status is degraded while the backup fails.
func (b *Backup) Status(now time.Time) health.Status {
	s := b.tracker.Status(now, 0)
	if s.Level != health.OK {
		s.Detail = "backup to " + b.o.Settings.To + ": " + s.Detail
	}
	return s
}

// pause returns how long to wait after so many failures in a row, at most a time.
func pause(failures int, first, most time.Duration) time.Duration {
	for ; failures > 1 && first < most; failures-- {
		first *= 2
	}
	return min(first, most)
}

// sleep waits, and reports whether ctx has not ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// copy makes copies until ctx ends.
func (b *Backup) copy(ctx context.Context) {
	every := time.Duration(b.o.Settings.Every)
	look := max(time.Second, min(time.Minute, every/10))
	for failures, wait := 0, time.Duration(0); sleep(ctx, wait); {
		err := b.Look(ctx)
		b.find(ctx)
		switch {
		case err == nil:
			failures, wait = 0, look
		case ctx.Err() == nil:
			failures++
			wait = pause(failures, look, max(look, every/4))
			b.o.Log.Error("making a backup", "error", err, "again_in", wait.String())
		}
	}
}

// Look makes a copy if one is due and no other process makes it.
func (b *Backup) Look(ctx context.Context) error {
	sum := sha256.Sum256([]byte(b.o.Settings.To))
	var incomplete error
	ran, err := b.o.Leases.Do(ctx, "backup "+hex.EncodeToString(sum[:8]), time.Duration(b.o.Settings.Every), func(ctx context.Context) (err error) {
		incomplete, err = b.make(ctx)
		return err
	})
	if ctx.Err() == nil && (ran || err != nil) {
		b.note(errors.Join(err, incomplete))
		b.found.Store(0)
	}
	return err
}

// note notes the outcome of a copy, or of the process that ships.
func (b *Backup) note(err error) {
	b.tracker.Done(b.o.Now(), err)
	b.o.Observer.BackupDone(b.o.Settings.To, err)
}

// findEvery is how often a process looks for copies that others made.
const findEvery = 15 * time.Minute

// find tells the observer of the last copy at the destination, after one by this process and now and then.
func (b *Backup) find(ctx context.Context) {
	now := time.Now().UnixNano()
	if last := b.found.Load(); last != 0 && now-last < int64(findEvery) {
		return
	}
	b.found.Store(now)
	to, err := backup.At(ctx, b.o.Settings.To)
	var at time.Time
	if err == nil {
		at, err = to.Newest(ctx, b.o.ID)
	}
	switch {
	case err != nil:
		b.o.Log.Warn("looking for the last backup", "error", err)
	case !at.IsZero():
		b.o.Observer.BackupFound(b.o.Settings.To, at)
	}
}

// make makes a copy. incomplete is an error after which the copy exists anyway, so that no other is due.
func (b *Backup) make(ctx context.Context) (incomplete, err error) {
	to, err := backup.At(ctx, b.o.Settings.To)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	name, m, err := backup.Make(ctx, backup.MakeOptions{Store: b.o.Store, To: to, Now: b.o.Now, Keep: b.o.Settings.Keep})
	if name == "" {
		return nil, err
	}
	if ahead, _ := to.Ahead(ctx, b.o.Now()); len(ahead) > 0 {
		b.o.Log.Warn("there are backups dated in the future, which a restore would take for the latest; remove those made with a wrong clock", "names", ahead)
	}
	if err != nil {
		b.o.Log.Error("a backup was made, and old ones could not be removed", "name", name, "error", err)
		return err, nil
	}
	b.o.Log.Info("made a backup; it does not contain the master keys that it needs", "name", name, "bytes", m.Size, "users", m.Rows["users"],
		"master_keys", m.MasterKeys, "took", time.Since(began).Round(time.Millisecond).String())
	return nil, nil
}
