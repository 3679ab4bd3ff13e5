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

func TestAUseAndItsBoxOpenEachOthersMessages(t *testing.T) {
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

func TestSealingInPlaceUsesTheGivenMemory(t *testing.T) {
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

func TestEachMessageHasItsOwnNonce(t *testing.T) {
	use := newBox(t, newKey(t)).For("p")
	one, other := inPlace(t, use, "state", "a", 0), inPlace(t, use, "state", "a", 0)
	if n := seal.Nonce(one); len(n) != 24 || bytes.Equal(n, seal.Nonce(other)) {
		t.Errorf("%x and %x", n, seal.Nonce(other))
	}
	for i := range seal.Nonce(one) {
		changed := bytes.Clone(one)
		seal.Nonce(changed)[i] ^= 1
		if _, err := use.OpenInPlace(changed, []byte("a")); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("byte %d of the nonce does not matter: %v", i, err)
		}
	}
	if n := seal.Nonce(make([]byte, seal.Overhead-1)); n != nil {
		t.Errorf("the nonce of nothing is %x", n)
	}
}
