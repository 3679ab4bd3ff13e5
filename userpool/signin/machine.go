package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/replay"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Options are what New needs. Observer, Triggers and Used are optional.
type Options struct {
	Base     *userpool.Base     // the store and clock of all user pools
	Pools    *userpool.Service  // finds pools and app clients
	Tokens   *tokens.Service    // issues and renews tokens
	Users    *directory.Service // finds users, checks passwords, sends codes
	Devices  *devices.Service   // checks and makes devices
	Passkeys *passkeys.Service  // asks for passkeys and checks their answers
	Factors  *factors.Service   // decides which second factor is needed, and checks TOTP
	Observer Observer           // counts sign-ins; may be nil
	Threat   *threat.Service    // nil protects nothing
	Triggers *triggers.Service  // nil finds no function
	Used     *replay.Memory     // nil makes a new one
}

// Observer counts sign-ins.
type Observer interface {
	// SignIn is called for every call of a sign-in. flow is the name of a flow, "" if it is unknown; result is
	// "ok", "challenge" or a kind of fault. It must return at once.
	SignIn(poolID, flow, result string)
}

// Machine runs sign-ins. Its methods may be called from any goroutine.
type Machine struct {
	o     Options
	base  *userpool.Base
	flows map[string]*flow
	steps map[string]*step
	used  *replay.Memory
}

// New returns a Machine, or an error that names the missing option.
func New(o Options) (*Machine, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil || o.Users == nil || o.Devices == nil || o.Passkeys == nil || o.Factors == nil {
		return nil, errors.New("signin: Options.Base, Options.Pools, Options.Tokens, Options.Users, Options.Devices, Options.Passkeys and Options.Factors are required")
	}
	if o.Triggers == nil {
		o.Triggers = triggers.New(triggers.Options{Logger: o.Base.Logger})
	}
	if o.Used == nil {
		o.Used = replay.New(o.Base.Now)
	}
	m := &Machine{o: o, base: o.Base, used: o.Used}
	return m, m.register()
}

// begin runs the first call of a sign-in. The order of the checks is AWS's: flow, parameters, secret hash, user, then the
// flow's own checks.
func (m *Machine) begin(ctx context.Context, f *flow, a *attempt) (*outcome, error) {
	if !f.allowed(a) {
		return nil, fault.New(fault.InvalidParameter, "%s", f.disabled)
	}
	required := f.required
	confirmed := f.confirmed != nil && a.session != ""
	if confirmed || a.discovers() {
		required = nil
	}
	if err := a.require(required); err != nil {
		return nil, err
	}
	if f.renew != nil {
		set, err := f.renew(ctx, a)
		return &outcome{tokens: set}, err
	}
	if err := a.checkSecretHash(a.params["USERNAME"]); err != nil {
		return nil, err
	}
	if err := m.guard(a); err != nil {
		return nil, err
	}
	a.takeDeviceKey()
	if f.check != nil {
		if err := f.check(a); err != nil {
			return nil, err
		}
	}
	if a.discovers() {
		return m.askAnyone(ctx, a)
	}
	if confirmed {
		if err := f.confirmed(ctx, a); err != nil {
			return nil, err
		}
	} else if err := m.find(ctx, f, a); err != nil {
		return nil, err
	}
	return m.open(ctx, f, a, confirmed)
}

// open begins the flow for a subject who was found, or continues it if the Session of ConfirmSignUp proved the first factor.
func (m *Machine) open(ctx context.Context, f *flow, a *attempt, confirmed bool) (*outcome, error) {
	if err := a.admit(a.client.HidesExistence); err != nil {
		return nil, err
	}
	if err := m.aim(ctx, a); err != nil {
		return nil, err
	}
	if err := m.checkFirst(ctx, f, a); err != nil {
		return nil, err
	}
	switch {
	case confirmed:
	case f.answers != nil:
		if err := m.verify(ctx, f.answers, a); err != nil {
			return nil, err
		}
	case f.asks != "":
		return m.ask(ctx, m.steps[f.asks], a)
	default:
		if err := f.open(ctx, a); err != nil {
			return nil, err
		}
	}
	return m.advance(ctx, a)
}

