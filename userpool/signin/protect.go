package signin

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/threat"
)

// watch is what threat protection keeps of a sign-in between its calls. A stand-in has one too.
type watch struct {
	Event       string             `json:"e"` // the id of the event, which is the event_id of the tokens
	Assessment  *threat.Assessment `json:"a,omitempty"`
	Compromised bool               `json:"c,omitempty"`
}

// guard refuses a call from a blocked address, and begins to watch the sign-in if the pool has threat protection.
func (m *Machine) guard(a *attempt) error {
	if err := m.o.Threat.CheckAddress(a.pool, a.client, a.client.Visit(a.context)); err != nil {
		return err
	}
	if a.state.Watch != nil || !m.o.Threat.Watches(a.pool, a.state.Flow) {
		return nil
	}
	id, err := m.base.UUID()
	a.state.Watch = &watch{Event: id}
	return err
}

// checkKnown looks a password up that was sent and proved. If it is publicly known and the configuration blocks it, the user must
// reset it.
func (m *Machine) checkKnown(ctx context.Context, a *attempt) error {
	if a.state.Watch == nil {
		return nil
	}
	found, refuse := m.o.Threat.Compromised(ctx, a.pool, a.client, threat.SignInPassword, a.params["PASSWORD"])
	a.state.Watch.Compromised = found
	if !refuse || a.subject.User.Status != userpool.StatusConfirmed {
		return nil
	}
	seen := a.subject.User
	_, err := m.o.Users.Change(ctx, a.pool, seen.Sub, func(_ store.Tx, u *store.User) error {
		if !directory.SamePassword(u, &seen) {
			return userpool.ErrWrongPassword
		}
		u.Status = userpool.StatusResetRequired
		return nil
	})
	if errors.Is(err, userpool.ErrNoUser) {
		return userpool.ErrWrongPassword // deleted since the call read the user
	}
	if err != nil {
		return err
	}
	return userpool.ErrResetRequired
}

// assess compares the sign-in with the user's earlier ones, once, after the first factor. It returns threat.ErrBlocked if the
// configuration says so.
func (m *Machine) assess(ctx context.Context, a *attempt) error {
	w := a.state.Watch
	if w == nil || !a.subject.Exists {
		return nil
	}
	if w.Assessment == nil {
		found, err := m.o.Threat.Assess(ctx, a.pool, a.client, a.subject.User.Sub, a.state.Flow, a.client.Visit(a.context))
		if err != nil {
			return err
		}
		w.Assessment = &found
	}
	if w.Assessment.Action == risk.Block {
		return threat.ErrBlocked
	}
	return nil
}

// risk returns the action that the assessment of the sign-in demands, MFA_IF_CONFIGURED or MFA_REQUIRED, or "". The sealed
// state has the assessment, so the action is the same in all later calls.
func (a *attempt) risk() string {
	if w := a.state.Watch; w != nil && w.Assessment != nil && w.Assessment.Action != risk.Block && w.Assessment.Action != risk.NoAction {
		return w.Assessment.Action
	}
	return ""
}

// demand returns the second factor that pool, user and risk require.
func (a *attempt) demand() (factors.Demand, error) { return a.demandOf(&a.subject.User) }

// demandOf is demand for the subject's record as a transaction reads it.
func (a *attempt) demandOf(u *store.User) (factors.Demand, error) {
	if a.lacks() {
		return a.demandToReach(u)
	}
	r := factors.Risk{Forced: a.risk() != ""}
	switch {
	case slices.Contains(a.state.Proved, EmailOTP):
		r.Except = userpool.EmailOTP
	case slices.Contains(a.state.Proved, SMSOTP):
		r.Except = userpool.SMSMFA
	}
	return factors.DemandOf(a.pool, u, r)
}

