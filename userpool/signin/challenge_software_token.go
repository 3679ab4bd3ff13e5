package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
)

type softwareToken struct{ factors *factors.Service }

// softwareTokenStep is SOFTWARE_TOKEN_MFA, a code of the user's authenticator app.
func softwareTokenStep(service *factors.Service) *step {
	s := softwareToken{service}
	return &step{name: softwareTokenMFA, factor: SoftwareToken, guarded: true, wrong: errMFACode,
		required: []string{"USERNAME", "SOFTWARE_TOKEN_MFA_CODE"}, ask: s.ask, answer: s.answer}
}

func (softwareToken) ask(_ context.Context, a *attempt) (*question, error) {
	m, err := userpool.ReadMFA(&a.subject.User)
	if err != nil {
		return nil, err
	}
	parameters := map[string]string{"USER_ID_FOR_SRP": a.subject.User.Username}
	if m.Device != "" {
		parameters["FRIENDLY_DEVICE_NAME"] = m.Device
	}
	return &question{parameters: parameters}, nil
}

func (s softwareToken) answer(_ context.Context, a *attempt) (bool, error) {
	ok, write, err := s.factors.MatchToken(&a.subject.User, a.params["SOFTWARE_TOKEN_MFA_CODE"])
	if ok {
		a.writes = append(a.writes, write)
	}
	return ok, err
}
