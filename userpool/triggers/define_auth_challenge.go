package triggers

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
)

// ChallengeResult is a finished challenge of a custom sign-in.
type ChallengeResult struct {
	Name     string  `json:"challengeName"`     // CUSTOM_CHALLENGE, SRP_A, PASSWORD_VERIFIER …
	Result   bool    `json:"challengeResult"`   // whether the answer was right
	Metadata *string `json:"challengeMetadata"` // of a CUSTOM_CHALLENGE: what CreateAuthChallenge named it; nil for none
}

type defineAuthChallengeRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	Session        []ChallengeResult `json:"session"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
	UserNotFound   *bool             `json:"userNotFound,omitempty"`
}

type defineAuthChallengeResponse struct {
	ChallengeName      *string `json:"challengeName"`
	IssueTokens        *bool   `json:"issueTokens"`
	FailAuthentication *bool   `json:"failAuthentication"`
}

// NextChallenge is what DefineAuthChallenge decides. If no member is set, the sign-in fails.
type NextChallenge struct {
	Name        string // the next challenge; "" = none
	IssueTokens bool   // the sign-in is complete
	Fail        bool   // the sign-in fails
}

// DefineAuthChallenge decides how a custom sign-in continues after the finished challenges, the oldest first. A pool without the
// function is userpool.ErrNoCustomAuth.
func (s *Service) DefineAuthChallenge(ctx context.Context, c Call, session []ChallengeResult) (NextChallenge, error) {
	arn := c.config().DefineAuthChallenge
	if arn == "" {
		return NextChallenge{}, userpool.ErrNoCustomAuth
	}
	if session == nil {
		session = []ChallengeResult{}
	}
	out, err := run(ctx, s, function{name: "DefineAuthChallenge", arn: arn, source: "DefineAuthChallenge_Authentication"}, &c,
		defineAuthChallengeRequest{c.attributes(), session, c.Metadata, c.userNotFound()}, defineAuthChallengeResponse{})
	if err != nil {
		return NextChallenge{}, err
	}
	return NextChallenge{Name: value(out.ChallengeName), IssueTokens: value(out.IssueTokens), Fail: value(out.FailAuthentication)}, nil
}

// value returns *p, or the zero value if p is nil.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
