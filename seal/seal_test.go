package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/seal"
)

func newKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.GenerateMasterKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newBox(t testing.TB, keys ...seal.Key) *seal.Box {
	t.Helper()
	b, err := seal.New(seal.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sealed(t testing.TB, b *seal.Box, purpose, plaintext, aad string) []byte {
	t.Helper()
	s, err := b.Seal(purpose, []byte(plaintext), []byte(aad))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpenTakesOnlyWhatWasSealedForTheSameUse(t *testing.T) {
	old, current := newKey(t), newKey(t)
	box := newBox(t, current, old)
	message := sealed(t, box, "flow session", "state", "client 1")
	before := sealed(t, newBox(t, old), "flow session", "state", "client 1")

	for name, tc := range map[string]struct {
		box          *seal.Box
		purpose, aad string
		message      []byte
		opens        bool
	}{
		"its own":                                {box, "flow session", "client 1", message, true},
		"one sealed before the key was replaced": {box, "flow session", "client 1", before, true},
		"one sealed by a newer node":             {newBox(t, old, current), "flow session", "client 1", message, true},
		"another purpose":                        {box, "pagination", "client 1", message, false},
		"a purpose that begins like its own":     {box, "flow", "client 1", message, false},
		"no purpose":                             {box, "", "client 1", message, false},
		"other additional data":                  {box, "flow session", "client 2", message, false},
		"no additional data":                     {box, "flow session", "", message, false},
		"a key that is no longer held":           {newBox(t, current), "flow session", "client 1", before, false},
		"a key that was never held":              {newBox(t, newKey(t)), "flow session", "client 1", message, false},
		"nothing":                                {box, "flow session", "client 1", nil, false},
		"one byte more":                          {box, "flow session", "client 1", append(bytes.Clone(message), 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.box.Open(tc.purpose, tc.message, []byte(tc.aad))
			switch {
			case tc.opens && (err != nil || string(got) != "state"):
				t.Errorf("Open = %q, %v", got, err)
			case !tc.opens && (!errors.Is(err, seal.ErrOpen) || got != nil):
				t.Errorf("Open = %q, %v; want ErrOpen", got, err)
			}
			inPlace, same := tc.box.OpenInPlace(tc.purpose, bytes.Clone(tc.message), []byte(tc.aad))
			if !bytes.Equal(inPlace, got) || !errors.Is(same, err) {
				t.Errorf("OpenInPlace = %q, %v; Open = %q, %v", inPlace, same, got, err)
			}
		})
	}
}

func TestNoBitOfASealedMessageCanChange(t *testing.T) {
	box := newBox(t, newKey(t), newKey(t))
	message := sealed(t, box, "p", "plaintext of some length", "aad")
	for i := range message {
		for bit := range 8 {
			tampered := bytes.Clone(message)
			tampered[i] ^= 1 << bit
			if _, err := box.Open("p", tampered, []byte("aad")); !errors.Is(err, seal.ErrOpen) {
				t.Fatalf("byte %d bit %d: %v", i, bit, err)
			}
		}
		if _, err := box.Open("p", message[:i], []byte("aad")); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestSealingTwiceGivesDifferentMessages(t *testing.T) {
	box := newBox(t, newKey(t))
	if bytes.Equal(sealed(t, box, "p", "same", ""), sealed(t, box, "p", "same", "")) {
		t.Error("two seals of one plaintext are equal")
	}
}

func TestATokenHasOneTextAndALimit(t *testing.T) {
	box := newBox(t, newKey(t))
	token, err := box.SealToken("p", []byte("state"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(token) != seal.TokenLen(len("state")) {
		t.Errorf("TokenLen says %d, it is %d", seal.TokenLen(len("state")), len(token))
	}
	if got, err := box.OpenToken("p", token, nil, len(token)); err != nil || string(got) != "state" {
		t.Fatalf("OpenToken = %q, %v", got, err)
	}
	for name, text := range map[string]string{
		"too long":           token + "A",
		"with a line end":    token[:4] + "\n" + token[4:len(token)-1],
		"padded":             token[:len(token)-1] + "=",
		"standard alphabet":  "+" + token[1:],
		"empty":              "",
		"not base64 at all":  "état",
		"one character less": token[:len(token)-1],
	} {
		if _, err := box.OpenToken("p", text, nil, len(token)); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMACTellsPartsPurposesAndKeysApart(t *testing.T) {
	old, current := newKey(t), newKey(t)
	box, before := newBox(t, current, old), newBox(t, old)
	a := box.MAC("p", []byte("ab"), []byte("c"))
	for name, other := range map[string][seal.MACSize]byte{
		"a byte moved to the next part": box.MAC("p", []byte("a"), []byte("bc")),
		"an empty part more":            box.MAC("p", []byte("ab"), []byte("c"), nil),
		"another purpose":               box.MAC("q", []byte("ab"), []byte("c")),
		"another key":                   before.MAC("p", []byte("ab"), []byte("c")),
	} {
		if a == other {
			t.Errorf("%s: the MAC is the same", name)
		}
	}
	if a != box.MAC("p", []byte("ab"), []byte("c")) {
		t.Error("a MAC differs from itself")
	}
	stored := before.MAC("p", []byte("token"))
	if all := box.MACs("p", []byte("token")); len(all) != 2 || all[0] != box.MAC("p", []byte("token")) || all[1] != stored {
		t.Error("MACs are not the current key's and then the old one's")
	}
	if !box.MatchMAC(stored[:], "p", []byte("token")) || box.MatchMAC(stored[:], "p", []byte("tokem")) ||
		box.MatchMAC(stored[:8], "p", []byte("token")) || box.MatchMAC(nil, "p", []byte("token")) {
		t.Error("MatchMAC does not match exactly the stored MAC")
	}
}

func TestDeriveGivesTheSameKeyToTheSamePurposeOnly(t *testing.T) {
	k := newKey(t)
	one, err := newBox(t, k).Derive("cookies", 64)
	if err != nil {
		t.Fatal(err)
	}
	same, _ := newBox(t, k).Derive("cookies", 64)
	other, _ := newBox(t, k).Derive("caches", 64)
	if !bytes.Equal(one, same) || bytes.Equal(one, other) || len(one) != 64 {
		t.Error("derived keys do not follow their purpose")
	}
	for _, n := range []int{-1, 0, 255*32 + 1} {
		if _, err := newBox(t, k).Derive("p", n); err == nil {
			t.Errorf("a key of %d bytes is derived", n)
		}
	}
}

func TestMasterKeysAreReadInEveryUsualBase64(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xef, 0xff, 1}, 8)
	want, err := seal.ParseMasterKey(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	if want.Encode().Reveal() != base64.StdEncoding.EncodeToString(raw) {
		t.Error("Encode does not give the key back")
	}
	for name, text := range map[string]string{
		"without padding": base64.RawStdEncoding.EncodeToString(raw),
		"URL alphabet":    base64.URLEncoding.EncodeToString(raw),
		"with a line end": base64.StdEncoding.EncodeToString(raw) + "\r\n",
		"URL, no padding": base64.RawURLEncoding.EncodeToString(raw),
	} {
		if got, err := seal.ParseMasterKey(text); err != nil || got.ID() != want.ID() {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"empty":             "",
		"31 bytes":          base64.StdEncoding.EncodeToString(raw[:31]),
		"33 bytes":          base64.StdEncoding.EncodeToString(append(raw[:32:32], 1)),
		"all zero":          base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"one byte repeated": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{'x'}, 32)),
		"not base64":        strings.Repeat("!", 43),
	} {
		if _, err := seal.ParseMasterKey(text); err == nil {
			t.Errorf("%s: accepted", name)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
}

func TestNewRefusesKeysThatCannotWork(t *testing.T) {
	k := newKey(t)
	for name, keys := range map[string][]seal.Key{
		"none": nil, "an empty key": {k, {}}, "the same key twice": {k, k},
	} {
		if _, err := seal.New(seal.Options{Keys: keys}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFailingRandomnessIsAnError(t *testing.T) {
	b, err := seal.New(seal.Options{Keys: []seal.Key{newKey(t)}, Rand: strings.NewReader("short")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.SealToken("p", nil, nil); err == nil {
		t.Error("sealed without a nonce")
	}
	if _, err := seal.GenerateMasterKey(strings.NewReader("short")); err == nil {
		t.Error("made a key without randomness")
	}
}

func TestManyGoroutinesMayUseMorePurposesThanAreRemembered(t *testing.T) {
	box := newBox(t, newKey(t))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 300 {
				purpose := strings.Repeat("x", i+1)
				s, err := box.Seal(purpose, []byte{byte(g)}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := box.Open(purpose, s, nil); err != nil || got[0] != byte(g) {
					t.Errorf("purpose %d: %v", i, err)
				}
				if box.MAC(purpose, s) != box.MACs(purpose, s)[0] {
					t.Errorf("purpose %d: MACs differ", i)
				}
			}
		})
	}
	wg.Wait()
}

// Random bytes never open. A sealed message opens to its plaintext.
func FuzzOpenToken(f *testing.F) {
	key, err := seal.ParseMasterKey(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		f.Fatal(err)
	}
	// Fuzzing runs in several processes, which must agree on the one token that opens.
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}, Rand: zeros{}})
	if err != nil {
		f.Fatal(err)
	}
	token, err := box.SealToken("p", []byte("plaintext"), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token, []byte("plaintext"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, text string, plaintext []byte) {
		if got, err := box.OpenToken("p", text, nil, 4096); err == nil && text != token {
			t.Errorf("%q opens to %q", text, got)
		}
		made, err := box.SealToken("p", plaintext, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := box.OpenToken("p", made, []byte(text), len(made)); err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("sealed %q, opened %q, %v", plaintext, got, err)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
