package userpoolcmd

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// bar shows on a terminal how far an import is.
type bar struct {
	users atomic.Int64

	to    *os.File
	size  int64
	read  *counter
	began time.Time
	ended time.Time
	quit  chan struct{}
	done  chan struct{}
}

const (
	barWidth = 30
	barTick  = 200 * time.Millisecond
)

// startBar draws the bar until stop is called, if the file is a terminal. size is that of what is read, 0 if it is not known.
func startBar(to *os.File, size int64, read *counter) *bar {
	b := &bar{to: to, size: size, read: read, began: time.Now(), quit: make(chan struct{}), done: make(chan struct{})}
	info, err := to.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		close(b.done)
		return b
	}
	go b.draw()
	return b
}

func (b *bar) draw() {
	defer close(b.done)
	tick := time.NewTicker(barTick)
	defer tick.Stop()
	for {
		select {
		case <-b.quit:
			fmt.Fprint(b.to, "\r\x1b[K")
			return
		case <-tick.C:
			fmt.Fprint(b.to, "\r\x1b[K"+line(b.read.n.Load(), b.size, b.users.Load(), time.Since(b.began)))
		}
	}
}

// line returns the bar's text.
func line(read, size, users int64, took time.Duration) string {
	rate := float64(users) / max(took.Seconds(), 0.001)
	if size == 0 {
		return fmt.Sprintf("%d users, %.0f/s", users, rate)
	}
	part := min(float64(read)/float64(size), 1)
	full := int(part * barWidth)
	return fmt.Sprintf("[%s%s] %3.0f %%  %d users, %.0f/s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), part*100, users, rate)
}

// stop removes the bar.
func (b *bar) stop() {
	b.ended = time.Now()
	close(b.quit)
	<-b.done
}

// took returns how long the import took.
func (b *bar) took() time.Duration { return b.ended.Sub(b.began) }
