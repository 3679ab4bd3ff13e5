package redis

import (
	"context"
	"log/slog"
	"time"
)

const (
	watchEvery = 250 * time.Millisecond
	// remindEvery is how often the log repeats that Redis is away, with the latest error.
	remindEvery = time.Minute
)

// watch reports every change of state to the log and the Observer. It does so even while the reader waits.
func (f *Feed) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	told, logged, queued := "", time.Time{}, -1
	for {
		if now := f.State(); now != told && !f.connecting() {
			f.o.Observer.RevocationState(now)
			f.log(now)
			told, logged = now, f.o.Now()
		} else if now == told && now != StateOK && f.o.Now().Sub(logged) >= remindEvery {
			f.log(now)
			logged = f.o.Now()
		}
		if n := f.queue.len(); n != queued {
			f.o.Observer.RevocationsQueued(n)
			queued = n
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// connecting reports whether the first attempt to connect has not ended yet. There is no state to report then.
func (f *Feed) connecting() bool {
	select {
	case <-f.tried:
		return false
	default:
		return true
	}
}

// log writes a line about the state.
func (f *Feed) log(state string) {
	level, text := slog.LevelInfo, "revocations arrive from Redis"
	switch {
	case state == StateStale:
		level, text = slog.LevelWarn, "Redis is away: going on with the revocations that are known"
	case state == StateLost && f.proved.Load() == 0:
		level, text = slog.LevelError, "Redis was not reached yet: revocations may be missing"
	case state == StateLost:
		level, text = slog.LevelError, "Redis is away for too long: revocations may be missing"
	}
	args := []any{"state", state, "stream", f.stream, "max_stale", f.o.MaxStale}
	if f.proved.Load() != 0 {
		args = append(args, "age", f.Age().Round(time.Millisecond))
	}
	if err := f.trouble.Load(); err != nil && state != StateOK {
		args = append(args, "error", *err)
	}
	f.o.Logger.Log(context.Background(), level, text, args...)
}
