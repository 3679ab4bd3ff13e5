package signin

import "context"

// deviceSRPStep is DEVICE_SRP_AUTH: it asks for SRP_A of the remembered device whose key the client sent, and leads to
// DEVICE_PASSWORD_VERIFIER, which finds SRP_A in the same call.
func deviceSRPStep() *step {
	return &step{name: deviceSRP, required: []string{"USERNAME", "DEVICE_KEY", "SRP_A"},
		ask: func(_ context.Context, a *attempt) (*question, error) {
			return &question{parameters: map[string]string{"USERNAME": a.subject.User.Username, "DEVICE_KEY": a.state.Device}}, nil
		},
		answer: func(_ context.Context, a *attempt) (bool, error) {
			a.state.Chosen = deviceVerifier
			return true, nil
		}}
}
