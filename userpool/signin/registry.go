package signin

import (
	"context"
	"fmt"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// flow is a way to begin a sign-in or, with renew, to renew tokens. One of answers, asks, open and renew is set.
type flow struct {
	names    []string                                    // values of AuthFlow; the Observer gets the first
	allow    string                                      // the client's ALLOW_ value
	disabled string                                      // AWS's error message if the client does not allow the flow
	public   bool                                        // InitiateAuth may begin it
	admin    bool                                        // AdminInitiateAuth may begin it
	hosted   func(*userpool.Pool, *userpool.Client) bool // whether the login pages may begin it; nil for never
	required []string                                    // parameters

	migrates bool // UserMigration may bring a user whom the pool does not have

	check     func(*attempt) error                  // may refuse a call before the user is looked up; may be nil
	answers   *step                                 // the parameters of the call are the answer to this step
	asks      string                                // the challenge to begin with
	open      func(context.Context, *attempt) error // sets what next needs to know, such as a.state.Chosen
	confirmed func(context.Context, *attempt) error // begins with the Session of ConfirmSignUp instead; nil if that is not possible
	renew     func(context.Context, *attempt) (*tokens.Set, error)
}

// register fills the registry: one line for each flow and each challenge.
func (m *Machine) register() error {
	m.flows, m.steps = map[string]*flow{}, map[string]*step{}
	for _, s := range []*step{
		passwordVerifierStep(m.o.Users, m.base),
		newPasswordStep(m.o.Users),
		m.selectStep(),
		m.passwordChoiceStep(),
		m.passwordSRPStep(),
		smsOTPStep(m.o.Users),
		deviceSRPStep(),
		deviceVerifierStep(m.o.Devices, m.base),
		customStep(m.o.Triggers, m.base),
		webAuthnStep(m.o.Passkeys),
		selectMFAStep(),
		mfaSetupStep(),
		smsMFAStep(m.o.Users),
		withEmailMFA(emailOTPStep(m.o.Users), m.o.Users),
		softwareTokenStep(m.o.Factors),
	} {
		m.steps[s.name] = s
	}
	for _, f := range []*flow{
		srpFlow(),
		passwordFlow(m.o.Users),
		adminPasswordFlow(m.o.Users),
		customFlow(),
		m.userAuthFlow(),
		refreshFlow(m.o.Tokens),
	} {
		for _, name := range f.names {
			m.flows[name] = f
		}
		if f.asks != "" && m.steps[f.asks] == nil {
			return fmt.Errorf("signin: flow %s begins with %s, which is not registered", f.names[0], f.asks)
		}
	}
	return nil
}
