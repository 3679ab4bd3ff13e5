package archive

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// BenchmarkArchive exports and imports the users that SLUICE_BENCH_USERS says, 10,000 by default, next to a copy of the file.
func BenchmarkArchive(b *testing.B) {
	users := 10_000
	if n, err := strconv.Atoi(os.Getenv("SLUICE_BENCH_USERS")); err == nil {
		users = n
	}
	path := filepath.Join(b.TempDir(), "from.db")
	st, err := sqlite.Open(sqlite.Options{Path: path})
	must(b, err)
	b.Cleanup(func() { must(b, st.Close()) })
	h := userpooltest.New(b, func(o *idp.Options) { o.Store = st })
	h.Store = st
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	fillPool(b, h, p.ID, c.ID, users)
	key, with := testKey(b)
	var archive bytes.Buffer
	b.Run("export", func(b *testing.B) {
		for b.Loop() {
			archive.Reset()
			_, err := service(h).Export(b.Context(), p.ID, &archive, key, nil)
			must(b, err)
		}
		b.ReportMetric(float64(archive.Len())/float64(users), "bytes/user")
	})
	b.Run("import", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			to := userpooltest.New(b)
			b.StartTimer()
			_, err := service(to).Import(b.Context(), bytes.NewReader(archive.Bytes()), with, ImportOptions{})
			must(b, err)
		}
	})
	b.Run("copy of the file", func(b *testing.B) {
		for b.Loop() {
			in, err := os.Open(path)
			must(b, err)
			out, err := os.Create(filepath.Join(b.TempDir(), "copy.db"))
			must(b, err)
			_, err = io.Copy(out, in)
			must(b, err)
			must(b, out.Sync())
			must(b, out.Close())
			must(b, in.Close())
		}
	})
}

// fillPool inserts users with a password, a verifier, an address and a refresh token.
func fillPool(b *testing.B, h *userpooltest.Harness, poolID, clientID string, users int) {
	b.Helper()
	now := h.Clock.Now()
	for n := 0; n < users; {
		first := n
		n = min(n+500, users)
		must(b, h.Store.Update(b.Context(), func(tx store.Tx) error {
			for i := first; i < n; i++ {
				name := fmt.Sprintf("user%07d", i)
				u := user{PoolID: poolID, Sub: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Username: name, Key: name, Status: "CONFIRMED", Enabled: true,
					Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true", "name": "Ann " + name}, CreatedAt: now, ModifiedAt: now,
					Password: store.Password{Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g", SRPSalt: make([]byte, 16), SRPVerifier: make([]byte, 384), ModifiedAt: now}}
				if err := u.secrets(func(purpose string, additional, text []byte) ([]byte, error) {
					return h.Options.Seal.Seal(purpose, text, additional)
				}); err != nil {
					return err
				}
				if err := tx.Users.Insert(store.User(u)); err != nil {
					return err
				}
				if err := tx.RefreshTokens.Insert(store.RefreshToken{ID: fmt.Sprintf("family%d", i), PoolID: poolID, ClientID: clientID, Sub: u.Sub,
					Hash: fmt.Appendf(nil, "hash %d", i), Context: []byte(`{"scopes":["aws.cognito.signin.user.admin"]}`), CreatedAt: now, AuthTime: now, ExpiresAt: now.Add(720 * time.Hour)}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}
