package srp

import (
	"bytes"
	"crypto/rand"
	"testing"
)

func TestClientAndServerAgreeOnAKey(t *testing.T) {
	name := Name{Pool: "notes0001", User: "alice"}
	for range 20 {
		salt, err := NewSalt(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		verifier := Verifier(name, "Correct-Horse-1", salt)
		c, err := NewClient(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		x, srpB, err := Begin(rand.Reader, verifier, c.A())
		if err != nil {
			t.Fatal(err)
		}
		key, err := c.Key(name, "Correct-Horse-1", SaltHex(salt), srpB)
		if err != nil || !bytes.Equal(key, x.Key(verifier)) {
			t.Fatal("the keys differ:", err)
		}
		if wrong, err := c.Key(name, "correct-horse-1", SaltHex(salt), srpB); err != nil || bytes.Equal(wrong, x.Key(verifier)) {
			t.Fatal("a wrong password has the key:", err)
		}
	}
	c, err := NewClient(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]string{{"x", "2"}, {"", "2"}, {"-1", "2"}, {"1", "0"}, {"1", ""}, {"1", groupHex}} {
		if _, err := c.Key(name, "p", bad[0], bad[1]); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
