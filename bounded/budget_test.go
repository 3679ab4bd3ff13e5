package bounded_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sluicegate/sluice/bounded"
)

// stalled sends a text and then blocks until the test releases it.
type stalled struct {
	io.Reader
	waits chan<- struct{}
	leave <-chan struct{}
}

func (s stalled) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == nil {
		return n, nil
	}
	s.waits <- struct{}{}
	<-s.leave
	return n, io.ErrUnexpectedEOF
}

func TestStalledTextsHoldNoMoreThanTheBudget(t *testing.T) {
	const text, total, share = 1 << 20, 8 << 20, 4 << 20
	budget := bounded.NewBudget(total, share)
	waits, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	addresses := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}
	refused := 0
	for i := range 60 {
		go func() {
			_, err := budget.ReadAll(stalled{strings.NewReader(strings.Repeat("a", text)), waits, leave}, addresses[i%3], 2*text)
			done <- err
		}()
		select {
		case <-waits:
		case err := <-done:
			if refused++; !errors.Is(err, bounded.ErrNoBytes) {
				t.Fatal(err)
			}
		}
		if held := budget.Held(); held > total {
			t.Fatalf("%d bytes are held", held)
		}
		if i == 0 { // the budget is not used up yet
			if _, err := budget.ReadAll(strings.NewReader(strings.Repeat("a", text)), addresses[1], text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if refused < 60-total/text || budget.Held() == 0 {
		t.Errorf("%d of 60 are refused, %d bytes held", refused, budget.Held())
	}
	small := strings.Repeat("a", bounded.FreeBytes/2)
	if got, err := budget.ReadAll(strings.NewReader(small), addresses[0], text); err != nil || string(got) != small {
		t.Errorf("small text with a used-up budget: %d bytes, %v", len(got), err)
	}
	close(leave)
	for range 60 - refused {
		if err := <-done; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
	}
	if budget.Held() != 0 {
		t.Errorf("%d bytes are held after all reads have returned", budget.Held())
	}
}

func TestOneClientHoldsNoMoreThanItsShare(t *testing.T) {
	budget := bounded.NewBudget(64<<20, 1<<20)
	text := bytes.Repeat([]byte("a"), 2<<20)
	if _, err := budget.ReadAll(bytes.NewReader(text), netip.Addr{}, 4<<20); !errors.Is(err, bounded.ErrNoBytes) {
		t.Errorf("got %v", err)
	}
}

func TestReadAllReadsExactlyTheText(t *testing.T) {
	budget := bounded.NewBudget(1<<20, 1<<20)
	for _, n := range []int{0, 1, 511, 512, 513, bounded.FreeBytes, bounded.FreeBytes + 1, 100_000} {
		text := strings.Repeat("ab", n)[:n]
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "with EOF": iotest.DataErrReader(strings.NewReader(text)),
			"byte by byte": iotest.OneByteReader(strings.NewReader(text))} {
			if got, err := budget.ReadAll(r, netip.Addr{}, int64(n)); err != nil || string(got) != text {
				t.Errorf("%d bytes, %s: %d bytes, %v", n, name, len(got), err)
			}
		}
		if n > 0 {
			if _, err := budget.ReadAll(strings.NewReader(text), netip.Addr{}, int64(n-1)); !errors.Is(err, bounded.ErrTooLong) {
				t.Errorf("%d bytes with a limit of one less: %v", n, err)
			}
		}
	}
	if _, err := budget.ReadAll(iotest.ErrReader(io.ErrClosedPipe), netip.Addr{}, 9); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func TestATextCountsUntilItIsFreed(t *testing.T) {
	budget, client := bounded.NewBudget(3<<20, 3<<20), netip.MustParseAddr("192.0.2.1")
	text, free, err := budget.Hold(strings.NewReader(strings.Repeat("a", 1<<20)), client, 1<<20)
	if err != nil || len(text) != 1<<20 || budget.Held() < 1<<20-bounded.FreeBytes {
		t.Fatalf("%d bytes, %d are held, %v", len(text), budget.Held(), err)
	}
	free()
	free() // counts once
	if budget.Held() != 0 {
		t.Errorf("%d bytes are held", budget.Held())
	}
	for name, r := range map[string]io.Reader{"too long": strings.NewReader(strings.Repeat("a", 2<<20)), "broken off": iotest.TimeoutReader(strings.NewReader(strings.Repeat("a", 1<<20)))} {
		if _, free, err = budget.Hold(r, client, 1<<20); err == nil || budget.Held() != 0 {
			t.Errorf("%s: %d bytes are held, %v", name, budget.Held(), err)
		}
		free()
	}
}
