package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/benbjohnson/litestream/file"
	"github.com/benbjohnson/litestream/s3"

	"github.com/sluicegate/sluice/store/sqlite"
)

// FollowOptions are the options of Follow. Store, To and Log are required.
type FollowOptions struct {
	Store string       // the file
	To    *Location    // a folder or a bucket, for this store only
	Log   *slog.Logger // gets what was shipped, and failures

	Every    time.Duration // between two shipments, and so the loss when the disk is lost; 0 = 1 second
	Exact    time.Duration // how far back a restore can name any second; 0 = 1 hour. Before that, it can name any 30 seconds
	Keep     time.Duration // how far back a restore can go; 0 = 72 hours
	Snapshot time.Duration // between two complete copies; 0 = 24 hours

	TakeOver bool // ships to a place to which another store was shipped
	Wait     bool // for another process that ships the store, until that ends; else it is an error
}

// shipped is the folder or prefix that Litestream's files have below a place.
const shipped = "ltx"

// followState returns the folder in which Follow keeps what it ships.
func followState(store string) string {
	return filepath.Join(filepath.Dir(store), "."+filepath.Base(store)+litestream.MetaDirSuffix)
}

// Follow ships what processes write to a store, until ctx ends. It then ships the rest and returns. It never ships a part of a
// transaction. It must be a separate process: when it closes the file, the operating system takes all locks of the process on the
// file away (https://www.sqlite.org/howtocorrupt.html, 2.2).
func Follow(ctx context.Context, o FollowOptions) (err error) {
	defaults(&o.Every, time.Second)
	defaults(&o.Exact, time.Hour)
	defaults(&o.Keep, 72*time.Hour)
	defaults(&o.Snapshot, 24*time.Hour)
	if o.To.name != "" {
		return errors.New("a continuous backup needs an existing folder, a name that ends with a slash, or s3://bucket/prefix")
	}
	if err := readable(o.Store); err != nil {
		return err
	}
	if o.To.bucket == nil {
		if err := os.MkdirAll(o.To.folder, 0o700); err != nil {
			return err
		}
	}
	release, err := lock(ctx, o.Store, o.Wait)
	if err != nil {
		if ctx.Err() != nil {
			return nil // it has shipped nothing
		}
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := claim(ctx, o.Store, o.To, o.TakeOver); err != nil {
		return err
	}
	slog.SetDefault(o.Log) // Litestream's own parts log there
	db := litestream.NewDB(o.Store)
	db.MonitorInterval = o.Every
	db.Replica = o.To.replica(db)
	db.Replica.SyncInterval = o.Every
	levels := litestream.CompactionLevels{{Level: 0}, {Level: 1, Interval: 30 * time.Second}, {Level: 2, Interval: 5 * time.Minute}, {Level: 3, Interval: time.Hour}}
	all := litestream.NewStore([]*litestream.DB{db}, levels)
	all.Logger = o.Log
	all.SnapshotInterval, all.SnapshotRetention = o.Snapshot, o.Keep
	all.SetL0Retention(o.Exact)
	all.L0RetentionCheckInterval = min(o.Exact, 10*time.Minute)
	if err := all.Open(ctx); err != nil {
		return fmt.Errorf("continuous backup to %s: %w", o.To, err)
	}
	o.Log.Info(Following, "store", o.Store, "to", o.To.String(), "every", o.Every.String())
	watch(ctx, db, lag{limit: o.Every + behindAfter}, o.Log)
	ctx = context.WithoutCancel(ctx)
	return errors.Join(db.SyncAndWait(ctx), all.Close(ctx)) // Close alone ships nothing if the first shipment has not begun
}

func defaults(d *time.Duration, to time.Duration) {
	if *d <= 0 {
		*d = to
	}
}

// readable refuses anything but a store, before the place is changed.
func readable(path string) error {
	f, err := sqlite.OpenFile(path, sqlite.Shared)
	if err != nil {
		return err
	}
	_, err = f.Version()
	return errors.Join(err, f.Close())
}

// replica returns Litestream's view of a location. db is nil for a restore.
func (l *Location) replica(db *litestream.DB) *litestream.Replica {
	if l.bucket == nil {
		client := file.NewReplicaClient(l.folder)
		client.Replica = litestream.NewReplicaWithClient(db, client)
		return client.Replica
	}
	trustBundle()
	client := s3.NewReplicaClient()
	client.Bucket, client.Region, client.Endpoint = l.bucket.bucket, l.bucket.region, l.bucket.endpoint
	client.Path = strings.TrimPrefix(l.bucket.prefix+"/"+shipped, "/")
	client.ForcePathStyle, client.SignPayload = l.bucket.pathStyle, true
	return litestream.NewReplicaWithClient(db, client)
}

// trustBundle makes the process trust the roots of AWS_CA_BUNDLE. The HTTP client of Litestream cannot take that variable, and fails
// where it is set.
func trustBundle() {
	bundle := os.Getenv("AWS_CA_BUNDLE")
	if bundle == "" {
		return
	}
	if os.Getenv("SSL_CERT_FILE") == "" {
		_ = os.Setenv("SSL_CERT_FILE", bundle) // fails for an invalid name
	}
	_ = os.Unsetenv("AWS_CA_BUNDLE")
}

// followed reports whether the location has what Follow shipped.
func (l *Location) followed(ctx context.Context) (bool, error) {
	if l.name != "" {
		return false, nil
	}
	names, err := l.list(ctx)
	return slices.Contains(names, shipped), err
}

// restoreTo makes a store of what Follow shipped, as it was at a time; zero = the last that was shipped.
func (l *Location) restoreTo(ctx context.Context, to string, at time.Time) error {
	replica := l.replica(nil)
	if err := replica.Client.Init(ctx); err != nil {
		return err
	}
	options := litestream.NewRestoreOptions()
	options.OutputPath, options.Timestamp = to, at
	err := replica.Restore(ctx, options)
	if errors.Is(err, litestream.ErrTxNotAvailable) {
		return fmt.Errorf("%s has no backup from before %s", l, at.Format(time.RFC3339))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", l, err)
	}
	return errors.Join(os.Chmod(to, 0o600), unfollow(ctx, to))
}

// unfollow removes the tables with which Litestream works.
func unfollow(ctx context.Context, path string) error {
	f, err := sqlite.OpenFile(path, sqlite.Alone)
	if err != nil {
		return err
	}
	for _, text := range []string{"drop table if exists _litestream_seq", "drop table if exists _litestream_lock", "pragma journal_mode = delete"} {
		_, failed := f.Exec(ctx, text, nil)
		err = errors.Join(err, failed)
	}
	return errors.Join(err, f.Close())
}
