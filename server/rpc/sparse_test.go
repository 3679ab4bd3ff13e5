package rpc

import (
	"testing"
	"time"
)

func TestOneLineASecondTellsOfAnOutage(t *testing.T) {
	var s sparse
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for i := range 1000 {
		if left, ok := s.next(at.Add(time.Duration(i) * time.Millisecond / 2)); ok != (i == 0) || left != 0 {
			t.Fatalf("line %d: %d %v", i, left, ok)
		}
	}
	if left, ok := s.next(at.Add(time.Second)); !ok || left != 999 {
		t.Errorf("after a second: %d %v, want the 999 that were left out", left, ok)
	}
}
