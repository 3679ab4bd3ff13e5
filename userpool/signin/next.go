package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/threat"
)

// situation holds everything that determines the next challenge of a sign-in.
type situation struct {
	now            time.Time
	flow           string
	enabled        bool
	status         string
	temporaryUntil time.Time // when the user's temporary password expires; zero for never
	proved         []Factor
	chosen         string // the challenge that the user chose or that an answer leads to; "" for none
	address        bool   // MFA_SETUP was answered with an address
	verified       bool   // a passkey verified the user
	mfa            mfaDemand
	device         deviceView
	lacks          bool      // the level that the sign-in aims at is not reached
	decision       *decision // of DefineAuthChallenge after the last answer; nil if it was not asked
}

// mfaDemand is what pool and user require as a second factor.
type mfaDemand struct {
	challenge string   // "" for none; a code's challenge, SELECT_MFA_TYPE or MFA_SETUP
	choices   []string // the challenges that the user may choose with SELECT_MFA_TYPE
	err       error    // MFA is required, and the user can neither use nor set up a factor
	risk      string   // the action of threat protection, MFA_IF_CONFIGURED or MFA_REQUIRED; "" for none
	webAuthn  bool     // a passkey that verified the user, as the first factor, is two factors
}

// deviceView is what the device key of the call means.
type deviceView struct {
	remembered bool // the key is of a remembered device of this user
	skipsMFA   bool // the pool takes the device's proof instead of a second factor
}

// decision is the answer of the DefineAuthChallenge trigger. If all members are zero, the sign-in fails.
type decision struct {
	issue     bool   // issueTokens
	challenge string // CUSTOM_CHALLENGE or PASSWORD_VERIFIER
}

// triggerDecides is the result of next if DefineAuthChallenge must be asked. No challenge has this name.
const triggerDecides = "(DefineAuthChallenge)"

// next returns the next challenge of the sign-in, "" if the sign-in is complete, triggerDecides, or the error with which it
// fails. It is a pure function. The order is: first factor, state of the user, new password, second factor, trigger, device.
func next(s situation) (string, error) {
	for _, part := range []func(situation) (string, error){
		nextFirstFactor, nextPassword, nextSecondFactor, nextCustom, nextDevice,
	} {
		if name, err := part(s); name != "" || err != nil {
			return name, err
		}
	}
	return "", nil
}

// firstChoices are the challenges that a user can choose to begin with, and PASSWORD_VERIFIER, to which PASSWORD_SRP leads.
var firstChoices = []string{passwordChoice, passwordSRP, passwordVerifier, emailOTP, smsOTP, webAuthn}

// nextFirstFactor returns a challenge if no first factor is proved. In CUSTOM_AUTH the trigger decides about it.
func nextFirstFactor(s situation) (string, error) {
	switch {
	case provedOne(s.proved, firstFactors):
		return "", nil
	case s.flow == customAuth:
		return nextCustom(s)
	case s.flow == userAuth && s.chosen == "":
		return selectChallenge, nil
	case s.flow == userAuth && slices.Contains(firstChoices, s.chosen):
		return s.chosen, nil
	}
	return "", errors.New("signin: no first factor was proved")
}

