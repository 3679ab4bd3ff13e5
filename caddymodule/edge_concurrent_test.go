package caddymodule

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/node"
)

// Gives the race detector concurrent requests with tokens of a pool and of a remote issuer that rotates its keys, signed
// requests, reloads, sign-ins and sign-outs.
func TestRequestsReloadsRotationAndSignOutAtOnce(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	site := "handle /remote/* {\n" + open("header X-User-Id {http.auth.user.id}") + "}\n" + poolSite
	e.load(t, poolBlock, site)
	const lasting = 3
	var access [lasting]string
	for i := range lasting {
		name := fmt.Sprint("lasting", i)
		e.addUser(t, name, "readers")
		access[i] = "Bearer " + e.mustSignIn(t, name).access
	}
	// Each sign-out moves the iat of the user's next tokens a second ahead, so the test alternates between many users.
	const leavers, leaving = 2, 8
	for i := range leaving {
		e.addUser(t, fmt.Sprint("leaving", i), "readers")
	}
	var turns [leavers]atomic.Int64
	e.addUser(t, "storing", "readers")
	key := e.credentials(t, e.mustSignIn(t, "storing").id)
	remote := "Bearer " + e.issuer.token(t, "remote")
	var rotated atomic.Pointer[string]

	get := func(path, authorization string, want int) error {
		a, err := e.ask(path, authorization)
		if err == nil && a.status != want {
			err = fmt.Errorf("%s: status %d, want %d: %s", path, a.status, want, a.body)
		}
		return err
	}
	l := startLoad(lasting+3+leavers, func(worker int) error {
		switch {
		case worker < lasting:
			return get("/api/x", access[worker], 200)
		case worker == lasting:
			if token := rotated.Load(); token != nil {
				if err := get("/remote/x", *token, 200); err != nil {
					return err
				}
			}
			return get("/remote/x", remote, 200)
		case worker == lasting+1:
			a, err := e.tryS3("PUT", "/bucket/key", key, "body", "")
			if err == nil && a.status != 200 {
				err = errors.New(a.body)
			}
			return err
		case worker == lasting+2:
			return get("/api/x", "Bearer forged", 401)
		}
		// A user signs in and is allowed, then signs out and is refused within a second.
		worker -= lasting + 3
		in, err := e.signIn(fmt.Sprint("leaving", (int(turns[worker].Add(1))*leavers+worker)%leaving))
		if err != nil {
			return err
		}
		if err := get("/api/x", "Bearer "+in.access, 200); err != nil {
			return err
		}
		if _, err := e.call(idp+"GlobalSignOut", nil, object{"AccessToken": in.access}); err != nil {
			return err
		}
		for end := time.Now().Add(aMinute); ; {
			if err = get("/api/x", "Bearer "+in.access, 401); err == nil || time.Now().After(end) {
				return err
			}
		}
	})
	for n := range 8 {
		time.Sleep(100 * time.Millisecond)
		if n == 3 {
			e.issuer.rotate()
			token := "Bearer " + e.issuer.token(t, "remote")
			rotated.Store(&token)
		}
		block := poolBlock
		if n%2 == 0 {
			block = strings.Replace(poolBlock, "group editors", "group editors {\n precedence 7\n }", 1)
		}
		if err := e.reload(block, site); err != nil {
			t.Error(err)
		}
		rt := runningServices(t)
		if err := errors.Join(rt.Users.Pools.RotateKeys(t.Context()), rt.Identities.RotateKeys(t.Context())); err != nil {
			t.Error(err)
		}
	}
	l.stop()
	l.failures.report(t)
	t.Logf("%d requests", l.asked.Load())
}

// runningServices returns the services of the running configuration.
func runningServices(t *testing.T) *node.Services {
	t.Helper()
	running := caddy.ActiveContext()
	app, err := running.App(appName)
	if err != nil {
		t.Fatal(err)
	}
	return app.(*App).node.Services
}
