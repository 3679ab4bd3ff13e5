package seal_test

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/seal"
)

func TestAKeyOfAPurposeOpensInAnotherBoxWhatWasSealedForThePurposeOnly(t *testing.T) {
	old, current, other := newKey(t), newKey(t), newKey(t)
	from, to := newBox(t, current, old), newBox(t, other)
	keys := from.PurposeKeys("refresh")
	for name, message := range map[string]string{
		"the current key": token(t, from, "refresh"),
		"an older key":    token(t, newBox(t, old), "refresh"),
		"its own key":     token(t, to, "refresh"),
	} {
		if got, err := to.ForWith("refresh", keys).OpenToken(message, []byte("aad"), 200); err != nil || string(got) != "x" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := to.ForWith("refresh", keys).OpenToken(token(t, from, "session"), []byte("aad"), 200); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("another purpose: %v", err)
	}
	if _, err := to.For("refresh").OpenInPlace(sealed(t, from, "refresh", "x", ""), nil); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("without the keys: %v", err)
	}
	made, err := to.ForWith("refresh", keys).SealToken([]byte("y"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := to.OpenToken("refresh", made, nil, 200); err != nil || string(got) != "y" {
		t.Errorf("it does not seal with its own key: %q, %v", got, err)
	}
	if mac := from.MAC("refresh", []byte("a")); to.ForWith("refresh", keys).MACs([]byte("a"))[1] != mac {
		t.Error("the MAC differs")
	}
}

func token(t *testing.T, b *seal.Box, purpose string) string {
	t.Helper()
	text, err := b.SealToken(purpose, []byte("x"), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
