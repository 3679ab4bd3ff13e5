package factors

import (
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// The MFA challenges that are not factors.
const (
	SelectType = "SELECT_MFA_TYPE"
	Setup      = "MFA_SETUP"
)

// Demand is the second factor that a sign-in requires.
type Demand struct {
	Challenge string   // "" for none; a factor, SelectType or Setup
	Choices   []string // of SelectType, and what the user can set up with Setup
	WebAuthn  bool     // a passkey that verifies the user, instead of a password, meets the demand
}

// ErrNothingToSetUp is returned if MFA is required and the user can neither use nor set up a factor of the pool.
var ErrNothingToSetUp = fault.New(fault.MFAMethodNotFound, "MFA is required, and the user has no factor and cannot set one up. Ask an administrator to set one.")

// Risk is what threat protection, or the level that it aims at, demands of a sign-in.
type Risk struct {
	Forced bool     // a factor that the user has is demanded although MFA is optional
	Among  []string // only these factors count; nil for all
	Except string   // the factor whose medium the user proved instead of a password, so that it is not a second factor; "" for none
}

// DemandOf returns what pool and user require. It is a function of its arguments.
//
// Source: developer guide, "Adding MFA to a user pool", "MFA logic at user runtime".
func DemandOf(p *userpool.Pool, u *store.User, r Risk) (Demand, error) {
	if !p.MFA.On && !p.MFA.Optional {
		return Demand{}, nil
	}
	m, err := userpool.ReadMFA(u)
	if err != nil {
		return Demand{}, err
	}
	d, err := demandOf(p, u, &m, r)
	d.WebAuthn = p.WebAuthn.MultiFactor && m.WebAuthn
	return d, err
}

func demandOf(p *userpool.Pool, u *store.User, m *userpool.MFA, r Risk) (Demand, error) {
	if on := r.without(p.TurnedOn(u, m)); len(on) > 0 {
		for _, f := range on {
			if f == m.Preferred {
				return Demand{Challenge: f}, nil
			}
		}
		return one(on), nil
	}
	if !p.MFA.On && !r.Forced {
		return Demand{}, nil
	}
	if have := r.without(p.Available(u, m)); len(have) > 0 {
		return unset(p, have), nil
	}
	if !p.MFA.On {
		return Demand{}, nil
	}
	if set := settable(p); len(set) > 0 {
		return Demand{Challenge: Setup, Choices: set}, nil
	}
	return Demand{}, ErrNothingToSetUp
}

// without returns the factors of the list that count.
func (r Risk) without(list []string) []string {
	return slices.DeleteFunc(list, func(f string) bool {
		return r.Forced && f == r.Except || r.Among != nil && !slices.Contains(r.Among, f)
	})
}

// one returns the only factor of the list, or the choice among several.
func one(list []string) Demand {
	if len(list) == 1 {
		return Demand{Challenge: list[0]}
	}
	return Demand{Challenge: SelectType, Choices: list}
}

// unset is one for a user who has turned nothing on. Where MFA is required, the phone gets the code of two addresses: AWS asks Amplify's tests so
// (amplify-flutter, mfa_sms_email_required_test.dart); the developer guide says SELECT_MFA_TYPE.
func unset(p *userpool.Pool, have []string) Demand {
	if p.MFA.On && slices.Equal(have, []string{userpool.SMSMFA, userpool.EmailOTP}) {
		return Demand{Challenge: userpool.SMSMFA}
	}
	return one(have)
}

// settable returns the factors that a user without any can set up.
func settable(p *userpool.Pool) (list []string) {
	if p.MFA.SMS && p.MFA.Recovery != "phone_number" {
		list = append(list, userpool.SMSMFA)
	}
	if p.MFA.Token {
		list = append(list, userpool.SoftwareToken)
	}
	if p.MFA.Email && p.MFA.Recovery != "email" {
		list = append(list, userpool.EmailOTP)
	}
	return list
}
