package session

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/seal"
)

// failing returns randomness for a number of reads and then an error.
type failing struct{ reads int }

func (f *failing) Read(p []byte) (int, error) {
	if f.reads--; f.reads < 0 {
		p[0] = 'x'
		return 1, errors.New("no more")
	}
	return rand.Read(p)
}

// The pooled buffers hold no secret, no randomness and no part of a record after Mint and Open, including after errors.
func TestPooledMemoryHoldsNoSecrets(t *testing.T) {
	const marker = "of the record only"
	issued := time.Unix(1_700_000_000, 0)
	record := func(policy int) *Record {
		return &Record{
			Kind: AssumedRole, Username: marker, SessionPolicies: []string{strings.Repeat("p", policy)},
			IssuedAt: issued, ExpiresAt: issued.Add(time.Hour),
		}
	}
	key, err := seal.GenerateMasterKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	minter := func(secrets, nonces io.Reader) *Minter {
		t.Helper()
		box, err := seal.New(seal.Options{Keys: []seal.Key{key}, Rand: nonces})
		if err != nil {
			t.Fatal(err)
		}
		m, err := NewMinter(Options{Box: box, Rand: secrets})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	good, err := minter(nil, nil).Mint(record(100))
	if err != nil {
		t.Fatal(err)
	}
	open := func(id, token string, now time.Time, want error) func(*Minter) {
		return func(m *Minter) {
			if _, _, err := m.Open(id, token, now); !errors.Is(err, want) {
				t.Errorf("opened: %v, want %v", err, want)
			}
		}
	}
	mint := func(policy int, ok bool) func(*Minter) {
		return func(m *Minter) {
			if _, err := m.Mint(record(policy)); (err == nil) != ok {
				t.Errorf("minted: %v", err)
			}
		}
	}
	id, token := good.AccessKeyID, good.SessionToken
	for name, tc := range map[string]struct {
		secrets, nonces io.Reader
		then            func(*Minter)
	}{
		"minted":                     {nil, nil, mint(10, true)},
		"minted longer":              {nil, nil, mint(3000, true)},
		"no randomness for a secret": {&failing{reads: 1}, nil, mint(10, false)},
		"no randomness for a nonce":  {nil, &failing{reads: 1}, mint(10, false)},
		"no nonce for a longer one":  {nil, &failing{reads: 1}, mint(3000, false)},
		"too large":                  {nil, nil, mint(MaxToken, false)},
		"refused":                    {nil, nil, func(m *Minter) { _, _ = m.Mint(&Record{}) }},
		"opened":                     {nil, nil, open(id, token, issued, nil)},
		"opened too late":            {nil, nil, open(id, token, issued.Add(time.Hour), ErrExpired)},
		"opened with another key":    {nil, nil, open("ASIA"+strings.Repeat("A", 16), token, issued, ErrInvalid)},
		"opened cut short":           {nil, nil, open(id, token[:len(token)-4], issued, ErrInvalid)},
		"opened changed":             {nil, nil, open(id, token[:len(token)-4]+"AAAA", issued, ErrInvalid)},
		"opened no text":             {nil, nil, open(id, token[:len(token)-4]+"====", issued, ErrInvalid)},
	} {
		m := minter(tc.secrets, tc.nonces)
		var made []*scratch
		m.scratch.New = func() any {
			made = append(made, new(scratch))
			return made[len(made)-1]
		}
		secrets := [][]byte{[]byte(marker), []byte(good.SecretAccessKey.Reveal()), []byte(strings.Repeat("p", 10))}
		first, err := m.Mint(record(1000)) // fills the pool
		if err != nil {
			t.Fatal(err)
		}
		tc.then(m)
		secrets = append(secrets, []byte(first.SecretAccessKey.Reveal()))
		for _, s := range made {
			for _, secret := range secrets {
				if bytes.Contains(s.message[:cap(s.message)], secret) || bytes.Contains(s.text[:cap(s.text)], secret) {
					t.Errorf("%s: the pooled memory holds %q", name, secret)
				}
			}
			if s.random != [secretBytes]byte{} {
				t.Errorf("%s: the pooled memory holds randomness", name)
			}
		}
	}
}
