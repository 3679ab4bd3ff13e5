package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluicegate/sluice/store"
)

// pool keeps connections for reuse, the last used one first, so that no more stay open than are needed at once.
type pool struct {
	settings *settings
	now      func() time.Time
	slots    chan struct{} // one per connection in use
	closed   chan struct{}
	once     sync.Once

	mu   sync.Mutex
	idle []*conn
}

var errClosed = fmt.Errorf("%w: the store is closed", store.ErrUnavailable)

func newPool(s *settings, now func() time.Time) *pool {
	return &pool{settings: s, now: now, slots: make(chan struct{}, s.max), closed: make(chan struct{})}
}

// take returns a connection on which no transaction is open. It waits for one as long as for a statement.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	for {
		c := p.last()
		if c == nil {
			break
		}
		if c.settle() == nil && silent(c.pg.Conn()) && !p.old(c) {
			return c, nil
		}
		if timedOut(c.dead) { // so would the others
			p.drop()
		}
		c.close()
	}
	pg, err := p.settings.dial(ctx)
	if err != nil {
		<-p.slots
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
			return nil, context.DeadlineExceeded // the dialer may notice before ctx does
		}
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return newConn(pg, p.settings, p.now()), nil
}

// enter takes a slot.
func (p *pool) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
	default:
		patience := time.NewTimer(p.settings.statement)
		defer patience.Stop()
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case <-p.closed:
			return errClosed
		case <-patience.C:
			return fmt.Errorf("%w: all %d connections are in use; raise pool_max_conns", store.ErrUnavailable, p.settings.max)
		}
	}
	select {
	case <-p.closed:
		<-p.slots
		return errClosed
	default:
		return nil
	}
}

func (p *pool) last() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// drop closes the idle connections.
func (p *pool) drop() {
	for c := p.last(); c != nil; c = p.last() {
		c.close()
	}
}

func (p *pool) old(c *conn) bool { return p.now().Sub(c.made) > p.settings.lifetime }

// give returns a connection. A dead one is closed with all idle ones, because they usually died for the same reason.
func (p *pool) give(c *conn) {
	c.used = p.now()
	var leaving []*conn
	p.mu.Lock()
	switch {
	case c.dead != nil:
		leaving, p.idle = p.idle, nil
	default:
		p.idle = append(p.idle, c)
		if first := p.idle[0]; c.used.Sub(first.used) > p.settings.idle {
			leaving = []*conn{first}
			p.idle = append(p.idle[:0], p.idle[1:]...)
		}
	}
	p.mu.Unlock()
	if timedOut(c.dead) {
		// The server may still be at work, or wait for a standby, and keeps the connection until then.
		go func() {
			c.cancel()
			c.close()
			<-p.slots
		}()
	} else {
		if c.dead != nil {
			leaving = append(leaving, c)
		}
		<-p.slots
	}
	for _, c := range leaving {
		c.close()
	}
}

// close waits for the connections in use and closes all.
func (p *pool) close() error {
	var errs []error
	p.once.Do(func() {
		close(p.closed)
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		for c := p.last(); c != nil; c = p.last() {
			if err := c.settle(); err != nil {
				errs = append(errs, fmt.Errorf("store/postgres: close: %w", err))
			}
			c.close()
		}
		for range cap(p.slots) {
			<-p.slots
		}
	})
	return errors.Join(errs...)
}
