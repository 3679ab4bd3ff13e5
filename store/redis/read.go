package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
)

const (
	// readCount bounds the entries of one read, and so its memory: 16 MiB at the very worst.
	readCount = 256
	// Before it is live, the reader gathers so many entries, or bytes of them, before it applies them: an index takes many at
	// once far more cheaply.
	gatherCount, gatherBytes = 64 * readCount, 8 << 20
	// verifyEvery is how often the reader looks whether what it has read is still there.
	verifyEvery = 500 * time.Millisecond
	// maxLifetime bounds what an entry may ask for, so that a wrong one cannot keep the stream from being trimmed.
	maxLifetime = 400 * 24 * time.Hour
	// trimMargin is by how much the clocks of the processes may differ before one trims what another still needs.
	trimMargin = time.Minute
)

var errGone = errors.New("entries that were read are gone from Redis")

// read follows the stream over one connection after the other until ctx ends.
func (f *Feed) read(ctx context.Context) {
	defer f.hasTried()
	for gap := firstGap; ; gap = min(2*gap, longestGap) {
		begun := f.o.Now()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errGone) {
			f.o.Logger.Warn("reading the revocation stream again from its beginning", "stream", f.stream, "error", err)
		}
		f.failed(err)
		f.away.Store(true)
		f.hasTried()
		if f.o.Now().Sub(begun) > 2*longestGap {
			gap = firstGap // it was a good connection
		}
		if !sleep(ctx, gap) {
			return
		}
	}
}

// failed keeps an error for the log line that tells of the outage.
func (f *Feed) failed(err error) {
	err = f.explain(err)
	f.trouble.Store(&err)
}

// follow reads the stream from its beginning and as it grows. One connection sees one history: whatever could have changed
// it (a restart, a failover) breaks the connection, and what cannot (a flush) is looked for.
func (f *Feed) follow(ctx context.Context) error {
	s := f.open(ctx)
	defer s.close()
	begun := f.o.Now()
	connecting, cancel := context.WithTimeout(ctx, 2*answerWithin)
	defer cancel()
	conn, err := s.conn(connecting, f.stream)
	if err != nil {
		return err
	}
	f.acked.take() // what is known is compared with the stream after every connect
	r := &reader{f: f, conn: conn, last: start}
	if err := r.verify(connecting); err != nil {
		return err
	}
	for {
		if r.live && begun.Sub(r.verified) >= verifyEvery {
			if err := r.verify(ctx); err != nil {
				return err
			}
		}
		all, err := r.next(ctx)
		if err != nil {
			return err
		}
		if all {
			f.prove(begun)
			if !r.live {
				r.live = true
				f.recheck()
			}
		}
		begun = f.o.Now()
	}
}

// reader is the position on one connection.
type reader struct {
	f        *Feed
	conn     *goredis.Conn
	last     string // id of the last entry read
	since    span   // of the entries read since verify, and the last one before
	verified time.Time
	live     bool // everything that was there at connect has been read and applied

	gathered []goredis.XMessage
	bytes    int
}

// verify finds out whether revocations can get here at all: the server takes writes. A replica does not, nor does a master
// that lacks replicas, disk or memory; what others publish stands elsewhere or waits, and an empty answer proves nothing.
// Then it finds out whether what was read and what was published is still there: the oldest and the newest since the last
// time. If not, the stream was flushed, and perhaps filled again. What is over may have been trimmed.
func (r *reader) verify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	pipe := r.conn.Pipeline()
	write := pipe.XAdd(ctx, &goredis.XAddArgs{Stream: r.f.probe, NoMkStream: true, MaxLen: 1, Values: []string{"is", "not"}})
	var found []*goredis.XMessageSliceCmd
	acked := r.f.acked.take()
	for _, id := range []string{r.since.first, r.since.last, acked.first, acked.last} {
		if !r.f.over(id) {
			found = append(found, pipe.XRange(ctx, r.f.stream, id, id))
		}
	}
	// The error of the pipeline is that of one of its commands.
	begun := r.f.o.Now()
	_, _ = pipe.Exec(ctx)
	if r.live && r.f.o.Now().Sub(begun) > PublishWait {
		wake(r.f.stalls)
	}
	if err := write.Err(); err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	for _, cmd := range found {
		entries, err := cmd.Result()
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return errGone
		}
	}
	r.since, r.verified = span{first: r.last, last: r.last}, r.f.o.Now()
	return nil
}

