package triggers

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
)

type createAuthChallengeRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ChallengeName  string            `json:"challengeName"`
	Session        []ChallengeResult `json:"session"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
	UserNotFound   *bool             `json:"userNotFound,omitempty"`
}

type createAuthChallengeResponse struct {
	Public   texts   `json:"publicChallengeParameters"`
	Private  texts   `json:"privateChallengeParameters"`
	Metadata *string `json:"challengeMetadata"`
}

// CustomChallenge is a challenge that CreateAuthChallenge made.
type CustomChallenge struct {
	Public   map[string]string // for the client
	Private  map[string]string // for VerifyAuthChallenge; never sent to the client
	Metadata *string           // nil for none
}

// CreateAuthChallenge makes the custom challenge that DefineAuthChallenge asked for. A pool without the function is
// userpool.ErrNoCustomAuth.
func (s *Service) CreateAuthChallenge(ctx context.Context, c Call, name string, session []ChallengeResult) (CustomChallenge, error) {
	arn := c.config().CreateAuthChallenge
	if arn == "" {
		return CustomChallenge{}, userpool.ErrNoCustomAuth
	}
	if session == nil {
		session = []ChallengeResult{}
	}
	out, err := run(ctx, s, function{name: "CreateAuthChallenge", arn: arn, source: "CreateAuthChallenge_Authentication"}, &c,
		createAuthChallengeRequest{c.attributes(), name, session, c.Metadata, c.userNotFound()}, createAuthChallengeResponse{})
	if err != nil {
		return CustomChallenge{}, err
	}
	return CustomChallenge{Public: out.Public, Private: out.Private, Metadata: out.Metadata}, nil
}
