package directory_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// AWS: after AdminResetUserPassword every operation of the user's own ends in PasswordResetRequiredException until
// ConfirmForgotPassword.
func TestAUserWhosePasswordWasResetCanOnlySetANewOne(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c, rotating := h.Client(p.ID, allFlows), h.Client(p.ID, userpooltest.Rotating(0))
	ctx := t.Context()
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	in, other := h.MustSignIn(c.ID, "alice"), h.MustSignIn(rotating.ID, "alice")
	if err := h.Users.AdminResetUserPassword(ctx, directory.AdminReset{PoolID: p.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	const text = "Password reset required for the user"
	for name, act := range map[string]func() error{
		"GetUser": func() error { _, err := h.Users.GetUser(ctx, in.AccessToken); return err },
		"ChangePassword": func() error {
			return h.Users.ChangePassword(ctx, in.AccessToken, password, "Another-horse-8", userpool.ClientContext{})
		},
		"UpdateUserAttributes": func() error { return setSelf(t, h, in.AccessToken, "nickname", "al") },
		"DeleteUserAttributes": func() error { return h.Users.DeleteUserAttributes(ctx, in.AccessToken, []string{"nickname"}) },
		"DeleteUser":           func() error { return h.Users.DeleteUser(ctx, in.AccessToken) },
		"GlobalSignOut":        func() error { return h.Tokens.GlobalSignOut(ctx, in.AccessToken) },
		"a renewal":            func() error { _, err := h.Refresh(c.ID, in.RefreshToken); return err },
		"VerifyUserAttribute":  func() error { return h.Users.VerifyUserAttribute(ctx, in.AccessToken, "email", "123456") },
		"GetUserAttributeVerificationCode": func() error {
			_, err := h.Users.GetUserAttributeVerificationCode(ctx, directory.AttributeCodeRequest{AccessToken: in.AccessToken, Attribute: "email"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantFault(t, act(), fault.PasswordResetRequired, text) })
	}
	t.Run("GetTokensFromRefreshToken has no such exception", func(t *testing.T) {
		_, err := h.SignIns.GetTokensFromRefreshToken(ctx, signin.Renewal{ClientID: rotating.ID, RefreshToken: other.RefreshToken})
		wantFault(t, err, fault.NotAuthorized, text)
	})
	if err := h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: "Another-horse-8"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.GetUser(ctx, in.AccessToken); err != nil {
		t.Error("after the reset:", err)
	}
}

// Source: the text that callers of AWS report; it comes before whatever the state of the user is.
func TestAnAdministratorCannotSendAResetCodeWhereOnlyAdministratorsRecover(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}})
	h.User(p.ID, "alice")
	if err := h.Users.AdminDisableUser(t.Context(), p.ID, "alice"); err != nil {
		t.Fatal(err)
	}
	userpooltest.WantFault(t, h.Users.AdminResetUserPassword(t.Context(), directory.AdminReset{PoolID: p.ID, Username: "alice"}), fault.NotAuthorized,
		"This userpool does not have password recovery mechanism, the administrator must set a new password.")
}
