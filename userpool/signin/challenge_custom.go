package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// customState is the step's own state. The private parameters never leave the server in readable form.
type customState struct {
	Private  map[string]string `json:"p"`
	Metadata string            `json:"m,omitempty"`
}

type custom struct{ triggers *triggers.Service }

// customStep is CUSTOM_CHALLENGE, which CreateAuthChallenge makes and VerifyAuthChallengeResponse checks. A wrong answer is not
// an error and does not count towards the lockout: DefineAuthChallenge decides what follows.
func customStep(service *triggers.Service) *step {
	c := custom{service}
	return &step{name: customChallenge, required: []string{"USERNAME", "ANSWER"}, flow: customAuth, ask: c.ask, answer: c.answer}
}

func (c custom) ask(ctx context.Context, a *attempt) (*question, error) {
	made, err := c.triggers.CreateAuthChallenge(ctx, a.call(), customChallenge, a.results())
	if err != nil {
		return nil, err
	}
	if len(made.Private) == 0 {
		return nil, userpool.ErrWrongPassword // as AWS answers
	}
	q := &question{parameters: map[string]string{}, own: customState{Private: made.Private}}
	if made.Metadata != nil {
		q.own = customState{Private: made.Private, Metadata: *made.Metadata}
	}
	maps.Copy(q.parameters, made.Public)
	q.parameters["USERNAME"] = a.subject.User.Username
	return q, nil
}

func (c custom) answer(ctx context.Context, a *attempt) (bool, error) {
	var s customState
	if err := json.Unmarshal(a.state.Own, &s); err != nil {
		return false, fmt.Errorf("signin: decoding the state of %s: %w", customChallenge, err)
	}
	right, err := c.triggers.VerifyAuthChallenge(ctx, a.call(), s.Private, a.params["ANSWER"])
	if err != nil {
		return false, err
	}
	a.finished(customChallenge, right, s.Metadata)
	return true, nil // the trigger decides what a wrong answer means
}
