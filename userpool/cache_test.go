package userpool

import (
	"errors"
	"testing"
	"time"
)

func TestTheCacheNeverRestoresADroppedEntry(t *testing.T) {
	now := time.Unix(1000, 0)
	c := newCache[int](func() time.Time { return now }, time.Second, 2)
	load := func(v int, before func()) func() (int, error) {
		return func() (int, error) { before(); return v, nil }
	}
	if v, err := c.get("a", load(1, func() {})); v != 1 || err != nil {
		t.Fatal(v, err)
	}
	if v, _ := c.get("a", load(2, func() {})); v != 1 {
		t.Error("the value was not cached")
	}
	now = now.Add(time.Second)
	if v, _ := c.get("a", load(2, func() { c.drop("a") })); v != 2 {
		t.Error(v)
	}
	if v, _ := c.get("a", load(3, func() {})); v != 3 {
		t.Error("a value that was dropped during its load was cached")
	}
	for _, k := range []string{"b", "c", "d"} {
		if _, err := c.get(k, load(1, func() {})); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.entries.Len(); n > 2 {
		t.Errorf("%d entries", n)
	}
	if _, err := c.get("x", func() (int, error) { return 0, errors.New("away") }); err == nil {
		t.Error("no error")
	}
}
