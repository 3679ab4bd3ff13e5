package signin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// otpDigits is the length of a code that replaces a password. Codes of MFA have six digits.
const otpDigits = 8

var (
	errWrongCode    = fault.New(fault.CodeMismatch, "Invalid code or auth state for the user.")
	errTooManyCodes = fault.New(fault.TooManyRequests, "Attempt limit exceeded, please try after some time.")
)

// otp sends a code that replaces a password, and checks it. A right code verifies the address that it went to and confirms
// a user who has signed up.
type otp struct {
	users     *directory.Service
	attribute string
	name      string // of the challenge; the code comes in <name>_CODE
}

func (o otp) purpose() string { return "signin:" + o.name }

func (o otp) ask(ctx context.Context, a *attempt) (*question, error) {
	d, ticket, err := o.users.SendSignInCode(ctx, a.pool, a.client, a.subject, directory.SignInCode{Purpose: o.purpose(), Attribute: o.attribute,
		Digits: otpDigits, Life: a.life(o.name), Context: a.messageContext()})
	if fault.Is(err, fault.LimitExceeded) {
		err = errTooManyCodes // the kind that the operations declare
	}
	if err != nil {
		return nil, err
	}
	return &question{own: ticket, parameters: map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": d.Medium, "CODE_DELIVERY_DESTINATION": d.Destination}}, nil
}

func (o otp) answer(ctx context.Context, a *attempt) (bool, error) {
	ticket, err := ticketOf(a)
	if err != nil {
		return false, err
	}
	confirmed := false
	ok, err := o.users.UseSignInCode(ctx, a.pool, a.subject, o.purpose(), ticket, a.params[o.name+"_CODE"], func(_ store.Tx, u *store.User) error {
		if confirmed = u.Status == userpool.StatusUnconfirmed; confirmed {
			u.Status = userpool.StatusConfirmed
		}
		return nil
	})
	if ok && err == nil && confirmed {
		o.users.Confirmed(a.pool, a.subject.User.Sub)
	}
	return ok, err
}

// ticketOf returns the ticket of the code that this sign-in asked for, from the step's own state.
func ticketOf(a *attempt) (ticket directory.Ticket, err error) {
	if err = json.Unmarshal(a.state.Own, &ticket); err != nil {
		err = fmt.Errorf("signin: decoding the state of %s: %w", a.state.Step, err)
	}
	return ticket, err
}

// smsOTPStep is SMS_OTP, a code by SMS instead of a password.
func smsOTPStep(users *directory.Service) *step {
	o := otp{users, "phone_number", smsOTP}
	return &step{name: smsOTP, factor: SMSOTP, guarded: true, wrong: errWrongCode, flow: userAuth,
		required: []string{"USERNAME", "SMS_OTP_CODE"}, ask: o.ask, answer: o.answer}
}

// emailOTPStep is EMAIL_OTP, a code by e-mail instead of a password.
func emailOTPStep(users *directory.Service) *step {
	o := otp{users, "email", emailOTP}
	return &step{name: emailOTP, factor: EmailOTP, guarded: true, wrong: errWrongCode, flow: userAuth,
		required: []string{"USERNAME", "EMAIL_OTP_CODE"}, ask: o.ask, answer: o.answer}
}
