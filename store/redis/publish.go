package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// batch is the maximum number of entries in one pipeline.
const batch = 128

// publish sends the queue to Redis until ctx is done. After a failure it retries after a pause, or as soon as the reader
// has connected.
func (f *Feed) publish(ctx context.Context) {
	s := f.o.open(ctx, feedConnections)
	defer func() { s.close() }()
	var retry <-chan time.Time
	gap := firstGap
	for {
		more := f.queue.ready
		if retry != nil {
			more = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		case <-retry:
		case <-f.back:
		}
		err := f.drain(ctx, s)
		before := f.mute.Swap(err != nil)
		if err == nil {
			retry, gap = nil, firstGap
			if f.check.Swap(false) {
				wake(f.checks)
			}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if !before {
			f.o.Logger.Warn("revocations wait for Redis", "queued", f.queue.len(), "error", f.explain(err))
		}
		s.close()
		s = f.o.open(ctx, feedConnections)
		retry = time.After(gap)
		gap = min(2*gap, longestGap)
	}
}

// drain sends entries until the queue is empty or an entry fails.
func (f *Feed) drain(ctx context.Context, s *session) error {
	for {
		entries := f.queue.head(batch)
		if len(entries) == 0 {
			return nil
		}
		errs := f.send(ctx, s, entries)
		f.queue.settle(len(entries), func(i int) bool { return errs[i] == nil })
		sent := 0
		for _, err := range errs {
			if err == nil {
				sent++
			}
		}
		f.o.Observer.RevocationsPublished(sent, false)
		if sent < len(entries) {
			return firstError(errs)
		}
	}
}

// send adds entries to the stream and returns an error or nil for each. It also trims entries that have expired, unless
// this process may not have read the whole stream.
func (f *Feed) send(ctx context.Context, s *session, entries []entry) []error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	longest, now := int64(0), f.o.Now().UnixMilli()
	for i := range entries {
		longest = max(longest, entries[i].until-now)
	}
	minID := ""
	if before := f.trimBefore(longest); before > 0 && f.State() == StateOK {
		minID = strconv.FormatInt(before, 10)
	}
	pipe := s.Pipeline()
	cmds := make([]*goredis.StringCmd, len(entries))
	for i := range entries {
		cmds[i] = pipe.XAdd(ctx, &goredis.XAddArgs{Stream: f.stream, MinID: minID, Approx: true,
			Values: []string{field, entries[i].message}})
	}
	// The error of the pipeline is the error of one of its commands, or of all of them.
	_, all := pipe.Exec(ctx)
	errs := make([]error, len(entries))
	for i, cmd := range cmds {
		if errs[i] = cmd.Err(); errs[i] == nil && cmd.Val() == "" {
			errs[i] = errors.Join(errNotSent, all)
		}
		if errs[i] == nil {
			f.acked.add(cmd.Val())
		}
	}
	return errs
}

var errNotSent = errors.New("the entry was not sent")

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
