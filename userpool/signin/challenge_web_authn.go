package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/userpool/passkeys"
)

// webAuthnState is the own state of the step.
type webAuthnState struct {
	Challenge string `json:"c"`
}

// webAuthnStep is WEB_AUTHN: the client signs the challenge with a passkey. The session that holds the challenge is valid for
// one answer, and a passkey answers each challenge once.
func webAuthnStep(keys *passkeys.Service) *step {
	return &step{name: webAuthn, factor: WebAuthn, required: []string{"USERNAME", "CREDENTIAL"},
		ask: func(ctx context.Context, a *attempt) (*question, error) {
			options, challenge, err := keys.Ask(ctx, a.pool, a.subject)
			return webAuthnQuestion(options, challenge), err
		},
		answer: func(ctx context.Context, a *attempt) (bool, error) {
			var own webAuthnState
			if err := json.Unmarshal(a.state.Own, &own); err != nil {
				return false, fmt.Errorf("signin: the state of %s: %w", webAuthn, err)
			}
			proof, err := keys.Answer(ctx, a.pool, a.subject, passkeys.Challenge{Text: own.Challenge, Issued: time.UnixMilli(a.state.Issued)},
				a.params["CREDENTIAL"])
			if proof == nil {
				return false, err
			}
			a.state.Verified, a.state.Roaming = proof.UserVerified, proof.Roaming
			a.writes = append(a.writes, proof.Record)
			return true, nil
		}}
}

func webAuthnQuestion(options json.RawMessage, challenge string) *question {
	return &question{own: webAuthnState{challenge}, parameters: map[string]string{"CREDENTIAL_REQUEST_OPTIONS": string(options)}}
}