// nextPassword refuses a user who may not sign in, and returns the challenge for a new password if one is required. As in AWS, a sign-in
// by custom challenges alone leaves a temporary password as it is: passwordless users may never get another one.
func nextPassword(s situation) (string, error) {
	switch {
	case !s.enabled:
		return "", userpool.ErrDisabled
	case s.status == userpool.StatusResetRequired:
		return "", userpool.ErrResetRequired
	case s.status == userpool.StatusForceChange && s.flow == customAuth && !slices.Contains(s.proved, Password):
		return "", nil
	case s.status == userpool.StatusForceChange && !s.temporaryUntil.IsZero() && !s.now.Before(s.temporaryUntil):
		return "", fault.New(fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	case s.status == userpool.StatusForceChange:
		return newPasswordRequired, nil
	case s.status != userpool.StatusConfirmed:
		return "", fault.New(fault.NotAuthorized, "User cannot sign in. Current status is %s", s.status)
	}
	return "", nil
}

// nextSecondFactor returns the challenge of MFA. As in AWS, a code instead of a password is never followed by MFA: a user with
// MFA cannot begin with a code, and errSession ends a sign-in that did. In CUSTOM_AUTH MFA follows only a proved password. If threat protection demands MFA, neither a code nor a device replaces it, and with
// MFA_REQUIRED a user without a factor is refused, also one who could set a factor up.
func nextSecondFactor(s situation) (string, error) {
	switch {
	case s.lacks && s.mfa.err != nil:
		return "", s.mfa.err
	case s.lacks && !slices.Contains(s.mfa.choices, s.chosen):
		return s.mfa.challenge, nil
	case s.lacks:
		return s.chosen, nil
	case provedOne(s.proved, secondFactors), s.provedTwo():
		return "", nil
	case s.mfa.risk == "" && provedOne(s.proved, []Factor{EmailOTP, SMSOTP}):
		if s.mfa.challenge != "" || s.mfa.err != nil {
			return "", errSession // MFA was turned on after the sign-in began
		}
		return "", nil
	case s.flow == customAuth && !provedOne(s.proved, []Factor{Password}):
		return "", nil
	case s.mfa.risk == risk.MFARequired && (s.mfa.challenge == "" || s.mfa.challenge == mfaSetup):
		return "", threat.ErrBlocked
	case s.mfa.challenge == "" && s.mfa.err == nil:
		return "", nil
	case s.mfa.risk == "" && s.device.remembered && s.device.skipsMFA:
		return "", nil // nextDevice requires its proof
	case s.mfa.err != nil:
		return "", s.mfa.err
	case s.mfa.challenge == selectMFAType && slices.Contains(s.mfa.choices, s.chosen),
		s.mfa.challenge == mfaSetup && s.address && (s.chosen == emailOTP || s.chosen == smsMFA):
		return s.chosen, nil
	}
	return s.mfa.challenge, nil
}

// provedTwo reports whether the user has proved two factors by one passkey.
func (s *situation) provedTwo() bool {
	return s.verified && s.mfa.webAuthn && slices.Contains(s.proved, WebAuthn)
}

// nextCustom returns what the trigger of CUSTOM_AUTH decided.
func nextCustom(s situation) (string, error) {
	switch {
	case s.flow != customAuth || slices.Contains(s.proved, Custom):
		return "", nil
	case s.decision == nil:
		return triggerDecides, nil
	case s.decision.issue:
		return "", nil
	case s.decision.challenge == customChallenge, s.decision.challenge == passwordVerifier:
		return s.decision.challenge, nil
	}
	return "", userpool.ErrWrongPassword
}

// nextDevice returns the challenge of a remembered device. It does not follow MFA: amazon-cognito-identity-js cannot answer
// it there, because it sends the Session of the code.
func nextDevice(s situation) (string, error) {
	switch {
	case !s.device.remembered, slices.Contains(s.proved, Device), provedOne(s.proved, secondFactors):
		return "", nil
	case s.chosen == deviceVerifier:
		return deviceVerifier, nil
	}
	return deviceSRP, nil
}

// situation gathers what next needs. It is where settings and records that decide the order are read.
func (m *Machine) situation(_ context.Context, a *attempt) (situation, error) {
	u := &a.subject.User
	s := situation{now: m.base.Now(), flow: a.state.Flow, enabled: u.Enabled, status: u.Status, temporaryUntil: u.Password.ExpiresAt,
		proved: a.state.Proved, chosen: a.state.Chosen, address: a.state.Address != "", verified: a.state.Verified, device: a.deviceView(),
		lacks: a.lacks(), decision: a.decision}
	demand, err := a.demand()
	if fault.Is(err, fault.Internal) {
		return s, err
	}
	s.mfa = mfaDemand{challenge: demand.Challenge, choices: demand.Choices, err: err, risk: a.risk(),
		webAuthn: demand.WebAuthn || (!a.subject.Exists && a.pool.WebAuthn.MultiFactor)}
	return s, nil
}

// recheck returns errSession unless the sign-in still waits for the answer to the step: the client allows the flow, the first
// factor is offered to the user, and the user owes the second factor. Pool, client and user can change after the Session was
// issued.
func (m *Machine) recheck(ctx context.Context, s *step, a *attempt) error {
	if f := m.flows[a.state.Flow]; f == nil || !f.allowed(a) {
		return errSession
	}
	switch {
	case !a.choosing():
		if a.state.Flow == userAuth && !allowsProved(a) {
			return errSession
		}
		return recheckSecond(s, a)
	case s.name == selectChallenge:
		return nil // its answer is compared with the offer
	case s.name == passwordVerifier:
		return m.mustOffer(ctx, a, passwordSRP)
	}
	return m.mustOffer(ctx, a, s.name)
}

// allowsProved reports whether the pool still takes the first factors that were proved in USER_AUTH.
func allowsProved(a *attempt) bool {
	return !slices.ContainsFunc(a.state.Proved, func(f Factor) bool {
		return slices.Contains(firstFactors, f) && !a.pool.AllowsFirst(string(f))
	})
}

// recheckSecond returns errSession if the step is of MFA and the user does not owe it now.
func recheckSecond(s *step, a *attempt) (err error) {
	challenge := s.name
	switch {
	case s.name == mfaSetup:
		if challenge, err = setupChallenge(a); err != nil {
			return err
		}
	case (s.name == emailOTP || s.name == smsMFA) && a.state.Address != "":
		return a.mustSetUp(&a.subject.User, s.name)
	case s.name == softwareTokenMFA && !hasToken(&a.subject.User):
		return nil // the step says that there is no token
	case s.name == selectMFAType, slices.Contains(secondFactors, s.proves(a)):
	default:
		return nil
	}
	return a.mustDemand(&a.subject.User, challenge)
}

// hasToken reports whether the user has a verified TOTP.
func hasToken(u *store.User) bool {
	m, err := userpool.ReadMFA(u)
	return err == nil && m.Verified()
}
