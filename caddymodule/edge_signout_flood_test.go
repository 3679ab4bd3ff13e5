package caddymodule

import (
	"sync"
	"testing"
)

// The attack: a user signs in and out in ten concurrent loops, so that each sign-out moves the cut-off further ahead of the
// clock, until an administrator's revocations fail.
func TestAUsersOwnSignOutsNeverBlockAnAdministrator(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "mallory", "readers")
	stop := make(chan struct{})
	var loops sync.WaitGroup
	for range 10 {
		loops.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if in, err := e.signIn("mallory"); err == nil {
					_, _ = e.call(idp+"GlobalSignOut", nil, object{"AccessToken": in.access})
				}
			}
		})
	}
	// The number of sign-outs exceeds the seconds that a cut-off may be ahead of the clock.
	for range 40 {
		e.admin(t, "AdminUserGlobalSignOut", object{"Username": "mallory"})
	}
	e.admin(t, "AdminRemoveUserFromGroup", object{"Username": "mallory", "GroupName": "readers"})
	e.admin(t, "AdminDisableUser", object{"Username": "mallory"})
	e.admin(t, "AdminDeleteUser", object{"Username": "mallory"})
	close(stop)
	loops.Wait()
}