// over reports whether everything up to the id may have been trimmed.
func (f *Feed) over(id string) bool {
	ms, ok := written(id)
	return !ok || ms < f.trimBefore(0)
}

// trimBefore is the time, in milliseconds by Redis's clock, before which all entries are over when one that lives for
// longest is about to be added. The difference of the clocks is in the lifetimes, and so cancels out.
func (f *Feed) trimBefore(longest int64) int64 {
	longest = max(longest, f.lifetime.Load())
	return f.o.Now().UnixMilli() - min(longest, maxLifetime.Milliseconds()) - trimMargin.Milliseconds()
}

// next reads the entries that follow, waiting for one once the reader is live, and applies them. It reports whether all that
// there was is applied.
func (r *reader) next(ctx context.Context) (all bool, err error) {
	args := &goredis.XReadArgs{Streams: []string{r.f.stream, r.last}, Count: readCount, Block: -1}
	wait := answerWithin
	if r.live {
		args.Block = r.f.block
		wait += r.f.block
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	begun := r.f.o.Now()
	streams, err := r.conn.XRead(ctx, args).Result()
	if r.live && r.f.o.Now().Sub(begun)-r.f.block > PublishWait {
		wake(r.f.stalls)
	}
	if errors.Is(err, goredis.Nil) {
		return true, r.apply()
	}
	if err != nil {
		return false, err
	}
	if len(streams) != 1 || len(streams[0].Messages) == 0 {
		return false, fmt.Errorf("an answer to XREAD with %d streams", len(streams))
	}
	entries := streams[0].Messages
	r.since.add(entries[0].ID)
	r.last = entries[len(entries)-1].ID
	r.since.add(r.last)
	r.gathered = append(r.gathered, entries...)
	for i := range entries {
		for name, value := range entries[i].Values {
			text, _ := value.(string)
			r.bytes += len(name) + len(text)
		}
	}
	all = len(entries) < readCount
	if !all && !r.live && len(r.gathered) < gatherCount && r.bytes < gatherBytes {
		return false, nil
	}
	return all, r.apply()
}

// apply applies what was gathered.
func (r *reader) apply() error {
	if len(r.gathered) == 0 {
		return nil
	}
	err := r.f.take(r.gathered, r.live)
	r.gathered, r.bytes = nil, 0
	return err
}

// take applies entries. Those that are no revocations are skipped with one line in the log; they may come from a newer
// Sluice, or from somebody who should not write there.
func (f *Feed) take(entries []goredis.XMessage, live bool) error {
	records := make([]revoke.Record, 0, len(entries))
	ids := make([]string, 0, len(entries))
	var skipped []any
	skip := func(id string, err error) {
		if len(skipped) == 0 {
			skipped = []any{"stream", f.stream, "first", id, "error", err, "count", 0}
		}
		skipped[len(skipped)-1] = skipped[len(skipped)-1].(int) + 1
	}
	for _, e := range entries {
		record, err := decode(e.Values)
		if err != nil {
			skip(e.ID, err)
			continue
		}
		records, ids = append(records, record), append(ids, e.ID)
	}
	if err := f.o.Apply(records...); fault.Is(err, fault.InvalidParameter) {
		for i := range records { // one of them is at fault, and the others count
			if err := f.o.Apply(records[i]); fault.Is(err, fault.InvalidParameter) {
				skip(ids[i], err)
			} else if err != nil {
				return err
			}
		}
	} else if err != nil {
		return err
	}
	if len(skipped) > 0 {
		f.o.Logger.Warn("skipping entries of the revocation stream that are not revocations", skipped...)
	}
	for i := range records {
		if ms, ok := written(ids[i]); ok && records[i].Until-ms > f.lifetime.Load() {
			f.lifetime.Store(records[i].Until - ms)
		}
	}
	lag := time.Duration(0)
	if ms, ok := written(entries[0].ID); ok && live {
		lag = max(0, f.o.Now().Sub(time.UnixMilli(ms)))
	}
	f.o.Observer.RevocationsReceived(len(entries), lag)
	return nil
}

// wake puts a token into a channel of capacity one.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
