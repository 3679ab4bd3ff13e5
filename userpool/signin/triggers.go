package signin

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// call describes the sign-in for its triggers. As in AWS, only the calls that answer a challenge pass ClientMetadata on; the call
// that begins a sign-in passes it to PreAuthentication and UserMigration, as validationData.
func (a *attempt) call() triggers.Call {
	c := triggers.Call{Pool: a.pool, Client: a.client, User: &a.subject.User, Metadata: a.metadata()}
	if !a.subject.Exists {
		c.User, c.Absent = &store.User{Username: a.subject.Name}, true
	}
	return c
}

func (a *attempt) metadata() map[string]string {
	if !a.answers {
		return nil
	}
	return a.context.Metadata
}

// messageContext returns the context of a message. As in AWS, the ClientMetadata of InitiateAuth does not reach CustomMessage.
func (a *attempt) messageContext() userpool.ClientContext {
	c := a.context
	c.Metadata = a.metadata()
	return c
}

// errExternal refuses users who sign in with an identity provider only.
//
// Source of the text: aws/aws-cli#3348.
var errExternal = fault.New(fault.NotAuthorized, "User is not authorized to get auth details.")

// find sets the subject of a sign-in that begins. If no user has the name, UserMigration may bring the user from another
// directory, in a flow that sends the password.
func (m *Machine) find(ctx context.Context, f *flow, a *attempt) error {
	var err error
	if a.subject, err = m.o.Users.Find(ctx, a.pool, a.params["USERNAME"]); err != nil {
		return err
	}
	if a.subject.User.Status == userpool.StatusExternal && !a.client.HidesExistence {
		return errExternal
	}
	a.subject = m.o.Users.Hide(a.pool, a.subject)
	if f.migrates || a.state.Flow == userAuth && a.choosesPassword(a.params["PREFERRED_CHALLENGE"]) {
		if err := m.migrate(ctx, a, directory.Migration{Validation: a.context.Metadata}); err != nil {
			return err
		}
	}
	if !a.subject.Exists && !a.client.HidesExistence {
		return userpool.ErrNoUser
	}
	return nil
}

// choosesPassword reports whether the challenge is PASSWORD, in a pool where users may choose it. Whether the name has a password is no
// question: the user whom UserMigration brings has one.
func (a *attempt) choosesPassword(challenge string) bool {
	return challenge == passwordChoice && a.pool.AllowsFirst(userpool.FirstPassword)
}

// migrate asks UserMigration for the user if no user has the name and the call has a password.
func (m *Machine) migrate(ctx context.Context, a *attempt, in directory.Migration) (err error) {
	in.Source, in.Password = triggers.Authentication, a.params["PASSWORD"]
	if a.subject.Exists || in.Password == "" {
		return nil
	}
	a.subject, err = m.o.Users.Migrate(ctx, a.pool, a.client, a.subject, in)
	return err
}

// preAuthentication runs the trigger of that name. It runs once in a sign-in, in the call that begins it.
func (m *Machine) preAuthentication(ctx context.Context, a *attempt) error {
	return m.o.Triggers.PreAuthentication(ctx, a.call(), a.context.Metadata)
}

// source says to PreTokenGeneration how the sign-in ended.
func (a *attempt) source() triggers.TokenSource {
	if a.hosted {
		return triggers.HostedAuth
	}
	switch a.state.Step {
	case newPasswordRequired:
		return triggers.NewPassword
	case deviceVerifier:
		return triggers.AuthenticateDevice
	}
	return triggers.SignIn
}

// decide asks the DefineAuthChallenge trigger, with a.state.Finished as its session.
func (m *Machine) decide(ctx context.Context, a *attempt) (*decision, error) {
	d, err := m.o.Triggers.DefineAuthChallenge(ctx, a.call(), a.results())
	switch {
	case err != nil:
		return nil, err
	case d.Fail:
		return &decision{}, nil
	case d.IssueTokens:
		return &decision{issue: true}, nil
	case len(a.state.Finished) >= maxFinished:
		return &decision{}, nil
	}
	return &decision{challenge: d.Name}, nil
}

// maxFinished limits the challenges of a sign-in with CUSTOM_AUTH. The list travels in the Session, whose length the API limits.
const maxFinished = 16

// shownResults are the challenges that AWS shows to the triggers of CUSTOM_AUTH. Others, such as NEW_PASSWORD_REQUIRED, are not in
// their session.
var shownResults = []string{customChallenge, "SRP_A", passwordVerifier, smsMFA, emailOTP, softwareTokenMFA, deviceSRP, deviceVerifier}

// results returns the finished challenges as the triggers of CUSTOM_AUTH get them.
func (a *attempt) results() []triggers.ChallengeResult {
	list := make([]triggers.ChallengeResult, 0, len(a.state.Finished))
	for _, f := range a.state.Finished {
		if !slices.Contains(shownResults, f.Challenge) {
			continue
		}
		r := triggers.ChallengeResult{Name: f.Challenge, Result: f.Right}
		if f.Metadata != "" {
			r.Metadata = &f.Metadata
		}
		list = append(list, r)
	}
	return list
}
