package signin

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/userpool"
)

// userAuthFlow is USER_AUTH: the user chooses the first factor. PREFERRED_CHALLENGE chooses one in the first call; if it is not
// available, the user is asked with SELECT_CHALLENGE.
func (m *Machine) userAuthFlow() *flow {
	return &flow{names: []string{userAuth}, allow: "ALLOW_USER_AUTH", disabled: "USER_AUTH is not enabled for the client.",
		public: true, admin: true, hosted: Chooses, required: []string{"USERNAME"}, check: checkUserAuth, open: m.choose, confirmed: m.useConfirmed}
}

// checkUserAuth refuses a pool of the tier LITE, and reads the levels to aim at.
func checkUserAuth(a *attempt) error {
	if err := a.pool.NeedsEssentials("Choice-Based Sign-In"); err != nil {
		return err
	}
	return a.readTargets()
}

// choose sets the preferred challenge if the subject can begin with it. A credited password leaves nothing to choose.
func (m *Machine) choose(ctx context.Context, a *attempt) error {
	if !a.choosing() {
		return nil
	}
	offered, err := m.offered(ctx, a)
	if err != nil {
		return err
	}
	preferred := a.params["PREFERRED_CHALLENGE"]
	switch {
	case slices.Contains(offered, preferred):
		a.state.Chosen = preferred
	case a.subject.User.Status == userpool.StatusUnconfirmed && (preferred != "" || len(offered) == 0):
		return userpool.ErrNotConfirmed
	case len(offered) == 0:
		return userpool.ErrWrongPassword
	}
	return nil
}

// useConfirmed begins a sign-in with the Session of ConfirmSignUp. The code of the sign-up counts as the first factor.
func (m *Machine) useConfirmed(ctx context.Context, a *attempt) error {
	subject, attribute, err := m.o.Users.RedeemConfirmed(ctx, a.pool, a.client, a.session, a.params["USERNAME"])
	if err != nil {
		return err
	}
	a.subject = subject
	a.prove(Factor(userpool.OTPFactor(attribute)))
	return nil
}