// resume runs a call that answers a challenge.
func (m *Machine) resume(ctx context.Context, s *step, a *attempt) (*outcome, error) {
	required := s.required
	if a.again {
		required = nil
	}
	if err := a.require(required); err != nil {
		return nil, err
	}
	if a.session == "" && !s.inBlock && !s.kept {
		return nil, errNoSession
	}
	if err := a.checkSecretHash(a.params["USERNAME"]); err != nil {
		return nil, err
	}
	if s.check != nil && !a.again {
		if err := s.check(a.params, m.base.Now()); err != nil {
			return nil, err
		}
	}
	if err := m.openState(ctx, a, s); err != nil {
		return nil, err
	}
	if err := m.guard(a); err != nil {
		return nil, err
	}
	a.takeDeviceKey()
	if a.state.Sub == "" {
		return m.discover(ctx, s, a)
	}
	giveBack, err := m.spend(a, s)
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			m.putBack(ctx, a)
		}
		return nil, err
	}
	a.giveBack = func() { giveBack(); m.putBack(ctx, a) }
	if err := m.dropKept(ctx, a, s); err != nil {
		a.giveBack()
		return nil, err
	}
	out, err := m.answer(ctx, s, a)
	if err != nil && !a.judged && (!s.inBlock && mayRepeat(err) || errors.Is(err, devices.ErrNoDevice)) {
		a.giveBack()
	}
	return out, err
}

// refusedAttributes is the error for invalid attributes in an answer. It is not about the proof, so a client may answer again,
// whichever kind the error has.
type refusedAttributes struct{ error }

// Unwrap returns the fault.
func (r refusedAttributes) Unwrap() error { return r.error }

// mayRepeat reports whether an answer that failed leaves the session unused. One with a wrong password or signature does not,
// nor one for which a trigger failed, which may count its tries by sessions. A wrong code does, and so does an answer during a
// lockout, which is not checked.
func mayRepeat(err error) bool {
	if fault.Is(err, fault.UserLambdaValidation) || fault.Is(err, fault.UnexpectedLambda) || fault.Is(err, fault.InvalidLambdaResponse) {
		return false
	}
	_, attributes := errors.AsType[refusedAttributes](err)
	return attributes || errors.Is(err, directory.ErrLocked) || !fault.Is(err, fault.NotAuthorized)
}

// answer verifies the answer to a challenge whose state was read.
func (m *Machine) answer(ctx context.Context, s *step, a *attempt) (*outcome, error) {
	x := &a.state
	var err error
	if a.subject, err = m.o.Users.Reopen(ctx, a.pool, x.Absent == 0, x.Sub, x.Name); err != nil {
		return nil, err
	}
	if err := a.admit(true); err != nil {
		return nil, err
	}
	// The name must be the subject's, and a password that was proved must still be the user's.
	u := &a.subject.User
	if !a.means(u) || (x.Password != 0 && x.Password != u.Password.ModifiedAt.UnixMilli()) {
		if s.inBlock {
			return nil, userpool.ErrWrongPassword
		}
		return nil, errSession
	}
	if a.choosesPassword(s.name) || s.name == selectChallenge && a.choosesPassword(a.params["ANSWER"]) {
		if err := m.migrate(ctx, a, directory.Migration{Metadata: a.context.Metadata}); err != nil {
			return nil, err
		}
	}
	a.keepCredit()
	if err := m.findDevice(ctx, a); err != nil {
		return nil, err
	}
	if err := m.recheck(ctx, s, a); err != nil {
		if s.inBlock && errors.Is(err, errSession) {
			err = userpool.ErrWrongPassword
		}
		return nil, err
	}
	if a.again {
		return m.sendAgain(ctx, s, a)
	}
	if err := m.verify(ctx, s, a); err != nil {
		return nil, err
	}
	return m.advance(ctx, a)
}

// verify returns nil if a.params answers the step, and records what that proves.
func (m *Machine) verify(ctx context.Context, s *step, a *attempt) error {
	var err error
	if s.guarded {
		err = m.o.Users.Guard(ctx, a.pool, a.subject, func(*store.User) (bool, error) { return s.answer(ctx, a) })
	} else {
		var ok bool
		if ok, err = s.answer(ctx, a); err == nil && !ok {
			err = userpool.ErrWrongPassword
		}
	}
	if errors.Is(err, userpool.ErrNoUser) {
		err = userpool.ErrWrongPassword // deleted since the call read the user
	}
	factor := s.proves(a)
	if err == nil && factor != "" && !a.subject.Exists {
		err = userpool.ErrWrongPassword // no step proves anything for a stand-in
	}
	if s.wrong != nil && errors.Is(err, userpool.ErrWrongPassword) {
		err = s.wrong
	}
	if err != nil || factor == "" {
		return err
	}
	a.prove(factor)
	a.finished(s.name, true, "")
	if s.guarded {
		a.guess = cmp.Or[error](s.wrong, userpool.ErrWrongPassword)
	}
	if factor == Password && s.name != newPasswordRequired && a.params["PASSWORD"] != "" {
		return m.unlessOutrun(ctx, a, m.checkKnown(ctx, a))
	}
	return nil
}

