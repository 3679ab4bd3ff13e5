package signin

import (
	"context"
	"slices"
)

// passwordChoiceStep is PASSWORD, the password as a chosen first factor. It accepts the Session of SELECT_CHALLENGE too.
func (m *Machine) passwordChoiceStep() *step {
	s := passwordStep(m.o.Users)
	s.name, s.flow, s.required = passwordChoice, userAuth, []string{"USERNAME", "PASSWORD"}
	s.accepts = []string{selectChallenge}
	s.inline = func(a *attempt) bool { return a.params["PASSWORD"] != "" }
	s.ask = noParameters
	return s
}

// passwordSRPStep is PASSWORD_SRP: the client sends SRP_A and gets PASSWORD_VERIFIER.
func (m *Machine) passwordSRPStep() *step {
	return &step{name: passwordSRP, required: []string{"USERNAME", "SRP_A"}, flow: userAuth, accepts: []string{selectChallenge},
		inline: func(a *attempt) bool { return a.params["SRP_A"] != "" },
		ask:    noParameters,
		answer: func(_ context.Context, a *attempt) (bool, error) {
			a.state.Chosen = passwordVerifier
			return true, nil
		}}
}

// noParameters asks without parameters.
func noParameters(context.Context, *attempt) (*question, error) {
	return &question{parameters: map[string]string{}}, nil
}

// mustOffer returns errSession unless the subject can choose the challenge.
func (m *Machine) mustOffer(ctx context.Context, a *attempt, name string) error {
	offered, err := m.offered(ctx, a)
	if err == nil && !slices.Contains(offered, name) {
		err = errSession
	}
	return err
}
