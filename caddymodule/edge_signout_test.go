package caddymodule

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
)

// ending is a way to end a user's sign-ins.
type ending struct {
	name string
	end  func(t *testing.T, e *edge, user string, in tokens)
	back func(t *testing.T, e *edge, user string) // makes signing in possible again; nil: it still is
	own  bool                                     // ends only the sign-in that it was called with
}

var endings = []ending{
	{name: "RevokeToken", own: true, end: func(t *testing.T, e *edge, _ string, in tokens) {
		unsigned(t, e, "RevokeToken", object{"Token": in.refresh, "ClientId": clientID})
	}},
	{name: "GlobalSignOut", end: func(t *testing.T, e *edge, _ string, in tokens) {
		unsigned(t, e, "GlobalSignOut", object{"AccessToken": in.access})
	}},
	{name: "AdminUserGlobalSignOut", end: asAdmin("AdminUserGlobalSignOut")},
	{name: "AdminDisableUser", end: asAdmin("AdminDisableUser"), back: func(t *testing.T, e *edge, user string) {
		e.admin(t, "AdminEnableUser", object{"Username": user})
	}},
	{name: "AdminDeleteUser", end: asAdmin("AdminDeleteUser"), back: func(t *testing.T, e *edge, user string) {
		e.addUser(t, user, "readers")
	}},
	{name: "AdminRemoveUserFromGroup", end: func(t *testing.T, e *edge, user string, _ tokens) {
		e.admin(t, "AdminRemoveUserFromGroup", object{"Username": user, "GroupName": "readers"})
	}, back: func(t *testing.T, e *edge, user string) {
		e.admin(t, "AdminAddUserToGroup", object{"Username": user, "GroupName": "readers"})
	}},
	{name: "DeleteUser", end: func(t *testing.T, e *edge, _ string, in tokens) {
		unsigned(t, e, "DeleteUser", object{"AccessToken": in.access})
	}, back: func(t *testing.T, e *edge, user string) {
		e.addUser(t, user, "readers")
	}},
}

func asAdmin(operation string) func(*testing.T, *edge, string, tokens) {
	return func(t *testing.T, e *edge, user string, _ tokens) { e.admin(t, operation, object{"Username": user}) }
}

func unsigned(t *testing.T, e *edge, operation string, input object) {
	t.Helper()
	if _, err := e.call(idp+operation, nil, input); err != nil {
		t.Fatal(err)
	}
}

// dead checks that a sign-in's tokens, and the credentials obtained with them, are refused. The process that ended the sign-in
// must refuse them as soon as the call has returned.
func dead(t *testing.T, e *edge, what string, in tokens, key sigv4.Credentials) {
	t.Helper()
	if status := e.apiStatus(t, "/api/x", in.access); status != 401 {
		t.Errorf("%s: with the access token: %d", what, status)
	}
	a := e.s3(t, "GET", "/bucket/key", key, "", "")
	if a.status != 400 || !strings.Contains(a.body, "<Code>InvalidToken</Code>") {
		t.Errorf("%s: %d %s", what, a.status, a.body)
	}
	if strings.HasPrefix(what, "AdminRemoveUserFromGroup") {
		return // the sign-in stays valid; a renewal gives tokens with the new groups
	}
	if _, err := e.call(idp+"GetUser", nil, object{"AccessToken": in.access}); err == nil {
		t.Errorf("%s: the user pools API accepts the token", what)
	}
	if _, err := e.call(idp+"InitiateAuth", nil, object{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": clientID,
		"AuthParameters": object{"REFRESH_TOKEN": in.refresh}}); err == nil {
		t.Errorf("%s: the refresh token gives new tokens", what)
	}
}

func alive(t *testing.T, e *edge, what string, in tokens, key sigv4.Credentials) {
	t.Helper()
	if status := e.apiStatus(t, "/api/x", in.access); status != 200 {
		t.Errorf("%s: the access token gives %d", what, status)
	}
	if a := e.s3(t, "GET", "/bucket/key", key, "", ""); a.status != 200 {
		t.Errorf("%s: the credentials give %d %s", what, a.status, a.body)
	}
}

func TestSigningOutReachesTheEdgeWithinASecondAndLasts(t *testing.T) {
	e := startPool(t)
	type session struct {
		what string
		in   tokens
		key  sigv4.Credentials
	}
	var ended, going []session
	for _, c := range endings {
		user := "user-" + strings.ToLower(c.name)
		e.addUser(t, user, "readers")
		first := session{c.name, e.mustSignIn(t, user), sigv4.Credentials{}}
		first.key = e.credentials(t, first.in.id)
		other := session{c.name + ", another sign-in", e.mustSignIn(t, user), sigv4.Credentials{}}
		other.key = e.credentials(t, other.in.id)
		alive(t, e, first.what, first.in, first.key)
		alive(t, e, other.what, other.in, other.key)

		c.end(t, e, user, first.in)
		dead(t, e, first.what, first.in, first.key)
		ended = append(ended, first)
		if c.own {
			alive(t, e, other.what, other.in, other.key)
			going = append(going, other)
		} else {
			dead(t, e, other.what, other.in, other.key)
			ended = append(ended, other)
		}

		if c.back != nil {
			c.back(t, e, user)
		}
		again := session{c.name + ", signed in again at once", e.mustSignIn(t, user), sigv4.Credentials{}}
		again.key = e.credentials(t, again.in.id)
		alive(t, e, again.what, again.in, again.key)
		dead(t, e, first.what+", after signing in again", first.in, first.key)
		going = append(going, again)
	}

	// The revocations survive a restart.
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	if n, there := inUse.References(node.StorageKey(e.dir)); there && n > 0 {
		t.Errorf("Caddy has stopped, but the store still has %d references", n)
	}
	e.load(t, poolBlock, poolSite)
	for _, s := range ended {
		dead(t, e, s.what+", after a restart", s.in, s.key)
	}
	for _, s := range going {
		alive(t, e, s.what+", after a restart", s.in, s.key)
	}
}
