package federation

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/threat"
)

// Observer counts sign-ins.
type Observer interface {
	// FederatedSignIn counts a sign-in through a provider of the type; result is one of those below.
	FederatedSignIn(t providers.Type, result string)
}

// The results of sign-ins.
const (
	Success     = "ok"
	Refused     = "refused"     // by the provider, by what it answered, or because of the user
	Unavailable = "unavailable" // the provider does not answer
	Failed      = "error"       // of Sluice itself
)

func resultOf(err error) string {
	refusal, ok := errors.AsType[*providers.Refusal](err)
	_, shown := errors.AsType[*oauth.PageError](err)
	_, redirected := errors.AsType[*oauth.RedirectError](err)
	switch {
	case err == nil:
		return Success
	case ok && refusal.Down:
		return Unavailable
	case ok, shown, redirected:
		return Refused
	}
	return Failed
}

func (s *Service) count(p *providers.Provider, err error) {
	if s.o.Observer != nil {
		s.o.Observer.FederatedSignIn(p.Type, resultOf(err))
	}
}

// record writes a sign-in into the history of its user, if the pool has threat protection. Its risk is not assessed, and no action is
// taken: as in Cognito, the provider answers for that. An event that cannot be written is logged.
//
// Source: the developer guide, "Advanced security with threat protection": not with federated sign-in.
func (s *Service) record(ctx context.Context, a *oauth.Authorization, by *signin.Authentication, err error) {
	e := threat.Event{Type: threat.SignIn, Response: threat.Pass, Address: a.Visit.Address, Device: a.Visit.Device}
	sub := ""
	if by != nil {
		e.ID, sub = by.Event, by.User.Sub
	} else if refusal, ok := errors.AsType[*providers.Refusal](err); ok {
		sub = refusal.Sub
	}
	if err != nil {
		e.Response = threat.Fail
	}
	if sub == "" || resultOf(err) == Failed {
		return
	}
	if err := s.o.Threat.Record(ctx, a.Pool, true, sub, e); err != nil {
		s.base.Logger.ErrorContext(ctx, "an event of a user's history cannot be written", "pool", a.Pool.ID, "error", err)
	}
}
