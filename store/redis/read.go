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
	// readCount is the maximum number of entries of one read, which limits its memory to 16 MiB.
	readCount = 256
	// Before it is live, the reader gathers this many entries or bytes before it applies them, because an index applies
	// many records at once much faster.
	gatherCount, gatherBytes = 64 * readCount, 8 << 20
	// verifyEvery is how often the reader checks that the entries it has read still exist.
	verifyEvery = 500 * time.Millisecond
	// maxLifetime is the longest lifetime that counts, so that a wrong entry cannot prevent trimming.
	maxLifetime = 400 * 24 * time.Hour
	// trimMargin is how far the clocks of two processes may differ before one trims entries that the other needs.
	trimMargin = time.Minute
)

var errGone = errors.New("entries that were read are gone from Redis")

// read follows the stream until ctx is done, with a new connection after every failure.
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
			gap = firstGap // the connection worked for a while
		}
		if !sleep(ctx, gap) {
			return
		}
	}
}

// failed keeps the error for the log line about the outage.
func (f *Feed) failed(err error) {
	err = f.explain(err)
	f.trouble.Store(&err)
}

// follow reads the stream from its beginning and then as it grows, until an error. A restart or a failover may lose
// entries, and breaks the connection. A flush does not break it, so verify looks for it.
func (f *Feed) follow(ctx context.Context) error {
	s := f.o.open(ctx, feedConnections)
	defer s.close()
	begun := f.o.Now()
	connecting, cancel := context.WithTimeout(ctx, 2*answerWithin)
	defer cancel()
	conn, err := s.conn(connecting, f.stream)
	if err != nil {
		return err
	}
	f.acked.take() // after a connect, the stream is compared with the known revocations anyway
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
				f.Recheck()
			}
		}
		begun = f.o.Now()
	}
}

// reader is the state of reading on one connection.
type reader struct {
	f        *Feed
	conn     *goredis.Conn
	last     string // id of the last entry read
	since    span   // of the entries read since verify, and of the last one before it
	verified time.Time
	live     bool // all entries that existed at connect have been read and applied

	gathered []goredis.XMessage
	bytes    int
}

// verify checks that the server accepts writes. A replica does not, nor does a master without enough replicas, disk or
// memory. Then other processes publish elsewhere or wait, and an empty answer proves nothing.
//
// verify also checks that the oldest and the newest entry that were read or published since the last call still exist.
// If one is missing the stream was flushed, and verify returns errGone. Entries that may have been trimmed do not count.
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
	// The error of the pipeline is the error of one of its commands.
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

// over reports whether all entries up to the id may have been trimmed.
func (f *Feed) over(id string) bool {
	ms, ok := written(id)
	return !ok || ms < f.trimBefore(0)
}

// trimBefore returns the time, in milliseconds by Redis's clock, before which all entries have expired. longest is the
// lifetime of an entry that is about to be added. Lifetimes contain the difference of the clocks, so it cancels out.
func (f *Feed) trimBefore(longest int64) int64 {
	longest = max(longest, f.lifetime.Load())
	return f.o.Now().UnixMilli() - min(longest, maxLifetime.Milliseconds()) - trimMargin.Milliseconds()
}

// next reads the entries that follow and applies them. Once the reader is live, it waits for one. all is true if all
// entries of the stream have been applied.
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
		return false, fmt.Errorf("XREAD returned %d streams, want one with entries", len(streams))
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

// apply applies the gathered entries.
func (r *reader) apply() error {
	if len(r.gathered) == 0 {
		return nil
	}
	err := r.f.take(r.gathered, r.live)
	r.gathered, r.bytes = nil, 0
	return err
}

// take applies entries. It skips entries that are not revocations, which a newer Sluice or another program may have added,
// and logs one line about them.
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
		for i := range records { // apply the valid ones
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

// wake sends a token to a channel of capacity one, unless it has one already.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
