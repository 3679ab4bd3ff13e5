package signin

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/directory"
)

// mfaDigits is the length of a code of MFA.
const mfaDigits = 6

var (
	errMFACode     = fault.New(fault.CodeMismatch, "Invalid code or auth state for the user.")
	errMFATooOften = fault.New(fault.TooManyRequests, "Attempt limit exceeded, please try after some time.") // the kind that the operations declare
)

// mfaCode sends a code of MFA and checks it. A right code verifies the address that it went to.
type mfaCode struct {
	users     *directory.Service
	attribute string
	name      string // of the challenge
	answerIn  string // the parameter that has the code
}

// purpose returns the purpose of the code. A code for a new address has a separate purpose.
func (c mfaCode) purpose(a *attempt) string {
	if a.state.Address != "" {
		return "mfa:" + mfaSetup
	}
	return "mfa:" + c.name
}

func (c mfaCode) ask(ctx context.Context, a *attempt) (*question, error) {
	d, ticket, err := c.users.SendSignInCode(ctx, a.pool, a.client, a.subject, directory.SignInCode{Purpose: c.purpose(a), Attribute: c.attribute,
		To: a.state.Address, Digits: mfaDigits, Life: a.life(c.name), Known: true, Context: a.messageContext()})
	if fault.Is(err, fault.LimitExceeded) {
		err = errMFATooOften
	}
	if err != nil {
		return nil, err
	}
	return &question{own: ticket, parameters: map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": d.Medium, "CODE_DELIVERY_DESTINATION": d.Destination,
		"USER_ID_FOR_SRP": a.subject.User.Username}}, nil
}

func (c mfaCode) answer(ctx context.Context, a *attempt) (bool, error) {
	ticket, err := ticketOf(a)
	if err != nil {
		return false, err
	}
	if a.state.Address != "" {
		return c.setAddress(ctx, a, ticket)
	}
	return c.users.UseSignInCode(ctx, a.pool, a.subject, c.purpose(a), ticket, a.params[c.answerIn], nil)
}

// smsMFAStep is SMS_MFA, a code by SMS after a first factor.
func smsMFAStep(users *directory.Service) *step {
	c := mfaCode{users, "phone_number", smsMFA, "SMS_MFA_CODE"}
	return &step{name: smsMFA, factor: SMSMFA, guarded: true, wrong: errMFACode,
		required: []string{"USERNAME", "SMS_MFA_CODE"}, ask: c.ask, answer: c.answer}
}

// withEmailMFA returns the step of EMAIL_OTP, which is also a code of MFA after a first factor. first is the step as a first
// factor.
func withEmailMFA(first *step, users *directory.Service) *step {
	c := mfaCode{users, "email", emailOTP, "EMAIL_OTP_CODE"}
	both := *first
	both.second = EmailMFA
	both.ask = func(ctx context.Context, a *attempt) (*question, error) {
		if provedOne(a.state.Proved, firstFactors) {
			return c.ask(ctx, a)
		}
		return first.ask(ctx, a)
	}
	both.answer = func(ctx context.Context, a *attempt) (bool, error) {
		if provedOne(a.state.Proved, firstFactors) {
			return c.answer(ctx, a)
		}
		return first.answer(ctx, a)
	}
	return &both
}
