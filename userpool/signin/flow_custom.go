package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
)

// customFlow is CUSTOM_AUTH. The DefineAuthChallenge trigger decides which challenges follow. With CHALLENGE_NAME SRP_A the
// client sends SRP_A, and the trigger may ask for PASSWORD_VERIFIER.
func customFlow() *flow {
	return &flow{names: []string{customAuth}, allow: "ALLOW_CUSTOM_AUTH",
		disabled: "CUSTOM_AUTH is not enabled for the client.", public: true, admin: true,
		required: []string{"USERNAME"}, check: checkCustom, open: openCustom}
}

func checkCustom(a *attempt) error {
	if c := a.pool.Settings.LambdaConfig; c == nil || c.DefineAuthChallenge == "" {
		return userpool.ErrNoCustomAuth
	}
	return nil
}

// beginsWithSRP reports whether the client sent SRP_A. Without it, CHALLENGE_NAME SRP_A begins nothing: the functions run as without. localstack_ext
// validated on AWS that they run (test_custom_auth_triggers).
func beginsWithSRP(a *attempt) bool {
	return a.params["CHALLENGE_NAME"] == "SRP_A" && a.params["SRP_A"] != ""
}

// openCustom records SRP_A as the first finished challenge.
func openCustom(_ context.Context, a *attempt) error {
	if beginsWithSRP(a) {
		a.finished("SRP_A", true, "")
	}
	return nil
}
