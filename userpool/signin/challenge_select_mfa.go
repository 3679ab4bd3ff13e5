package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/fault"
)

// selectMFAStep is SELECT_MFA_TYPE: the user chooses one of several factors.
func selectMFAStep() *step {
	return &step{name: selectMFAType, required: []string{"USERNAME", "ANSWER"}, ask: askMFAType, answer: answerMFAType}
}

func askMFAType(_ context.Context, a *attempt) (*question, error) {
	return factorQuestion(a, "MFAS_CAN_CHOOSE")
}

// factorQuestion returns the question whose parameter lists what the user can choose or set up.
func factorQuestion(a *attempt, parameter string) (*question, error) {
	d, err := a.demand()
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(d.Choices)
	if err != nil {
		return nil, fmt.Errorf("signin: encoding a challenge: %w", err)
	}
	return &question{parameters: map[string]string{parameter: string(list), "USER_ID_FOR_SRP": a.subject.User.Username}}, nil
}

func answerMFAType(_ context.Context, a *attempt) (bool, error) {
	d, err := a.demand()
	if err != nil {
		return false, err
	}
	if !slices.Contains(d.Choices, a.params["ANSWER"]) {
		return false, fault.New(fault.InvalidParameter, "ANSWER must be one of MFAS_CAN_CHOOSE.")
	}
	a.state.Chosen = a.params["ANSWER"]
	return true, nil
}
