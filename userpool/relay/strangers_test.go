package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// As large a share of the names that no user has is asked for as of the users, so that neither answer nor time tells which names
// exist.
func TestNamesThatNoUserHasLookLikeUsers(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	const names = 64
	for i := range 16 {
		if name := fmt.Sprintf("user%d", i); i%2 == 0 {
			m.user(name)
		} else {
			m.User(poolID, name)
		}
	}
	for i := range names {
		_, err := m.signIn(fmt.Sprintf("nobody%d", i), password)
		userpooltest.WantFault(t, err, "NotAuthorized", "Incorrect username or password.")
	}
	if n := m.asked.Load(); n == 0 || n == names {
		t.Errorf("asked for %d of %d names", n, names)
	}
	reply := refuse("TooManyRequestsException", "Too many requests")
	m.reply.Store(&reply)
	failed := 0
	for i := range names {
		if _, err := m.signIn(fmt.Sprintf("nobody%d", i), password); fault.Is(err, fault.Unavailable) {
			failed++
		}
	}
	if n := m.asked.Load(); failed == 0 || failed == names {
		t.Errorf("an outage shows for %d of %d names (%d)", failed, names, n)
	}
}

func TestStrangersDoNotTakeTheRelayFromUsers(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	hold, asked := make(chan struct{}), make(chan struct{}, 1)
	var reply http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		var in struct{ AuthParameters map[string]string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		if in.AuthParameters["USERNAME"] != "alice" {
			asked <- struct{}{}
			<-hold
		}
		answer(w, accepted)
	}
	m.reply.Store(&reply)
	s, err := relay.New(relay.Options{Base: m.Base(), Others: 1, Users: 1, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Pools.Pool(t.Context(), poolID)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		running.Go(func() {
			_, _ = s.Ask(ctx, p, false, "nobody", password)
		})
	}
	<-asked
	if v, err := s.Ask(t.Context(), p, true, "alice", password); err != nil || v != relay.Right {
		t.Error(v, err)
	}
	cancel()
	close(hold)
	running.Wait()
	if _, err := s.Ask(ctx, p, false, "nobody", password); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestTheRecordIsSealed(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	if err := m.Base().View(t.Context(), func(tx store.Tx) error {
		p, err := tx.Pulls.Get(poolID)
		if err != nil {
			return err
		}
		for _, secret := range []string{"a_secret_of_twenty_four_and_more", appID, "us-east-1"} {
			if bytes.Contains(p.Data, []byte(secret)) {
				t.Error("the record shows", secret)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	other := "us-east-1_notes0002"
	if _, err := m.Pools.InsertPool(t.Context(), other, "other", userpool.PoolSettings{}, false); err != nil {
		t.Fatal(err)
	}
	if err := m.Base().Update(t.Context(), func(tx store.Tx) error {
		p, err := tx.Pulls.Get(poolID)
		if err != nil {
			return err
		}
		p.PoolID = other
		return tx.Pulls.Put(p)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := relay.Load(t.Context(), m.Base(), other); err == nil {
		t.Error("the record of one pool opens for another")
	}
}

func TestPasswordsDoNotGoInClearText(t *testing.T) {
	for endpoint, valid := range map[string]bool{"": true, "https://aws.example.com": true, "http://localhost:8080": true, "http://127.0.0.1:8080": true, "http://[::1]:1": true,
		"http://aws.example.com": false, "http://localhost.example.com": false, "ftp://localhost": false, "//localhost": false, "http://192.0.2.1": false, "http://%": false} {
		if err := relay.CheckEndpoint(endpoint); (err == nil) != valid {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

func TestAnOldPoolThatHangsDoesNotHoldUpOtherPools(t *testing.T) {
	const fast = "us-east-1_notes0002"
	m := newMove(t, relay.PasswordFlow)
	if _, err := m.Pools.InsertPool(t.Context(), fast, "fast", userpool.PoolSettings{}, false); err != nil {
		t.Fatal(err)
	}
	r, err := relay.Load(t.Context(), m.Base(), poolID)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Base().Update(t.Context(), func(tx store.Tx) error { return relay.Save(tx, m.Base(), fast, r) }); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	hold, asked := make(chan struct{}), make(chan struct{}, 1)
	var reply http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		var in struct{ AuthParameters map[string]string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		if in.AuthParameters["USERNAME"] == "slow" {
			asked <- struct{}{}
			<-hold
		}
		answer(w, accepted)
	}
	m.reply.Store(&reply)
	s, err := relay.New(relay.Options{Base: m.Base(), Others: 1, Users: 1, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(poolID string, exists bool, name string) error {
		p, err := m.Pools.Pool(t.Context(), poolID)
		if err != nil {
			return err
		}
		_, err = s.Ask(t.Context(), p, exists, name, password)
		return err
	}
	for _, exists := range []bool{true, false} {
		done := make(chan error, 1)
		go func() { done <- ask(poolID, exists, "slow") }()
		<-asked
		if err := ask(fast, exists, "alice"); err != nil {
			t.Error(err)
		}
		hold <- struct{}{}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
