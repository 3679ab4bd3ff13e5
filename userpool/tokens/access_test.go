package tokens_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAccessTokensThatAreRefused(t *testing.T) {
	made := map[string]*token.SigningKey{}
	h := newHarness(t, func(o *idp.Options) {
		o.NewKey = func(r io.Reader) (*token.SigningKey, error) {
			k, err := userpooltest.NextKey(r)
			if err == nil {
				made[k.ID] = k
			}
			return k, err
		}
	})
	p, foreign := h.Pool(userpool.PoolSettings{}), h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	good := h.MustSignIn(c.ID, "alice")
	if _, err := h.Users.GetUser(t.Context(), good.AccessToken); err != nil {
		t.Fatal(err)
	}
	key := made[userpooltest.Header(t, good.AccessToken)["kid"]]
	signed := func(changes map[string]any) string {
		t.Helper()
		m := claims(t, good.AccessToken)
		maps.Copy(m, changes)
		maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := key.Sign(data, "")
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	now := h.Clock.Now().Unix()
	for name, tc := range map[string]struct{ raw, text string }{
		"an ID token":                  {good.IDToken, "Invalid Access Token"},
		"a refresh token":              {good.RefreshToken, "Invalid Access Token"},
		"nothing":                      {"", "Invalid Access Token"},
		"no scope":                     {signed(map[string]any{"scope": nil}), "Access Token does not have required scopes"},
		"another scope":                {signed(map[string]any{"scope": "openid email"}), "Access Token does not have required scopes"},
		"expired":                      {signed(map[string]any{"exp": now - 40}), "Access Token has expired"},
		"of another pool's issuer":     {signed(map[string]any{"iss": "http://localhost:8080/" + foreign.ID}), "Invalid Access Token"},
		"of a remote issuer":           {signed(map[string]any{"iss": "https://evil.example/" + p.ID}), "Invalid Access Token"},
		"of an unknown client":         {signed(map[string]any{"client_id": "nobody"}), "Invalid Access Token"},
		"of an unknown sign-in":        {signed(map[string]any{"origin_jti": "11111111-1111-4111-8111-111111111111"}), "Access Token has been revoked"},
		"of no sign-in":                {signed(map[string]any{"origin_jti": nil}), "Access Token has been revoked"},
		"with a changed signature":     {good.AccessToken[:len(good.AccessToken)-8] + "AAAAAAAA", "Invalid Access Token"},
		"a megabyte of dots":           {strings.Repeat(".", 1<<20), "Invalid Access Token"},
		"something with two dots only": {"..", "Invalid Access Token"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Users.GetUser(t.Context(), tc.raw)
			wantFault(t, err, fault.NotAuthorized, tc.text)
		})
	}
	t.Run("in time", func(t *testing.T) {
		h.Clock.Forward(time.Hour + 40*time.Second)
		_, err := h.Users.GetUser(t.Context(), good.AccessToken)
		wantFault(t, err, fault.NotAuthorized, "Access Token has expired")
	})
}

// Amplify compares these texts of GetUser, and signs the user out (amplify-js, Auth.ts). Operations that do not declare
// UserNotFoundException answer that the token was revoked.
func TestAccessTokensOfADisabledOrDeletedUser(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	access := h.MustSignIn(c.ID, "alice").AccessToken
	get := func() error {
		_, err := h.Users.GetUser(t.Context(), access)
		return err
	}
	change := func(f func(ctx context.Context, poolID, name string) error) {
		t.Helper()
		if err := f(t.Context(), p.ID, "alice"); err != nil {
			t.Fatal(err)
		}
	}
	change(h.Users.AdminDisableUser)
	wantFault(t, get(), fault.NotAuthorized, "User is disabled.")
	change(h.Users.AdminEnableUser)
	wantFault(t, get(), fault.NotAuthorized, "Access Token has been revoked")
	change(h.Users.AdminDeleteUser)
	wantFault(t, get(), fault.UserNotFound, "User does not exist.")
	for name, call := range map[string]func(context.Context) error{
		"GlobalSignOut": func(ctx context.Context) error { return h.Tokens.GlobalSignOut(ctx, access) },
		"AssociateSoftwareToken": func(ctx context.Context) error {
			_, err := h.Factors.AssociateSoftwareToken(ctx, access)
			return err
		},
		"StartWebAuthnRegistration": func(ctx context.Context) error {
			_, err := h.Passkeys.Start(ctx, access)
			return err
		},
		"CompleteWebAuthnRegistration": func(ctx context.Context) error { return h.Passkeys.Complete(ctx, access, nil) },
		"ListWebAuthnCredentials": func(ctx context.Context) error {
			_, _, err := h.Passkeys.List(ctx, access, "", 0)
			return err
		},
		"DeleteWebAuthnCredential": func(ctx context.Context) error { return h.Passkeys.Delete(ctx, access, "AAAA") },
	} {
		t.Run(name, func(t *testing.T) {
			wantFault(t, call(t.Context()), fault.NotAuthorized, "Access Token has been revoked")
		})
	}
}

// Logs must not contain secrets, tokens or codes at any level.
func TestLogsHoldNoSecrets(t *testing.T) {
	var log bytes.Buffer
	h := newHarness(t, func(o *idp.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
	})
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	if _, err := h.SignUp(c.ID, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	secrets := []string{password, h.Code(), "alice@example.com"}
	if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: h.Code()}); err != nil {
		t.Fatal(err)
	}
	tokens := h.MustSignIn(c.ID, "alice")
	secrets = append(secrets, tokens.AccessToken, tokens.IDToken, tokens.RefreshToken)
	_, err := h.SignIn(c.ID, "alice", "Wrong-horse-7")
	wantFault(t, err, fault.NotAuthorized, wrong)
	h.Options.Sender = userpooltest.BrokenSender{}
	h.Restart()
	if _, err = h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	h.Drain()
	if log.Len() == 0 {
		t.Error("a failed delivery must be logged")
	}
	for _, s := range append(secrets, "Wrong-horse-7") {
		if strings.Contains(log.String(), s) {
			t.Errorf("the log contains %q", s)
		}
	}
}
