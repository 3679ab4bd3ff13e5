package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// customState is the step's own state. The private parameters never leave the server in readable form.
type customState struct {
	Private  map[string]string `json:"p,omitempty"`
	Kept     string            `json:"k,omitempty"` // the id of the store.Challenge that has the private parameters
	Metadata string            `json:"m,omitempty"`
}

type custom struct {
	triggers *triggers.Service
	base     *userpool.Base
}

// customStep is CUSTOM_CHALLENGE, which CreateAuthChallenge makes and VerifyAuthChallengeResponse checks. A wrong answer is not
// an error and does not count towards the lockout: DefineAuthChallenge decides what follows.
func customStep(service *triggers.Service, base *userpool.Base) *step {
	c := custom{service, base}
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
	own, err := c.keep(ctx, a, made.Private)
	if err != nil {
		return nil, err
	}
	if made.Metadata != nil {
		own.Metadata = *made.Metadata
	}
	q := &question{parameters: map[string]string{}, own: own}
	maps.Copy(q.parameters, made.Public)
	if !a.answers { // AWS names the user only at the beginning (amplify-flutter, custom_auth_test.dart)
		q.parameters["USERNAME"] = a.subject.User.Username
	}
	return q, nil
}

func (c custom) answer(ctx context.Context, a *attempt) (bool, error) {
	var s customState
	if err := json.Unmarshal(a.state.Own, &s); err != nil {
		return false, fmt.Errorf("signin: decoding the state of %s: %w", customChallenge, err)
	}
	private, err := c.kept(ctx, &s)
	if err != nil {
		return false, err
	}
	a.judged = true // no error may give a further try that DefineAuthChallenge does not count
	right, err := c.triggers.VerifyAuthChallenge(ctx, a.call(), private, a.params["ANSWER"])
	if err != nil {
		return false, err
	}
	a.finished(customChallenge, right, s.Metadata)
	return true, nil // the trigger decides what a wrong answer means
}

const (
	purposeChallenge = "private parameters of a custom challenge"
	maxInSession     = 512       // bytes of private parameters that travel in the Session; longer ones are kept in the store
	maxPrivate       = 64 * 1024 // bytes of private parameters
	sweptChallenges  = 20        // expired ones that are deleted with each new one, so that a flood leaves none behind
)

// keep returns the state for the private parameters. Those that are too long for the Session go to the store, sealed, for as long
// as the Session is valid.
func (c custom) keep(ctx context.Context, a *attempt, private map[string]string) (customState, error) {
	data, err := json.Marshal(private)
	switch {
	case err != nil:
		return customState{}, fmt.Errorf("signin: encoding private parameters: %w", err)
	case len(data) <= maxInSession:
		return customState{Private: private}, nil
	case len(data) > maxPrivate:
		return customState{}, errStateTooLong
	}
	id, err := c.base.UUID()
	if err != nil {
		return customState{}, err
	}
	sealed, err := c.base.Seal.Seal(purposeChallenge, data, []byte(id))
	if err != nil {
		return customState{}, err
	}
	now := c.base.Now()
	return customState{Kept: id}, c.base.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Challenges.DeleteExpired(now, sweptChallenges); err != nil {
			return err
		}
		return tx.Challenges.Insert(store.Challenge{ID: id, PoolID: a.pool.ID, Sealed: sealed, ExpiresAt: now.Add(a.client.SessionLife)})
	})
}

// kept returns the private parameters of the state.
func (c custom) kept(ctx context.Context, s *customState) (private map[string]string, err error) {
	if s.Kept == "" {
		return s.Private, nil
	}
	var rec store.Challenge
	err = c.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.Challenges.Get(s.Kept)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errSessionExpired
	}
	if err != nil {
		return nil, err
	}
	data, err := c.base.Seal.Open(purposeChallenge, rec.Sealed, []byte(rec.ID))
	if err != nil {
		return nil, fmt.Errorf("signin: opening private parameters: %w", err)
	}
	if err := json.Unmarshal(data, &private); err != nil {
		return nil, fmt.Errorf("signin: decoding private parameters: %w", err)
	}
	return private, nil
}

// ChallengeSeal returns the purpose and the additional data with which what is kept of a challenge is sealed.
func ChallengeSeal(id string) (purpose string, additional []byte) {
	return purposeChallenge, []byte(id)
}
