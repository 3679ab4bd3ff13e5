package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Destination is where the records for an ARN go: a file or a URL.
type Destination struct {
	ARN  string // of a log group, delivery stream or bucket, as pools' log configurations name it
	File string // the path of a file to which records are appended, one JSON object a line
	URL  string // gets each record in a POST
}

// Observer counts records. Its method must return at once.
type Observer interface {
	// LogRecord is called for each record; result is "delivered", "failed", "dropped" (the queue was full), or "unmapped" (no
	// destination has the ARN).
	LogRecord(result string)
}

// Bounds of a Delivery.
const (
	queueLength = 1000             // records that wait for one destination
	maxFile     = 64 << 20         // bytes of a file; it is then renamed to have the suffix .1
	sendTime    = 10 * time.Second // of a POST
)

// Delivery carries records to destinations, in order. Its methods may be called from any goroutine.
type Delivery struct {
	client   *http.Client
	observer Observer
	log      *slog.Logger
	queues   map[string]chan []byte // by ARN

	mu       sync.Mutex
	closed   bool
	unmapped map[string]bool // ARNs that were logged once
	workers  sync.WaitGroup
	sending  context.Context
	cancel   context.CancelFunc
}

// maxUnmapped bounds the ARNs that a Delivery remembers to have logged.
const maxUnmapped = 1000

// NewDelivery starts a worker for each destination. client nil is one that follows no redirects: records tell of users, and go only
// where the operator says.
func NewDelivery(list []Destination, client *http.Client, observer Observer, log *slog.Logger) *Delivery {
	d := &Delivery{client: client, observer: observer, log: log, queues: map[string]chan []byte{}, unmapped: map[string]bool{}}
	if client == nil {
		d.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.sending, d.cancel = context.WithCancel(context.Background())
	for _, to := range list {
		queue := make(chan []byte, queueLength)
		d.queues[canonical(to.ARN)] = queue
		d.workers.Go(func() { d.work(to, queue) })
	}
	return d
}

// canonical returns an ARN without the ":*" that the console appends to those of log groups.
func canonical(arn string) string { return strings.TrimSuffix(arn, ":*") }

// Put hands a record over. It returns at once.
func (d *Delivery) Put(arn string, record []byte) {
	arn = canonical(arn)
	d.mu.Lock()
	defer d.mu.Unlock()
	queue, ok := d.queues[arn]
	switch {
	case d.closed:
		d.count("dropped")
	case !ok:
		d.count("unmapped")
		if !d.unmapped[arn] && len(d.unmapped) < maxUnmapped {
			d.unmapped[arn] = true
			d.log.Warn("a user pool delivers logs to an ARN without a destination; they are lost; add log_destination for the ARN", "arn", arn)
		}
	default:
		select {
		case queue <- record:
		default:
			d.count("dropped")
		}
	}
}

func (d *Delivery) count(result string) {
	if d.observer != nil {
		d.observer.LogRecord(result)
	}
}

// Close delivers what waits, for at most patience, and ends the workers.
func (d *Delivery) Close(patience time.Duration) {
	if d == nil {
		return
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	for _, queue := range d.queues {
		close(queue)
	}
	d.mu.Unlock()
	timer := time.AfterFunc(patience, d.cancel)
	d.workers.Wait()
	timer.Stop()
	d.cancel()
}

// work delivers the records of one destination.
func (d *Delivery) work(to Destination, queue chan []byte) {
	failing := false
	for record := range queue {
		var err error
		if to.URL != "" {
			err = d.post(to.URL, record)
		} else {
			err = appendTo(to.File, append(record, '\n'))
		}
		if err == nil {
			failing = false
			d.count("delivered")
			continue
		}
		d.count("failed")
		if !failing { // once, until it works again
			d.log.Error("a log record was not delivered", "arn", to.ARN, "error", err)
		}
		failing = true
	}
}

func (d *Delivery) post(url string, record []byte) error {
	ctx, cancel := context.WithTimeout(d.sending, sendTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(record))
	if err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := d.client.Do(r)
	if err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("logs: the destination answered %s", resp.Status)
	}
	return nil
}

// appendTo appends a line to a file of mode 0600. A file that is too large becomes the only older one.
func appendTo(path string, line []byte) error {
	if info, err := os.Stat(path); err == nil && info.Size()+int64(len(line)) > maxFile {
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("logs: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	if _, err := f.Write(line); err != nil {
		return fmt.Errorf("logs: %w", errors.Join(err, f.Close()))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	return nil
}
