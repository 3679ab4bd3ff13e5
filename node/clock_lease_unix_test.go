//go:build unix

package node_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// refusing is a Sender that is never asked.
type refusing struct{}

func (refusing) Send(context.Context, message.Message) error { return message.ErrRefused }

// Processes lock users and lease messages by one clock. One whose own clock is ahead does not take them as over.
func TestLocksAndLeasesHoldForAProcessWhoseClockIsAhead(t *testing.T) {
	t.Parallel()
	const ahead, left = 25 * time.Second, 20 * time.Second
	n, err := node.Open(t.Context(), node.Options{APIs: true, MasterKey: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		Now:     func() time.Time { return time.Now().Add(ahead) },
		RootKey: sigv4.Credentials{AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: "an example secret of thirty characters"},
		Config:  config.App{DataDir: t.TempDir(), Store: &config.Store{URL: postgrestest.Start(t).Database(t)}, Account: "123456789012"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	users := n.Services.Users
	made, err := users.Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := users.Pools.Pool(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(left) }
	leased, err := queue.New(queue.Options{Store: n.Services.Store, Seal: n.Services.Box, Sender: refusing{}, Now: later, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	due, err := queue.New(queue.Options{Store: n.Services.Store, Seal: n.Services.Box, Sender: refusing{}, Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	to := message.Message{Medium: message.Email, To: "ann@example.com", Subject: "s", Body: "b", PoolID: pool.ID, Purpose: "signup"}
	if err := n.Services.Store.Update(t.Context(), func(tx store.Tx) error {
		user := store.User{PoolID: pool.ID, Sub: "sub", Username: "ann", Key: "ann", Status: userpool.StatusConfirmed, Enabled: true,
			Failures: store.Failures{Count: 9, LastAt: time.Now(), LockedUntil: later()}}
		return errors.Join(tx.Users.Insert(user), leased.Put(tx, to), due.Put(tx, to))
	}); err != nil {
		t.Fatal(err)
	}
	subject, err := users.Users.Find(t.Context(), pool, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if err := users.Users.Unlocked(subject); !errors.Is(err, directory.ErrLocked) {
		t.Errorf("a user who is locked for %s: %v", left, err)
	}
	waiting := func() (count int) {
		if err := n.Services.Store.View(t.Context(), func(tx store.Tx) (err error) {
			count, err = tx.Messages.Count()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return count
	}
	waitFor(t, "the message that is due is sent", func() bool { return waiting() < 2 })
	if err := n.Services.Store.View(t.Context(), func(tx store.Tx) error {
		at, err := tx.Messages.Next(string(message.Email))
		if err == nil && at.After(later()) {
			t.Errorf("a message that another process sends was taken until %s", at)
		}
		return err
	}); err != nil {
		t.Errorf("a message that another process sends: %v", err)
	}
}
