package keyring_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

// The ring has one owner and one use: tokens that an upstream verifies.
func ExampleRing() {
	dir, err := os.MkdirTemp("", "keyring")
	check(err)
	defer os.RemoveAll(dir)
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "keys.db")})
	check(err)
	defer st.Close()
	master, err := seal.GenerateMasterKey(rand.Reader)
	check(err)
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	check(err)

	ring, err := keyring.New(keyring.Options{
		Store: st, Seal: box, Now: time.Now, Rand: rand.Reader, Purpose: "upstream signing key",
		NewKey: func(rand io.Reader, _ []store.SigningKey) (*token.SigningKey, error) {
			return token.GenerateKey(rand, "ES256")
		},
		Schedule: keyring.Schedule{Period: 90 * 24 * time.Hour, Lead: 24 * time.Hour, Linger: time.Hour},
	})
	check(err)

	// At the start, make the first key and load it.
	ctx := context.Background()
	check(ring.Ensure(ctx, "upstream", "upstream"))
	keys, err := ring.Load(ctx, "upstream")
	check(err)

	// Once an hour, rotate the keys and load them again if they changed.
	changed, err := ring.Rotate(ctx, "upstream", "upstream")
	check(err)

	// For each token, sign with the current key.
	key, err := keys.Signer("upstream", time.Now())
	check(err)
	_, err = key.Sign([]byte(`{"sub":"alice"}`), "JWT")
	check(err)
	fmt.Println("changed:", changed, "published:", len(keys.Published(time.Now())))
	// Output: changed: false published: 1
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
