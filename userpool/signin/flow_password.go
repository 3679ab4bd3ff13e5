package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// passwordFlow is USER_PASSWORD_AUTH.
func passwordFlow(users *directory.Service) *flow {
	return &flow{names: []string{"USER_PASSWORD_AUTH"}, allow: "ALLOW_USER_PASSWORD_AUTH",
		disabled: "USER_PASSWORD_AUTH flow not enabled for this client", public: true, migrates: true,
		hosted:   func(*userpool.Pool, *userpool.Client) bool { return true },
		required: []string{"USERNAME", "PASSWORD"}, answers: passwordStep(users)}
}

// adminPasswordFlow is ADMIN_USER_PASSWORD_AUTH, formerly ADMIN_NO_SRP_AUTH.
func adminPasswordFlow(users *directory.Service) *flow {
	return &flow{names: []string{"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}, allow: "ALLOW_ADMIN_USER_PASSWORD_AUTH",
		disabled: "Auth flow not enabled for this client", admin: true, migrates: true,
		required: []string{"USERNAME", "PASSWORD"}, answers: passwordStep(users)}
}

// passwordStep compares the password in PASSWORD. It adds the SRP verifier that a user lacks whose password was set when no
// client of the pool allowed SRP, or whose password hash was imported, and makes an own hash of an imported one.
func passwordStep(users *directory.Service) *step {
	return &step{factor: Password, guarded: true, answer: func(ctx context.Context, a *attempt) (bool, error) {
		password := a.params["PASSWORD"]
		ok, err := users.PasswordIs(ctx, a.pool, a.subject, password)
		if !ok || err != nil {
			return false, err
		}
		a.verifier, err = users.Completed(ctx, a.pool, &a.subject.User, password)
		return err == nil, err
	}}
}
