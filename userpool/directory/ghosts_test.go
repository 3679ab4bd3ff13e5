package directory

import (
	"bytes"
	"testing"
	"time"
)

// FuzzGhosts reads settings from an untrusted writer.
func FuzzGhosts(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, ghostHead))
	f.Add(bytes.Repeat([]byte{0x7f}, ghostHead+2*ghostLength))
	f.Add(bytes.Repeat([]byte{0xff}, ghostHead+ghostsInRow*ghostLength))
	f.Add(bytes.Repeat([]byte{0}, ghostHead+(ghostsInRow+1)*ghostLength))
	f.Fuzz(func(t *testing.T, value []byte) {
		list := parseGhosts(value)
		if len(list) > ghostsInRow {
			t.Fatalf("%d entries", len(list))
		}
		if list != nil && !bytes.Equal(appendGhosts(value[:ghostHead:ghostHead], list), value) {
			t.Error("what was read is not what is written")
		}
		for _, g := range list {
			_ = failed(g.failures(), time.Unix(1000, 0))
		}
	})
}
