package redis

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/sluicegate/sluice/authz/revoke"
)

const (
	longestCompareGap = 30 * time.Second
	// compareEvery is the least time between two comparisons that have no particular reason. These comparisons take at most
	// a hundredth of the time; those after a stall of Redis take at most a tenth.
	compareEvery = time.Minute
)

// compare publishes the revocations that this process knows and the stream lacks. It does so after a connect, after the
// queue was full, after Redis stalled, and from time to time. The last two find revocations of another process that uses
// the same store and ended before it published them.
func (f *Feed) compare(ctx context.Context) {
	took := time.Duration(0) // by the last comparison
	for {
		pause := time.After(max(compareEvery, 100*took))
		select {
		case <-ctx.Done():
			return
		case <-pause:
			f.Recheck()
			continue
		case <-f.stalls:
			select {
			case <-ctx.Done():
				return
			case <-f.checks:
			case <-time.After(10 * took):
				f.Recheck()
				continue
			}
		case <-f.checks:
		}
		for gap := firstGap; ; gap = min(2*gap, longestCompareGap) {
			begun := f.o.Now()
			again, err := f.complete(ctx)
			took = f.o.Now().Sub(begun)
			if ctx.Err() != nil {
				return
			}
			if again > 0 {
				f.o.Logger.Info("published revocations that Redis lacked", "stream", f.stream, "count", again)
			}
			if err == nil {
				break
			}
			f.o.Logger.Warn("cannot compare the revocation stream with the known revocations", "error", f.explain(err))
			select {
			case <-ctx.Done():
				return
			case <-f.checks: // the reader has connected again
				gap = firstGap
			case <-time.After(gap):
			}
		}
	}
}

// Recheck requests a comparison with what is known as soon as the queue is empty.
func (f *Feed) Recheck() {
	f.check.Store(true)
	wake(f.back)
}

// complete publishes the known revocations that the stream lacks, and returns how many entries it added. Other processes
// may do the same at the same time, so each publishes in a random order, one batch at a time, and reads between batches
// what the others have added.
func (f *Feed) complete(ctx context.Context) (again int, err error) {
	known, err := f.o.Known(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the known revocations: %w", err)
	}
	now := f.o.Now().UnixMilli()
	lacking := make(map[digest]int, len(known)) // digest of a message to the index of its record
	for i := range known {
		if known[i].Until <= now {
			continue
		}
		messages, err := encode(&known[i])
		if err != nil {
			f.o.Logger.Error("a revocation cannot be published", "kind", known[i].Kind, "error", err)
			continue
		}
		for _, m := range messages {
			lacking[digestOf(m)] = i
		}
	}
	if len(lacking) == 0 {
		return 0, nil
	}
	s := f.o.open(ctx, feedConnections)
	defer s.close()
	for last := start; ; {
		if last, err = f.strike(ctx, s, lacking, last); err != nil || len(lacking) == 0 {
			return again, err
		}
		entries, err := some(lacking, known)
		if err != nil {
			return again, err
		}
		errs := f.send(ctx, s, entries)
		sent := 0
		for i, err := range errs {
			if err == nil {
				delete(lacking, digestOf(entries[i].message))
				sent++
			}
		}
		again += sent
		f.o.Observer.RevocationsPublished(sent, true)
		if err := firstError(errs); err != nil {
			return again, err
		}
	}
}

// digest identifies a message in little memory.
type digest [16]byte

func digestOf(message string) digest {
	sum := sha256.Sum256([]byte(message))
	return digest(sum[:16])
}

// some returns about one batch of the lacking entries, in the random order of the map.
func some(lacking map[digest]int, known []revoke.Record) (entries []entry, err error) {
	seen := make(map[int]bool)
	for _, i := range lacking {
		if seen[i] {
			continue
		}
		seen[i] = true
		messages, err := encode(&known[i])
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if _, lacks := lacking[digestOf(m)]; lacks {
				entries = append(entries, entry{message: m, until: known[i].Until})
			}
		}
		if len(entries) >= batch {
			break
		}
	}
	return entries, nil
}

// strike deletes from lacking what the stream has after the id, and returns the last id that it read.
func (f *Feed) strike(ctx context.Context, s *session, lacking map[digest]int, after string) (string, error) {
	for {
		entries, err := f.rangeAfter(ctx, s, after)
		if err != nil {
			return after, err
		}
		for _, e := range entries {
			if m, ok := e.Values[field].(string); ok {
				delete(lacking, digestOf(m))
			}
			after = e.ID
		}
		if len(entries) < readCount {
			return after, nil
		}
	}
}

// rangeAfter reads at most readCount entries after the id.
func (f *Feed) rangeAfter(ctx context.Context, s *session, after string) ([]goredis.XMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return s.XRangeN(ctx, f.stream, "("+after, "+", readCount).Result()
}
