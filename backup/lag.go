package backup

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/litestream"
)

// What Follow logs. Others read these messages: the server knows by them whether its backup works.
const (
	Following = "following"                           // it ships
	Behind    = "the continuous backup is behind"     // older writes have not been shipped
	CaughtUp  = "the continuous backup has caught up" // after Behind
)

// behindAfter is how long a place may lack written data, in addition to the time between two shipments.
const behindAfter = 2 * time.Minute

// lag tells for how long a place has lacked something.
type lag struct {
	limit   time.Duration
	awaited uint64 // the last transaction that was written when the place had all those awaited before
	since   time.Time
	behind  bool
}

// look takes note of the last transactions that were written and shipped. changed reports that the place is now behind, or no longer.
func (l *lag) look(now time.Time, written, shipped uint64) (changed bool) {
	if l.since.IsZero() || shipped >= l.awaited {
		l.awaited, l.since = written, now
		changed, l.behind = l.behind, false
		return changed
	}
	return l.lacks(now)
}

// lacks takes note that the place lacks something, or that it cannot be known whether it does. changed reports that the place is now behind.
func (l *lag) lacks(now time.Time) (changed bool) {
	if l.since.IsZero() {
		l.since = now
	}
	changed = !l.behind && now.Sub(l.since) >= l.limit
	l.behind = l.behind || changed
	return changed
}

// watch logs when the place is behind, and when it no longer is, until ctx ends. A place of which nothing can be known is behind too.
func watch(ctx context.Context, db *litestream.DB, l lag, log *slog.Logger) {
	ticks := time.NewTicker(max(l.limit/8, time.Millisecond))
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now, changed := time.Now(), false
		if written, err := db.Pos(); err != nil {
			log.Warn("the state of the continuous backup cannot be read", "error", err)
			changed = l.lacks(now)
		} else {
			changed = l.look(now, uint64(written.TXID), uint64(db.Replica.Pos().TXID))
		}
		switch {
		case !changed:
		case l.behind:
			log.Error(Behind, "for", now.Sub(l.since).Round(time.Second).String())
		default:
			log.Info(CaughtUp)
		}
	}
}
