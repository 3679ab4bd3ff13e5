package triggers

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
)

type verifyAuthChallengeRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	Private        map[string]string `json:"privateChallengeParameters"`
	Answer         string            `json:"challengeAnswer"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
	UserNotFound   *bool             `json:"userNotFound,omitempty"`
}

type verifyAuthChallengeResponse struct {
	AnswerCorrect *bool `json:"answerCorrect"`
}

// VerifyAuthChallenge reports whether the answer to a custom challenge is right. private holds the private parameters that
// CreateAuthChallenge returned. A pool without the function is userpool.ErrNoCustomAuth.
func (s *Service) VerifyAuthChallenge(ctx context.Context, c Call, private map[string]string, answer string) (bool, error) {
	arn := c.config().VerifyAuthChallengeResponse
	if arn == "" {
		return false, userpool.ErrNoCustomAuth
	}
	out, err := run(ctx, s, function{name: "VerifyAuthChallengeResponse", arn: arn, source: "VerifyAuthChallengeResponse_Authentication"}, &c,
		verifyAuthChallengeRequest{c.attributes(), private, answer, c.Metadata, c.userNotFound()}, verifyAuthChallengeResponse{})
	return err == nil && value(out.AnswerCorrect), err
}
