package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
)

// offered returns the challenges that the subject can begin a choice-based sign-in with, in AWS's order. It is a function of
// settings and of what the subject has; what a stand-in has follows from its name.
//
//   - A sign-in that aims at a level begins with what leads there.
//   - A user with a temporary password can only replace it, and an unconfirmed one only prove an address by a code.
//   - A user with MFA cannot begin with a code, and with a passkey only if pool and user take one as two factors. A stand-in
//     does if the pool does.
//
// Source: Developer guide, "Authentication flows", "Things to know about passwordless sign-in with MFA".
func (m *Machine) offered(ctx context.Context, a *attempt) (list []string, err error) {
	if a.offered != nil {
		return a.offered, nil
	}
	if list, err = m.offeredAtAll(ctx, a); err == nil {
		a.offered, err = m.narrow(ctx, a, list)
	}
	return a.offered, err
}

// offeredAtAll is offered without regard to the level that the sign-in aims at.
func (m *Machine) offeredAtAll(ctx context.Context, a *attempt) ([]string, error) {
	x, err := m.situation(ctx, a)
	if err != nil {
		return nil, err
	}
	p, status := a.pool, a.subject.User.Status
	mfa := x.mfa.challenge != "" || x.mfa.err != nil || m.o.Users.SeemsToHaveMFA(p, a.subject)
	temporary, unconfirmed := status == userpool.StatusForceChange, status == userpool.StatusUnconfirmed
	list := []string{}
	if p.AllowsFirst(userpool.FirstPassword) && !unconfirmed && m.o.Users.HasPassword(p, a.subject) {
		list = append(list, passwordSRP, passwordChoice)
	}
	if !mfa && !temporary {
		for _, otp := range []struct{ challenge, attribute string }{{emailOTP, "email"}, {smsOTP, "phone_number"}} {
			if p.AllowsFirst(otp.challenge) && m.o.Users.HasAddress(p, a.subject, otp.attribute) {
				list = append(list, otp.challenge)
			}
		}
	}
	if p.AllowsFirst(userpool.FactorWebAuthn) && !temporary && !unconfirmed && (!mfa || x.mfa.webAuthn) {
		has, err := m.o.Passkeys.Has(ctx, p, a.subject)
		if err != nil {
			return nil, err
		}
		if has {
			list = append(list, webAuthn)
		}
	}
	return list, nil
}

// choosing reports whether the user is choosing a first factor in this sign-in.
func (a *attempt) choosing() bool {
	return a.state.Flow == userAuth && !provedOne(a.state.Proved, firstFactors)
}
