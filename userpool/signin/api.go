package signin

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Request is the input of InitiateAuth, of AdminInitiateAuth if Admin is set, and of the login pages if Hosted is set.
type Request struct {
	Admin      bool              // the caller is an administrator, whose policies allow it
	Hosted     bool              // see hosted.go
	PoolID     string            // with Admin and Hosted
	ClientID   string            // names the app client, and so the pool
	Flow       string            // AuthFlow: USER_AUTH, USER_SRP_AUTH …
	Parameters map[string]string // AuthParameters: USERNAME, PASSWORD …
	Session    string            // of ConfirmSignUp, for USER_AUTH

	// With Hosted, instead of TARGET_ACR_VALUES and ACCESS_TOKEN: see stepup.go.
	Levels  []int                  // the levels to aim at; the first that the user can reach counts
	Known   *Known                 // the sign-in of the browser's session, whose methods are credited; nil for none
	Context userpool.ClientContext // what the call says about its client
}

// Known is a sign-in whose methods are credited as long as its session is there.
type Known struct {
	Record  Record // of that sign-in
	Session string // the ID of the SSO session
}

// Answer is the input of RespondToAuthChallenge, of AdminRespondToAuthChallenge if Admin is set, and of the login pages if
// Hosted is set.
type Answer struct {
	Admin     bool                   // the caller is an administrator, whose policies allow it
	Hosted    bool                   // the sign-in began with Hosted
	PoolID    string                 // with Admin and Hosted
	ClientID  string                 // that began the sign-in
	Challenge string                 // ChallengeName: SMS_MFA, NEW_PASSWORD_REQUIRED …
	Responses map[string]string      // ChallengeResponses: USERNAME, SMS_MFA_CODE …
	Session   string                 // of the Result that asked
	Again     bool                   // with Hosted: sends another code for the challenge, which is not answered
	Context   userpool.ClientContext // what the call says about its client
}

// Result is a challenge or, at the end of a sign-in, tokens. A hosted sign-in ends with an Authentication instead.
type Result struct {
	Challenge  string            // "" at the end
	Parameters map[string]string // of the challenge
	Available  []string          // AvailableChallenges of USER_AUTH
	Session    string            // to be sent with the answer; "" if the parameters carry the state
	Tokens     *tokens.Set       // at the end

	Authentication *Authentication // at the end of a hosted sign-in
}

// done reports whether the sign-in, or a renewal, has ended.
func (r *Result) done() bool { return r.Tokens != nil || r.Authentication != nil }

// outcome is the result of a call. One member is set.
type outcome struct {
	challenge      *challenge
	authentication *Authentication
	tokens         *tokens.Set // of a renewal
}

// challenge is a challenge to the client.
type challenge struct {
	name       string
	parameters map[string]string
	available  []string
	session    string
}

// InitiateAuth begins a sign-in, or renews tokens.
func (m *Machine) InitiateAuth(ctx context.Context, in Request) (*Result, error) {
	f, ok := m.flows[in.Flow]
	if !ok {
		return nil, fault.New(fault.NotImplemented, "The authentication flow %s is not implemented.", in.Flow)
	}
	if (in.Admin && !f.admin) || (!in.Admin && !f.public) || (in.Hosted && f.hosted == nil) {
		return nil, fault.New(fault.InvalidParameter, "Initiate Auth method not supported.")
	}
	a, err := m.newAttempt(ctx, in.Admin || in.Hosted, in.PoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	a.hosted, a.admin, a.params, a.session, a.context, a.state.Flow = in.Hosted, in.Admin, in.Parameters, in.Session, in.Context, f.names[0]
	if in.Hosted {
		a.levels, a.known = in.Levels, in.Known
	}
	out, err := m.begin(ctx, f, a)
	return m.finish(ctx, a, out, err)
}

// RespondToAuthChallenge answers a challenge. The error is fault.InvalidParameter for a name that no challenge has.
func (m *Machine) RespondToAuthChallenge(ctx context.Context, in Answer) (*Result, error) {
	s, ok := m.steps[in.Challenge]
	if !ok {
		return nil, fault.New(fault.InvalidParameter, "The challenge %s cannot be answered.", in.Challenge)
	}
	a, err := m.newAttempt(ctx, in.Admin || in.Hosted, in.PoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	a.hosted, a.admin, a.params, a.session, a.context = in.Hosted, in.Admin, in.Responses, in.Session, in.Context
	a.state.Flow, a.answers = s.flow, true
	a.again = in.Hosted && in.Again
	out, err := m.resume(ctx, s, a)
	return m.finish(ctx, a, out, err)
}

// finish issues the tokens of an authentication with the scope of the user's own operations, unless the sign-in is hosted, and
// reports to the Observer.
func (m *Machine) finish(ctx context.Context, a *attempt, out *outcome, err error) (*Result, error) {
	var r *Result
	switch {
	case err != nil:
	case out.challenge != nil:
		c := out.challenge
		r = &Result{Challenge: c.name, Parameters: c.parameters, Available: c.available, Session: c.session}
	case out.authentication != nil && a.hosted:
		r = &Result{Authentication: out.authentication}
		err = m.settle(ctx, out.authentication)
		a.outrunAtTheEnd(err)
	case out.authentication != nil:
		r = &Result{}
		request := out.authentication.Tokens(tokens.SelfScope)
		request.NewDevice, request.Family = true, a.spent // so that one answer has one family, whichever process gets it
		if r.Tokens, err = m.o.Tokens.Issue(ctx, request); errors.Is(err, tokens.ErrSpent) {
			err = m.steps[a.state.Step].used()
		}
		a.outrunAtTheEnd(err)
	default:
		r = &Result{Tokens: out.tokens}
	}
	m.observe(a, r, err)
	m.report(ctx, a, r, err)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (m *Machine) observe(a *attempt, r *Result, err error) {
	if m.o.Observer == nil {
		return
	}
	result := "ok"
	switch {
	case err != nil:
		result = string(fault.KindOf(err))
	case !r.done():
		result = "challenge"
	}
	m.o.Observer.SignIn(a.pool.ID, a.state.Flow, result)
}
