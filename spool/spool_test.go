package spool

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// place returns a place for bodies of a size.
func place(dir string, one int64) *Place {
	return &Place{Dir: dir, Room: new(Room), Total: 1 << 40, One: one}
}

func TestABodyIsReadCompletelyAndLeavesNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	for _, size := range []int{0, 1, Memory, Memory + 1, 3 << 20} {
		text := strings.Repeat("x", size)
		b, err := place(dir, int64(size)).Read(strings.NewReader(text), int64(size))
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got, err := io.ReadAll(b); err != nil || string(got) != text || b.Len() != int64(size) {
			t.Errorf("%d bytes: read %d, Len %d, %v", size, len(got), b.Len(), err)
		}
		for range 2 {
			if err := b.Close(); err != nil {
				t.Errorf("%d bytes: closing fails: %v", size, err)
			}
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("files remain: %v %v", files, err)
	}
}

func TestErrorsOfTheSourceAndOfTheFileDiffer(t *testing.T) {
	broken := errors.New("the client has gone")
	for _, size := range []int{1, Memory + 10} {
		source := io.MultiReader(strings.NewReader(strings.Repeat("x", size)), iotest.ErrReader(broken))
		if _, err := place(t.TempDir(), 1<<30).Read(source, -1); !errors.Is(err, broken) {
			t.Errorf("%d bytes: %v", size, err)
		}
		for _, announced := range []int64{-1, int64(size)} {
			if _, err := place(t.TempDir(), int64(size)-1).Read(strings.NewReader(strings.Repeat("x", size)), announced); !errors.Is(err, ErrTooLong) {
				t.Errorf("%d bytes over the limit: %v", size, err)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := place(file, 1<<30).Read(strings.NewReader(strings.Repeat("x", Memory+1)), -1)
	if _, ok := errors.AsType[*StorageError](err); !ok {
		t.Errorf("a directory that cannot be created: %v", err)
	}
}

func TestBodiesLeaveSpaceForTheDatabase(t *testing.T) {
	defer func() { space = spaceOf }()
	free := int64(130 << 20)
	space = func(*os.File) (int64, int64, bool) {
		free -= measured // what was written since
		return free, 1 << 30, true
	}
	for _, size := range []int{10 << 20, 50 << 20} {
		b, err := place(t.TempDir(), 1<<30).Read(strings.NewReader(strings.Repeat("x", size)), -1)
		if full := errors.Is(err, ErrFull); full != (size > 20<<20) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err == nil {
			_ = b.Close()
			continue
		}
		if _, ok := errors.AsType[*StorageError](err); !ok {
			t.Errorf("%v is not of the storage", err)
		}
	}
	if free < 100<<20 {
		t.Errorf("%d bytes are left", free)
	}
}

func TestAFileFitsIfItLeavesSpaceForItsNeighbour(t *testing.T) {
	defer func() { space = spaceOf }()
	free := int64(22 << 20)
	space = func(*os.File) (int64, int64, bool) { return free, 10 << 30, true }
	dir := t.TempDir()
	next := filepath.Join(dir, "store")
	if err := os.WriteFile(next, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !sameDisk(dir, next) {
		t.Skip("this system does not say which files are on one file system")
	}
	fit := func(left int64, sizes map[int64]bool) {
		t.Helper()
		free = left
		for size, fits := range sizes {
			if err := Fits(size, dir, next); (err == nil) != fits || err != nil && !errors.Is(err, ErrFull) {
				t.Errorf("%d bytes of %d: %v", size, free, err)
			}
		}
	}
	fit(700<<20, map[int64]bool{300 << 20: true}) // also on a disk that is nearly full
	fit(10<<30, map[int64]bool{10<<30 - 64<<20: true, 10<<30 - 64<<20 + 1: false})
	fit(22<<20, map[int64]bool{20 << 20: true, 20<<20 + 10: false})
	elsewhere := filepath.Join(dir, "not there") // on no file system, let alone the same
	for size, fits := range map[int64]bool{22 << 20: true, 22<<20 + 1: false} {
		if err := Fits(size, dir, elsewhere); (err == nil) != fits {
			t.Errorf("%d bytes, with the neighbour elsewhere: %v", size, err)
		}
	}
	space = func(*os.File) (int64, int64, bool) { return 0, 0, false }
	if err := Fits(1<<60, dir, next); err != nil {
		t.Errorf("where the space is not known: %v", err)
	}
}

func TestBodiesTakeNoMoreThanTheirTotal(t *testing.T) {
	p := place(t.TempDir(), 1<<30)
	p.Total = 1 << 20
	text := strings.Repeat("x", 400<<10)
	var held []*Body
	for i := range 2 {
		p := *p
		p.Holder = strings.Repeat("h", i)
		b, err := p.Read(strings.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, b)
	}
	unread := strings.NewReader(text)
	for name, err := range map[string]error{"announced": second(p.Read(unread, int64(len(text)))), "not announced": second(p.Read(strings.NewReader(text), -1))} {
		if _, ok := errors.AsType[*StorageError](err); !ok || !errors.Is(err, ErrNoRoom) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if unread.Len() != len(text) {
		t.Error("a body for which there is no room was read")
	}
	if b, err := p.Read(strings.NewReader("short"), -1); err != nil || b.Close() != nil {
		t.Errorf("a body in memory: %v", err)
	}
	if err := second(p.Read(strings.NewReader(""), p.Total+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("a body for which there is never room: %v", err)
	}
	for range 2 {
		if err := held[0].Close(); err != nil {
			t.Error(err)
		}
	}
	b, err := p.Read(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = b.Close(), held[1].Close()
	if taken := p.Room.Taken(); taken != 0 {
		t.Errorf("without bodies, %d bytes are taken", taken)
	}
}

func TestAHolderLeavesRoomForOthers(t *testing.T) {
	p := place(t.TempDir(), 1<<30)
	p.Total, p.Holder = 1<<20, "one"
	text := strings.Repeat("x", 100<<10)
	var held []*Body
	for range 2 {
		b, err := p.Read(strings.NewReader(text), -1)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, b)
	}
	for _, announced := range []int64{-1, int64(len(text))} {
		if err := second(p.Read(strings.NewReader(text), announced)); !errors.Is(err, ErrNoRoom) {
			t.Errorf("a third body of %d announced bytes: %v", announced, err)
		}
	}
	other := *p
	other.Holder = "other"
	b, err := other.Read(strings.NewReader(strings.Repeat(text, 7)), -1) // a single body may be larger than the share
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range append(held, b) {
		_ = b.Close()
	}
	if p.Room.Taken() != 0 || len(p.Room.by) != 0 {
		t.Errorf("without bodies, %d bytes are taken, by %v", p.Room.Taken(), p.Room.by)
	}
}

func second(_ *Body, err error) error { return err }
