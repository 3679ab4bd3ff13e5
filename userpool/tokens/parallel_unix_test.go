//go:build unix

package tokens_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestSignOutsSignInsAndTheEndOfAGroupSucceedAtTheSameTime(t *testing.T) {
	t.Parallel()
	r, err := revoke.NewIndex(revoke.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	all := startProcesses(t, everyone{r}, 0, 0)
	h := *all[0].harness
	h.Provider = all[0].Provider
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	if _, err := h.Users.CreateGroup(t.Context(), directory.Group{PoolID: p.ID, Name: "staff"}); err != nil {
		t.Fatal(err)
	}
	const members, parallel = 100, 20
	name := func(i int) string { return fmt.Sprint("user", i) }
	for i := range members {
		if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: name(i), Action: "SUPPRESS"}); err != nil {
			t.Fatal(err)
		}
		if err := h.Users.AdminAddUserToGroup(t.Context(), p.ID, name(i), "staff"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range parallel {
		if err := h.Users.AdminSetUserPassword(t.Context(), p.ID, name(i), userpooltest.Password, true); err != nil {
			t.Fatal(err)
		}
	}
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	start := func(what string, act func() error) {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-begin
			if err := act(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	for i := range parallel {
		start("a sign-out", func() error {
			return all[i%2].Provider.Users.AdminUserGlobalSignOut(t.Context(), p.ID, name(parallel+i))
		})
		start("a sign-in", func() error {
			through := h
			through.Provider = all[i%2].Provider
			_, err := through.SignIn(c.ID, name(i), userpooltest.Password)
			return err
		})
	}
	start("the group", func() error { return all[1].Provider.Users.DeleteGroup(t.Context(), p.ID, "staff") })
	ready.Wait()
	close(begin)
	done.Wait()
}
