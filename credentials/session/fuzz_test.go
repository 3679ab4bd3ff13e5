package session_test

import (
	"encoding/base64"
	"testing"

	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/seal"
)

// FuzzOpen checks that only the minted pair of strings opens, and that nothing panics.
func FuzzOpen(f *testing.F) {
	key, err := seal.ParseMasterKey(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		f.Fatal(err)
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}, Rand: zeros{}})
	if err != nil {
		f.Fatal(err)
	}
	m, err := session.NewMinter(session.Options{Box: box, Rand: zeros{}})
	if err != nil {
		f.Fatal(err)
	}
	c := mint(f, m, full())
	f.Add(c.AccessKeyID, c.SessionToken)
	f.Add("ASIAAAAAAAAAAAAAAAAB", c.SessionToken)
	f.Add(c.AccessKeyID, c.SessionToken+"A")
	f.Fuzz(func(t *testing.T, id, token string) {
		r, secret, err := m.Open(id, token, issued)
		if err == nil && (id != c.AccessKeyID || token != c.SessionToken) {
			t.Errorf("%q with %q opens to %+v", id, token, r)
		}
		if err != nil && (r != nil || !secret.IsZero()) {
			t.Errorf("Open returned values with the error %v", err)
		}
	})
}

// zeros is a source of zero bytes, so that every fuzzing process mints the same credentials.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
