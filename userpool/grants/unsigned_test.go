package grants_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Whoever knows the ID of a client that proves itself with keys cannot call for it where no assertion can be sent, neither with nothing
// nor with a secret that it has besides.
func TestThreatAClientWithKeysIsNoPublicClientOfTheAPI(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	h.User(p.ID, "ann")
	_, set := newKey(t, "ES256")
	for name, withSecret := range map[string]bool{"with keys alone": false, "with a secret too": true} {
		t.Run(name, func(t *testing.T) {
			settings := userpooltest.AllFlows
			settings.OAuth = &oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT, Keys: set}
			c, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "server", GenerateSecret: withSecret, Settings: settings})
			if err != nil {
				t.Fatal(err)
			}
			in, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: true, PoolID: p.ID, ClientID: c.ID, Flow: "ADMIN_USER_PASSWORD_AUTH",
				Parameters: map[string]string{"USERNAME": "ann", "PASSWORD": userpooltest.Password}})
			if err != nil {
				t.Fatal("an administrator:", err)
			}
			h.refuseUnsigned(c, in.Tokens.RefreshToken)
			renewed, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: true, PoolID: p.ID, ClientID: c.ID, Flow: "REFRESH_TOKEN_AUTH",
				Parameters: map[string]string{"REFRESH_TOKEN": in.Tokens.RefreshToken}})
			if err != nil || renewed.Tokens == nil {
				t.Error("an administrator renews:", err)
			}
		})
	}
}

// refuseUnsigned calls every operation that takes a ClientId and no AWS credentials for a client with keys.
func (h *harness) refuseUnsigned(c *userpool.ClientDescription, refresh string) {
	h.T.Helper()
	ctx, secret := h.T.Context(), c.Secret.Reveal()
	hash := func(name string) string {
		if secret == "" {
			return ""
		}
		return userpooltest.SecretHash(secret, name, c.ID)
	}
	begin := func(flow string, params map[string]string) func() error {
		params["SECRET_HASH"] = hash("ann")
		return func() error {
			_, err := h.SignIns.InitiateAuth(ctx, signin.Request{ClientID: c.ID, Flow: flow, Parameters: params})
			return err
		}
	}
	for name, call := range map[string]func() error{
		"InitiateAuth, password": begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ann", "PASSWORD": userpooltest.Password}),
		"InitiateAuth, SRP":      begin("USER_SRP_AUTH", map[string]string{"USERNAME": "ann", "SRP_A": strings.Repeat("7", 700)}),
		"InitiateAuth, custom":   begin("CUSTOM_AUTH", map[string]string{"USERNAME": "ann"}),
		"InitiateAuth, refresh":  begin("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": refresh}),
		"RespondToAuthChallenge": func() error {
			_, err := h.SignIns.RespondToAuthChallenge(ctx, signin.Answer{ClientID: c.ID, Challenge: "SMS_MFA", Session: "x",
				Responses: map[string]string{"USERNAME": "ann", "SMS_MFA_CODE": "123456", "SECRET_HASH": hash("ann")}})
			return err
		},
		"GetTokensFromRefreshToken": func() error {
			_, err := h.SignIns.GetTokensFromRefreshToken(ctx, signin.Renewal{ClientID: c.ID, ClientSecret: secret, RefreshToken: refresh})
			return err
		},
		"RevokeToken": func() error {
			return h.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: c.ID, ClientSecret: secret, Token: refresh})
		},
		"GetClientToken": func() error {
			_, err := h.ClientToken(ctx, grants.ClientTokenRequest{ClientID: c.ID, Secret: secret})
			return err
		},
		"SignUp": func() error {
			_, err := h.Users.SignUp(ctx, directory.SignUpInput{ClientID: c.ID, SecretHash: hash("eve"), Username: "eve", Password: userpooltest.Password})
			return err
		},
		"ConfirmSignUp": func() error {
			return h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, SecretHash: hash("ann"), Username: "ann", Code: "123456"})
		},
		"ResendConfirmationCode": func() error {
			_, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, SecretHash: hash("ann"), Username: "ann"})
			return err
		},
		"ForgotPassword": func() error {
			_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, SecretHash: hash("ann"), Username: "ann"})
			return err
		},
		"ConfirmForgotPassword": func() error {
			return h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, SecretHash: hash("ann"), Username: "ann", Code: "123456", Password: "New-password-7"})
		},
	} {
		if err := call(); !fault.Is(err, fault.NotAuthorized) && !fault.Is(err, fault.Unauthorized) || !strings.Contains(err.Error(), "private_key_jwt") {
			h.T.Errorf("%s: %v", name, err)
		}
	}
}
