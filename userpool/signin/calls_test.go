package signin_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestRefusalsOfCalls(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	h.User(p.ID, "alice")
	c := h.Client(p.ID, allFlows)
	rotating := h.Client(p.ID, userpooltest.Rotating(0))
	bare := h.Client(p.ID, userpool.ClientSettings{ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}})
	ctx := t.Context()
	renew := func(clientID string, set *tokens.Set) error {
		_, err := h.SignIns.GetTokensFromRefreshToken(ctx, signin.Renewal{ClientID: clientID, RefreshToken: set.RefreshToken})
		return err
	}
	set := h.MustSignIn(rotating.ID, "alice")
	_, err := h.Refresh(rotating.ID, set.RefreshToken)
	wantFault(t, err, fault.InvalidParameter, "Auth flow not enabled for this client")
	wantFault(t, renew("abcdefghijklmnopqrstuvwxyz", set), fault.ResourceNotFound, "*")
	wantFault(t, renew(bare.ID, set), fault.InvalidParameter, "Auth flow not enabled for this client")
	_, err = h.SignIns.InitiateAuth(ctx, signin.Request{ClientID: c.ID, Flow: "MAGIC_AUTH", Parameters: map[string]string{"USERNAME": "alice"}})
	wantFault(t, err, fault.NotImplemented, "The authentication flow MAGIC_AUTH is not implemented.")
	_, err = h.Respond(c.ID, "ADMIN_NO_SRP_AUTH", "", map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.InvalidParameter, "The challenge ADMIN_NO_SRP_AUTH cannot be answered.")
	_, err = h.Respond("abcdefghijklmnopqrstuvwxyz", "PASSWORD_VERIFIER", "", map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.ResourceNotFound, "*")
	_, err = h.Factors.AdminGetUserAuthFactors(ctx, "us-east-1_abcdefghi", "alice")
	wantFault(t, err, fault.ResourceNotFound, "*")

	for _, block := range []string{repeated(4097), "not base64 ="} {
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginSRP(client, c.ID, "alice")
		if err != nil {
			t.Fatal(err)
		}
		answer := client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())
		right := answer["PASSWORD_CLAIM_SECRET_BLOCK"]
		answer["PASSWORD_CLAIM_SECRET_BLOCK"] = block
		_, err = h.Respond(c.ID, out.Challenge, "", answer)
		wantFault(t, err, fault.NotAuthorized, wrong)
		answer["PASSWORD_CLAIM_SECRET_BLOCK"] = right
		done, err := h.Respond(c.ID, out.Challenge, "", answer)
		wantTokens(t, done, err)
	}
}

func TestAnAnswerNeedsTheSecretHashToo(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "server", GenerateSecret: true, Settings: allFlows})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	hash := userpooltest.SecretHash(c.Secret.Reveal(), "alice", c.ID)
	out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": hash}})
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1"}
	_, err = h.Respond(c.ID, out.Challenge, out.Session, answer)
	wantFault(t, err, fault.NotAuthorized, "Client "+c.ID+" is configured with secret but SECRET_HASH was not received")
	answer["SECRET_HASH"] = hash
	done, err := h.Respond(c.ID, out.Challenge, out.Session, answer)
	wantTokens(t, done, err)
}

// A user whose password must be reset keeps no way to renew tokens. GetTokensFromRefreshToken declares NotAuthorized for that.
func TestAUserWhoMustResetThePasswordRenewsNoTokens(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	set := h.MustSignIn(c.ID, "alice")
	if err := h.Users.AdminResetUserPassword(t.Context(), directory.AdminReset{PoolID: p.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	_, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: set.RefreshToken})
	wantFault(t, err, fault.NotAuthorized, resetRequired)
}

// Threat: a known password floods the user with codes of MFA.
func TestTheCodesOfMFAAreLimited(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Email: emailOn})
	b.User(b.pool, "alice", attr("email", "alice@example.com"))
	b.prefer("alice", setEmailPreferred)
	for range 20 {
		b.begin("alice", "EMAIL_OTP")
	}
	_, err := b.SignIn(b.client, "alice", password)
	wantFault(t, err, fault.TooManyRequests, "Attempt limit exceeded, please try after some time.")
}

func TestAMachineNeedsItsServices(t *testing.T) {
	if _, err := signin.New(signin.Options{}); err == nil || !strings.Contains(err.Error(), "Options.Base") {
		t.Error(err)
	}
}

func repeated(n int) string { return strings.Repeat("x", n) }

var (
	setTokenPreferred = factors.Preference{Token: preferred}
	setEmailPreferred = factors.Preference{Email: preferred}
)
