package signin

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
)

// selectStep is SELECT_CHALLENGE: the user chooses the first factor. The answer may have the answer to the chosen challenge
// too. It accepts the Session of a first factor that was chosen before, so that the user can choose another one. Amplify does
// this after a passkey that failed.
func (m *Machine) selectStep() *step {
	return &step{name: selectChallenge, required: []string{"USERNAME", "ANSWER"}, flow: userAuth,
		accepts: []string{passwordChoice, passwordSRP, emailOTP, smsOTP, webAuthn},
		ask: func(context.Context, *attempt) (*question, error) {
			return &question{parameters: map[string]string{}}, nil
		},
		answer: func(ctx context.Context, a *attempt) (bool, error) {
			offered, err := m.offered(ctx, a)
			if err != nil {
				return false, err
			}
			if !slices.Contains(offered, a.params["ANSWER"]) {
				return false, fault.New(fault.InvalidParameter, "The challenge in ANSWER is not available.")
			}
			a.state.Chosen = a.params["ANSWER"]
			return true, nil
		}}
}
