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
	// compareEvery is how often the stream is compared for no reason at all, and is longer where comparing takes long: it
	// must not take more than a hundredth of the time, and a tenth when there is a reason to doubt.
	compareEvery = time.Minute
)

// compare brings into the stream what this process knows and the stream lacks, whenever there may be something: after a
// connect, when the queue was full, when Redis hung for a moment, and now and then. The last two are for what another
// process on the same store acknowledged and took to its grave.
func (f *Feed) compare(ctx context.Context) {
	took := time.Duration(0) // the last time
	for {
		pause := time.After(max(compareEvery, 100*took))
		select {
		case <-ctx.Done():
			return
		case <-pause:
			f.recheck()
			continue
		case <-f.stalls:
			select {
			case <-ctx.Done():
				return
			case <-f.checks:
			case <-time.After(10 * took):
				f.recheck()
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
			f.o.Logger.Warn("comparing the revocation stream with what is known", "error", f.explain(err))
			select {
			case <-ctx.Done():
				return
			case <-f.checks: // the reader has got through again
				gap = firstGap
			case <-time.After(gap):
			}
		}
	}
}

// recheck has the stream compared once the queue is empty.
func (f *Feed) recheck() {
	f.check.Store(true)
	wake(f.back)
}

// complete publishes what is known and not in the stream. Other processes may do the same at this moment: each publishes
// in an order of its own, a batch at a time, and looks in between what the others have done.
func (f *Feed) complete(ctx context.Context) (again int, err error) {
	known, err := f.o.Known(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading what is known: %w", err)
	}
	now := f.o.Now().UnixMilli()
	lacking := make(map[digest]int, len(known)) // message to record
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
	s := f.open(ctx)
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

// digest stands for a message, so that comparing takes little memory.
type digest [16]byte

func digestOf(message string) digest {
	sum := sha256.Sum256([]byte(message))
	return digest(sum[:16])
}

// some returns about a batch of what is lacking, any.
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

// strike takes what stands in the stream after the id off the lacking, and returns the last id.
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

func (f *Feed) rangeAfter(ctx context.Context, s *session, after string) ([]goredis.XMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return s.XRangeN(ctx, f.stream, "("+after, "+", readCount).Result()
}