// mustDemand returns errSession unless the user owes the challenge of MFA now. A factor may be one of several.
func (a *attempt) mustDemand(u *store.User, challenge string) error {
	d, err := a.demandOf(u)
	switch {
	case fault.Is(err, fault.Internal):
		return err
	case err == nil && d.Challenge == challenge,
		err == nil && d.Challenge == selectMFAType && slices.Contains(d.Choices, challenge):
		return nil
	}
	return errSession
}

// mustSetUp returns errSession unless the user owes MFA_SETUP now and can set the factor up.
func (a *attempt) mustSetUp(u *store.User, factor string) error {
	d, err := a.demandOf(u)
	if fault.Is(err, fault.Internal) {
		return err
	}
	if err != nil || d.Challenge != mfaSetup || !slices.Contains(d.Choices, factor) {
		return errSession
	}
	return nil
}

// checkRisk returns threat.ErrBlocked if a sign-in is to end without the second factor that its risk demands. next asks for it
// in time, except in CUSTOM_AUTH, where triggers take the place of MFA.
func (m *Machine) checkRisk(ctx context.Context, a *attempt) error {
	if a.risk() != risk.MFARequired || provedOne(a.state.Proved, secondFactors) {
		return nil
	}
	s, err := m.situation(ctx, a)
	if err != nil {
		return err
	}
	if !s.provedTwo() {
		return threat.ErrBlocked
	}
	return nil
}

// report records the event of the call in the user's history and, once the sign-in is decided, notifies the user. The first call
// of SRP is not an event: nothing is proved yet. An event that cannot be written is logged.
func (m *Machine) report(ctx context.Context, a *attempt, r *Result, err error) {
	w := a.state.Watch
	if w == nil || a.subject == nil {
		return
	}
	e := threat.Event{ID: w.Event, Type: threat.SignIn, Compromised: w.Compromised}
	if w.Assessment != nil {
		e.Assessment = *w.Assessment
	}
	switch {
	case err == nil && r.done():
		e.Response = threat.Pass
	case err == nil && len(a.state.Proved) == 0:
		return
	case err == nil:
		e.Response = threat.InProgress
	case refuses(err):
		e.Response = threat.Fail
	default:
		return
	}
	e.Challenges = a.answered(e.Response == threat.Fail)
	v := a.client.Visit(a.context)
	e.Address, e.Device, e.Username, e.ClientID = v.Address, v.Device, a.subject.User.Username, a.client.ID
	if err := m.o.Threat.Record(ctx, a.pool, a.subject.Exists, a.subject.User.Sub, e); err != nil {
		m.base.Logger.ErrorContext(ctx, "an event of a user's history cannot be written", "pool", a.pool.ID, "error", err)
	}
	if e.Assessment.Notify && e.Response != threat.InProgress {
		m.o.Users.NotifyRisk(ctx, a.pool, a.client, &a.subject.User, e)
	}
}

// refuses reports whether an error is the answer to a proof. During a lockout nothing is checked.
func refuses(err error) bool {
	answers := []fault.Kind{fault.NotAuthorized, fault.CodeMismatch, fault.ExpiredCode, fault.PasswordResetRequired}
	return slices.Contains(answers, fault.KindOf(err)) && !errors.Is(err, directory.ErrLocked)
}

// answered returns the answers of the sign-in as its event shows them.
func (a *attempt) answered(failed bool) (list []threat.Challenge) {
	first := provedOne(a.state.Proved, firstFactors)
	second := provedOne(a.state.Proved, secondFactors)
	if first {
		list = append(list, threat.Challenge{Name: "Password", Response: "Success"})
	}
	if second {
		list = append(list, threat.Challenge{Name: "Mfa", Response: "Success"})
	}
	switch {
	case !failed, second:
	case !first:
		list = append(list, threat.Challenge{Name: "Password", Response: "Failure"})
	case a.session != "" && a.state.Watch.Assessment != nil && a.state.Watch.Assessment.Action != risk.Block:
		list = append(list, threat.Challenge{Name: "Mfa", Response: "Failure"})
	}
	return list
}
