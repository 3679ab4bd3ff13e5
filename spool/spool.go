// Package spool keeps the body of a request until it has arrived completely and has been checked. It keeps short bodies
// in memory and longer ones in an unnamed temporary file.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// Memory is the number of bytes of a body that stay in memory: 64 KiB.
const Memory = 64 << 10

// maxReserve is the space that files leave free: a tenth of the file system, but not more than this. The database of the store is
// usually on the same one, and fails without space.
const maxReserve = 1 << 30

// measured is the number of bytes that a file grows by before the free space is measured again.
const measured = 1 << 20

// ErrFull is the error for a body that would leave too little space free. Read wraps it in a StorageError.
var ErrFull = errors.New("the file system is nearly full")

// ErrNoRoom is the error for a body that has no room beside the others. Read wraps it in a StorageError.
var ErrNoRoom = errors.New("the bodies in files have all the space that they may take")

// space is spaceOf, unless a test replaces it.
var space = spaceOf

// ErrTooLong is the error for a body that is longer than the limit.
var ErrTooLong = errors.New("spool: the body is longer than the limit")

// StorageError is an error of the temporary file, such as a full disk. Other errors of Read come from the source.
type StorageError struct{ Err error }

// Error implements error.
func (e *StorageError) Error() string { return "spool: keeping the body: " + e.Err.Error() }

// Unwrap returns the error of the file system.
func (e *StorageError) Unwrap() error { return e.Err }

// Room counts the bytes of the bodies in files. Its zero value is ready to use.
type Room struct {
	mu    sync.Mutex
	taken int64
	by    map[string]int64 // only of holders that have bodies in files
}

// shareOf is the part of the total beyond which a holder has no second body: a quarter.
const shareOf = 4

// Close implements io.Closer. It does nothing: bodies that are still there stay counted.
func (*Room) Close() error { return nil }

// Taken returns the bytes of the bodies in files.
func (r *Room) Taken() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken
}

// fits reports whether a body of p's holder that has taken own bytes may take n more. The caller holds mu.
func (r *Room) fits(n, own int64, p *Place) bool {
	others := r.by[p.Holder] - own // the holder's other bodies
	return r.taken+n <= p.Total && (others == 0 || others+own+n <= p.Total/shareOf)
}

// has reports whether a body that has taken nothing yet may take n bytes.
func (r *Room) has(n int64, p *Place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fits(n, 0, p)
}

// take counts n more bytes of a body that has taken own, if they fit.
func (r *Room) take(n, own int64, p *Place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.fits(n, own, p) {
		return false
	}
	if r.by == nil {
		r.by = map[string]int64{}
	}
	r.taken += n
	r.by[p.Holder] += n
	return true
}

// put ends the counting of n bytes.
func (r *Room) put(n int64, holder string) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= n
	if r.by[holder] -= n; r.by[holder] == 0 {
		delete(r.by, holder)
	}
}

// Place is where bodies are kept, and how much of it they may take.
type Place struct {
	Dir   string // for the files, created if it does not exist
	Room  *Room  // of all bodies in Dir
	Total int64  // bytes that bodies in files may take together
	One   int64  // bytes of one body

	// Holder is whose body it is. A holder has one body of any size, or several that take a quarter of Total together, so that one
	// holder leaves room to the others.
	Holder string
}

// Body is a whole body. It is not safe for concurrent use, but Close may be called at any time.
type Body struct {
	io.Reader
	length int64
	file   *os.File // nil if the body is in memory
	room   *Room
	holder string
	taken  atomic.Int64 // bytes of room
}

// Read reads source to its end and returns the body, which the caller must close. announced is the length that the body claims to
// have, -1 if it claims none: a body that is too long is not read. Errors: the error of source, ErrTooLong, *StorageError.
func (p *Place) Read(source io.Reader, announced int64) (*Body, error) {
	limit := min(p.One, p.Total)
	if announced > limit {
		return nil, ErrTooLong
	}
	if announced > Memory && !p.Room.has(announced, p) {
		return nil, &StorageError{ErrNoRoom}
	}
	source = io.LimitReader(source, limit+1)
	head, err := io.ReadAll(io.LimitReader(source, min(Memory+1, limit+1)))
	switch {
	case err != nil:
		return nil, err
	case int64(len(head)) > limit:
		return nil, ErrTooLong
	case len(head) <= Memory:
		return &Body{Reader: bytes.NewReader(head), length: int64(len(head))}, nil
	}
	file, err := create(p.Dir)
	if err != nil {
		return nil, &StorageError{err}
	}
	b := &Body{Reader: file, file: file, room: p.Room, holder: p.Holder}
	if err := b.fill(head, source, p, limit); err != nil {
		_ = b.Close() // the file is unnamed and no longer needed
		return nil, err
	}
	return b, nil
}

// create returns an unnamed file, which is deleted when it is closed or when the process ends.
func create(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, "body-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// fill writes the body to the file and seeks to its beginning.
func (b *Body) fill(head []byte, rest io.Reader, p *Place, limit int64) error {
	into := &writer{body: b, place: p, limit: limit}
	_, err := io.Copy(into, io.MultiReader(bytes.NewReader(head), rest))
	switch {
	case errors.Is(into.err, ErrTooLong):
		return ErrTooLong
	case into.err != nil:
		return &StorageError{into.err}
	case err != nil:
		return err
	}
	b.length = into.count
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return &StorageError{err}
	}
	return nil
}

// writer wraps errors of the file, to distinguish them from errors of the source.
type writer struct {
	body  *Body
	place *Place
	limit int64 // bytes of this one
	count int64
	next  int64 // the count at which the free space is measured again
	err   error
}

func (w *writer) Write(p []byte) (int, error) {
	if w.count >= w.next {
		w.next = w.count + measured
		if free, total, known := space(w.body.file); known && free-measured < min(total/10, maxReserve) {
			w.err = fmt.Errorf("after %d bytes: %w: %d bytes are free", w.count, ErrFull, free)
			return 0, w.err
		}
	}
	if w.count+int64(len(p)) > w.limit {
		w.err = ErrTooLong
		return 0, w.err
	}
	if !w.body.room.take(int64(len(p)), w.body.taken.Load(), w.place) {
		w.err = fmt.Errorf("after %d bytes: %w", w.count, ErrNoRoom)
		return 0, w.err
	}
	w.body.taken.Add(int64(len(p)))
	n, err := w.body.file.Write(p)
	w.count += int64(n)
	if err != nil {
		w.err = fmt.Errorf("after %d bytes: %w", w.count, err)
	}
	return n, err
}

// Len returns the length in bytes.
func (b *Body) Len() int64 { return b.length }

// Close frees the file. A Read after it fails if the body was in a file.
func (b *Body) Close() error {
	if b == nil || b.file == nil {
		return nil
	}
	b.room.put(b.taken.Swap(0), b.holder)
	if err := b.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
