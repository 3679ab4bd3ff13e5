package signin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// setupState is the own state of MFA_SETUP. AssociateSoftwareToken and VerifySoftwareToken read and replace it.
type setupState struct {
	Secret []byte `json:"k,omitempty"` // sealed, of AssociateSoftwareToken
	Done   bool   `json:"d,omitempty"` // VerifySoftwareToken has enrolled Secret
}

var errSetupMissing = fault.New(fault.InvalidParameter, "Missing required parameter Session of VerifySoftwareToken, or EMAIL")

type setup struct{}

// mfaSetupStep is MFA_SETUP: MFA is required and the user has no factor. With TOTP the answer has the Session of
// VerifySoftwareToken and proves that factor. With an e-mail address, EMAIL_OTP follows and, on the login pages, SMS_MFA with a
// PHONE_NUMBER. By the API a phone number is set before the sign-in, as in AWS.
func mfaSetupStep() *step {
	s := setup{}
	return &step{name: mfaSetup, required: []string{"USERNAME"}, ask: s.ask, answer: s.answer}
}

func (setup) ask(_ context.Context, a *attempt) (*question, error) {
	q, err := factorQuestion(a, "MFAS_CAN_SETUP")
	if err == nil {
		q.own = setupState{}
	}
	return q, err
}

func (setup) answer(_ context.Context, a *attempt) (bool, error) {
	own, err := readSetup(a)
	if err != nil {
		return false, err
	}
	email, phone := cmp.Or(a.params["EMAIL"], a.params["email"]), a.params["PHONE_NUMBER"]
	switch {
	case email != "" && !own.Done:
		return true, chooseAddress(a, emailOTP, "email", email)
	case phone != "" && a.hosted && !own.Done:
		return true, chooseAddress(a, smsMFA, "phone_number", phone)
	}
	if !own.Done {
		return false, errSetupMissing
	}
	enrolled := func(_ store.Tx, u *store.User) error {
		m, err := userpool.ReadMFA(u)
		if err == nil && !bytes.Equal(m.Secret, own.Secret) {
			err = errSession // deleted or replaced meanwhile
		}
		return err
	}
	if err := enrolled(store.Tx{}, &a.subject.User); err != nil {
		return false, err
	}
	a.writes = append(a.writes, enrolled)
	a.prove(SoftwareToken)
	return true, nil
}

// setupChallenge returns the challenge that the answer to MFA_SETUP meets: SOFTWARE_TOKEN_MFA once a TOTP is enrolled.
func setupChallenge(a *attempt) (string, error) {
	own, err := readSetup(a)
	if err == nil && own.Done {
		return softwareTokenMFA, nil
	}
	return mfaSetup, err
}

// chooseAddress keeps an address, to which the challenge sends a code. The user gets the address with the right code.
func chooseAddress(a *attempt, challenge, attribute, address string) error {
	if err := a.mustSetUp(&a.subject.User, challenge); err != nil {
		return err
	}
	if err := checkAddress(a, &a.subject.User, attribute, address); err != nil {
		return refusedAttributes{err}
	}
	a.state.Chosen, a.state.Address = challenge, address
	return nil
}

// checkAddress returns an error unless the client may give the user the address.
func checkAddress(a *attempt, u *store.User, attribute, address string) error {
	return a.pool.CheckWrite(a.client, userpool.Self, u.Attributes, []userpool.Attribute{{Name: attribute, Value: address}})
}

// setAddress reports whether the code is the one that went to the address of the set-up. If it is, the same transaction gives the
// user the address, verified.
func (c mfaCode) setAddress(ctx context.Context, a *attempt, ticket directory.Ticket) (bool, error) {
	seen := a.subject.User
	return c.users.UseSetupCode(ctx, a.pool, a.subject, c.purpose(a), ticket, a.params[c.answerIn], a.state.Address, func(u *store.User) error {
		if !directory.SamePassword(u, &seen) {
			return errSession
		}
		if err := a.mustSetUp(u, c.name); err != nil {
			return err
		}
		return checkAddress(a, u, c.attribute, a.state.Address)
	})
}

func readSetup(a *attempt) (setupState, error) {
	var own setupState
	if err := json.Unmarshal(a.state.Own, &own); err != nil {
		return own, fmt.Errorf("signin: decoding the state of %s: %w", mfaSetup, err)
	}
	return own, nil
}

// AssociateSoftwareToken returns a new TOTP secret for the user whose sign-in waits for MFA_SETUP, and the Session for
// VerifySoftwareToken. The Session has the secret; nothing is stored.
func (m *Machine) AssociateSoftwareToken(ctx context.Context, session string) (secret, next string, err error) {
	next, err = m.continueSetup(ctx, session, func(a *attempt, _ setupState) (own setupState, err error) {
		secret, own.Secret, err = m.o.Factors.Secret(a.pool, &a.subject.User)
		return own, err
	})
	return secret, next, err
}

// VerifySoftwareToken enrolls the secret of AssociateSoftwareToken if the code is right and the user still has no factor, and
// returns the Session for the answer to MFA_SETUP. The Session proves only this secret.
func (m *Machine) VerifySoftwareToken(ctx context.Context, session, code, device string) (next string, err error) {
	return m.continueSetup(ctx, session, func(a *attempt, own setupState) (setupState, error) {
		if own.Secret == nil {
			return own, fault.New(fault.InvalidParameter, "There is no software token to verify. Call AssociateSoftwareToken first.")
		}
		seen := a.subject.User
		_, err := m.o.Users.Change(ctx, a.pool, seen.Sub, func(_ store.Tx, u *store.User) error {
			if !directory.SamePassword(u, &seen) {
				return errSession
			}
			if err := a.mustSetUp(u, softwareTokenMFA); err != nil {
				return err
			}
			return m.o.Factors.Enroll(u, own.Secret, code, device)
		})
		return setupState{Secret: own.Secret, Done: true}, err
	})
}

// continueSetup opens a Session of MFA_SETUP, uses it up, and seals the state that change returns into a new one, which expires
// when the first one does. A wrong code leaves the Session usable.
func (m *Machine) continueSetup(ctx context.Context, session string, change func(*attempt, setupState) (setupState, error)) (string, error) {
	s := m.steps[mfaSetup]
	a := &attempt{session: session}
	if err := m.openStateOnly(ctx, a, s); err != nil {
		return "", err
	}
	giveBack, err := m.spend(a, s)
	if err != nil {
		return "", err
	}
	text, err := m.setupAnswer(ctx, s, a, change)
	if err != nil && mayRepeat(err) {
		giveBack()
	}
	return text, err
}

func (m *Machine) setupAnswer(ctx context.Context, s *step, a *attempt, change func(*attempt, setupState) (setupState, error)) (string, error) {
	var err error
	x := &a.state
	if a.subject, err = m.o.Users.Reopen(ctx, a.pool, x.Absent == 0, x.Sub, x.Name); err != nil {
		return "", err
	}
	if u := &a.subject.User; !u.Enabled || x.Password != 0 && x.Password != u.Password.ModifiedAt.UnixMilli() {
		return "", errSession
	}
	if err := m.recheck(ctx, s, a); err != nil {
		return "", err
	}
	if err := a.mustDemand(&a.subject.User, mfaSetup); err != nil {
		return "", err // also after VerifySoftwareToken
	}
	own, err := readSetup(a)
	if err != nil {
		return "", err
	}
	own, err = change(a, own)
	if errors.Is(err, userpool.ErrNoUser) {
		err = userpool.ErrWrongPassword // deleted since the call read the user
	}
	if err != nil {
		return "", err
	}
	a.until = x.Expires
	return m.sealState(a, s, own)
}
