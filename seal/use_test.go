package seal_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/sluicegate/sluice/seal"
)

// inPlace seals as a Use does, in memory of just that size or of more.
func inPlace(t testing.TB, u *seal.Use, plaintext, aad string, spare int) []byte {
	t.Helper()
	message := append(make([]byte, seal.HeadSize, seal.HeadSize+len(plaintext)+spare), plaintext...)
	s, err := u.SealInPlace(message, []byte(aad))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAUseAndItsBoxUndoEachOther(t *testing.T) {
	old, current := newKey(t), newKey(t)
	box, before := newBox(t, current, old), newBox(t, old)
	use := box.For("flow session")
	for name, tc := range map[string]struct {
		message []byte
		aad     string
		opens   bool
	}{
		"sealed by the box":                  {sealed(t, box, "flow session", "state", "a"), "a", true},
		"sealed by the use":                  {inPlace(t, use, "state", "a", 0), "a", true},
		"sealed by the use with room":        {inPlace(t, use, "state", "a", 100), "a", true},
		"sealed under the key before":        {inPlace(t, before.For("flow session"), "state", "a", 16), "a", true},
		"sealed for another purpose":         {inPlace(t, box.For("flow"), "state", "a", 16), "a", false},
		"sealed with other additional data":  {inPlace(t, use, "state", "b", 16), "a", false},
		"sealed under a key that is unknown": {inPlace(t, newBox(t, newKey(t)).For("flow session"), "state", "a", 16), "a", false},
		"of another format":                  {append([]byte{2}, inPlace(t, use, "state", "a", 16)[1:]...), "a", false},
		"too short":                          {make([]byte, seal.Overhead-1), "a", false},
		"nothing":                            {nil, "a", false},
	} {
		t.Run(name, func(t *testing.T) {
			byBox, err := box.Open("flow session", tc.message, []byte(tc.aad))
			byUse, same := use.OpenInPlace(bytes.Clone(tc.message), []byte(tc.aad))
			if tc.opens && (err != nil || same != nil || string(byBox) != "state" || string(byUse) != "state") {
				t.Errorf("opens to %q, %v and %q, %v", byBox, err, byUse, same)
			}
			if !tc.opens && (!errors.Is(err, seal.ErrOpen) || !errors.Is(same, seal.ErrOpen) || byUse != nil) {
				t.Errorf("%v, %v; want ErrOpen", err, same)
			}
		})
	}
}

func TestSealingInPlaceTakesTheMemoryThatIsThere(t *testing.T) {
	use := newBox(t, newKey(t)).For("p")
	message := append(make([]byte, seal.HeadSize, 200), "plaintext"...)
	s, err := use.SealInPlace(message, nil)
	if err != nil || &s[0] != &message[0] || len(s) != len("plaintext")+seal.Overhead {
		t.Errorf("%d bytes elsewhere, %v", len(s), err)
	}
}

func TestSealingInPlaceFailsWithoutRandomness(t *testing.T) {
	box, err := seal.New(seal.Options{Keys: []seal.Key{newKey(t)}, Rand: bytes.NewReader(make([]byte, 23))})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := box.For("p").SealInPlace(make([]byte, seal.HeadSize), nil); !errors.Is(err, io.ErrUnexpectedEOF) || s != nil {
		t.Errorf("%x, %v", s, err)
	}
}

func TestAUseHashesAsItsBox(t *testing.T) {
	old, current := newKey(t), newKey(t)
	box := newBox(t, current, old)
	use := box.For("p")
	before := newBox(t, old)
	for name, id := range map[string]uint32{"the current key": box.CurrentKeyID(), "the key before": before.CurrentKeyID()} {
		want, _ := box.MACWith(id, "p", []byte("a"), []byte("b"))
		if got, ok := use.MACWith(id, []byte("a"), []byte("b")); !ok || got != want {
			t.Errorf("%s: another MAC, %v", name, ok)
		}
	}
	if _, ok := use.MACWith(box.CurrentKeyID() ^ before.CurrentKeyID() ^ 1); ok {
		t.Error("a MAC under a key that nobody has")
	}
}

func TestAMarkChangesWithEveryMessage(t *testing.T) {
	key := newKey(t)
	use := newBox(t, key).For("p")
	fixed, err := seal.New(seal.Options{Keys: []seal.Key{key}, Rand: zeros{}})
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string][]byte{
		"one": inPlace(t, use, "state", "a", 0), "the same again": inPlace(t, use, "state", "a", 0),
		// Even a source of nonces that repeats itself leaves the tag to tell messages apart.
		"a nonce":                              inPlace(t, fixed.For("p"), "state", "a", 0),
		"its repetition with other content":    inPlace(t, fixed.For("p"), "other", "a", 0),
		"its repetition with other data":       inPlace(t, fixed.For("p"), "state", "b", 0),
		"its repetition for another purpose":   inPlace(t, fixed.For("q"), "state", "a", 0),
		"its repetition with more of the same": inPlace(t, fixed.For("p"), "state\x00", "a", 0),
		"its repetition under another key": inPlace(t, func() *seal.Use {
			b, err := seal.New(seal.Options{Keys: []seal.Key{newKey(t)}, Rand: zeros{}})
			if err != nil {
				t.Fatal(err)
			}
			return b.For("p")
		}(), "state", "a", 0),
	}
	seen := map[string]string{}
	for name, message := range messages {
		mark := seal.AppendMark([]byte("x"), message)
		if len(mark) != 1+seal.MarkSize || mark[0] != 'x' {
			t.Errorf("%s: a mark of %d bytes", name, len(mark)-1)
		}
		if other, ok := seen[string(mark)]; ok {
			t.Errorf("%s and %s have the same mark", name, other)
		}
		seen[string(mark)] = name
	}
	if mark := seal.AppendMark(nil, make([]byte, seal.Overhead-1)); mark != nil {
		t.Errorf("the mark of nothing is %x", mark)
	}
}