// advance continues a sign-in with the next challenge or with its end.
func (m *Machine) advance(ctx context.Context, a *attempt) (*outcome, error) {
	out, err := m.proceed(ctx, a)
	return out, m.unlessOutrun(ctx, a, err)
}

// proceed does so. It takes answers to further steps from the same call if it has them.
func (m *Machine) proceed(ctx context.Context, a *attempt) (*outcome, error) {
	for {
		name, err := m.next(ctx, a)
		if err != nil {
			return nil, err
		}
		if name == "" {
			return m.complete(ctx, a)
		}
		s := m.steps[name]
		if s == nil {
			return nil, fmt.Errorf("signin: the challenge %s is not registered", name)
		}
		if err := m.settleBeforeChallenge(ctx, a, s); err != nil {
			return nil, err
		}
		if s.inline == nil || !s.inline(a) {
			return m.ask(ctx, s, a)
		}
		if err := m.verify(ctx, s, a); err != nil {
			return nil, err
		}
	}
}

// next returns the next challenge, and asks the trigger of CUSTOM_AUTH where it decides.
func (m *Machine) next(ctx context.Context, a *attempt) (string, error) {
	if provedOne(a.state.Proved, firstFactors) {
		if err := m.assess(ctx, a); err != nil {
			return "", err
		}
	}
	x, err := m.situation(ctx, a)
	if err != nil {
		return "", err
	}
	name, err := next(x)
	if err != nil || name != triggerDecides {
		return name, err
	}
	if err := m.settleBeforeChallenge(ctx, a, nil); err != nil {
		return "", err
	}
	if a.decision, err = m.decide(ctx, a); err != nil {
		return "", err
	}
	if a.decision.issue && !a.subject.Exists {
		return "", userpool.ErrWrongPassword
	}
	x.decision = a.decision
	if name, err = next(x); err == nil && a.decision.issue {
		a.prove(Custom)
	}
	return name, err
}

// complete ends a sign-in. No way leads here for a user who does not exist; that is checked again.
func (m *Machine) complete(ctx context.Context, a *attempt) (*outcome, error) {
	if !a.subject.Exists {
		return nil, userpool.ErrWrongPassword
	}
	if err := m.assess(ctx, a); err != nil { // a sign-in by CUSTOM_AUTH has not been assessed yet
		return nil, err
	}
	if err := m.checkRisk(ctx, a); err != nil {
		return nil, err
	}
	done := a.authentication(m.base.Now())
	if err := m.o.Triggers.PostAuthentication(ctx, a.call(), a.pool.Devices.On && done.DeviceKey() == ""); err != nil {
		return nil, err
	}
	done.Time = m.base.Now() // the function may have taken seconds
	return &outcome{authentication: done}, nil
}

// ask returns the challenge of a step.
func (m *Machine) ask(ctx context.Context, s *step, a *attempt) (*outcome, error) {
	if s.guarded {
		if err := m.o.Users.Unlocked(a.subject); err != nil {
			return nil, err
		}
	}
	q, err := s.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	return m.challenge(ctx, s, a, q)
}

// challenge seals the attempt's state and returns the challenge with the question.
func (m *Machine) challenge(ctx context.Context, s *step, a *attempt, q *question) (*outcome, error) {
	text, err := m.sealState(a, s, q.own)
	if err == nil && a.keeps(s) {
		err = m.keepState(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	if q.available == nil && a.choosing() {
		if q.available, err = m.offered(ctx, a); err != nil {
			return nil, err
		}
	}
	c := &challenge{name: s.name, parameters: q.parameters, available: q.available, session: text}
	if s.inBlock {
		c.parameters["SECRET_BLOCK"] = text
		c.session, err = m.sealCompanion(a)
	}
	return &outcome{challenge: c}, err
}
